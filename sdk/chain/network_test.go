package chain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

func TestGenesisCheckTree(t *testing.T) {
	for _, x := range []struct {
		name   string
		from   func() *chain.Genesis
		change func(g *chain.Genesis)
		want   string // "" if it stays valid
	}{
		{"nothing", network, func(*chain.Genesis) {}, ""},
		{"a chain without money", network, func(g *chain.Genesis) { g.Chains[0].Accounts = nil }, ""},
		{"a chain right under main", network, func(g *chain.Genesis) { g.Chains[1].Under = 1 }, ""},
		{"no committee on main", network, func(g *chain.Genesis) { g.Committee, g.Possession = chain.Committee{}, nil }, "chain 1 has no committee"},
		{"no committee on a chain", network, func(g *chain.Genesis) { g.Chains[1].Committee, g.Chains[1].Possession = chain.Committee{}, nil }, "chain 3 has no committee"},
		{"no committee, and proofs of one", network, func(g *chain.Genesis) { g.Chains[1].Committee = chain.Committee{} }, "chain 3: genesis: committee can't agree: it has no seats"},
		{"a committee of another chain", network, func(g *chain.Genesis) { g.Chains[1].Committee.Chain = 2 }, "chain 3: genesis: committee can't agree: it is that of chain 2"},
		{"a tree under another chain", network, func(g *chain.Genesis) { g.Chain, g.Committee.Chain = 7, 7 }, "chain 7 has chains under it"},
		{"main under another", network, func(g *chain.Genesis) { g.Under = 2 }, "chain 1 has chains under it"},
		{"one under another, alone", genesis, func(g *chain.Genesis) { g.Under = 2 }, "chain 1 is under chain 2, and the genesis has no tree"},
		{"under nobody", network, func(g *chain.Genesis) { g.Chains[0].Under = 0 }, "chain 2 is under chain 0"},
		{"under one that isn't", network, func(g *chain.Genesis) { g.Chains[0].Under = 9 }, "chain 2 is under chain 9"},
		{"under each other", network, func(g *chain.Genesis) { g.Chains[0].Under = 3 }, "chain 2 is under chain 3"},
		{"unsorted", network, func(g *chain.Genesis) { slices.Reverse(g.Chains) }, "chain 3 is under chain 2"},
		{"twice", network, func(g *chain.Genesis) { g.Chains[1] = g.Chains[0] }, "chain 2 stands behind chain 2"},
		{"main twice", network, func(g *chain.Genesis) {
			g.Chains[0].Chain, g.Chains[0].Committee.Chain, g.Chains[0].Accounts = 1, 1, nil
		}, "chain 1 stands behind chain 1"},
		{"chains of its own", network, func(g *chain.Genesis) { g.Chains[0].Chains = g.Chains[1:] }, "chain 2 has chains of its own"},
		{"a tree of its own", network, func(g *chain.Genesis) { g.Chains[0].Within = within().Within }, "chain 2 has chains of its own"},
		{"a time of its own", network, func(g *chain.Genesis) { g.Chains[0].TimeMillis++ }, "chain 2: time_millis 3: all chains begin at the main chain's, 2"},
		{"no name", network, func(g *chain.Genesis) { g.Chains[0].Name = "" }, `chain 2: genesis: name ""`},
		{"bad parameters", network, func(g *chain.Genesis) { g.Chains[0].Params.FreshShare = 0 }, "chain 2: genesis: fresh_share 0"},
		{"an account elsewhere", network, func(g *chain.Genesis) { g.Chains[0].Accounts = g.Chains[1].Accounts }, "can't be on chain 2"},
		{"money of a system actor", network, func(g *chain.Genesis) {
			g.Chains[0].Accounts = []chain.GenesisAccount{{Address: chain.DigestsAddress(2), Balance: chain.NewAmount(1)}}
		}, "can't be on chain 2"},
		{"too much together", network, func(g *chain.Genesis) { g.Chains[0].Accounts[0].Balance = chain.MaxAmount }, "sum of what all chains issue: amount exceeds 2^128-1"},

		{"an owner", network, func(g *chain.Genesis) { g.Owner = g.Accounts[0].Address }, ""},
		{"an owner elsewhere", network, func(g *chain.Genesis) { g.Owner = g.Chains[0].Accounts[0].Address }, "must be an account on the main chain"},
		{"the chain itself as owner", network, func(g *chain.Genesis) { g.Owner = chain.SystemAddress(1) }, "must be an account on the main chain"},
		{"an owner of one chain", network, func(g *chain.Genesis) { g.Chains[0].Owner = g.Accounts[0].Address }, "must be an account on the main chain"},
		{"an owner of a chain alone", genesis, func(g *chain.Genesis) { g.Owner = g.Accounts[0].Address }, "must be an account on the main chain"},

		{"within", within, func(*chain.Genesis) {}, ""},
		{"within, with chains", within, func(g *chain.Genesis) { g.Chains = network().Chains }, "chain 3 has chains of its own"},
		{"within no network", within, func(g *chain.Genesis) { g.Within.Network = chain.NetworkID{} }, "names no network"},
		{"within without itself", within, func(g *chain.Genesis) { g.Within.Branches = g.Within.Branches[:2] }, "chain 3 is none of those"},
		{"within under nobody", within, func(g *chain.Genesis) { g.Under = 0 }, "chain 3 is none of those"},
		{"within under another", within, func(g *chain.Genesis) { g.Under = 1 }, "chain 3 is registered with another parent"},
		{"two of one name", network, func(g *chain.Genesis) { g.Chains[1].Name = g.Chains[0].Name }, `chains 2 and 3 are both called "shop 2"`},
		{"a child with the name of the network", network, func(g *chain.Genesis) { g.Chains[0].Name = g.Name }, "chains 1 and 2 are both called"},
		{"within by another name", within, func(g *chain.Genesis) { g.Name = "store" }, "chain 3 is registered with another parent, name"},
		{"within, other parameters", within, func(g *chain.Genesis) { g.Params.FreshShare++ }, "other parameters"},
		{"within, another committee", within, func(g *chain.Genesis) { g.Committee.Seed[0]++ }, "committee or other"},
		{"within no tree", within, func(g *chain.Genesis) { g.Within.Tree = nil }, "no chain"},
		{"within another tree", within, func(g *chain.Genesis) { g.Within.Tree = chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 3, Parent: 1}} }, "chain 3 is registered under chain 2"},
		{"within without itself in the tree", within, func(g *chain.Genesis) { g.Within.Tree = g.Within.Tree[:2] }, "chain 3 is registered under chain 2"},
		{"within without one above", within, func(g *chain.Genesis) { g.Within.Branches = g.Within.Branches[1:] }, "without what is known of the main chain"},
		{"within, with more money", within, func(g *chain.Genesis) { g.Accounts[0].Balance = chain.NewAmount(4) }, "chain 3 issues 4 and is registered with 3"},
		{"within, too much together", within, func(g *chain.Genesis) { g.Within.Branches[0].Issued = chain.MaxAmount }, "sum of what all chains issue"},
		{"within without a committee", within, func(g *chain.Genesis) { g.Committee, g.Possession = chain.Committee{}, nil }, "chain 3 has no committee"},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := x.from()
			x.change(g)
			if err := g.Check(); x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
				t.Fatalf("error %v, want %q", err, x.want)
			}
		})
	}
}

// That a chain has no committee is said when nothing else is wrong: who makes a network asks before each chain has nodes.
func TestGenesisWithoutSeats(t *testing.T) {
	draft := func() *chain.Genesis {
		g := network()
		for _, c := range []*chain.Genesis{g, &g.Chains[0], &g.Chains[1]} {
			c.Committee, c.Possession = chain.Committee{}, nil
		}
		return g
	}
	if err := draft().Check(); !errors.Is(err, chain.ErrNoSeats) {
		t.Errorf("nobody has a seat: %v", err)
	}
	for name, change := range map[string]func(g *chain.Genesis){
		"two of one name":      func(g *chain.Genesis) { g.Chains[1].Name = g.Chains[0].Name },
		"no tree":              func(g *chain.Genesis) { g.Chains[0].Under = 3 },
		"an account elsewhere": func(g *chain.Genesis) { g.Chains[0].Accounts = g.Chains[1].Accounts },
		"no account":           func(g *chain.Genesis) { g.Accounts[0].Balance = chain.Amount{} },
		"no name":              func(g *chain.Genesis) { g.Name = "" },
		"an owner elsewhere":   func(g *chain.Genesis) { g.Owner = g.Chains[0].Accounts[0].Address },
	} {
		g := draft()
		change(g)
		if err := g.Check(); err == nil || errors.Is(err, chain.ErrNoSeats) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every chain's genesis follows from the main chain's: one network, and each a first block of its own.
func TestGenesisOf(t *testing.T) {
	g := network()
	parents := map[chain.BlockHash]chain.ID{}
	for _, l := range g.Tree() {
		c, err := g.Of(l.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err != nil || c.Network() != g.Network() || c.Chain != l.ID || !slices.Equal(c.Tree(), g.Tree()) {
			t.Errorf("chain %d: network %s, tree %v, error %v", l.ID, c.Network(), c.Tree(), err)
		}
		if other, ok := parents[c.Parent()]; ok {
			t.Errorf("chains %d and %d begin with one block", l.ID, other)
		}
		parents[c.Parent()] = l.ID
		a, errA := g.Branches()
		b, errB := c.Branches()
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) || len(a) != 3 || a[2].Parent != 2 || a[2].Issued != chain.NewAmount(3) {
			t.Errorf("chain %d begins with %+v, main with %+v", l.ID, b, a)
		}
	}
	if _, err := g.Of(9); err == nil || !strings.Contains(err.Error(), "no chain 9") {
		t.Errorf("of a chain that isn't: %v", err)
	}
	if list, err := genesis().Branches(); err != nil || list != nil || genesis().InTree() || !g.InTree() {
		t.Errorf("a chain alone begins with %v, error %v", list, err)
	}
}

// A chain that a message makes begins with what was registered, and with the main chain; of those between it is shown what it needs.
func TestLater(t *testing.T) {
	g := network()
	above, err := g.Branches()
	if err != nil {
		t.Fatal(err)
	}
	seats := g.Committee
	seats.Chain = 5
	own := chain.Branch{Registration: registration(), Seats: seats}
	own.Limb, own.Committee, own.Issued = chain.Limb{ID: 5, Parent: 3}, seats.Hash(), chain.Amount{}
	own.Params.Validators = nil // of other nodes
	c := chain.Later(g.Network(), 9, g.Tree().Grown(own.Limb), own, above[0])
	if err := c.Check(); err != nil || c.Network() != g.Network() {
		t.Fatalf("%+v, error %v", c, err)
	}
	if again, err := chain.DecodeGenesis(c.Encode()); err != nil || !reflect.DeepEqual(again, c) {
		t.Fatalf("decoded as %+v, error %v", again, err)
	}
}

// People write the chains of a network in one file.
func TestNetworkJSON(t *testing.T) {
	text, err := json.Marshal(network())
	if err != nil || strings.Contains(string(text), "Within") {
		t.Fatalf("%s, error %v", text, err)
	}
	var back chain.Genesis
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(&back, network()) || back.Network() != network().Network() {
		t.Fatalf("%s read as %+v, error %v", text, back, err)
	}
	for i := range back.Chains {
		back.Chains[i].TimeMillis = 0
	}
	if err := back.Check(); err != nil || back.Network() != network().Network() {
		t.Errorf("without a time on each chain: %v", err)
	}
}

// Refused by rule, each named in its error.
func TestRegistrationRefused(t *testing.T) {
	for name, edit := range map[string]func(r *chain.Registration){
		"under itself":               func(r *chain.Registration) { r.Parent = r.ID },
		"chain 2 under chain 3":      func(r *chain.Registration) { r.Parent = 3 },
		"owner":                      func(r *chain.Registration) { r.Owner = chain.Address{23: 1} },
		"a chain without a name":     func(r *chain.Registration) { r.Name = "" },
		"chain 0":                    func(r *chain.Registration) { r.ID = 0 },
		"params: fresh_share 0":      func(r *chain.Registration) { r.Params.FreshShare = 0 },
		"name of 65 bytes (limit 64": func(r *chain.Registration) { r.Name = strings.Repeat("n", 65) },
	} {
		r := registration()
		edit(&r)
		want := name
		if name == "under itself" {
			want = "chain 2 under chain 2"
		}
		if _, err := chain.DecodeRegistration(r.Encode()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := branch()
	other.Committee[0]++
	if _, err := chain.DecodeBranch(other.Encode()); err == nil || !strings.Contains(err.Error(), chain.ErrCommitteeHash.Error()) {
		t.Errorf("a committee that is not registered: %v", err)
	}
	of := chain.CommitteeInput{Chain: 1, Nodes: applicants()}
	of.Nodes[0].Seats = chain.MaxRegisteredSeats
	if _, err := chain.DecodeCommitteeInput(of.Encode()); err == nil || !strings.Contains(err.Error(), "257 seats (limit 256)") {
		t.Errorf("too many seats: %v", err)
	}
	of.Nodes[0].Seats = 0
	if _, err := chain.DecodeCommitteeInput(of.Encode()); err == nil || !strings.Contains(err.Error(), "without seats") {
		t.Errorf("a node without seats: %v", err)
	}
	of.Nodes = nil
	if _, err := chain.DecodeCommitteeInput(of.Encode()); err == nil || !strings.Contains(err.Error(), "0 seats") {
		t.Errorf("nobody: %v", err)
	}
}

// A list of chains is as long as its entry.
func TestIDs(t *testing.T) {
	for _, list := range [][]chain.ID{nil, {1}, {2, 3, 1 << 20}} {
		if got, err := chain.DecodeIDs(chain.EncodeIDs(list)); err != nil || !slices.Equal(got, list) {
			t.Errorf("%v decoded as %v, error %v", list, got, err)
		}
	}
	for _, list := range [][]chain.ID{{0}, {2, 2}, {3, 2}} {
		if got, err := chain.DecodeIDs(chain.EncodeIDs(list)); err == nil {
			t.Errorf("%v decoded as %v", list, got)
		}
	}
	if got, err := chain.DecodeIDs([]byte{0, 0, 0, 1, 2}); err == nil {
		t.Errorf("five bytes decoded as %v", got)
	}
}

// The system actors are where no key and no creator leads, each at a place of its own.
func TestNativeAddresses(t *testing.T) {
	seen := map[chain.Address]bool{chain.SystemAddress(chain.Main): true}
	for _, a := range []chain.Address{chain.DigestsAddress(1), chain.DigestsAddress(2), chain.RegistryAddress(), chain.NodesAddress()} {
		if !a.IsNative() || a.IsSystem() || seen[a] {
			t.Errorf("%s is native %t", a, a.IsNative())
		}
		seen[a] = true
	}
	for _, a := range []chain.Address{{}, chain.SystemAddress(1), address(1), {3: 2, 23: 2}, {3: 2, 23: 3}} {
		if a.IsNative() {
			t.Errorf("%s is native", a)
		}
	}
}

// A chain under another one with more nodes than its parent can tell apart is refused, and named; the main chain, and one with as many seats of
// fewer nodes, are not.
func TestMostNodesOfAChild(t *testing.T) {
	seats := func(id chain.ID, nodes, each int) (c chain.Genesis) {
		c = chain.Genesis{Name: fmt.Sprint("many ", id), Chain: id, TimeMillis: 1, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: id}}
		for i := range nodes * each {
			n := i / each
			c.Committee.Seats = append(c.Committee.Seats, chain.Seat{Node: keys.PublicKey{byte(n), byte(n >> 8)}, Key: keys.BLSPublicKey{byte(n), byte(n >> 8)}})
			c.Possession = append(c.Possession, keys.BLSSignature{})
		}
		return c
	}
	g := seats(chain.Main, chain.MaxSeats, 1)
	child := seats(2, chain.MaxChildNodes, 4)
	child.Under = chain.Main
	g.Chains = []chain.Genesis{child}
	if err := g.Check(); err != nil {
		t.Errorf("the most there may be: %v", err)
	}
	more := seats(2, chain.MaxChildNodes+1, 1)
	more.Under = chain.Main
	g.Chains[0] = more
	if err := g.Check(); !errors.Is(err, chain.ErrCommittee) || !strings.Contains(err.Error(), "chain 2: ") || !strings.Contains(err.Error(), "901 nodes") || !strings.Contains(err.Error(), "at most 900") {
		t.Errorf("one more: %v", err)
	}
}
