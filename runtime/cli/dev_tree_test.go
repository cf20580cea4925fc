package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What parseTree reads, treeText writes; chains are numbered as they come, so that parents stand before their children.
func TestParseTree(t *testing.T) {
	for text, want := range map[string][]devChain{
		"main":       {{"main", 1, 0}},
		"main(a)":    {{"main", 1, 0}, {"a", 2, 1}},
		"main(a,b)":  star(2),
		"main(a(b))": {{"main", 1, 0}, {"a", 2, 1}, {"b", 3, 2}},
		"main(a(a1,a2(x-9)),b(c))": {
			{"main", 1, 0}, {"a", 2, 1}, {"a1", 3, 2}, {"a2", 4, 2}, {"x-9", 5, 4}, {"b", 6, 1}, {"c", 7, 6},
		},
	} {
		list, err := parseTree(text)
		if err != nil || !slices.Equal(list, want) {
			t.Errorf("%s: %v, %v", text, list, err)
		}
		d := &devNetwork{Chains: list}
		if again := d.treeText(); again != text || d.checkChains() != nil && len(list) > 1 {
			t.Errorf("%s is written as %s", text, again)
		}
		tree := chain.Tree{}
		for _, c := range list {
			tree = append(tree, chain.Limb{ID: c.Chain, Parent: c.Under})
		}
		if err := tree.Check(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is no tree is refused, with the place of the first mistake.
func TestParseNoTree(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "letter 1: a name is missing",
		"a":                "letter 1: the root of the tree is called main",
		"main(":            "letter 6: a name is missing",
		"main()":           "letter 6: a name is missing",
		"main(a":           `letter 7: "," or ")" is missing`,
		"main(a b)":        `letter 7: "," or ")" is missing`,
		"main(a, b)":       "letter 8: a name is missing",
		"main(a,a)":        "letter 8: a is there already",
		"main(main)":       "letter 6: main is there already",
		"main(A)":          `letter 6: "A" is no name`,
		"main(1)":          `letter 6: "1" is no name`,
		"main(é)":          `letter 6: "é" is no name`,
		"main(a@b)":        `letter 6: "a@b" is no name`,
		"main(a))":         "letter 8: something stands behind the tree",
		"main,a":           "letter 5: something stands behind the tree",
		"main(a(b,),c)":    "letter 10: a name is missing",
		"main(" + many(32): "more than 32 chains",
		deep(33):           "more than 32",
	} {
		_, err := parseTree(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func many(n int) string {
	var list []string
	for i := range n {
		list = append(list, "c"+strings.Repeat("x", i%30)+string(rune('a'+i%26)))
	}
	return strings.Join(list, ",") + ")"
}

func deep(n int) string {
	text := "main"
	for i := range n {
		text += "(c" + strings.Repeat("x", i%30) + string(rune('a'+i%26))
	}
	return text + strings.Repeat(")", n)
}

// An account is on every chain, or on one; one that is named for a chain has that amount there.
func TestTreeAccounts(t *testing.T) {
	o := &devOptions{chains: 2, validators: 1, accounts: []string{"alice=20", "alice@b=7", "bob@main=5"}}
	if err := o.plant(node.Pace{}, func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	d, err := o.network("test")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.accountFlags(); got != "alice=20 alice@b=7 alice@main=20 bob@main=5" {
		t.Error(got)
	}
	g := d.genesis()
	if err := g.Check(); err != nil || len(g.Chains) != 2 || len(g.Accounts) != 3 || len(g.Chains[0].Accounts) != 2 || len(g.Chains[1].Accounts) != 2 {
		t.Errorf("%v: %+v", err, g)
	}
	text, err := o.network("test")
	if err != nil || text.genesis().Network() == (chain.NetworkID{}) {
		t.Error(err)
	}
}

// What is asked for a chain alone makes it alone, unless several were asked for.
func TestPlant(t *testing.T) {
	for name, c := range map[string]struct {
		o     devOptions
		pace  node.Pace
		given string
		want  int // chains; 0 for one alone, -1 for a refusal
	}{
		"nothing":                {devOptions{chains: 2}, node.Pace{}, "", 3},
		"three":                  {devOptions{chains: 3}, node.Pace{}, "chains", 4},
		"none":                   {devOptions{chains: 0}, node.Pace{}, "chains", 0},
		"main":                   {devOptions{chains: 2, tree: "main"}, node.Pace{}, "tree", 0},
		"a tree":                 {devOptions{chains: 2, tree: "main(a)"}, node.Pace{}, "tree", 2},
		"a committee":            {devOptions{chains: 2, validators: 4}, node.Pace{}, "validators", 0},
		"a committee and chains": {devOptions{chains: 2, validators: 4}, node.Pace{}, "chains", -1},
		"a committee, none":      {devOptions{chains: 0, validators: 4}, node.Pace{}, "chains", 0},
		"by hand":                {devOptions{chains: 2}, node.Pace{Manual: true}, "", 0},
		"a tree by hand":         {devOptions{chains: 2, tree: "main(a)"}, node.Pace{Manual: true}, "tree", -1},
		"only some":              {devOptions{chains: 2, only: []string{"a"}}, node.Pace{}, "", 3},
		"only some of one":       {devOptions{chains: 0, only: []string{"a"}}, node.Pace{}, "chains", -1},
	} {
		err := c.o.plant(c.pace, func(flag string) bool { return flag == c.given })
		if (err != nil) != (c.want < 0) || err == nil && len(c.o.plan) != c.want {
			t.Errorf("%s: %v, %v", name, c.o.plan, err)
		}
	}
}
