package merkle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Hash is a SHA-256 hash. The zero hash stands for "nothing here": padding, an empty subtree, a deleted value.
type Hash = [32]byte

// LeafHash is the hash of a leaf of a fixed tree. Where two parts vary in length the caller encodes their lengths.
func LeafHash(parts ...[]byte) Hash { return wire.Sum(wire.TagLeaf, parts...) }

// Root is the root of the fixed tree over leaves (M1), which it leaves as they are.
func Root(leaves []Hash) Hash {
	if len(leaves) < 2 {
		return rootHash(len(leaves), top(leaves))
	}
	level := make([]Hash, (len(leaves)+1)/2)
	above(level, leaves)
	for len(level) > 1 {
		half := (len(level) + 1) / 2
		above(level[:half], level)
		level = level[:half]
	}
	return rootHash(len(leaves), level[0])
}

// Prove returns the path of the leaf with that index. It hashes the whole tree: whoever needs many paths makes a Fixed.
func Prove(leaves []Hash, index int) (Proof, error) { return NewFixed(leaves).Prove(index) }

// Fixed is a fixed tree with all its nodes at hand, for handing out many paths.
type Fixed struct {
	levels [][]Hash // leaves first, the top node last; padding is not stored
}

// NewFixed hashes the tree over leaves, which must not change while the Fixed is in use.
func NewFixed(leaves []Hash) *Fixed {
	f := &Fixed{levels: [][]Hash{leaves}}
	for level := leaves; len(level) > 1; {
		next := make([]Hash, (len(level)+1)/2)
		above(next, level)
		f.levels = append(f.levels, next)
		level = next
	}
	return f
}

// Root is the root of the tree.
func (f *Fixed) Root() Hash { return rootHash(len(f.levels[0]), top(f.levels[len(f.levels)-1])) }

// Prove returns the path of the leaf with that index.
func (f *Fixed) Prove(index int) (Proof, error) {
	count := len(f.levels[0])
	if index < 0 || index >= count {
		return Proof{}, fmt.Errorf("leaf %d of a tree with %d: %w", index, count, ErrIndex)
	}
	p := Proof{Index: uint32(index), Count: uint32(count), Path: make([]Hash, 0, len(f.levels)-1)}
	for _, level := range f.levels[:len(f.levels)-1] {
		var sibling Hash // padding, unless the level reaches that far
		if index^1 < len(level) {
			sibling = level[index^1]
		}
		p.Path = append(p.Path, sibling)
		index /= 2
	}
	return p, nil
}

// above hashes the nodes of one level into dst. dst may be the front of level: a node is written behind what was read.
func above(dst, level []Hash) {
	for i := range dst {
		var right Hash
		if 2*i+1 < len(level) {
			right = level[2*i+1]
		}
		dst[i] = node(level[2*i], right)
	}
}

// node is an inner node. Over two zero hashes it is the zero hash, so padding costs nothing and needs no place (M1).
func node(left, right Hash) Hash {
	if left == (Hash{}) && right == (Hash{}) {
		return Hash{}
	}
	return wire.Sum(wire.TagNode, left[:], right[:])
}

// top is the only node of the last level, or the zero hash if there is none.
func top(level []Hash) Hash {
	if len(level) == 0 {
		return Hash{}
	}
	return level[0]
}

// rootHash binds the number of leaves to the top node (M2).
func rootHash(count int, top Hash) Hash {
	if uint64(count) > math.MaxUint32 {
		panic(fmt.Sprintf("merkle: fixed tree of %d leaves", count))
	}
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(count))
	return wire.Sum(wire.TagRoot, n[:], top[:])
}

// height is the length of every path in a fixed tree of count leaves: ceil(log2 count).
func height(count uint32) int {
	if count < 2 {
		return 0
	}
	return bits.Len32(count - 1)
}
