package bft_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// idle is a replica at height 5 of a chain on which nothing happens.
func idle(t *testing.T) *bft.Replica {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 5}
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: 1, Height: 5, Block: h.Hash()}
	var parts []committee.Part
	for i := range 3 {
		parts = append(parts, tags{}.part(v.Domain(), v.Append(nil), chain.SeatsOf(i)))
	}
	cert, bad := committee.Collect(n.committee, &v, parts)
	if bad != nil {
		t.Fatal(bad)
	}
	return bft.New(bft.Config{
		Committee: n.committee, Leaders: n.leaders, PatienceMillis: 200, ResendMillis: 100,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return tags{}.part(d, m, chain.SeatsOf(0)) },
	}, bft.Head{Header: h, Hash: h.Hash(), Certificate: &cert}, bft.Safety{}, nil)
}

func resend(t *testing.T, e bft.Effects) bft.Expired {
	t.Helper()
	i := slices.IndexFunc(e.Timers, func(x bft.Timer) bool { return x.Kind == bft.ResendTimer })
	if i < 0 {
		t.Fatal("nothing makes it try again")
	}
	return bft.Expired{Timer: e.Timers[i]}
}

// Blocks that were served and lost on the way can be had again from a chain that is idle, but not without end.
func TestServesAgain(t *testing.T) {
	r := idle(t)
	behind := bft.Received{From: 2, Message: &bft.Status{Head: 3}}
	e := r.Step(behind)
	if len(e.Serve) != 1 || e.Serve[0] != (bft.Serve{To: 2, From: 4}) {
		t.Fatalf("serves %+v", e.Serve)
	}
	tick := resend(t, e)
	if e := r.Step(behind); len(e.Serve) > 0 {
		t.Fatal("serves the same twice at once")
	}
	if e := r.Step(tick); len(e.Send)+len(e.Timers) > 0 {
		t.Fatalf("an idle chain is talkative: %+v", e)
	}
	if e := r.Step(behind); len(e.Serve) != 1 {
		t.Fatal("never serves again")
	}
}

// Who starts asks where the chain is until somebody says so, and then for what it lacks until it has it.
func TestAsksAgain(t *testing.T) {
	r := idle(t)
	asks := func(e bft.Effects) bool {
		return slices.ContainsFunc(e.Send, func(s bft.Send) bool { m, ok := s.Message.(*bft.Status); return ok && m.Asks })
	}
	e := r.Step(bft.Start{})
	for range 3 {
		if !asks(e) {
			t.Fatalf("asks nobody: %+v", e)
		}
		e = r.Step(resend(t, e))
	}
	tick := resend(t, e)
	if e := r.Step(bft.Received{From: 1, Message: &bft.Status{Head: 9}}); len(e.Send) != 1 {
		t.Fatalf("doesn't ask for the blocks: %+v", e)
	}
	e = r.Step(tick)
	if len(e.Send) == 0 || asks(e) {
		t.Fatalf("says nothing of what it lacks, or asks still: %+v", e)
	}
	tick = resend(t, e)
	r.Step(bft.Received{From: 1, Message: &bft.Status{Head: 5}})
	if e := r.Step(tick); len(e.Send)+len(e.Timers) > 0 {
		t.Fatalf("an idle chain is talkative: %+v", e)
	}
}
