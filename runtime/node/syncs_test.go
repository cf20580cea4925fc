package node

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Who looks while blocks wait for their syncs holds up nobody: neither who commits the next block, nor who tells of one that is durable. It sees
// the head when that is durable, and blocks that are made meanwhile are synced one by one, so that it comes to that.
func TestSeeWhilePending(t *testing.T) {
	n := &Node{syncs: newSyncs(), head: Head{Header: &chain.Header{Height: 1}}}
	go n.syncs.run(func(err error) { t.Error(err) })
	synced, told, seen := make(chan struct{}), make(chan struct{}), make(chan uint64)
	n.syncs.begin(1)
	n.syncs.add(begun{
		height: 1,
		wait:   func() error { <-synced; return nil },
		told:   func() error { n.nextContext(); close(told); return nil },
	})
	go func() {
		n.see()
		defer n.mu.RUnlock()
		seen <- n.head.Header.Height
	}()
	until(t, "somebody looks", n.syncs.looked)
	committed := make(chan struct{})
	go func() {
		n.mu.Lock()
		n.syncs.begin(2)
		n.head = Head{Header: &chain.Header{Height: 2}}
		n.mu.Unlock()
		n.syncs.add(begun{height: 2, wait: func() error { <-told; return nil }, told: func() error { return nil }})
		close(committed)
	}()
	<-committed
	select {
	case height := <-seen:
		t.Fatalf("block %d is seen before it is durable", height)
	default:
	}
	close(synced)
	if height := <-seen; height != 2 {
		t.Errorf("block %d is seen", height)
	}
	until(t, "nobody looks any more", func() bool { return !n.syncs.looked() })
	n.syncs.close()
}

// The head that is told of is durable, and whoever asks for it, again and again, waits for nothing while others wait for syncs.
func TestHeadWhilePending(t *testing.T) {
	n := &Node{syncs: newSyncs()}
	n.head = Head{Header: &chain.Header{Height: 1}}
	n.durable.Store(&Head{Header: &chain.Header{Height: 0}})
	n.syncs.begin(1)
	for range 3 {
		if got := n.Head().Header.Height; got != 0 {
			t.Errorf("block %d is told of, and only that before is durable", got)
		}
	}
	if n.syncs.looked() {
		t.Error("who asks for the head makes blocks wait for their syncs")
	}
}
