package bft_test

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// signedHeight is the height of what a message signs; 0 if it signs nothing.
func signedHeight(m bft.Message) uint64 {
	switch m := m.(type) {
	case *bft.Vote:
		return m.Height
	case *bft.Proposal:
		return m.Vote.Height
	case *bft.Timeout:
		return m.Height
	}
	return 0
}

// A member of which only the last that it signed is known signs nothing of that height or below, whatever it is asked for, and above it at
// once: it doesn't wait as one that knows nothing.
func TestBehind(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	moved := n.nodes[3]
	n.cut = func(from, to int) bool { return from == 0 || to == 0 } // every other vote is wanted
	moved.evil = func(_ *node, s bft.Send) []bft.Send {
		if signedHeight(s.Message) >= 6 {
			return nil // it is durable, and leaves with no one
		}
		return []bft.Send{s}
	}
	if !n.run(60_000, func() bool { last, _ := moved.safety.Signed(); return last.Height == 6 && last.Step != bft.DidNothing }) {
		t.Fatal("no blocks")
	}
	last, known := moved.safety.Signed()
	if !known {
		t.Fatalf("it signed %s, %t", last, known)
	}
	var heights []uint64
	moved.chain, moved.bodies = nil, map[chain.BlockHash]bft.Body{}
	moved.evil = func(_ *node, s bft.Send) []bft.Send {
		if h := signedHeight(s.Message); h > 0 {
			heights = append(heights, h)
		}
		return []bft.Send{s}
	}
	moved.safety = bft.Behind(last)
	moved.boot(moved.safety)
	if moved.replica.Silent() {
		t.Error("it waits")
	}
	n.run(n.now+10_000, func() bool { return false })
	if n.cut = nil; len(moved.chain) != int(last.Height)-1 {
		t.Errorf("it is at height %d, where nothing was final at %d", len(moved.chain), last.Height)
	}
	if !n.run(n.now+60_000, func() bool { return uint64(len(moved.chain)) >= last.Height+4 }) {
		t.Fatal("it doesn't catch up")
	}
	above := 0
	for _, h := range heights {
		if h <= last.Height {
			t.Errorf("it signed at height %d, and had signed at %d", h, last.Height)
		}
		above++
	}
	if above == 0 {
		t.Error("it never signed again")
	}
}

// What was signed elsewhere counts where it is later, and changes nothing where it isn't, or where nothing is known.
func TestRaise(t *testing.T) {
	own := bft.Safety{Epoch: 1, Height: 7, Prepared: chain.Mark{Round: 2, Block: chain.BlockHash{1}}, Confirmed: chain.Mark{Round: 1, Block: chain.BlockHash{1}}}
	at := bft.Signed{Epoch: 1, Height: 7, Round: 2, Step: bft.DidPrepare}
	if last, known := own.Signed(); !known || last != at {
		t.Fatalf("signed is %s", last)
	}
	for _, x := range []struct {
		elsewhere bft.Signed
		height    uint64 // from which on it may sign; 0: as before
	}{
		{at, 0}, {bft.Signed{Epoch: 1, Height: 6, Round: 9, Step: bft.DidTimeOut}, 0}, {bft.Signed{Epoch: 0, Height: 9}, 0}, {bft.Signed{Epoch: 1, Height: 7, Round: 2}, 0},
		{bft.Signed{Epoch: 1, Height: 7, Round: 2, Step: bft.DidConfirm}, 8}, {bft.Signed{Epoch: 1, Height: 8}, 8},
		{bft.Signed{Epoch: 2, Height: 1, Step: bft.DidTimeOut}, 2},
	} {
		raised, changed := own.Raise(x.elsewhere)
		if x.height == 0 && (changed || raised.Prepared != own.Prepared) || x.height > 0 && (!changed || raised.Height != x.height || raised.Epoch != x.elsewhere.Epoch || !raised.Prepared.IsZero()) {
			t.Errorf("%s: %+v, %t", x.elsewhere, raised, changed)
		}
	}
	if raised, changed := bft.Lost().Raise(at); changed || !raised.Lost {
		t.Errorf("who knows nothing knows %+v", raised)
	}
}

func TestSignedCheck(t *testing.T) {
	for _, bad := range []bft.Signed{{Epoch: 1}, {Step: bft.DidPrepare}, {Height: 1 << 63}, {Height: 1, Epoch: 1 << 63}, {Height: 1, Step: 9}, {Height: 1, Round: 1}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	for d := bft.DidNothing; d <= bft.DidTimeOut; d++ {
		if again, err := bft.ParseDeed(d.String()); err != nil || again != d {
			t.Errorf("%s: %s, %v", d, again, err)
		}
	}
}
