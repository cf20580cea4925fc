package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
)

// waiting knows the messages that were taken in and are not final yet, who waits for them, and why the last ones that
// were dropped were. It is bounded by the mempool, and by droppedKept.
type waiting struct {
	began time.Time

	mu      sync.Mutex // guards all below
	pending map[chain.MessageID]entry
	offers  *ingress.Offers // of those that were taken in; nil where there is nobody else
	dropped map[chain.MessageID]error
	oldest  []chain.MessageID // of dropped, in order
	head    chan struct{}     // closed when the head moves
	height  uint64
	// lastTold is the head's height when again was last called.
	lastTold uint64
	closed   bool
}

// entry is a message that is being offered, or was taken in. It stays while a call offers it, so that a late answer to one
// can't bring back what is final.
type entry struct {
	settled chan struct{} // nil until somebody waits; closed when the message is final, dropped or refused
	offers  int           // calls under way that offer it
	taken   bool          // by one of them
	over    bool          // final or dropped
}

// settle wakes who waits for a message, and forgets it unless a call still offers it. The caller holds mu.
func (w *waiting) settle(id chain.MessageID) {
	e, ok := w.pending[id]
	if !ok {
		return
	}
	if e.settled != nil {
		close(e.settled)
	}
	if w.offers != nil && e.taken {
		w.offers.Gone(id)
	}
	if e.offers == 0 {
		delete(w.pending, id)
		return
	}
	w.pending[id] = entry{offers: e.offers, over: true}
}

// droppedKept is how many dropped messages are remembered with their reasons, so that a client that asks soon learns it.
const droppedKept = 10_000

func newWaiting() *waiting {
	return &waiting{
		began: time.Now(), pending: make(map[chain.MessageID]entry), dropped: make(map[chain.MessageID]error), head: make(chan struct{}),
	}
}

// offer remembers messages that are about to be offered: before they are, so that none can be final unseen.
func (w *waiting) offer(messages []*chain.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range messages {
		e := w.pending[m.ID()]
		e.offers++
		w.pending[m.ID()] = e
	}
}

// answered is called with what became of them. One that no call got taken in is forgotten with the last that tried.
func (w *waiting) answered(messages []*chain.Message, refused []error) {
	now := w.millis()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, m := range messages {
		e := w.pending[m.ID()]
		e.offers--
		e.taken = e.taken || refused[i] == nil && !e.over
		w.pending[m.ID()] = e
		if w.offers != nil && e.taken {
			w.offers.Wait(m, now)
		}
		if e.offers == 0 && !e.taken {
			w.settle(m.ID())
		}
	}
}

// millis is a clock for offers.
func (w *waiting) millis() uint64 { return uint64(time.Since(w.began).Milliseconds()) }

// again are the messages of which to tell the other members now (SPEC 5.10); sooner than else after a failed round.
func (w *waiting) again(failed bool) [][]byte {
	now := w.millis()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case failed:
		w.offers.Failed(now)
	case w.height == w.lastTold:
		w.offers.Quiet()
	}
	w.lastTold = w.height
	return w.offers.Again(now, forwardBytes)
}

// final forgets the messages of a committed block and wakes who waited for them, or for the head.
func (w *waiting) final(height uint64, ids []chain.MessageID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		w.settle(id)
	}
	close(w.head)
	w.head, w.height = make(chan struct{}), height
}

// drop remembers why a message will not come into a block.
func (w *waiting) drop(id chain.MessageID, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(id)
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
	if w.pending[id].taken {
		return true, nil // again, after it was dropped
	}
	return false, w.dropped[id]
}

// message returns when a message that waits is final or dropped; at once if it doesn't wait.
func (w *waiting) message(ctx context.Context, id chain.MessageID) error {
	w.mu.Lock()
	e, ok := w.pending[id]
	ok = ok && !e.over
	if ok && e.settled == nil {
		e.settled = make(chan struct{})
		w.pending[id] = e
	}
	w.mu.Unlock()
	if !ok {
		return nil
	}
	select {
	case <-e.settled:
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

// room returns when there is room. It asks for each block whose messages were taken out, which is a moment after the node's head shows the block, and
// now and then besides: a message that is refused while it is offered leaves without one.
func (w *waiting) room(ctx context.Context, is func() bool) error {
	for {
		w.mu.Lock()
		told := w.height
		w.mu.Unlock()
		if is() {
			return nil
		}
		look, stop := context.WithTimeout(ctx, time.Second)
		err := w.above(look, told)
		stop()
		if err != nil && (ctx.Err() != nil || errors.Is(err, ErrStopped)) {
			return err
		}
	}
}

// close wakes everybody.
func (w *waiting) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for id := range w.pending {
		w.settle(id)
	}
	close(w.head)
	w.head = make(chan struct{})
}
