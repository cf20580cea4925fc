package merkle

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/sdk/wire"
)

// MultiProof shows that leaves stand at some indexes of a fixed tree. Siblings that leaves share are in it once, and what
// can be computed from the leaves or is padding not at all (M13). Whoever gets one must know the root from a header.
type MultiProof struct {
	Count   uint32
	Indexes []uint32 // at least one, ascending, without repeats
	Path    []Hash   // the rest of the tree, from left to right
}

// ProveAll returns one proof for the leaves with those indexes: at least one, ascending, without repeats.
func (f *Fixed) ProveAll(indexes []uint32) (MultiProof, error) {
	p := MultiProof{Count: uint32(len(f.levels[0])), Indexes: slices.Clone(indexes)}
	if err := p.fault(); err != nil {
		return MultiProof{}, err
	}
	p.top().rest(uint64(p.Count), func(rest part) { p.Path = append(p.Path, f.levels[rest.level][rest.index]) })
	return p, nil
}

// Verify says whether leaves are those at p.Indexes, in the same order, of the tree of p.Count leaves that has this root.
func (p MultiProof) Verify(root Hash, leaves []Hash) error {
	if err := p.fault(); err != nil {
		return err
	}
	needed := p.needed()
	switch i := slices.Index(leaves, Hash{}); {
	case len(leaves) != len(p.Indexes):
		return fmt.Errorf("%d leaves for %d indexes: %w", len(leaves), len(p.Indexes), ErrForm)
	case len(p.Path) != needed:
		return fmt.Errorf("%d hashes for %d of %d leaves, which need %d: %w", len(p.Path), len(leaves), p.Count, needed, ErrHeight)
	case root == Hash{}:
		return fmt.Errorf("root: %w", ErrZero)
	case i >= 0:
		return fmt.Errorf("leaf %d: %w", p.Indexes[i], ErrZero)
	}
	f := folding{uint64(p.Count), leaves, p.Path}
	if got := rootHash(int(p.Count), f.hash(p.top())); got != root {
		return fmt.Errorf("%d of %d leaves: root %x, want %x: %w", len(leaves), p.Count, got, root, ErrMismatch)
	}
	return nil
}

// fault says what is wrong with the indexes, whatever the root.
func (p MultiProof) fault() error {
	if len(p.Indexes) == 0 {
		return fmt.Errorf("proof of no leaves: %w", ErrForm)
	}
	for i, index := range p.Indexes {
		switch {
		case i > 0 && index <= p.Indexes[i-1]:
			return fmt.Errorf("leaf %d behind leaf %d: %w", index, p.Indexes[i-1], ErrForm)
		case index >= p.Count:
			return fmt.Errorf("leaf %d of a tree with %d: %w", index, p.Count, ErrIndex)
		}
	}
	return nil
}

// needed is the length of the path.
func (p MultiProof) needed() int {
	n := 0
	p.top().rest(uint64(p.Count), func(part) { n++ })
	return n
}

// top is the whole tree.
func (p MultiProof) top() part { return part{height(p.Count), 0, p.Indexes} }

// part is a node of a fixed tree and what is below it.
type part struct {
	level   int
	index   uint64   // it is over the leaves from index<<level up to (index+1)<<level, not including
	indexes []uint32 // those to be proven
}

// padding says whether no leaf of a tree of count leaves is below the node.
func (p part) padding(count uint64) bool { return p.index<<p.level >= count }

// halves are the two nodes below, of a level that is not 0.
func (p part) halves() (left, right part) {
	level, middle := p.level-1, 2*p.index+1
	cut, _ := slices.BinarySearch(p.indexes, uint32(middle<<level))
	return part{level, middle - 1, p.indexes[:cut]}, part{level, middle, p.indexes[cut:]}
}

// rest visits the parts whose hashes the path holds: the largest that nothing is to be proven of and that are not padding,
// from left to right (M13).
func (p part) rest(count uint64, visit func(part)) {
	switch {
	case p.padding(count):
	case len(p.indexes) == 0:
		visit(p)
	case p.level > 0:
		left, right := p.halves()
		left.rest(count, visit)
		right.rest(count, visit)
	}
}

// folding is what is left of the leaves and of the path of a proof. It goes the way of rest, so both are taken in order
// and none is left over.
type folding struct {
	count        uint64
	leaves, path []Hash
}

// hash is the hash of a node.
func (f *folding) hash(p part) Hash {
	switch {
	case p.padding(f.count):
		return Hash{}
	case len(p.indexes) == 0:
		return first(&f.path)
	case p.level == 0:
		return first(&f.leaves)
	}
	left, right := p.halves()
	l := f.hash(left)
	return node(l, f.hash(right))
}

// first takes the first of the hashes.
func first(hashes *[]Hash) Hash {
	hash := (*hashes)[0]
	*hashes = (*hashes)[1:]
	return hash
}

// Append appends the encoding, in which count and indexes say how many hashes follow:
//
//	count:u32 indexes:list(u32) hash{needed}
func (p MultiProof) Append(b []byte) []byte {
	b = wire.AppendU32(wire.AppendU32(b, p.Count), uint32(len(p.Indexes)))
	for _, index := range p.Indexes {
		b = wire.AppendU32(b, index)
	}
	return appendHashes(b, p.Path)
}

// ReadMultiProof reads what Append wrote, of at most limit indexes, and refuses what ProveAll never returns. Whether the
// proof fits a root is Verify's to say.
func ReadMultiProof(r *wire.Reader, limit int) MultiProof {
	p := MultiProof{Count: r.U32("multiproof count")}
	p.Indexes = make([]uint32, r.Count("multiproof indexes", limit, 4))
	for i := range p.Indexes {
		p.Indexes[i] = r.U32("multiproof index")
	}
	if r.Err() != nil {
		return MultiProof{}
	}
	if err := p.fault(); err != nil {
		r.Fail("multiproof: "+err.Error(), wire.ErrValue)
		return MultiProof{}
	}
	p.Path = readHashes(r, "multiproof path", p.needed())
	return p
}
