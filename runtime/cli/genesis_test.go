package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// draft is a genesis file of a tree, with the cards of some nodes beside it.
func draft(t *testing.T, tree string, nodes int) (home, file string, cards []string, all []nodeCard) {
	t.Helper()
	home = t.TempDir()
	file = filepath.Join(home, "genesis.json")
	if a := run(t, home, "genesis", "new", file, "--tree", tree); a.code != 0 {
		t.Fatalf("%+v", a)
	}
	for i := range nodes {
		card := cardOf(keys.FromSeed([32]byte{byte(i + 1)}), "")
		text, err := json.Marshal(card)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(home, fmt.Sprintf("card-%d.json", i))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		cards, all = append(cards, path), append(all, card)
	}
	return home, file, cards, all
}

// Nodes get seats on the chains that are named, and money there and above; all others stay as they were.
func TestAddNodeOn(t *testing.T) {
	home, file, cards, nodes := draft(t, "main(a(a1,a2),b)", 3)
	for _, x := range []struct {
		args []string
		says string
	}{
		{[]string{cards[0], "--on", "main", "--on", "a", "--on", "3", "--carry", "7"}, "without nodes yet, and no node starts before all have some: a2, b\n"},
		{[]string{cards[1], "--on", "a2", "--on", "1", "--carry", "5"}, "without nodes yet, and no node starts before all have some: b\n"},
		{[]string{cards[1], cards[2], "--on", "5"}, "nodes: 2 on main, 1 on a, 1 on a1, 1 on a2, 2 on b; network "},
		{[]string{cards[1], "--on", "a", "--carry", "9"}, "nodes: 2 on main, 2 on a,"},
	} {
		if a := run(t, home, append([]string{"genesis", "add-node", file}, x.args...)...); a.code != 0 || !strings.Contains(a.out, x.says) {
			t.Fatalf("%v: %+v, want %q", x.args, a, x.says)
		}
	}
	g, err := readDraft(file)
	if err != nil || g.Check() != nil || g.CheckPossession() != nil || checkWhole(g) != nil {
		t.Fatal(err, g.Check(), g.CheckPossession(), checkWhole(g))
	}
	want := [][]int{{0, 1}, {0, 1}, {0}, {1}, {1, 2}} // seats
	carry := [][]uint64{{7, 5}, {7, 5}, {7}, {0, 5}, {}}
	for i, c := range chainsOf(g) {
		if len(c.Committee.Seats) != len(want[i]) || c.Committee.Chain != c.Chain {
			t.Fatalf("%s: %+v", c.Name, c.Committee)
		}
		for j, n := range want[i] {
			if c.Committee.Seats[j].Node != nodes[n].Node || c.Possession[j] != nodes[n].Possession {
				t.Errorf("%s: seat %d", c.Name, j)
			}
		}
		for n, card := range nodes {
			has := chain.Amount{}
			for _, a := range c.Accounts {
				if a.Address == nodeAccount(c.Chain, card.Node) {
					has = a.Balance
				}
			}
			wants := uint64(0)
			if n < len(carry[i]) {
				wants = carry[i][n]
			}
			if has != chain.NewAmount(wants) {
				t.Errorf("%s: node %d has %s, want %d", c.Name, n, has, wants)
			}
		}
	}
	a := run(t, home, "genesis", "show", file)
	for _, line := range []string{
		"tree     main(a(a1,a2),b)\n", "chain 1  thinkey: 2 seats, 2 accounts with 12 in all\n", "chain 4  a2: 1 seat, 1 account with 5 in all\n",
		"node 0   " + nodes[0].Node.String() + "  on main, a, a1\n", "node 1   " + nodes[1].Node.String() + "  on main, a, a2, b\n", "node 2   " + nodes[2].Node.String() + "  on b\n",
	} {
		if !strings.Contains(a.out, line) {
			t.Errorf("%q is missing:\n%s", line, a.out)
		}
	}
}

// A mistake is named, and the file stays as it is.
func TestAddNodeMistakes(t *testing.T) {
	home, file, cards, nodes := draft(t, "main(a(a1,a2),b)", 2)
	if a := run(t, home, "genesis", "add-node", file, cards[0], "--on", "a1"); a.code != 0 {
		t.Fatalf("%+v", a)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args []string
		says []string
	}{
		{[]string{cards[1], "--on", "a3"}, []string{`--on ("a3"): no chain is called so`, "the chains are: main(a(a1,a2),b)"}},
		{[]string{cards[1], "--on", "6"}, []string{`--on ("6"): no chain is called so`}},
		{[]string{cards[1], "--on", ""}, []string{`--on ("")`}},
		{[]string{cards[1], "--on", "a", "--on", "A1"}, []string{`--on ("A1")`}},
		{[]string{cards[0], "--on", "a1"}, []string{cards[0] + ": node " + nodes[0].Node.String() + " has a seat on chain 3 already", "leave the card out"}},
		{[]string{cards[0]}, []string{"has a seat on chain 3 already"}},
		{[]string{cards[1], cards[1]}, []string{cards[1] + ": node " + nodes[1].Node.String() + " has a seat on chain 1 already"}},
		{[]string{cards[1], file}, []string{"name the card.json"}},
	} {
		a := run(t, home, append([]string{"genesis", "add-node", file}, x.args...)...)
		for _, says := range x.says {
			if a.code == 0 || !strings.Contains(a.err, says) {
				t.Errorf("%v: %+v, want %q", x.args, a, says)
			}
		}
		if after, err := os.ReadFile(file); err != nil || !slices.Equal(after, before) {
			t.Fatalf("%v: the file changed, %v", x.args, err)
		}
	}
	if err := checkWhole(mustDraft(t, file)); err == nil || err.Error() != "no node has a seat on main, a, a2, b: add some with thinkey genesis add-node" {
		t.Error(err)
	}
}

func mustDraft(t *testing.T, file string) *chain.Genesis {
	t.Helper()
	g, err := readDraft(file)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Whoever makes a network is told at once what is wrong with it, by every command that takes a tree in the same words.
func TestTreeMistakes(t *testing.T) {
	home := t.TempDir()
	at := filepath.Join(home, "made")
	for _, x := range []struct{ args, says []string }{
		{[]string{"--tree", "main(a", "--chains", "1"}, []string{"--chains and --tree are both given", "leave one out: --chains 2 is --tree 'main(a,b)'"}},
		{[]string{"--tree", "main(a"}, []string{`--tree ("main(a") at letter 7: "," or ")" is missing`, "'main(a(a1,a2),b)'"}},
		{[]string{"--tree", ""}, []string{`--tree ("") at letter 1: a name is missing`}},
		{[]string{"--tree", "a(b)"}, []string{"the root of the tree is called main"}},
		{[]string{"--tree", "main(" + many(32)}, []string{"more than 32 chains"}},
		{[]string{"--tree", deep(33)}, []string{"more than 32"}},
		{[]string{"--chains", "32"}, []string{"--chains (32)", "from 0, the main chain alone, to 31"}},
		{[]string{"--chains", "-1"}, []string{"--chains (-1)"}},
	} {
		for _, command := range [][]string{{"dev"}, {"genesis", "new", at}, {"testnet", "gen", "--dir", at}} {
			a := run(t, home, append(command, x.args...)...)
			for _, says := range x.says {
				if a.code != exitUsage || !strings.Contains(a.err, says) {
					t.Errorf("%v %v: %+v, want %q", command, x.args, a, says)
				}
			}
		}
	}
	for _, x := range []struct {
		args []string
		says string
	}{
		{[]string{"genesis", "new", at, "--tree", "main(a,b)", "--name", "b"}, `chains 1 and 3 are both called "b"`},
		{[]string{"genesis", "new", at, "--name", ""}, "it must have 1 to 64 bytes"},
		{[]string{"testnet", "gen", "--dir", at, "--tree", "main(testnet)"}, `chains 1 and 2 are both called "testnet"`},
		{[]string{"testnet", "gen", "--dir", at, "--apart"}, "--apart with the main chain alone"},
		{[]string{"testnet", "gen", "--dir", at, "--apart", "--tree", "main(a(a1,a2),b)", "--nodes", "2"}, "make at least 3 nodes: at least one node for each chain that has none under it"},
	} {
		if a := run(t, home, x.args...); a.code != exitUsage || !strings.Contains(a.err, x.says) {
			t.Errorf("%v: %+v, want %q", x.args, a, x.says)
		}
	}
	if isThere(at) {
		t.Error("something was made all the same")
	}
}

// Of a network whose nodes are apart each has a seat on a chain without others under it, and on all above that.
func TestApart(t *testing.T) {
	plan, err := parseTree("main(a(a1,a2),b)")
	if err != nil {
		t.Fatal(err)
	}
	g := newGenesis("net", plan, 1, chain.DefaultParams())
	p := &testnetPlan{chains: plan, apart: true}
	for i, want := range []string{"main a a1", "main a a2", "main b", "main a a1"} {
		var names []string
		for _, c := range p.chainsOf(g, i) {
			names = append(names, planOf(g)[slices.Index(chainsOf(g), c)].Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("node %d: %s", i, got)
		}
	}
}
