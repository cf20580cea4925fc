package merkle

// ref names a node: one bit for its kind, four for its shard, the rest its index there. Zero is the empty subtree.
type ref uint32

const (
	none      ref = 0
	leafBit   ref = 1 << 31
	shardBits     = 4
	shards        = 1 << shardBits
	indexBits     = 31 - shardBits
	maxIndex      = 1<<indexBits - 1
)

func (r ref) isLeaf() bool   { return r&leafBit != 0 }
func (r ref) isBranch() bool { return r != none && r&leafBit == 0 }
func (r ref) shard() int     { return int(r>>indexBits) & (shards - 1) }
func (r ref) index() uint32  { return uint32(r & maxIndex) }

// link is the shape of a branch. Its depth is the bit in which the keys on its two sides differ; which bits they have in
// common before that, any leaf below it says (M5).
type link struct {
	child [2]ref
	depth uint16
}

// pair is the hashes of the two sides of a branch. They stand here and not with the children: to hash a branch after one
// child changed, the other child is not touched. They stand apart from the link so that a pair is one cache line, and
// the links of a million keys, 12 MB, mostly stay in a cache.
type pair [2]Hash

// shard owns the nodes of one slot of the tree (see Tree.top), and the nodes above the slots belong to shard 0. While
// slots are updated at once, each goroutine touches one shard only: that is why nothing here needs a lock (M7).
type shard struct {
	branches pool // of indexes into links and pairs
	links    table[link]
	pairs    table[pair]
	entries  pool // of indexes into leaves
	leaves   table[Leaf]
	fresh    []ref // made by the update under way
	stale    []ref // replaced by it
	grown    int   // leaves made less leaves replaced by it
}

// room says whether the shard can take n more updates. Each makes one leaf and at most one new branch, and replaces at
// most the branches above it.
func (s *shard) room(n int) bool {
	copied := min(n*PathBits, s.branches.live())
	return s.branches.live()+copied+n+shards <= maxIndex && s.entries.live()+n <= maxIndex
}

// pool hands out indexes from 1 up.
type pool struct {
	free []uint32
	used uint32 // highest index handed out
}

// take prefers the index that was freed last: its cache lines are warm.
func (p *pool) take() uint32 {
	if n := len(p.free); n > 0 {
		i := p.free[n-1]
		p.free = p.free[:n-1]
		return i
	}
	if p.used == maxIndex {
		panic("merkle: shard is full, which room was to prevent")
	}
	p.used++
	return p.used
}

func (p *pool) give(i uint32) { p.free = append(p.free, i) }

// live is the number of indexes in use.
func (p *pool) live() int { return int(p.used) - len(p.free) }

const (
	chunkLen   = 128
	slabChunks = 8 // 1024 links, pairs or leaves fill whole pages
)

// table holds values of a type without pointers. A chunk never moves, so growing copies nothing and an address stays
// good. The collector sees one object per slab and doesn't look inside.
type table[T any] struct{ chunks []*[chunkLen]T }

// at is the place of index i, which reach was called for.
func (t *table[T]) at(i uint32) *T { return &t.chunks[i/chunkLen][i%chunkLen] }

// reach is the place of index i, which is at most one chunk behind the end.
func (t *table[T]) reach(i uint32) *T {
	if int(i/chunkLen) == len(t.chunks) {
		t.grow()
	}
	return t.at(i)
}

// grow adds single chunks while the table is small (a node may hold many small chains), then slabs.
func (t *table[T]) grow() {
	n := 1
	if len(t.chunks) >= slabChunks {
		n = slabChunks
	}
	slab := make([]T, n*chunkLen)
	for i := range n {
		t.chunks = append(t.chunks, (*[chunkLen]T)(slab[i*chunkLen:]))
	}
}
