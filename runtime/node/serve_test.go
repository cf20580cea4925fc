package node

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// While a node reads blocks for others, for as long as that takes and however many they ask for, its replica goes on; the questions that
// find room are answered when their turn comes, and the others are counted.
func TestServeBesideReplica(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	for nonce := range uint64(3) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, nonce))
	}
	m := r.nodes[0].member
	begun, hold := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	m.asked.put(keys.PublicKey{9}, question{from: keys.PublicKey{9}, height: 1}, 0, func() { close(begun); <-hold })
	<-begun // whoever reads blocks is stuck
	var answers atomic.Int32
	asker := keys.FromSeed([32]byte{77}).Public()
	port := r.wires.Port(asker)
	port.Hold(func(_ keys.PublicKey, raw []byte, _ func()) {
		if raw[0] != frameConsensus {
			return
		}
		if _, message, err := decodeConsensus(raw[1:]); err != nil {
			t.Error(err)
		} else if _, ok := message.(*bft.Finals); ok {
			answers.Add(1)
		}
	})
	node, _ := memberKeys(0)
	ask := func(height uint64) {
		port.Send(node, append(wire.AppendU64([]byte{frameConsensus}, 0), bft.Encode(&bft.Want{From: height})...))
	}
	for height := uint64(3); counted(t, r.nodes[0], "thinkey_consensus_questions_lost_total") < 3; height += 2 {
		if height > 100 {
			t.Fatal("no question was lost")
		}
		for h := range height { // the replica takes some in each tick
			ask(h + 1)
		}
		for nonce := height; nonce < height+2; nonce++ { // all four have each block when it is paid
			r.pay(0, payment(r.nodes[0], 1, 2, 1, nonce))
		}
	}
	if answers.Load() > 0 {
		t.Error("answered by the replica itself")
	}
	release()
	until(t, "the questions are answered", func() bool { return answers.Load() >= questions })
}

// A node without a seat is answered some times in a while, however often it asks, and others beside it.
func TestServePace(t *testing.T) {
	r := newCommittee(t, 4)
	for i := range r.nodes {
		c := r.config(i, true)
		if i == 0 {
			c.Member.Resend = time.Hour
		}
		r.nodes[i] = open(t, c)
	}
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	member, _ := memberKeys(0)
	ask := func(asker byte) {
		var answers atomic.Int32
		port := r.wires.Port(keys.FromSeed([32]byte{asker}).Public())
		port.Hold(func(_ keys.PublicKey, raw []byte, _ func()) {
			if raw[0] == frameFinals {
				answers.Add(1)
			}
		})
		lost := counted(t, r.nodes[0], "thinkey_consensus_questions_lost_total")
		for k := range int32(3 * questions) {
			port.Send(member, wire.AppendU64([]byte{frameQuestion}, 0))
			until(t, "the question is answered, or lost", func() bool {
				return answers.Load()+int32(counted(t, r.nodes[0], "thinkey_consensus_questions_lost_total")-lost) == k+1
			})
		}
		if answers.Load() != questions {
			t.Errorf("%d answers to %d questions", answers.Load(), 3*questions)
		}
	}
	ask(78)
	ask(79)
}
