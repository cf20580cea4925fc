package node

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
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
				ctx, cancel := context.WithTimeout(context.Background(), patience)
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

// SPEC 5.10: a message becomes final if one member has it that doesn't lead, and who gave it to that one tells nobody else.
func TestCommitteeOffersWhatOthersGave(t *testing.T) {
	r := newCommittee(t, 4)
	near := int(firstLeader(t, r)+1) % 4
	for i := range r.nodes {
		c := r.config(i, true)
		c.Member.Patience = time.Hour // no round fails: the leader must come to have it
		r.nodes[i] = open(t, c)
	}
	m := payment(r.nodes[near], 1, 2, 1, 0)
	r.give(m, near)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if where, err := r.nodes[near].Await(ctx, m.ID()); err != nil || where.Final == nil {
		t.Fatalf("%+v, %v", where, err)
	}
	if n := r.nodes[near].waiting.offers.Len(); n != 0 {
		t.Errorf("%d messages are offered when all are final", n)
	}
}

// give has a stranger tell some members of a message, and waits until they have it.
func (r *committeeRig) give(m *chain.Message, to ...int) {
	r.t.Helper()
	for _, i := range to {
		node, _ := memberKeys(i)
		r.wires.Port(keys.PublicKey{99}).Send(node, encodeMessages([][]byte{m.Encode()}))
		for r.nodes[i].Waiting() == 0 && r.nodes[i].Head().Header.Height == 0 {
			runtime.Gosched()
		}
	}
}

// SPEC 5.10: after a failed round what waits is offered again at once.
func TestCommitteeOffersAfterFailedRound(t *testing.T) {
	r := newCommittee(t, 4)
	leaders := committee.NewLeaders(r.genesis.Committee.Seed, 4)
	leads := []int{int(leaders.Leader(committee.Turn{Height: 1})), int(leaders.Leader(committee.Turn{Height: 1, Round: 1}))}
	var have []int
	told := make(chan int, 100)
	for i := range r.nodes {
		c := r.config(i, true)
		c.Member.Patience, c.Member.Resend = 100*time.Millisecond, time.Hour
		if !slices.Contains(leads, i) {
			have = append(have, i)
			c.Member.Net = &tapped{c.Member.Net, func() { told <- i }}
		}
		r.nodes[i] = open(t, c)
	}
	m := payment(r.nodes[0], 1, 2, 1, 0)
	r.give(m, have...)
	for range have {
		<-told
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if where, err := r.nodes[have[0]].Await(ctx, m.ID()); err != nil || where.Final == nil {
		t.Fatalf("%+v, %v", where, err)
	}
}

// tapped tells when messages are spread.
type tapped struct {
	Net
	tell func()
}

func (l *tapped) Spread(raw []byte) {
	if raw[0] == frameMessages {
		l.tell()
	}
	l.Net.Spread(raw)
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
	m := &member{node: &Node{}, inbox: make(chan bft.Event, 1), ended: make(chan struct{}), results: map[chain.BlockHash]*block.Result{}}
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

// Who passes on what nobody has signed is told from who passes on what a node can't take: signatures are verified before anything is
// passed on.
func TestForgedForwards(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	n := r.nodes[0]
	good, forged := payment(n, 1, 2, 1, 0), payment(n, 1, 2, 2, 7)
	forged.Proof = slices.Clone(good.Proof)
	before := counted(t, n, "thinkey_consensus_rejected_total")
	n.member.blameForged([]arrival{{raws: [][]byte{good.Encode(), []byte("junk")}}, {raws: [][]byte{good.Encode(), forged.Encode(), forged.Encode()}}},
		n.door.Submit([][]byte{good.Encode(), []byte("junk"), good.Encode(), forged.Encode(), forged.Encode()}))
	if got := counted(t, n, "thinkey_consensus_rejected_total"); got != before+1 {
		t.Errorf("%v nodes are blamed", got-before)
	}
	if raws, err := decodeMessages(encodeMessages([][]byte{make([]byte, forwardBytes+1)})[1:]); err != nil || len(raws) != 1 {
		t.Errorf("a single large one: %v", err)
	}
	if _, err := decodeMessages(encodeMessages([][]byte{make([]byte, forwardBytes), {1}})[1:]); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("more bytes than are passed on together: %v", err)
	}
}
