package merkle

import (
	"fmt"
	"slices"
)

// Narrow is the proof of some of the leaves that p is of: those with places from up to to, not including, among its indexes. It is what
// ProveAll returns for them. Leaves are all that p is of; whether they are in the tree is not asked, and if they are not, neither are these.
func (p MultiProof) Narrow(leaves []Hash, from, to int) (MultiProof, error) {
	if err := p.fault(); err != nil {
		return MultiProof{}, err
	}
	if from < 0 || from >= to || to > len(p.Indexes) || len(leaves) != len(p.Indexes) || len(p.Path) != p.needed() {
		return MultiProof{}, fmt.Errorf("leaves %d to %d of a proof of %d, with %d leaves and %d hashes: %w", from, to, len(p.Indexes), len(leaves), len(p.Path), ErrForm)
	}
	n := narrowing{folding: folding{uint64(p.Count), leaves, p.Path}, first: p.Indexes[from], last: p.Indexes[to-1]}
	n.walk(p.top())
	return MultiProof{Count: p.Count, Indexes: p.Indexes[from:to:to], Path: n.path}, nil
}

// narrowing goes the way of rest (M13) for those that are kept; what was proven of others becomes part of the path.
type narrowing struct {
	folding
	first, last uint32 // of the indexes that are kept
	path        []Hash
}

func (n *narrowing) walk(p part) {
	i, _ := slices.BinarySearch(p.indexes, n.first)
	switch {
	case p.padding(n.count):
	case i == len(p.indexes) || p.indexes[i] > n.last:
		n.path = append(n.path, n.hash(p))
	case p.level == 0:
		first(&n.leaves)
	default:
		left, right := p.halves()
		n.walk(left)
		n.walk(right)
	}
}
