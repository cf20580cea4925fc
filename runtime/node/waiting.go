package node

import (
	"context"
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
)

// waiting knows the messages that were taken in and are not final yet, who waits for them, and why the last ones that
// were dropped were. It is bounded by the mempool, and by droppedKept.
type waiting struct {
	mu      sync.Mutex                        // guards all below
	pending map[chain.MessageID]chan struct{} // nil until somebody waits; closed when the message is final or dropped
	dropped map[chain.MessageID]error
	oldest  []chain.MessageID // of dropped, in order
	head    chan struct{}     // closed when the head moves
	height  uint64
	closed  bool
}

// droppedKept is how many dropped messages are remembered with their reasons, so that a client that asks soon learns it.
const droppedKept = 10_000

func newWaiting() *waiting {
	return &waiting{
		pending: make(map[chain.MessageID]chan struct{}), dropped: make(map[chain.MessageID]error), head: make(chan struct{}),
	}
}

// take remembers messages that are about to be taken in: before they are, so that none can be final unseen. It returns those
// that it had not known.
func (w *waiting) take(messages []*chain.Message) (added []chain.MessageID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range messages {
		id := m.ID()
		if _, ok := w.pending[id]; !ok {
			w.pending[id] = nil
			added = append(added, id)
		}
		delete(w.dropped, id)
	}
	return added
}

// refuse forgets messages that were not taken in after all.
func (w *waiting) refuse(ids []chain.MessageID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if c := w.pending[id]; c != nil {
			close(c)
		}
		delete(w.pending, id)
	}
}

// final forgets the messages of a committed block and wakes who waited for them, or for the head.
func (w *waiting) final(height uint64, ids []chain.MessageID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if c, ok := w.pending[id]; ok {
			if c != nil {
				close(c)
			}
			delete(w.pending, id)
		}
	}
	close(w.head)
	w.head, w.height = make(chan struct{}), height
}

// drop remembers why a message will not come into a block.
func (w *waiting) drop(id chain.MessageID, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.pending[id]; c != nil {
		close(c)
	}
	delete(w.pending, id)
	if _, ok := w.dropped[id]; !ok {
		w.oldest = append(w.oldest, id)
	}
	w.dropped[id] = reason
	for len(w.oldest) > droppedKept {
		delete(w.dropped, w.oldest[0])
		w.oldest = w.oldest[1:]
	}
}

// state says whether a message waits, and why it was dropped if it was.
func (w *waiting) state(id chain.MessageID) (pending bool, dropped error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, pending = w.pending[id]
	return pending, w.dropped[id]
}

// message returns when a message that waits is final or dropped; at once if it doesn't wait.
func (w *waiting) message(ctx context.Context, id chain.MessageID) error {
	w.mu.Lock()
	c, ok := w.pending[id]
	if ok && c == nil {
		c = make(chan struct{})
		w.pending[id] = c
	}
	w.mu.Unlock()
	if !ok {
		return nil
	}
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// above returns when the head is above height.
func (w *waiting) above(ctx context.Context, height uint64) error {
	for {
		w.mu.Lock()
		c, now, closed := w.head, w.height, w.closed
		w.mu.Unlock()
		switch {
		case now > height:
			return nil
		case closed:
			return ErrStopped
		}
		select {
		case <-c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// close wakes everybody.
func (w *waiting) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for id, c := range w.pending {
		if c != nil {
			close(c)
		}
		delete(w.pending, id)
	}
	close(w.head)
	w.head = make(chan struct{})
}
