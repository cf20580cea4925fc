package host

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

const shardBits = 9 // enough that workers rarely meet in one

// table finds the mailboxes of the accounts that are in memory.
type table struct {
	shards [1 << shardBits]shard
	seed   uint64 // so that nobody can choose addresses that meet in one shard
	hand   atomic.Uint32
}

type shard struct {
	mu    sync.Mutex // guards the fields below; held while an actor is spawned or stopped, so that its name is free or taken
	boxes map[chain.Address]*mailbox
	ring  []*mailbox // the same, for the sweep
	hand  int        // where it goes on
	born  *mailbox   // the one that is being spawned
	_     [64]byte   // a cache line of its own
}

func (t *table) init() {
	t.seed = rand.Uint64() | 1
	for i := range t.shards {
		t.shards[i].boxes = make(map[chain.Address]*mailbox)
	}
}

func (t *table) shard(a chain.Address) *shard {
	return &t.shards[binary.LittleEndian.Uint64(a[8:])*t.seed>>(64-shardBits)]
}

// find is the mailbox of the account at a, nil if it isn't in memory.
func (t *table) find(a chain.Address) *mailbox {
	s := t.shard(a)
	s.mu.Lock()
	b := s.boxes[a]
	s.mu.Unlock()
	return b
}

// post gives n to the account at a, which it activates if need be.
func (h *Host) post(w *worker, a chain.Address, n *node) *mailbox {
	for {
		b := h.table.find(a)
		if b == nil {
			b = h.activate(a)
		}
		if b.post(w, n) {
			return b
		}
	}
}

// activate spawns the actor of the account at a, if nobody else just did. Its record is read by the worker that first has
// its mailbox: after it stands in the table, so that a Commit either finds it or was written to the state before.
func (h *Host) activate(a chain.Address) *mailbox {
	b, spawned := h.spawn(a)
	// What queries activate is bounded between blocks too. Accounts that are asked for in turn look used whenever the sweep comes
	// by, so at twice the number it doesn't ask for that any more.
	switch over := h.counts.resident.Load() - int64(h.config.MaxResident); {
	case !spawned || over <= 0:
	case over <= int64(h.config.MaxResident):
		h.sweepShard(overfull, 4)
	default:
		h.sweepShard(crowded, 4)
	}
	return b
}

func (h *Host) spawn(a chain.Address) (b *mailbox, spawned bool) {
	s := h.table.shard(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.boxes[a]; b != nil {
		return b, false
	}
	_, err := h.root.SpawnNamed(h.props, name(a))
	assert.NoError(err, "spawn of an account's actor")
	b, s.born = s.born, nil
	s.boxes[a] = b
	s.ring = append(s.ring, b)
	h.counts.resident.Add(1)
	h.counts.activated.Add(1)
	return b, true
}

// rule says why an idle account should leave memory.
type rule uint8

const (
	unused   rule = iota // it was idle for IdleBlocks, or doesn't exist
	overfull             // the same, and: it wasn't used since the sweep last came by, and there are too many
	crowded              // it is idle, and there are far too many
)

// leaves says whether b, which the caller has, should leave memory by the rule; it notes that the sweep came by.
func (b *mailbox) leaves(r rule, block uint32) bool {
	if !b.idle() {
		return false
	}
	was := b.referenced
	if !b.account.Final().Exists() {
		return true
	}
	switch r {
	case crowded:
		return true
	case overfull:
		b.referenced = false
		return !was
	}
	return block-b.lastBlock >= uint32(b.host.config.IdleBlocks)
}

// passivate lets b leave memory if the rule says so and nothing came meanwhile; the shard is locked.
func (h *Host) passivate(s *shard, b *mailbox, r rule) bool {
	if !b.word.CompareAndSwap(nil, busy) {
		return false
	}
	if !b.leaves(r, h.pool.block.Load()) || !b.word.CompareAndSwap(busy, gone) {
		if !b.release() {
			h.pool.schedule(nil, b)
		}
		return false
	}
	h.depart(s, b)
	return true
}

// depart takes b, which is gone, out of the locked shard's table, and tells its actor.
func (h *Host) depart(s *shard, b *mailbox) {
	b.invoker.InvokeSystemMessage(&actor.Stop{}) // frees the name, tells who watches
	delete(s.boxes, b.address)
	h.counts.resident.Add(-1)
	h.counts.passivated.Add(1)
}

// sweepShard looks at the next steps mailboxes of the next shard, at each once at most.
func (h *Host) sweepShard(r rule, steps int) {
	s := &h.table.shards[h.table.hand.Add(1)%(1<<shardBits)]
	s.mu.Lock()
	defer s.mu.Unlock()
	for range min(steps, len(s.ring)) {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		if h.passivate(s, s.ring[s.hand], r) {
			s.cut(s.hand)
		} else {
			s.hand++
		}
	}
}

// cut takes number i out of the ring.
func (s *shard) cut(i int) {
	last := len(s.ring) - 1
	s.ring[i], s.ring[last] = s.ring[last], nil
	s.ring = s.ring[:last]
}

// sweep is the CLOCK at the end of a block: a sixteenth of the shards each time, more while too many accounts are in memory.
// Twice round is enough to find all that can leave.
func (h *Host) sweep() {
	h.pool.block.Add(1)
	over := func() bool { return h.counts.resident.Load() > int64(h.config.MaxResident) }
	for i := range 2 << shardBits {
		switch {
		case over():
			h.sweepShard(overfull, math.MaxInt)
		case i < 1<<shardBits/16:
			h.sweepShard(unused, math.MaxInt)
		default:
			return
		}
	}
}

// Rest lets accounts leave memory that have nothing to do, all but a few, for when there will be little to do for a while. No Produce may be under way:
// what an account could not handle then it would try again when it is back.
func (h *Host) Rest() {
	for range 1 << shardBits {
		h.sweepShard(crowded, math.MaxInt)
	}
}

// leave passivates b, whose worker calls it with nothing left to do, if its account doesn't exist: what a discarded block
// activated leaves no trace. False says that there is more to do after all, or reason to stay.
func (h *Host) leave(b *mailbox) bool {
	defer func(all *countdown) { all.done(1) }(b.leaving)
	b.leaving = nil
	if b.account.Final().Exists() || !b.idle() {
		return false
	}
	s := h.table.shard(b.address)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !b.word.CompareAndSwap(busy, gone) {
		return false
	}
	h.depart(s, b)
	s.cut(slices.Index(s.ring, b))
	return true
}
