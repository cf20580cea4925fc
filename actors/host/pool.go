package host

import (
	"sync"
	"sync/atomic"
)

// pool is a fixed number of workers, each with a queue of mailboxes to run. A worker whose queue is empty steals from
// the others; one that finds nothing parks.
type pool struct {
	workers []*worker
	block   atomic.Uint32  // counts blocks, for the sweep
	turn    atomic.Uint32  // spreads what comes from outside
	parked  atomic.Int32   // workers that wait for wake, or are about to
	wake    chan struct{}  // as many as workers: one more to look for work
	done    sync.WaitGroup // the workers
}

// start starts the workers; they end when the host does.
func (p *pool) start(h *Host) {
	p.wake = make(chan struct{}, h.config.Workers)
	for i := range h.config.Workers {
		p.workers = append(p.workers, &worker{host: h, number: i})
	}
	for _, w := range p.workers {
		p.done.Go(w.work)
	}
}

// schedule puts b, which nobody has, into the queue of w, or of any worker if w is nil.
//
// No wake-up is lost: a worker counts itself parked before it looks at the queues for the last time, and here the queue is
// filled before the count is read.
func (p *pool) schedule(w *worker, b *mailbox) {
	if w == nil {
		w = p.workers[p.turn.Add(1)%uint32(len(p.workers))]
	}
	w.queue.push(b)
	if p.parked.Load() > 0 {
		select {
		case p.wake <- struct{}{}:
		default: // as many wake-ups as there are workers are under way
		}
	}
}

// queue is the mailboxes that wait for a worker, oldest first.
type queue struct {
	mu          sync.Mutex // guards first, last and the links between
	first, last *mailbox
	length      atomic.Int32 // read without the lock to pass empty queues by
	_           [64]byte     // a cache line of its own
}

func (q *queue) push(b *mailbox) {
	q.mu.Lock()
	if q.last == nil {
		q.first = b
	} else {
		q.last.link = b
	}
	q.last = b
	q.length.Add(1)
	q.mu.Unlock()
}

func (q *queue) pop() *mailbox {
	if q.length.Load() == 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.first
	if b == nil {
		return nil
	}
	q.first, b.link = b.link, nil
	if q.first == nil {
		q.last = nil
	}
	q.length.Add(-1)
	return b
}
