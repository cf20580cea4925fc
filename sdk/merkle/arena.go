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

// branch is a level of the tree at which keys part. Levels at which all keys go one way are not stored: depth says how
// many were passed, and any leaf below which way they went (M5).
//
// hash[i] is the hash of the subtree at depth+1 on side i, levels passed included. It stands here and not in the child:
// to hash a branch after one child changed, the other child is not touched.
type branch struct {
	hash  [2]Hash
	child [2]ref
	depth uint16
}

// shard owns the nodes of one slot of the tree (see Tree.top), and the nodes above the slots belong to shard 0. While slots are
// updated at once, each goroutine touches one shard only: that is why nothing here needs a lock (M7).
type shard struct {
	branches arena[branch]
	leaves   arena[Leaf]
	fresh    []ref // made by the update under way
	stale    []ref // replaced by it
	grown    int   // leaves made less leaves replaced by it
}

// room says whether the shard can take n more updates. Each makes one leaf and at most one new branch, and replaces at
// most the branches above it.
func (s *shard) room(n int) bool {
	copied := min(n*PathBits, s.branches.live())
	return s.branches.live()+copied+n+shards <= maxIndex && s.leaves.live()+n <= maxIndex
}

const (
	chunkLen   = 128 // nodes
	slabChunks = 8   // 1024 nodes fill whole pages: 11 with leaves, 9.5 with branches
)

// arena holds values of a type without pointers, named by an index from 1 up. A chunk never moves, so a value's address
// is good until it is freed, and growing copies no node. The collector sees one object per slab and doesn't look inside.
type arena[T any] struct {
	chunks []*[chunkLen]T
	free   []uint32
	used   uint32 // highest index handed out
}

func (a *arena[T]) at(i uint32) *T { return &a.chunks[i/chunkLen][i%chunkLen] }

// add stores v and returns its index. The index last freed is taken first: its cache lines are warm.
func (a *arena[T]) add(v T) uint32 {
	var i uint32
	if n := len(a.free); n > 0 {
		i = a.free[n-1]
		a.free = a.free[:n-1]
	} else {
		a.used++
		i = a.used
		if i > maxIndex {
			panic("merkle: arena is full, which shard.room was to prevent")
		}
		if int(i/chunkLen) == len(a.chunks) {
			a.grow()
		}
	}
	*a.at(i) = v
	return i
}

// grow adds single chunks while the arena is small (a node may hold many small chains), then slabs.
func (a *arena[T]) grow() {
	n := 1
	if len(a.chunks) >= slabChunks {
		n = slabChunks
	}
	slab := make([]T, n*chunkLen)
	for i := range n {
		a.chunks = append(a.chunks, (*[chunkLen]T)(slab[i*chunkLen:]))
	}
}

func (a *arena[T]) remove(i uint32) { a.free = append(a.free, i) }

// live is the number of values held.
func (a *arena[T]) live() int { return int(a.used) - len(a.free) }
