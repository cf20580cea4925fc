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

// slowState is the definition (M3), written out: the root of a state that holds leaves, which are sorted.
func slowState(leaves []Leaf) Hash {
	switch len(leaves) {
	case 0:
		return Hash{}
	case 1:
		return wire.Sum(wire.TagState, leaves[0].Path[:], leaves[0].Value[:])
	}
	depth, left, right := slowParts(leaves)
	l, r := slowState(left), slowState(right)
	return wire.Sum(wire.TagBranch, []byte{byte(depth >> 8), byte(depth)}, l[:], r[:])
}

// slowParts is the first bit in which some of leaves, two or more, differ, and those that have 0 and 1 there.
func slowParts(leaves []Leaf) (depth int, left, right []Leaf) {
	for i := range 56 {
		for b := range 8 {
			set := func(l Leaf) bool { return l.Path[i]&(0x80>>b) != 0 }
			switch n := slices.IndexFunc(leaves, set); {
			case n > 0:
				return 8*i + b, leaves[:n], leaves[n:]
			case n == 0 && !set(leaves[len(leaves)-1]):
				panic("leaves are not sorted")
			}
		}
	}
	panic("leaves have one path")
}

// slowProof is the one proof (M9) of what path has in a state that holds leaves, one or more.
func slowProof(leaves []Leaf, path Path) (p StateProof) {
	for len(leaves) > 1 {
		depth, left, right := slowParts(leaves)
		if path[depth/8]&(0x80>>(depth%8)) != 0 {
			left, right = right, left
		}
		p.Levels = append(p.Levels, make([]byte, max(0, depth/8+1-len(p.Levels)))...)
		p.Levels[depth/8] |= 0x80 >> (depth % 8)
		p.Siblings = append(p.Siblings, slowState(right))
		leaves = left
	}
	if leaves[0].Path != path {
		p.Other = &leaves[0]
	}
	return p
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
	var walk func(s sub, at int)
	walk = func(s sub, at int) {
		if free[s.ref] {
			t.Fatalf("node %#x is in use and free", s.ref)
		}
		if s.ref.isLeaf() {
			l := tree.leaf(s.ref)
			got[l.Path] = l.Value
			if s.hash != l.hash() {
				t.Fatalf("leaf %x: hash %x, want %x", l.Path, s.hash, l.hash())
			}
			return
		}
		d := tree.depth(s.ref)
		if d < at || d >= PathBits {
			t.Fatalf("branch at depth %d below depth %d", d, at)
		}
		if want := tree.pair(s.ref).hash(d); s.hash != want {
			t.Fatalf("branch at depth %d: hash %x, want %x", d, s.hash, want)
		}
		for side := range 2 {
			walk(tree.child(s.ref, side), d+1)
		}
	}
	if v.root.ref != none {
		walk(v.root, tree.prefix.Bits)
	}
	if len(got) != v.Len() {
		t.Fatalf("%d keys, Len %d", len(got), v.Len())
	}
	if want := slowState(got.leaves()); want != v.Root() {
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
