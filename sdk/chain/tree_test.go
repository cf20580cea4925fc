package chain_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// randomTree has n chains with gaps between their ids.
func randomTree(rnd *rand.Rand, n int) chain.Tree {
	t := chain.Tree{{ID: chain.ID(1 + rnd.IntN(3))}}
	for len(t) < n {
		t = t.Grown(chain.Limb{ID: t[len(t)-1].ID + chain.ID(1+rnd.IntN(3)), Parent: t[rnd.IntN(len(t))].ID})
	}
	return t
}

// chainsAbove is by definition: the chain, its parent, that one's parent, as far as there are any.
func chainsAbove(t chain.Tree, id chain.ID) (list []chain.ID) {
	for range t {
		i := slices.IndexFunc(t, func(l chain.Limb) bool { return l.ID == id })
		if i < 0 {
			break
		}
		list, id = append(list, id), t[i].Parent
	}
	return list
}

// Every function of a tree says what the plain definition says, for all chains, those that there aren't included.
func TestTreeByDefinition(t *testing.T) {
	const seed = 20
	for n := range 60 {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		tree := randomTree(rnd, 1+rnd.IntN(20))
		if err := tree.Check(); err != nil {
			t.Fatalf("seed %d, tree %d, %v: %v", seed, n, tree, err)
		}
		for a := range tree[len(tree)-1].ID + 3 {
			above := chainsAbove(tree, a)
			var parent chain.ID
			if len(above) > 1 {
				parent = above[1]
			}
			var children []chain.ID
			for _, l := range tree {
				if a != 0 && l.Parent == a {
					children = append(children, l.ID)
				}
			}
			if tree.Has(a) != (len(above) > 0) || tree.Parent(a) != parent || !slices.Equal(tree.Ancestors(a), above[min(1, len(above)):]) ||
				a != 0 && !slices.Equal(tree.Children(a), children) {
				t.Fatalf("seed %d, tree %d, %v, chain %d: under %d and %v, over %v", seed, n, tree, a, tree.Parent(a), tree.Ancestors(a), tree.Children(a))
			}
			for b := range tree[len(tree)-1].ID + 3 {
				other := chainsAbove(tree, b)
				var common, toward chain.ID
				if i := slices.IndexFunc(above, func(id chain.ID) bool { return slices.Contains(other, id) }); i >= 0 {
					common = above[i]
				}
				if i := slices.Index(above, b); i > 0 {
					toward = above[i-1]
				}
				if tree.Below(a, b) != slices.Contains(above, b) || tree.Common(a, b) != common || tree.Toward(a, b) != toward {
					t.Fatalf("seed %d, tree %d, %v, chains %d and %d: below %t, common %d, toward %d",
						seed, n, tree, a, b, tree.Below(a, b), tree.Common(a, b), tree.Toward(a, b))
				}
			}
		}
		if again, err := chain.DecodeTree(tree.Encode()); err != nil || !slices.Equal(again, tree) {
			t.Fatalf("seed %d, tree %d: decoded as %v, error %v", seed, n, again, err)
		}
	}
}

// What grows from a tree does not write into it.
func TestTreeGrown(t *testing.T) {
	root := slices.Grow(chain.Alone(1), 4)
	a, b := root.Grown(chain.Limb{ID: 2, Parent: 1}), root.Grown(chain.Limb{ID: 3, Parent: 1})
	if !a.Has(2) || a.Has(3) || !b.Has(3) || b.Has(2) || root.Has(2) {
		t.Errorf("%v, %v, %v", root, a, b)
	}
}

func TestTreeCheck(t *testing.T) {
	chainOf := func(n int) (list chain.Tree) { // one under the other
		for id := range chain.ID(n) {
			list = append(list, chain.Limb{ID: id + 1, Parent: id})
		}
		return list
	}
	for name, x := range map[string]struct {
		tree chain.Tree
		want string // "" if it is one
	}{
		"one":               {chain.Alone(1), ""},
		"one that isn't 1":  {chain.Alone(5), ""},
		"as deep as can be": {chainOf(chain.MaxViews + 1), ""},
		"too deep":          {chainOf(chain.MaxViews + 2), "chain 34 has more than 32 ancestors"},
		"nothing":           {nil, "no chain"},
		"chain 0":           {chain.Tree{{ID: 0}}, "chain 0"},
		"a root under one":  {chain.Tree{{ID: 2, Parent: 1}}, "chain 2 stands first and is under chain 1"},
		"two roots":         {chain.Tree{{ID: 1}, {ID: 2}}, "chain 2 is under chain 0"},
		"twice":             {chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 2, Parent: 1}}, "chain 2 stands behind chain 2"},
		"unsorted":          {chain.Tree{{ID: 1}, {ID: 3, Parent: 1}, {ID: 2, Parent: 1}}, "chain 2 stands behind chain 3"},
		"under itself":      {chain.Tree{{ID: 1}, {ID: 2, Parent: 2}}, "chain 2 is under chain 2"},
		"under a later one": {chain.Tree{{ID: 1}, {ID: 2, Parent: 3}, {ID: 3, Parent: 1}}, "chain 2 is under chain 3"},
	} {
		err := x.tree.Check()
		if x.want == "" && err != nil || x.want != "" && (!errors.Is(err, chain.ErrTree) || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: error %v, want %q", name, err, x.want)
		}
		if _, err := chain.DecodeTree(x.tree.Encode()); (err == nil) != (x.want == "") {
			t.Errorf("%s: decoded with error %v", name, err)
		}
	}
}
