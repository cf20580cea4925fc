package merkle

import (
	"bytes"
	"fmt"
)

// Load fills an empty tree, on which no versions are open, with leaves in the order of their paths, and commits them.
// Next returns false behind the last one. On an error the tree is empty.
func (t *Tree) Load(next func() (Path, Hash, bool)) error {
	if t.head.count > 0 || t.pending > 0 {
		return fmt.Errorf("%d keys, %d open versions: %w", t.head.count, t.pending, ErrOpen)
	}
	l := loader{tree: t}
	for path, value, ok := next(); ok; path, value, ok = next() {
		if err := l.add(Leaf{Path: path, Value: value}); err != nil {
			t.shards = [shards]shard{}
			return fmt.Errorf("leaf %d, path %x: %w", l.count, path, err)
		}
	}
	l.fold(t.prefix.Bits)
	t.head.root, t.head.count = l.last, l.count
	for i := range t.shards {
		t.shards[i].fresh, t.shards[i].grown = nil, 0
	}
	return nil
}

// loader builds a tree from left to right. Nothing more comes into a subtree once a leaf stands right of it, so it keeps
// one finished left side for each depth at which the path to the last leaf turns right, and hashes every node once.
type loader struct {
	tree  *Tree
	left  []side
	last  sub // what is finished of the subtree that the last leaf stands in
	path  Path
	count int
}

// side is the finished left side of a branch that is still to be made.
type side struct {
	sub   sub
	depth int
}

func (l *loader) add(leaf Leaf) error {
	t := l.tree
	slot := t.slot(&leaf.Path)
	switch {
	case leaf.Value == Hash{}:
		return ErrZero
	case !t.prefix.Covers(leaf.Path):
		return ErrOutside
	case l.count > 0 && bytes.Compare(l.path[:], leaf.Path[:]) >= 0:
		return ErrOrder
	case !t.shards[slot].room(1):
		return ErrFull
	}
	if l.count > 0 {
		depth := l.path.shared(&leaf.Path)
		l.fold(depth + 1)
		l.left = append(l.left, side{sub: l.last, depth: depth})
	}
	l.last = writer{Tree: t, id: slot}.newLeaf(leaf)
	l.path = leaf.Path
	l.count++
	t.shards[slot].fresh = t.shards[slot].fresh[:0] // a load is not taken back node by node
	return nil
}

// fold makes the branches at depth from and below it.
func (l *loader) fold(from int) {
	for n := len(l.left); n > 0 && l.left[n-1].depth >= from; n = len(l.left) {
		s := l.left[n-1]
		l.left = l.left[:n-1]
		slot := 0 // above the slots
		if s.depth >= l.tree.top {
			slot = l.tree.slot(&l.path)
		}
		l.last = writer{Tree: l.tree, id: slot}.join(s.depth, s.sub, l.last)
	}
}
