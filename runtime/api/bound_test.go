package api

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// N2: however many ask for blocks that are not kept, few are loaded at once; what is kept waits for none of them.
func TestFewLoadsAtOnce(t *testing.T) {
	const asked = 12
	var now atomic.Int32
	began, release := make(chan uint64, asked), make(chan struct{})
	h := newHistories(nil, 1<<20, newReading(2*asked)) // half are of one address, as these all are
	h.certificate = nil
	h.block = func(height uint64) (*block.History, []byte, error) {
		if height == asked {
			return &block.History{Block: &chain.Block{}}, []byte("kept"), nil
		}
		if now.Add(1) > loadsAtOnce {
			t.Errorf("%d loads at once", now.Load())
		}
		began <- height
		<-release
		now.Add(-1)
		return nil, nil, errors.New("large")
	}
	get := func(height uint64) error {
		return h.read(t.Context(), func() error { _, err := h.get(height); return err })
	}
	if err := get(asked); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for height := range uint64(asked - 1) {
		done.Go(func() { _ = get(height) })
	}
	for range loadsAtOnce {
		<-began
	}
	if err := get(asked); err != nil {
		t.Error(err)
	}
	close(release)
	done.Wait()
}

// N2: of the bytes that requests may hold together one address has a share, and what it gives back it may have again; who has no address has none of
// its own.
func TestShares(t *testing.T) {
	l := Limits{}.complete()
	b := newBudget("bytes", l.Bodies, l.part(l.Bodies, 1))
	one, other := fromAddr("192.0.2.1:1000"), fromAddr("192.0.2.2:1000")
	if each := int(l.Bodies / 4); b.take(one, each) != nil || b.take(one, 1) == nil || b.take(other, each) != nil || b.take("", 2*each) != nil || b.take("", 1) == nil {
		t.Errorf("shares of %d bytes: %v, %d are free", each, b.shares.of, b.free.Load())
	}
	b.give(one, 1)
	if err := b.take(one, 1); err != nil {
		t.Error(err)
	}
	for _, same := range [][2]string{{"192.0.2.1:1", "[::ffff:192.0.2.1]:2"}, {"[2001:db8::1]:1", "[2001:db8::ffff:1]:2"}, {"pipe", ""}} {
		if fromAddr(same[0]) != fromAddr(same[1]) {
			t.Errorf("%v are two", same)
		}
	}
	if fromAddr("[2001:db8::1]:1") == fromAddr("[2001:db8:0:1::1]:1") || one == other {
		t.Error("two are one")
	}
	b.give(one, int(l.Bodies/4))
	b.give(other, int(l.Bodies/4))
	if len(b.shares.of) != 0 || b.held() != l.Bodies/2 {
		t.Errorf("%v is kept of who has nothing, %d bytes are held", b.shares.of, b.held())
	}
}
