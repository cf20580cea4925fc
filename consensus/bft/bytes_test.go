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
// again, goes on asking, and takes the block when it comes, with those behind it.
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
