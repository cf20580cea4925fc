package node

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// looking says whether somebody waits to see the head.
func looking(s *syncs) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came > s.saw
}

// pendingNode has block 1, which is durable when synced is closed; told is closed after that.
func pendingNode(t *testing.T) (n *Node, synced, told chan struct{}) {
	n = &Node{syncs: newSyncs(), head: Head{Header: &chain.Header{Height: 1}}}
	synced, told = make(chan struct{}), make(chan struct{})
	go n.syncs.run(func(err error) { t.Error(err) })
	n.syncs.begin(1)
	n.syncs.add(begun{
		height: 1,
		wait:   func() error { <-synced; return nil },
		told:   func() error { n.nextContext(); close(told); return nil },
	})
	return n, synced, told
}

// seeing is what somebody sees who looks now.
func (n *Node) seeing() chan uint64 {
	seen := make(chan uint64, 1)
	go func() {
		n.see()
		defer n.mu.RUnlock()
		seen <- n.head.Header.Height
	}()
	return seen
}

// Who looks while blocks wait for their syncs holds up nobody: neither who commits the next block, nor who tells of one that is durable. It sees
// the head when that is durable.
func TestSeeWhilePending(t *testing.T) {
	n, synced, told := pendingNode(t)
	seen := n.seeing()
	until(t, "somebody looks", func() bool { return looking(n.syncs) })
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
	until(t, "nobody looks any more", func() bool { return !looking(n.syncs) })
	n.syncs.close()
}

// The head doesn't run away from who looks: before the next block everybody who waits is let see it, once in a while.
func TestLetSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, synced, _ := pendingNode(t)
		seen := n.seeing()
		synctest.Wait()
		n.syncs.last = time.Now().Add(1 - seePause)
		n.syncs.let() // nobody is waited for again so soon
		<-time.After(1)
		made := make(chan struct{})
		go func() {
			defer close(made)
			n.syncs.let()
		}()
		synctest.Wait()
		select {
		case <-made:
			t.Error("the next block is made before everybody has seen the one before")
		default:
		}
		close(synced)
		<-made
		if height := <-seen; height != 1 {
			t.Errorf("block %d is seen", height)
		}
		<-time.After(time.Hour)
		n.syncs.let() // nobody waits
		n.syncs.close()
	})
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
	if looking(n.syncs) {
		t.Error("who asks for the head makes blocks wait for their syncs")
	}
}
