package merkle

import "fmt"

// Tree is a state tree in memory: one committed state, and versions of it that are not committed yet. It keeps the
// leaves and hashes, not the values. It is not safe for concurrent use, reading included: the caller locks.
type Tree struct {
	prefix  Prefix
	top     int      // depth of the slots: the subtrees, up to 16, that Update works on at once
	head    *Version // the committed state
	pending int      // versions neither committed nor discarded
	shards  [shards]shard
}

// New returns an empty tree for all paths.
func New() *Tree { return NewAt(Path{}, 0) }

// NewAt returns an empty tree for the paths below the first bits bits of prefix. Its root is that of the subtree which a
// tree of all paths has there: depths count from the start of the path in both (SPEC 7.4).
func NewAt(prefix Path, bits int) *Tree {
	if bits < 0 || bits > PathBits {
		panic(fmt.Sprintf("merkle: prefix of %d bits", bits))
	}
	t := &Tree{prefix: Prefix{Path: prefix, Bits: bits}, top: min(bits+shardBits, PathBits)}
	t.head = &Version{tree: t}
	return t
}

// Prefix is the part of the state that the tree holds.
func (t *Tree) Prefix() Prefix { return t.prefix }

// Root is the root of the committed state; zero if it is empty.
func (t *Tree) Root() Hash { return t.head.Root() }

// Len is the number of keys in the committed state.
func (t *Tree) Len() int { return t.head.count }

// Subtree is the root that a tree of the committed keys below the first bits bits of prefix has (NewAt).
func (t *Tree) Subtree(prefix Path, bits int) Hash {
	s := t.head.root
	for s.ref.isBranch() && t.depth(s.ref) < bits {
		s = t.child(s.ref, prefix.bit(t.depth(s.ref)))
	}
	// The keys below the prefix, if any, all went this way, and all keys here agree in their first bits bits.
	if s.ref == none || t.anyLeaf(s.ref).Path.shared(&prefix) < bits {
		return Hash{}
	}
	return s.hash
}

// sub is a subtree: its topmost node, and its hash, which is the same wherever the subtree stands (M3).
type sub struct {
	hash Hash
	ref  ref
}

func (t *Tree) link(r ref) *link { return t.shards[r.shard()].links.at(r.index()) }
func (t *Tree) pair(r ref) *pair { return t.shards[r.shard()].pairs.at(r.index()) }
func (t *Tree) leaf(r ref) *Leaf { return t.shards[r.shard()].leaves.at(r.index()) }

// depth is the depth at which the keys below r part; that of a leaf is PathBits.
func (t *Tree) depth(r ref) int {
	if r.isLeaf() {
		return PathBits
	}
	return int(t.link(r).depth)
}

// child is the subtree on one side of a branch.
func (t *Tree) child(r ref, side int) sub {
	return sub{hash: t.pair(r)[side], ref: t.link(r).child[side]}
}

// anyLeaf is a leaf below r. All of them agree in the bits before r's depth.
func (t *Tree) anyLeaf(r ref) *Leaf {
	for !r.isLeaf() {
		r = t.link(r).child[0]
	}
	return t.leaf(r)
}
