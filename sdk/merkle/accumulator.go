package merkle

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrPeaks: the peaks of an accumulator don't fit its count, so it is not one. Take it from bytes that a root commits to.
var ErrPeaks = errors.New("peaks don't fit the count")

// accumulatorVersion is the first byte of an encoded accumulator.
const accumulatorVersion = 1

// Accumulator commits to a list of leaf hashes that only ever grows, in one hash for each bit of its length (M10). The
// zero value is empty. Copies are independent: Append writes into no list of peaks that another may hold.
type Accumulator struct {
	Count uint64
	Peaks []Hash // one for each bit of Count, highest first
}

// Node is a node over the leaves from Index<<Level up to (Index+1)<<Level, not including. Once it is complete it never
// changes (M11), so who keeps nodes to prove places writes each of them once.
type Node struct {
	Level uint8 // 0 is a leaf
	Index uint64
	Hash  Hash
}

// Append adds a leaf hash and returns the nodes that came to be: the leaf's and those of the mountains that it completed,
// each over the one before. A zero leaf breaks an invariant: it stands for nothing.
func (a *Accumulator) Append(leaf Hash) []Node {
	assert.That(leaf != Hash{}, "a leaf of an accumulator is not zero")
	assert.That(a.Count < math.MaxUint64, "an accumulator is not full")
	assert.That(len(a.Peaks) == bits.OnesCount64(a.Count), "an accumulator has a peak for each bit of its count")
	merged := bits.TrailingZeros64(^a.Count) // as a carry does when one is added to Count
	kept := len(a.Peaks) - merged
	made := make([]Node, 0, 1+merged)
	last := Node{Index: a.Count, Hash: leaf}
	for _, left := range slices.Backward(a.Peaks[kept:]) {
		made = append(made, last)
		last = Node{Level: last.Level + 1, Index: last.Index / 2, Hash: mountain(last.Level+1, left, last.Hash)}
	}
	peaks := make([]Hash, kept+1)
	copy(peaks, a.Peaks[:kept])
	peaks[kept] = last.Hash
	a.Count, a.Peaks = a.Count+1, peaks
	return append(made, last)
}

// Verify says whether leaf is the one at p.Index.
func (a *Accumulator) Verify(p Place, leaf Hash) error {
	switch {
	case len(a.Peaks) != bits.OnesCount64(a.Count):
		return fmt.Errorf("%d peaks for %d leaves: %w", len(a.Peaks), a.Count, ErrPeaks)
	case p.Index >= a.Count:
		return fmt.Errorf("leaf %d of an accumulator with %d: %w", p.Index, a.Count, ErrIndex)
	case leaf == Hash{}:
		return fmt.Errorf("leaf %d: %w", p.Index, ErrZero)
	}
	level, peak := whereabouts(a.Count, p.Index)
	if len(p.Path) != level {
		return fmt.Errorf("%d hashes for leaf %d of %d, which needs %d: %w", len(p.Path), p.Index, a.Count, level, ErrHeight)
	}
	if got := p.fold(leaf); got != a.Peaks[peak] {
		return fmt.Errorf("leaf %d of %d: peak %x, want %x: %w", p.Index, a.Count, got, a.Peaks[peak], ErrMismatch)
	}
	return nil
}

// whereabouts is the level of the mountain that holds the leaf with that index, and which of the peaks it has (M12).
func whereabouts(count, index uint64) (level, peak int) {
	level = bits.Len64(count^index) - 1
	return level, bits.OnesCount64(count >> (level + 1))
}

// mountain is an inner node, level levels above the leaves (M10).
func mountain(level uint8, left, right Hash) Hash {
	return wire.Sum(wire.TagMountain, []byte{level}, left[:], right[:])
}

// Encode is the canonical encoding, in which count says how many peaks follow: version:u8 count:u64 hash{bits set in count}.
func (a *Accumulator) Encode() []byte {
	b := make([]byte, 0, 1+8+len(a.Peaks)*len(Hash{}))
	return appendHashes(wire.AppendU64(append(b, accumulatorVersion), a.Count), a.Peaks)
}

// DecodeAccumulator reads what Encode writes. It refuses a zero peak, which no leaf leads to.
func DecodeAccumulator(b []byte) (Accumulator, error) {
	r := wire.NewReader(b)
	r.Version("accumulator", accumulatorVersion)
	a := Accumulator{Count: r.U64("accumulator count")}
	a.Peaks = readHashes(r, "accumulator peaks", bits.OnesCount64(a.Count))
	if slices.Contains(a.Peaks, Hash{}) {
		r.Fail("accumulator peak", wire.ErrValue)
	}
	if err := r.Done(); err != nil {
		return Accumulator{}, err
	}
	return a, nil
}

// PeakNodes are the nodes at the tops of its mountains: who keeps them, and what Append returns from then on, can prove each leaf that is added
// from then on, as ProvePlace does.
func (a *Accumulator) PeakNodes() []Node {
	list := make([]Node, 0, len(a.Peaks))
	var before uint64
	for level := 63; level >= 0; level-- {
		if a.Count>>level&1 == 1 {
			list = append(list, Node{Level: uint8(level), Index: before >> level, Hash: a.Peaks[len(list)]})
			before += 1 << level
		}
	}
	return list
}
