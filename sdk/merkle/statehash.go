package merkle

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Leaf is one key of the state and the hash of its value, which is not zero.
type Leaf struct {
	Path  Path
	Value Hash
}

// ValueHash is what a leaf holds for a value.
func ValueHash(value []byte) Hash { return wire.Sum(wire.TagValue, value) }

// hash is the hash of a subtree that holds this leaf only, wherever it stands.
func (l *Leaf) hash() Hash { return wire.Sum(wire.TagState, l.Path[:], l.Value[:]) }

// hash is the hash of a subtree whose keys part at depth: wire.Sum(TagBranch, depth:u16, left, right) (M3). It is spelt
// out because an update spends half its time here, and Sum's larger buffer costs a tenth more.
func (p *pair) hash(depth int) Hash {
	var b [1 + 2 + 2*len(Hash{})]byte
	b[0] = byte(wire.TagBranch)
	binary.BigEndian.PutUint16(b[1:], uint16(depth))
	copy(b[3:], p[0][:])
	copy(b[3+len(Hash{}):], p[1][:])
	return sha256.Sum256(b[:])
}
