package merkle

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/wire"
)

// content is a state, written down naively.
type content map[Path]Hash

func (c content) leaves() []Leaf {
	leaves := make([]Leaf, 0, len(c))
	for p, v := range c {
		leaves = append(leaves, Leaf{p, v})
	}
	sortLeaves(leaves)
	return leaves
}

func (c content) with(updates []Update) content {
	c = maps.Clone(c)
	for _, u := range updates {
		if u.Value == (Hash{}) {
			delete(c, u.Path)
		} else {
			c[u.Path] = u.Value
		}
	}
	return c
}

// slowState is the definition (M3), written out: the root of the subtree at depth that holds leaves.
func slowState(leaves []Leaf, depth int) Hash {
	switch len(leaves) {
	case 0:
		return Hash{}
	case 1:
		return wire.Sum(wire.TagState, leaves[0].Path[:], leaves[0].Value[:])
	}
	i := slices.IndexFunc(leaves, func(l Leaf) bool { return l.Path[depth/8]>>(7-depth%8)&1 == 1 })
	if i < 0 {
		i = len(leaves)
	}
	l, r := slowState(leaves[:i], depth+1), slowState(leaves[i:], depth+1)
	return wire.Sum(wire.TagBranch, l[:], r[:])
}

// audit walks all that a version holds: links, pairs, leaves, and that no node of it is free (M4, M5, M6).
func audit(t *testing.T, tree *Tree, v *Version) {
	t.Helper()
	free := map[ref]bool{}
	for i := range tree.shards {
		s := &tree.shards[i]
		base := ref(i) << indexBits
		for _, f := range s.branches.free {
			free[base|ref(f)] = true
		}
		for _, f := range s.entries.free {
			free[leafBit|base|ref(f)] = true
		}
	}
	got := content{}
	var walk func(r ref, at int)
	walk = func(r ref, at int) {
		if free[r] {
			t.Fatalf("node %#x is in use and free", r)
		}
		if r.isLeaf() {
			l := tree.leaf(r)
			got[l.Path] = l.Value
			return
		}
		if d := tree.depth(r); d < at || d >= PathBits {
			t.Fatalf("branch at depth %d below depth %d", d, at)
		}
		for side := range 2 {
			walk(tree.child(r, side).ref, tree.depth(r)+1)
		}
	}
	if v.root.ref != none {
		walk(v.root.ref, tree.prefix.Bits)
	}
	if len(got) != v.Len() {
		t.Fatalf("%d keys, Len %d", len(got), v.Len())
	}
	if want := slowState(got.leaves(), tree.prefix.Bits); want != v.Root() {
		t.Fatalf("root %x, content says %x", v.Root(), want)
	}
}

// checkLeaks says whether the tree holds the nodes of its committed content and no others: one per key, and one less
// for the branches.
func checkLeaks(t *testing.T, tree *Tree) {
	t.Helper()
	branches, leaves := 0, 0
	for i := range tree.shards {
		branches += tree.shards[i].branches.live()
		leaves += tree.shards[i].entries.live()
	}
	if leaves != tree.Len() || branches != max(0, tree.Len()-1) {
		t.Fatalf("%d leaves and %d branches for %d keys", leaves, branches, tree.Len())
	}
}

func mustUpdate(t testing.TB, tree *Tree, base *Version, updates []Update) *Version {
	t.Helper()
	v, err := tree.Update(base, updates, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustCommit(t testing.TB, tree *Tree, v *Version) {
	t.Helper()
	if err := tree.Commit(v); err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}
