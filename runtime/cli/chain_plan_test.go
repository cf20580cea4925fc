package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// What parseTree reads, treeText writes; chains are numbered as they come, so that parents stand before their children.
func TestParseTree(t *testing.T) {
	for text, want := range map[string][]namedChain{
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

// The chains of a genesis are those that it was made with, and the tips of the tree those that have none under them.
func TestPlanOfGenesis(t *testing.T) {
	for text, want := range map[string][]chain.ID{
		"main":                     {1},
		"main(a)":                  {2},
		"main(a,b)":                {2, 3},
		"main(a(b))":               {3},
		"main(a(a1,a2(x-9)),b(c))": {3, 5, 7},
	} {
		plan, err := parseTree(text)
		if err != nil {
			t.Fatal(err)
		}
		g := newGenesis("net", plan, 1, chain.DefaultParams())
		if got := planOf(g); !slices.Equal(got, plan) || checkDraft(g) != nil {
			t.Errorf("%s makes %v: %v", text, got, checkDraft(g))
		}
		if got := tips(plan); !slices.Equal(got, want) {
			t.Errorf("%s ends in %v", text, got)
		}
	}
}
