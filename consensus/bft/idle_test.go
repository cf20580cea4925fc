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
	return bft.New(bft.Config{
		Committee: n.committee, Leaders: n.leaders, PatienceMillis: 200, ResendMillis: 100,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return tags{}.part(d, m, chain.SeatsOf(0)) },
	}, headAt(t, n, 5, 3), bft.Safety{}, nil)
}

// headAt is a block that so many seats have confirmed.
func headAt(t *testing.T, n *net, height uint64, seats int) bft.Head {
	h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: height}
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: 1, Height: height, Block: h.Hash()}
	var parts []committee.Part
	for i := range seats {
		parts = append(parts, tags{}.part(v.Domain(), v.Append(nil), chain.SeatsOf(i)))
	}
	cert, bad := committee.Collect(n.committee, &v, parts)
	if bad != nil {
		t.Fatal(bad)
	}
	return bft.Head{Header: h, Hash: h.Hash(), Certificate: &cert}
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

// asks says whether all are asked for their heads.
func asks(e bft.Effects) bool {
	return slices.ContainsFunc(e.Send, func(s bft.Send) bool {
		m, ok := s.Message.(*bft.Status)
		return ok && m.Asks && s.To == bft.Everyone
	})
}

// pauses lets the timer run out until the replica asks no more, and lists how long it waited each time; at most so often.
func pauses(t *testing.T, r *bft.Replica, e bft.Effects, most int) (list []uint64) {
	t.Helper()
	for len(list) < most && len(e.Timers) > 0 {
		tick := resend(t, e)
		list = append(list, tick.Timer.Millis)
		if e = r.Step(tick); len(e.Timers) > 0 && !asks(e) {
			t.Fatalf("asks nobody after %v: %+v", list, e)
		}
	}
	return list
}

// Who starts asks where the chain is until somebody says so, and is quiet then.
func TestAsksWhereTheChainIs(t *testing.T) {
	r := idle(t)
	e := r.Step(bft.Start{})
	if got := pauses(t, r, e, 4); !asks(e) || !slices.Equal(got, []uint64{100, 100, 100, 100}) {
		t.Fatalf("asks after %v", got)
	}
	r = idle(t)
	tick := resend(t, r.Step(bft.Start{}))
	r.Step(bft.Received{From: 1, Message: &bft.Status{Head: 5}})
	if e := r.Step(tick); len(e.Send)+len(e.Timers) > 0 {
		t.Fatalf("an idle chain is talkative: %+v", e)
	}
}

// Blocks that are known to be there are asked for until they are here, however often question or answer is lost, and ever
// more seldom. What somebody only hints at is asked for some times, and so is what a certificate is said to show and doesn't.
func TestAsksAgain(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	growing := []uint64{100, 200, 400, 800, 1600, 3200, 3200, 3200}
	for name, c := range map[string]struct {
		hint bft.Message
		want []uint64
	}{
		"shown":                 {&bft.Status{Head: 9, Certificate: headAt(t, n, 9, 3).Certificate}, slices.Concat(growing, []uint64{3200, 3200, 3200, 3200})},
		"said":                  {&bft.Status{Head: 9}, growing},
		"by too few":            {&bft.Status{Head: 9, Certificate: headAt(t, n, 9, 2).Certificate}, growing},
		"of another height":     {&bft.Status{Head: 1 << 40, Certificate: headAt(t, n, 9, 3).Certificate}, growing},
		"a vote of a later one": {&bft.Vote{Height: 8}, growing},
	} {
		r := idle(t)
		r.Step(bft.Start{})
		r.Step(bft.Received{From: 2, Message: &bft.Status{Head: 5}})
		e := r.Step(bft.Received{From: 1, Message: c.hint})
		if len(e.Send) != 1 || *e.Send[0].Message.(*bft.Want) != (bft.Want{From: 6}) || e.Send[0].To != 1 {
			t.Fatalf("%s: doesn't ask for the blocks: %+v", name, e)
		}
		if got := pauses(t, r, e, 12); !slices.Equal(got, c.want) {
			t.Errorf("%s: asks after %v, want %v", name, got, c.want)
		}
	}
}

// A peer that makes up one head after the other is asked for each of them, and others are not asked more often for it.
func TestHintsWithoutEnd(t *testing.T) {
	r := idle(t)
	r.Step(bft.Start{})
	r.Step(bft.Received{From: 2, Message: &bft.Status{Head: 5}})
	e := r.Step(bft.Received{From: 1, Message: &bft.Status{Head: 9}})
	for k := range uint64(6) {
		tick := resend(t, e)
		if tick.Timer.Millis != 100<<min(k, 5) {
			t.Fatalf("%d ms pass before the question is repeated the %dth time", tick.Timer.Millis, k+1)
		}
		for lie := range uint64(10) {
			if e := r.Step(bft.Received{From: 1, Message: &bft.Status{Head: 1000*k + lie + 10}}); asks(e) {
				t.Fatalf("a hint makes it ask all: %+v", e)
			}
		}
		e = r.Step(tick)
	}
}
