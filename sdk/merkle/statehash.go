package merkle

import (
	"crypto/sha256"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Leaf is one key of the state and the hash of its value, which is not zero.
type Leaf struct {
	Path  Path
	Value Hash
}

// ValueHash is what a leaf holds for a value.
func ValueHash(value []byte) Hash { return wire.Sum(wire.TagValue, value) }

// hash is the hash of a subtree that holds this leaf only, at whatever depth it stands.
func (l *Leaf) hash() Hash { return wire.Sum(wire.TagState, l.Path[:], l.Value[:]) }

// hash is the hash of a subtree with two keys or more: wire.Sum(TagBranch, left, right). It is spelt out because an
// update spends half its time here, and Sum's larger buffer costs a tenth more.
func (p *pair) hash() Hash {
	var b [1 + 2*len(Hash{})]byte
	b[0] = byte(wire.TagBranch)
	copy(b[1:], p[0][:])
	copy(b[1+len(Hash{}):], p[1][:])
	return sha256.Sum256(b[:])
}

// onSide is the hash of a subtree with two keys or more that all stand on one side, bit, of its first level.
func onSide(bit int, hash *Hash) Hash {
	var p pair
	p[bit] = *hash
	return p.hash()
}
