package merkle

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// maxPlacePath is the length of a path in the largest mountain: an accumulator's count is a uint64.
const maxPlacePath = 63

// Place shows that a leaf stands at an index of an accumulator. Whoever gets one must know count and peaks, from a state
// that a header commits to. It stays valid while the accumulator grows, until the mountain of the leaf becomes part of a
// larger one; then a new one is made from the nodes kept.
type Place struct {
	Index uint64
	Path  []Hash // siblings, from the leaf up to the peak
}

// ProvePlace proves the leaf with that index in an accumulator of count leaves. kept returns nodes that Append returned; all
// that it is asked for were, when the accumulator had count leaves (M11), so count may be that of any time since.
func ProvePlace(count, index uint64, kept func(level uint8, index uint64) (Hash, error)) (Place, error) {
	if index >= count {
		return Place{}, fmt.Errorf("leaf %d of an accumulator with %d: %w", index, count, ErrIndex)
	}
	levels, _ := whereabouts(count, index)
	p := Place{Index: index, Path: make([]Hash, levels)}
	for level := range levels {
		sibling := index>>level ^ 1
		hash, err := kept(uint8(level), sibling)
		if err == nil && hash == (Hash{}) {
			err = ErrZero
		}
		if err != nil {
			return Place{}, fmt.Errorf("node %d of level %d, for leaf %d of %d: %w", sibling, level, index, count, err)
		}
		p.Path[level] = hash
	}
	return p, nil
}

// fold is the peak to which the path leads from leaf.
func (p Place) fold(leaf Hash) Hash {
	hash := leaf
	for i, sibling := range p.Path {
		if p.Index>>i&1 == 0 {
			hash = mountain(uint8(i+1), hash, sibling)
		} else {
			hash = mountain(uint8(i+1), sibling, hash)
		}
	}
	return hash
}

// Append appends the encoding: index:u64 path:list(hash).
func (p Place) Append(b []byte) []byte {
	return appendHashes(wire.AppendU32(wire.AppendU64(b, p.Index), uint32(len(p.Path))), p.Path)
}

// ReadPlace reads what Append wrote. Whether it fits its accumulator is Verify's to say.
func ReadPlace(r *wire.Reader) Place {
	p := Place{Index: r.U64("place index")}
	p.Path = readHashes(r, "place path", r.Count("place path", maxPlacePath, len(Hash{})))
	return p
}
