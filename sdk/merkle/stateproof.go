package merkle

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrForm: a state proof has a form that Prove never returns. Ask another node for the proof.
var ErrForm = errors.New("proof is not in canonical form")

// maxLevels is the length of the longest bitmap: a bit for every bit of a path (depth limit).
const maxLevels = PathBits / 8

// StateProof shows which value a path has in a state, or that it has none. It walks the compact tree from its root to
// where the path ends: at its own leaf, at nothing, or at another leaf.
type StateProof struct {
	// Levels has a bit for each level, from the root down, set if the sibling there is not empty. Its last set bit is
	// the last level of the walk: where a walk ends below the root, the sibling is never empty, or both would have
	// been one leaf higher up.
	Levels []byte
	// Siblings are those that are not empty, from the root down.
	Siblings []Hash
	// Other is the leaf at which the path ends instead of at its own.
	Other *Leaf
}

// depth is the number of levels of the walk.
func (p StateProof) depth() int {
	if n := len(p.Levels); n > 0 {
		return 8*n - bits.TrailingZeros8(p.Levels[n-1])
	}
	return 0
}

func (p StateProof) has(level int) bool { return p.Levels[level/8]<<(level%8)&0x80 != 0 }

// Verify says whether path has this value in the state with this root; the zero value stands for none. The root is
// that of a tree over all paths (New). A zero root proves nothing, not even that the state is empty.
func (p StateProof) Verify(root Hash, path Path, value Hash) error {
	return p.VerifyAt(Prefix{}, root, path, value)
}

// VerifyAt is Verify for the root of a tree made by NewAt. The prefix must come from who is trusted with the root, not
// from who gives the proof: a walk that starts at the wrong depth ends at the wrong place.
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
	depth := at.Bits + p.depth()
	if depth > PathBits {
		return fmt.Errorf("%w: walk ends at depth %d of %d", ErrForm, depth, PathBits)
	}
	hash, err := p.end(path, value, depth)
	if err != nil {
		return fmt.Errorf("path %x: %w", path, err)
	}
	left := len(p.Siblings)
	for i := p.depth() - 1; i >= 0; i-- {
		side := path.bit(at.Bits + i)
		switch {
		case !p.has(i):
			hash = onSide(side, &hash)
			continue
		case side == 0:
			hash = (&pair{hash, p.Siblings[left-1]}).hash()
		default:
			hash = (&pair{p.Siblings[left-1], hash}).hash()
		}
		left--
	}
	if hash != root {
		return fmt.Errorf("path %x: root %x, want %x: %w", path, hash, root, ErrMismatch)
	}
	return nil
}

// end is the hash of what stands where the walk ends, if path has this value.
func (p StateProof) end(path Path, value Hash, depth int) (Hash, error) {
	switch {
	case value != Hash{}:
		if p.Other != nil {
			return Hash{}, fmt.Errorf("%w: another leaf stands for a value", ErrForm)
		}
		return (&Leaf{Path: path, Value: value}).hash(), nil
	case p.Other == nil:
		return Hash{}, nil
	case p.Other.Path == path:
		return Hash{}, fmt.Errorf("%w: the path's own leaf stands for none", ErrForm)
	case p.Other.Path.shared(&path) < depth:
		return Hash{}, fmt.Errorf("%w: leaf %x is not where the walk ends, at depth %d", ErrForm, p.Other.Path, depth)
	}
	return p.Other.hash(), nil
}

// fault says what is wrong with the form of p, whatever path and root it is for.
func (p StateProof) fault() error {
	n := len(p.Levels)
	set := 0
	for _, b := range p.Levels {
		set += bits.OnesCount8(b)
	}
	switch {
	case n > 0 && p.Levels[n-1] == 0:
		return errors.New("levels end with zeros")
	case set != len(p.Siblings):
		return fmt.Errorf("%d siblings for %d levels that have one", len(p.Siblings), set)
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
	b = wire.AppendShort(b, string(p.Levels))
	for i := range p.Siblings {
		b = append(b, p.Siblings[i][:]...)
	}
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
