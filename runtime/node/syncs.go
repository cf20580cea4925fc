package node

import (
	"sync"
	"time"
)

// mostBegun is how many blocks may be committed here whose syncs are under way, while a node catches up: some tens share one, and what they
// hold in memory is some megabytes each.
const mostBegun = 32

// seePause is how long who looks at the head may wait while a node catches up: so often all blocks are synced, and none is committed until everybody
// who waits has seen the head. More often, syncs would hardly be shared.
const seePause = 20 * time.Millisecond

// syncs are the blocks that are the node's head or before it, and not durable yet. There are some only while the node catches up: who
// commits goes on with the next block, and who looks at the state waits (SPEC 4.8). Who asks for the head is told the last one that is durable.
//
//	commit ──► let ──► finish ──► store.Begin ──► begin ──► the head moves ──► add ──► store Wait ──► durable ──► told
//	            │                                                                        │
//	            └────────────── waits now and then until who looks (see) has it ◄────────┘
type syncs struct {
	queue chan begun
	done  chan struct{} // closed when all that was queued is durable, and no more comes

	mu      sync.Mutex // guards the rest
	moved   sync.Cond  // of mu
	first   uint64     // the lowest height that is not durable; 0 if all are
	waiting int
	failed  bool

	came, saw uint64    // how many had to wait to see the head, and how many have seen it since
	last      time.Time // that they were waited for
}

// begun is a block that is committed but for its sync, and what is told when that is done.
type begun struct {
	wait   func() error // for the sync (store.Pending)
	height uint64
	told   func() error // says so to everybody
}

func newSyncs() *syncs {
	s := &syncs{queue: make(chan begun, mostBegun), done: make(chan struct{})}
	s.moved.L = &s.mu
	return s
}

// begin says that the block at a height is not durable yet. Whoever commits calls it before anybody can see the head that it makes.
func (s *syncs) begin(height uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting++; s.first == 0 {
		s.first = height
	}
}

// add queues a block that began; it waits while there are many.
func (s *syncs) add(b begun) { s.queue <- b }

// fail lets go who waits for a block that began and was not added: the node ends.
func (s *syncs) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = true
	s.moved.Broadcast()
}

// run waits for the syncs, in the order of the blocks, until close.
func (s *syncs) run(fatal func(error)) {
	defer close(s.done)
	for b := range s.queue {
		err := b.wait()
		if err == nil {
			err = b.told()
		}
		s.mu.Lock()
		if s.waiting--; s.waiting == 0 {
			s.first = 0
		} else {
			s.first = b.height + 1
		}
		s.failed = s.failed || err != nil
		s.moved.Broadcast()
		s.mu.Unlock()
		if err != nil {
			fatal(err)
		}
	}
}

// await returns when the block at a height, and all before it, are durable, or can't be any more.
func (s *syncs) await(height uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.lacks(height) {
		s.moved.Wait()
	}
}

// lacks says whether the block at a height will be durable and isn't yet. The caller holds mu.
func (s *syncs) lacks(height uint64) bool { return s.first > 0 && s.first <= height && !s.failed }

// durable says whether it is.
func (s *syncs) durable(height uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lacks(height)
}

// looks says that somebody waits to see the head, has that it is seen.
func (s *syncs) looks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came++
}

func (s *syncs) has() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saw++
	s.moved.Broadcast()
}

// let waits, once in seePause, until those who wait to see the head have it. Whoever commits calls it before the next block, lest the head runs away
// from them.
func (s *syncs) let() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.came == s.saw || time.Since(s.last) < seePause {
		return
	}
	for waiting := s.came; s.saw < waiting; {
		s.moved.Wait()
	}
	s.last = time.Now()
}

// close waits for what is queued. Nothing may be added any more.
func (s *syncs) close() {
	close(s.queue)
	<-s.done
}

// see locks the head for reading once it may be told of. It waits without the lock: what is told of a block whose sync is done needs that, and
// would wait behind who commits the next one.
func (n *Node) see() {
	n.mu.RLock()
	if n.syncs.durable(n.head.Header.Height) {
		return
	}
	n.syncs.looks()
	defer n.syncs.has()
	for {
		height := n.head.Header.Height
		n.mu.RUnlock()
		n.syncs.await(height)
		n.mu.RLock()
		if n.syncs.durable(n.head.Header.Height) {
			return
		}
	}
}
