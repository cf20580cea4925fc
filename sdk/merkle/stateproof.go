package merkle

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"github.com/thinkey/thinkey/sdk/wire"
)

// maxLevels is the length of the longest bitmap: a bit for every bit of a path (depth limit).
const maxLevels = PathBits / 8

// StateProof shows which value a path has in a state, or that it has none. It is the walk of the path: from the root, at
// each branch to the side that the path's bit at its depth says, to the leaf where that ends (M8, M9).
type StateProof struct {
	// Levels has a bit for each depth, from the start of the path on, set if a branch of the walk parts there. A
	// bitmap, because most walks turn at every depth down to log2 of the keys: a list of depths is longer.
	Levels []byte
	// Siblings are the other sides of those branches, from the root down.
	Siblings []Hash
	// Other is the leaf at which the walk ends instead of at the path's own.
	Other *Leaf
}

func (p StateProof) has(depth int) bool { return p.Levels[depth/8]<<(depth%8)&0x80 != 0 }

// Verify says whether path has this value in the state with this root; the zero value stands for none. The root is
// that of a tree over all paths (New). A zero root proves nothing, not even that the state is empty.
func (p StateProof) Verify(root Hash, path Path, value Hash) error {
	return p.VerifyAt(Prefix{}, root, path, value)
}

// VerifyAt is Verify for the root of a tree made by NewAt. The prefix must come from who is trusted with the root, not
// from who gives the proof: of a path that the tree is not for, its root would show that it is absent.
func (p StateProof) VerifyAt(at Prefix, root Hash, path Path, value Hash) error {
	if root == (Hash{}) {
		return fmt.Errorf("root: %w", ErrZero)
	}
	if !at.Covers(path) {
		return fmt.Errorf("path %x, prefix %x of %d bits: %w", path, at.Path, at.Bits, ErrOutside)
	}
	if err := p.fault(); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	leaf, err := p.end(path, value)
	if err == nil {
		err = p.stray(at, path, leaf)
	}
	if err != nil {
		return fmt.Errorf("path %x: %w: %w", path, ErrForm, err)
	}
	if hash := p.fold(leaf); hash != root {
		return fmt.Errorf("path %x: root %x, want %x: %w", path, hash, root, ErrMismatch)
	}
	return nil
}

// end is the leaf at which the walk ends, if path has this value.
func (p StateProof) end(path Path, value Hash) (*Leaf, error) {
	switch {
	case value != Hash{} && p.Other != nil:
		return nil, errors.New("another leaf stands for a value")
	case value != Hash{}:
		return &Leaf{Path: path, Value: value}, nil
	case p.Other == nil:
		return nil, errors.New("no other leaf stands for none")
	case p.Other.Path == path:
		return nil, errors.New("the path's own leaf stands for none")
	}
	return p.Other, nil
}

// stray says what keeps the walk of path from ending at leaf, whatever the root.
func (p StateProof) stray(at Prefix, path Path, leaf *Leaf) error {
	if !at.Covers(leaf.Path) {
		return fmt.Errorf("leaf %x is not below the prefix", leaf.Path)
	}
	for depth := range 8 * len(p.Levels) {
		switch {
		case !p.has(depth):
		case depth < at.Bits:
			return fmt.Errorf("branch at depth %d, above the prefix of %d bits", depth, at.Bits)
		case path.bit(depth) != leaf.Path.bit(depth): // M8 where they differ first, M9 elsewhere
			return fmt.Errorf("leaf %x is not where the walk ends: they part at depth %d", leaf.Path, depth)
		}
	}
	return nil
}

// fold is the root of the tree in which the walk ends at leaf.
func (p StateProof) fold(leaf *Leaf) Hash {
	hash, left := leaf.hash(), len(p.Siblings)
	for depth := 8*len(p.Levels) - 1; depth >= 0; depth-- {
		if !p.has(depth) {
			continue
		}
		left--
		sides := pair{hash, p.Siblings[left]}
		if leaf.Path.bit(depth) == 1 {
			sides = pair{p.Siblings[left], hash}
		}
		hash = sides.hash(depth)
	}
	return hash
}

// fault says what is wrong with the form of p, whatever path and root it is for.
func (p StateProof) fault() error {
	n := len(p.Levels)
	set := 0
	for _, b := range p.Levels {
		set += bits.OnesCount8(b)
	}
	switch {
	case n > maxLevels:
		return fmt.Errorf("%d bytes of levels (limit %d)", n, maxLevels)
	case n > 0 && p.Levels[n-1] == 0:
		return errors.New("levels end with zeros")
	case set != len(p.Siblings):
		return fmt.Errorf("%d siblings for %d levels", len(p.Siblings), set)
	case p.Other != nil && p.Other.Value == Hash{}:
		return errors.New("other leaf has no value")
	}
	for i := range p.Siblings {
		if p.Siblings[i] == (Hash{}) {
			return fmt.Errorf("sibling %d is empty", i)
		}
	}
	return nil
}

// Append appends the encoding, in which Levels says how many siblings follow:
//
//	levels:short hash{bits set in levels} other:u8 (path:56 value:32){other}
func (p StateProof) Append(b []byte) []byte {
	b = appendHashes(wire.AppendShort(b, string(p.Levels)), p.Siblings)
	if p.Other == nil {
		return wire.AppendU8(b, 0)
	}
	b = wire.AppendU8(b, 1)
	return append(append(b, p.Other.Path[:]...), p.Other.Value[:]...)
}

// ReadStateProof reads what Append wrote and refuses what Prove never returns. Whether the proof fits a path and a root
// is Verify's to say.
func ReadStateProof(r *wire.Reader) StateProof {
	p := StateProof{Levels: bytes.Clone(r.Short("state proof levels", maxLevels))}
	set := 0
	for _, b := range p.Levels {
		set += bits.OnesCount8(b)
	}
	p.Siblings = readHashes(r, "state proof siblings", set)
	switch r.U8("state proof other") {
	case 0:
	case 1:
		p.Other = new(Leaf)
		r.Into("state proof other path", p.Other.Path[:])
		r.Into("state proof other value", p.Other.Value[:])
	default:
		r.Fail("state proof other", wire.ErrValue)
	}
	if r.Err() != nil {
		return StateProof{}
	}
	if err := p.fault(); err != nil {
		r.Fail("state proof: "+err.Error(), wire.ErrValue)
		return StateProof{}
	}
	return p
}
