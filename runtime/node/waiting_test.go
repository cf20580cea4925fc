package node

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Who floods a node with messages that are dropped makes it remember droppedKept of them, the last ones.
func TestDroppedAreBounded(t *testing.T) {
	w, reason := newWaiting(), errors.New("expired")
	id := func(n int) (id chain.MessageID) {
		binary.BigEndian.PutUint32(id[:], uint32(n))
		return id
	}
	const more = 10
	for n := range droppedKept + more {
		w.drop(id(n), reason)
	}
	if len(w.dropped) != droppedKept || len(w.oldest) != droppedKept {
		t.Errorf("%d reasons of %d are kept", len(w.dropped), len(w.oldest))
	}
	for n, want := range map[int]error{more - 1: nil, more: reason, droppedKept + more - 1: reason} {
		if _, got := w.state(id(n)); !errors.Is(got, want) {
			t.Errorf("message %d: %v, want %v", n, got, want)
		}
	}
}

// A message that is refused by its account's lane leaves nothing behind, and nobody waits for it.
func TestRefusedIsForgotten(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(1_000_000, 1, 2), "", Pace{Manual: true}))
	defer closeNode(t, n)
	taken, refused := payment(n, 1, 2, 10, 0), payment(n, 1, 2, 10, 1<<20)
	answers := n.Submit([][]byte{taken.Encode(), refused.Encode()})
	if answers[0].Refused != nil || answers[1].Refused == nil {
		t.Fatalf("%v, %v", answers[0].Refused, answers[1].Refused)
	}
	if waits, _ := n.waiting.state(refused.ID()); waits || len(n.waiting.pending) != 1 {
		t.Errorf("the refused message waits: %v; %d are remembered", waits, len(n.waiting.pending))
	}
	if at, err := n.Await(t.Context(), refused.ID()); !errors.Is(err, ErrUnknown) {
		t.Errorf("%+v, %v", at, err)
	}
}

// Of two calls that offer a message at once one may be refused for lack of room: the message waits none the less, until it
// is final or dropped.
func TestOfferedTwiceAtOnce(t *testing.T) {
	full := errors.New("busy")
	m := []*chain.Message{(&chain.Message{Kind: chain.External}).Seal()}
	for _, answers := range [][2]error{{full, nil}, {nil, full}, {full, full}} {
		w := newWaiting()
		w.offer(m)
		w.offer(m)
		for _, err := range answers {
			w.answered(m, []error{err})
		}
		want := answers != [2]error{full, full}
		if waits, _ := w.state(m[0].ID()); waits != want || len(w.pending) != 0 != want {
			t.Errorf("answers %v: waits %v, %d remembered", answers, waits, len(w.pending))
		}
		w.final(1, []chain.MessageID{m[0].ID()})
		if len(w.pending) != 0 {
			t.Errorf("answers %v: %d remembered when it is final", answers, len(w.pending))
		}
	}
	w := newWaiting()
	w.drop(m[0].ID(), full)
	w.offer(m)
	w.answered(m, []error{nil})
	if waits, dropped := w.state(m[0].ID()); !waits || dropped != nil {
		t.Errorf("offered again after it was dropped: %v, %v", waits, dropped)
	}
}

// A message that became final while two calls offered it is forgotten with the last of them, whatever they answer.
func TestFinalWhileOffered(t *testing.T) {
	m := []*chain.Message{(&chain.Message{Kind: chain.External}).Seal()}
	id := m[0].ID()
	for _, second := range []error{nil, errors.New("nonce used")} {
		w := newWaiting()
		w.offer(m)
		w.final(1, []chain.MessageID{id})
		w.offer(m)
		w.answered(m, []error{nil})
		if waits, _ := w.state(id); waits {
			t.Error("what is final waits again")
		}
		if err := w.message(t.Context(), id); err != nil {
			t.Error(err)
		}
		w.answered(m, []error{second})
		if len(w.pending) != 0 {
			t.Errorf("%d remembered", len(w.pending))
		}
	}
}

// A block that is told while somebody looks for room is not missed, and what leaves without a block is noticed.
func TestRoom(t *testing.T) {
	for name, c := range map[string]struct {
		leaves func(*waiting) // after the first look
		within time.Duration
		want   error
	}{
		"with a block":   {func(w *waiting) { w.final(1, nil) }, 0, nil},
		"without one":    {func(*waiting) {}, time.Second, nil},
		"the node ended": {(*waiting).close, 0, ErrStopped},
		"who waits ends": {func(*waiting) {}, 0, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				if c.want == context.Canceled {
					stop()
				}
				w, looks, begin := newWaiting(), 0, time.Now()
				err := w.room(ctx, func() bool {
					if looks++; looks == 1 {
						c.leaves(w)
					}
					return looks > 1
				})
				if !errors.Is(err, c.want) || time.Since(begin) != c.within {
					t.Errorf("%v after %v; want %v after %v", err, time.Since(begin), c.want, c.within)
				}
			})
		})
	}
}

// A message is told of sooner where no block came since it was last time to.
func TestOffersWithoutBlock(t *testing.T) {
	const pause = 1 << 40
	w := newWaiting()
	w.offers, w.height = ingress.NewOffers(pause), 1
	w.began = time.Now().Add(-pause / 2 * time.Millisecond)
	m := []*chain.Message{{Nonce: 1}}
	m[0].Seal()
	w.offers.Wait(m[0], 0)
	for at, want := range []int{0, 0, 1, 0} {
		if at == 1 {
			w.final(2, nil)
		}
		if got := len(w.again(false)); got != want {
			t.Errorf("time %d: %d messages are told of, want %d", at, got, want)
		}
	}
}
