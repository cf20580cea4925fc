package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Two messages with one nonce, taken in by two members at once: one becomes final, and who waits for the other is told.
func TestCommitteeConflict(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	final := 0
	const rounds = 6
	for nonce := range uint64(rounds) {
		list := []*chain.Message{payment(r.nodes[0], 1, 2, 10+nonce, nonce), payment(r.nodes[0], 1, 3, 20+nonce, nonce)}
		var all sync.WaitGroup
		answers := make([]Message, len(list))
		for i, m := range list {
			all.Go(func() {
				n := r.nodes[i]
				if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil { // the other one came first
					answers[i].Dropped = a.Refused
					return
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				var err error
				if answers[i], err = n.Await(ctx, m.ID()); err != nil {
					t.Errorf("node %d: %v", i, err)
				}
			})
		}
		all.Wait()
		for i, a := range answers {
			var why *account.Refusal
			switch {
			case a.Final != nil:
				final++
				r.await(a.Final.Height)
			case !errors.As(a.Dropped, &why):
				t.Errorf("nonce %d, message %d: %+v", nonce, i, a)
			}
		}
	}
	if final != rounds {
		t.Errorf("%d of %d nonces were used", final, rounds)
	}
	r.agree()
}

// A message that the network lost on its way to the leader becomes final all the same: who took it in offers it again.
func TestCommitteeForwardsAgain(t *testing.T) {
	r := newCommittee(t, 4)
	leader := int(firstLeader(t, r))
	deaf := (leader + 1) % 4
	for i := range r.nodes {
		c := r.config(i, true)
		c.Member.Patience = time.Hour // no round fails: the leader must come to have it
		if i == deaf {
			c.Member.Net = &lossy{Net: c.Member.Net, lose: 1}
		}
		r.nodes[i] = open(t, c)
	}
	r.pay(deaf, payment(r.nodes[deaf], 1, 2, 1, 0))
}

// lossy loses the first frames of messages.
type lossy struct {
	Net
	mu   sync.Mutex // guards lose
	lose int
}

func (l *lossy) Spread(raw []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if raw[0] == frameMessages && l.lose > 0 {
		l.lose--
		return
	}
	l.Net.Spread(raw)
}

// SPEC 4.5: a block from the future is not voted for until its time is near, and then it is; it is never a fault.
func TestWithheld(t *testing.T) {
	m := &member{inbox: make(chan bft.Event, 1), ended: make(chan struct{}), results: map[chain.BlockHash]*block.Result{}}
	at := func(d time.Duration) *block.Result {
		return &block.Result{Block: &chain.Block{Header: chain.Header{TimeMillis: uint64(time.Now().Add(d).UnixMilli())}}}
	}
	near, far := chain.BlockHash{1}, chain.BlockHash{2}
	m.results[near], m.results[far] = at(maxAhead-time.Millisecond), at(maxAhead+100*time.Millisecond)
	if v := m.near(near); v != bft.Valid {
		t.Errorf("near: %d", v)
	}
	if v := m.near(far); v != bft.Withheld {
		t.Errorf("far: %d", v)
	}
	if ev := <-m.inbox; ev != (bft.Verified{Block: far, Verdict: bft.Valid}) {
		t.Errorf("then %+v", ev)
	}
}
