package merkle

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// What a proof can be refused for. None of them can be repaired: ask another node for the proof.
var (
	ErrIndex    = errors.New("index is not below the number of leaves")
	ErrHeight   = errors.New("path has the wrong length") // a path that fits the indexes has exactly one length
	ErrZero     = errors.New("a zero hash proves nothing")
	ErrMismatch = errors.New("proof leads to another root")    // of another leaf, at another place, or in another tree
	ErrForm     = errors.New("proof is not in canonical form") // a claim that is true has exactly one proof
)

// maxPath is the length of a path in the largest fixed tree: its count of leaves is a uint32.
const maxPath = 32

// Proof shows that a leaf stands at an index of a fixed tree. Whoever gets one must know the root from a header.
type Proof struct {
	Index, Count uint32
	Path         []Hash // siblings, from the leaf up
}

// Verify says whether leaf is the one at p.Index of the tree of p.Count leaves that has this root.
func (p Proof) Verify(root, leaf Hash) error {
	switch {
	case p.Index >= p.Count:
		return fmt.Errorf("leaf %d of a tree with %d: %w", p.Index, p.Count, ErrIndex)
	case len(p.Path) != height(p.Count):
		return fmt.Errorf("%d hashes for %d leaves, which need %d: %w", len(p.Path), p.Count, height(p.Count), ErrHeight)
	case root == Hash{}:
		return fmt.Errorf("root: %w", ErrZero)
	case leaf == Hash{}:
		return fmt.Errorf("leaf %d: %w", p.Index, ErrZero)
	}
	hash := leaf
	for i, sibling := range p.Path {
		if p.Index>>i&1 == 0 {
			hash = node(hash, sibling)
		} else {
			hash = node(sibling, hash)
		}
	}
	if got := rootHash(int(p.Count), hash); got != root {
		return fmt.Errorf("leaf %d of %d: root %x, want %x: %w", p.Index, p.Count, got, root, ErrMismatch)
	}
	return nil
}

// Append appends the encoding: index:u32 count:u32 path:list(hash).
func (p Proof) Append(b []byte) []byte {
	b = wire.AppendU32(wire.AppendU32(b, p.Index), p.Count)
	return appendHashes(wire.AppendU32(b, uint32(len(p.Path))), p.Path)
}

// ReadProof reads what Append wrote. Whether it fits its tree is Verify's to say.
func ReadProof(r *wire.Reader) Proof {
	p := Proof{Index: r.U32("proof index"), Count: r.U32("proof count")}
	p.Path = readHashes(r, "proof path", r.Count("proof path", maxPath, len(Hash{})))
	return p
}

// appendHashes appends hashes alone: how many they are was written before, or follows from it.
func appendHashes(b []byte, hashes []Hash) []byte {
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// readHashes reads n hashes; n was held to a limit.
func readHashes(r *wire.Reader, field string, n int) []Hash {
	b := r.Fixed(field, n*len(Hash{}))
	if len(b) == 0 {
		return nil
	}
	hashes := make([]Hash, n)
	for i := range hashes {
		copy(hashes[i][:], b[i*len(Hash{}):])
	}
	return hashes
}
