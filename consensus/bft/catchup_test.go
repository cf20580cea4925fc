package bft_test

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
)

// Answers that come twice, late, or for a height that is not reached yet are nobody's fault; and who gets nothing but old blocks asks for
// the next one, not for those behind it.
func TestOldAnswers(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	if !n.run(60_000, n.atLeast(6)) {
		t.Fatal("no blocks")
	}
	final := n.nodes[0].chain
	n.nodes[3].chain, n.nodes[3].bodies = nil, nil
	n.nodes[3].boot(bft.Safety{})
	r := n.nodes[3].replica
	give := func(m bft.Message) (e bft.Effects, wants []uint64) {
		t.Helper()
		e = step(t, r, bft.Received{From: 0, Message: m})
		for _, x := range e.Reject {
			t.Errorf("%T: it blames %d: %s", m, x.From, x.Reason)
		}
		for _, s := range e.Send {
			if w, ok := s.Message.(*bft.Want); ok {
				wants = append(wants, w.From)
			}
		}
		return e, wants
	}
	e, wants := give(&bft.Finals{Blocks: final[:2]})
	if len(wants) > 0 || len(e.Verify) != 1 {
		t.Fatalf("wants %d, replays %d", wants, len(e.Verify))
	}
	e = step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Valid})
	give(&bft.Finals{Blocks: final[:2]})
	step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Valid})
	if r.Head().Header.Height != 2 {
		t.Fatalf("it is at height %d", r.Head().Header.Height)
	}
	if _, wants = give(&bft.Finals{Blocks: final[:2]}); len(wants) != 1 || wants[0] != 3 {
		t.Errorf("after old blocks it wants %d, and lacks block 3", wants)
	}
	if e, wants = give(&bft.Finals{Blocks: final[3:5]}); len(wants) > 0 || len(e.Verify) > 0 {
		t.Errorf("after blocks that are too early it wants %d", wants)
	}
	give(&bft.Fetched{Raw: final[0].Raw})
	give(&bft.Fetched{Raw: final[4].Raw})
	if e, _ = give(&bft.Finals{Blocks: final[2:3]}); len(e.Verify) != 1 {
		t.Error("the block that it lacks is not taken")
	}
	if e = step(t, r, bft.Received{From: 1, Message: &bft.Fetched{Raw: []byte("junk")}}); len(e.Reject) != 1 {
		t.Error("what is no block at all is nobody's fault")
	}
}

// What the driver fetched and checked is taken in its order, comes before what peers send, and is not asked for again; what doesn't go on from
// the head is left out.
func TestSupplied(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	if !n.run(60_000, n.atLeast(6)) {
		t.Fatal("no blocks")
	}
	final := n.nodes[0].chain
	n.nodes[3].chain, n.nodes[3].bodies = nil, nil
	n.nodes[3].boot(bft.Safety{})
	r := n.nodes[3].replica
	step(t, r, bft.Supplied{})
	if e := step(t, r, bft.Supplied{Blocks: final[2:3]}); len(e.Verify) > 0 {
		t.Error("a block without those before it")
	}
	e := step(t, r, bft.Supplied{Blocks: final[:3]})
	for height := uint64(1); height <= 3; height++ {
		if len(e.Verify) != 1 {
			t.Fatalf("height %d: %d replays", height, len(e.Verify))
		}
		e = step(t, r, bft.Verified{Block: e.Verify[0].Hash, Verdict: bft.Valid})
		if r.Head().Header.Height != height || len(e.Commit) != 1 {
			t.Fatalf("it is at height %d", r.Head().Header.Height)
		}
		for _, s := range e.Send {
			if w, ok := s.Message.(*bft.Want); ok {
				t.Errorf("it wants %d", w.From)
			}
		}
		if height == 1 { // the third block waits
			if e := step(t, r, bft.Received{From: 0, Message: &bft.Finals{Blocks: final[2:5]}}); len(e.Verify)+len(e.Send) > 0 {
				t.Error("what a peer sent takes the place of what was fetched")
			}
		}
	}
	if r.Known() != 3 {
		t.Errorf("it knows of %d", r.Known())
	}
}
