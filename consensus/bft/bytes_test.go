package bft_test

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// step is a Step whose effects the test looks at itself.
func step(t *testing.T, r *bft.Replica, ev bft.Event) bft.Effects {
	t.Helper()
	e := r.Step(ev)
	if e.Halt != nil {
		t.Fatalf("halts: %s", e.Halt.Reason)
	}
	return e
}

// tick lets the resend timer run out.
func tick(t *testing.T, r *bft.Replica) bft.Effects {
	t.Helper()
	return step(t, r, bft.Expired{Timer: bft.Timer{Kind: bft.ResendTimer, Height: r.Head().Header.Height + 1, Round: r.Round()}})
}

// Bytes of a final block that somebody damaged say nothing about who certified it, however often they come. The replica asks
// again, goes on asking, and takes the block when it comes, with those behind it. Who sent them is not in the way meanwhile: no more
// bytes are taken of it before the next tick, in whatever message.
func TestDamagedBytes(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	if !n.run(60_000, n.atLeast(6)) {
		t.Fatal("no blocks")
	}
	final := n.nodes[0].chain[:4]
	n.nodes[3].chain, n.nodes[3].bodies = nil, nil
	n.nodes[3].boot(bft.Safety{})
	r := n.nodes[3].replica
	bad := append([]bft.Final(nil), final...)
	bad[0].Raw = append([]byte(nil), bad[0].Raw...)
	bad[0].Raw = append(bad[0].Raw, 1)
	e := step(t, r, bft.Received{From: 0, Message: &bft.Finals{Blocks: bad}})
	for range 5 {
		if len(e.Verify) != 1 {
			t.Fatalf("%d blocks to be replayed", len(e.Verify))
		}
		e = step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Damaged})
		asks, repeats := false, false
		for _, s := range e.Send {
			_, fetch := s.Message.(*bft.Fetch)
			asks = asks || fetch
		}
		for _, timer := range e.Timers {
			repeats = repeats || timer.Kind == bft.ResendTimer
		}
		if !asks || !repeats {
			t.Fatalf("asks %t, and again later %t", asks, repeats)
		}
		for _, m := range []bft.Message{&bft.Finals{Blocks: bad}, &bft.Fetched{Raw: bad[0].Raw}, &bft.Finals{Blocks: final}} {
			if e = step(t, r, bft.Received{From: 0, Message: m}); len(e.Verify) > 0 {
				t.Fatalf("%T of who has just sent other bytes is taken", m)
			}
		}
		tick(t, r)
		e = step(t, r, bft.Received{From: 0, Message: &bft.Finals{Blocks: bad}})
	}
	step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Damaged})
	e = step(t, r, bft.Received{From: 1, Message: &bft.Finals{Blocks: final}})
	for range final {
		e = step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Valid})
	}
	if h := r.Head().Header.Height; h != 4 {
		t.Fatalf("it comes to height %d", h)
	}
}

// A block that is whole and not valid can't be final.
func TestInvalidFinal(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	n.run(60_000, n.atLeast(2))
	n.nodes[3].chain = nil
	n.nodes[3].boot(bft.Safety{})
	r := n.nodes[3].replica
	e := r.Step(bft.Received{From: 0, Message: &bft.Finals{Blocks: n.nodes[0].chain[:1]}})
	if e = r.Step(bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Invalid}); e.Halt == nil {
		t.Fatal("it goes on")
	}
}

// R4: of three members that are there one withholds its vote, as the block's time is far for it. The two others have prepared
// the block, so nothing else may be proposed: it must become final all the same.
func TestDemandedIsNotWithheld(t *testing.T) {
	for absent := range 2 {
		n := newNet(t, 1, 0, 1, 1, 1, 1)
		n.nodes[absent].down = true
		n.judge = func(nd *node, p bft.Proposed) bft.Verdict {
			if h, err := chain.DecodeBlockHeader(p.Raw); err == nil && h.Round == 0 && nd.me == 3 {
				return bft.Withheld
			}
			return bft.Valid
		}
		if !n.run(60_000, func() bool { return len(n.nodes[2].chain) > 2 && len(n.nodes[3].chain) > 2 }) || n.maxRound == 0 {
			t.Fatalf("%d blocks, rounds up to %d", len(n.final)-1, n.maxRound)
		}
	}
}

// A question has some bytes, and its answer megabytes: a peer is answered with blocks a few times between two ticks, whatever it asks
// for.
func TestAnswersAreBounded(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	if !n.run(60_000, n.atLeast(40)) {
		t.Fatal("no blocks")
	}
	r := n.nodes[0].replica
	for range 3 {
		tick(t, r)
		answers := 0
		for from := uint64(1); from <= 40; from++ {
			answers += len(step(t, r, bft.Received{From: 1, Message: &bft.Want{From: from}}).Serve)
			answers += len(step(t, r, bft.Received{From: 1, Message: &bft.Fetch{Height: from}}).Serve)
		}
		if answers != 4 {
			t.Errorf("%d answers before the tick", answers)
		}
		if e := step(t, r, bft.Received{From: 2, Message: &bft.Want{From: 1}}); len(e.Serve) != 1 {
			t.Errorf("another peer is not answered: %+v", e.Serve)
		}
	}
}

// What is allowed again with the next tick is so also if a height ends before: its timer is of no height after it.
func TestTickIsOwedOverHeights(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	if !n.run(60_000, n.atLeast(6)) {
		t.Fatal("no blocks")
	}
	final := n.nodes[0].chain[:6]
	n.nodes[3].chain, n.nodes[3].bodies = nil, nil
	n.nodes[3].boot(bft.Safety{})
	r := n.nodes[3].replica
	take := func(block bft.Final) (again bool) {
		e := step(t, r, bft.Received{From: 0, Message: &bft.Finals{Blocks: []bft.Final{block}}})
		e = step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Valid})
		for _, timer := range e.Timers {
			again = again || timer.Kind == bft.ResendTimer && timer.Height == r.Head().Header.Height+1
		}
		return again
	}
	step(t, r, bft.Received{From: 0, Message: &bft.Status{}}) // it knows where the chain is, and waits for nothing
	take(final[0])
	tick(t, r)
	if take(final[1]) {
		t.Fatal("a tick is due though nothing waits for it")
	}
	served := func() int { return len(step(t, r, bft.Received{From: 1, Message: &bft.Want{From: 1}}).Serve) }
	for _, block := range final[2:] {
		if served() != 1 {
			t.Fatalf("no answer at height %d", r.Head().Header.Height)
		}
		if !take(block) {
			t.Fatalf("no tick is due after height %d", r.Head().Header.Height)
		}
	}
	if served() != 0 {
		t.Fatal("more answers than between two ticks")
	}
	if tick(t, r); served() != 1 {
		t.Fatal("no answer after a tick")
	}
}

// Answers with a block that is not final yet are bounded as well. One that is being replayed is not passed on: who sends what is not the block is not
// believed for a while.
func TestBodiesAreSentSparingly(t *testing.T) {
	f := newFloodRig(t, bft.Safety{})
	p := f.proposal(1)
	e := step(t, f.r, bft.Received{From: f.leader, Message: p})
	fetch := bft.Received{From: f.leader, Message: &bft.Fetch{Height: 1, Block: p.Vote.Block}}
	if e := step(t, f.r, fetch); len(e.Send) > 0 {
		t.Errorf("bytes that nobody has looked at yet are passed on: %+v", e.Send)
	}
	step(t, f.r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Valid})
	sent := 0
	for range 20 {
		sent += len(step(t, f.r, fetch).Send)
	}
	if sent != 4 {
		t.Errorf("the block is sent %d times", sent)
	}
}

// A block that was found invalid is not replayed again, however often its leader proposes it.
func TestInvalidIsReplayedOnce(t *testing.T) {
	f := newFloodRig(t, bft.Safety{})
	e := step(t, f.r, bft.Received{From: f.leader, Message: f.proposal(1)})
	step(t, f.r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Invalid})
	f.checks = 0
	if e = step(t, f.r, bft.Received{From: f.leader, Message: f.proposal(1)}); len(e.Verify) > 0 || f.checks > 0 {
		t.Errorf("%d blocks are replayed, %d checks", len(e.Verify), f.checks)
	}
}
