package bft_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// certified is a certificate of a block at height 1 by the first nodes, as many as it takes.
func (n *net) certified(step chain.Step, round uint32, block chain.BlockHash) chain.Certificate {
	n.t.Helper()
	v := chain.Vote{Step: step, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: round, Block: block}
	var parts []committee.Part
	for _, seats := range bft.Members(n.committee)[:n.committee.Quorums().Certificate] {
		parts = append(parts, tags{}.part(v.Domain(), v.Append(nil), seats))
	}
	cert, bad := committee.Collect(n.committee, &v, parts)
	if bad != nil {
		n.t.Fatal(bad)
	}
	return cert
}

// R6: who is shown a preparation certificate of a later round is in that round, and confirms there; of an earlier one, not.
func TestLaterCertificate(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	r := n.nodes[3].replica
	for _, c := range []struct {
		round, now uint32
		confirms   bool
	}{{3, 3, true}, {1, 3, false}, {5, 5, true}} {
		e := step(t, r, bft.Received{From: 0, Message: &bft.Certified{Certificate: n.certified(chain.Preparation, c.round, chain.BlockHash{byte(c.round)})}})
		confirms := false
		for _, s := range e.Send {
			v, ok := s.Message.(*bft.Vote)
			confirms = confirms || ok && v.Step == chain.Confirmation && v.Round == c.now && v.Block == chain.BlockHash{byte(c.round)}
		}
		if r.Round() != c.now || confirms != c.confirms || confirms && (e.Persist == nil || e.Persist.Confirmed.Round != c.now) {
			t.Errorf("certificate of round %d: in round %d, confirms %t", c.round, r.Round(), confirms)
		}
	}
	forged := n.certified(chain.Preparation, 8, chain.BlockHash{8})
	forged.Round = 9
	if e := r.Step(bft.Received{From: 0, Message: &bft.Certified{Certificate: forged}}); r.Round() != 5 || len(e.Reject) != 1 {
		t.Errorf("a forged certificate: round %d, %+v", r.Round(), e.Reject)
	}
}

// SPEC 5.8: each round may take twice as long as the one before it, up to 64 times as long as the first.
func TestTimersGrow(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	r := n.nodes[3].replica
	for _, c := range []struct {
		round uint32
		times uint64
	}{{1, 2}, {2, 4}, {5, 32}, {6, 64}, {7, 64}, {70, 64}} {
		e := step(t, r, bft.Received{From: 0, Message: &bft.Certified{Certificate: n.certified(chain.Preparation, c.round, chain.BlockHash{1})}})
		if want := (bft.Timer{Kind: bft.RoundTimer, Height: 1, Round: c.round, Millis: 200 * c.times}); !slices.Contains(e.Timers, want) {
			t.Errorf("round %d: timers %+v, want %+v", c.round, e.Timers, want)
		}
	}
}

// A vote with a false signature is found when votes are summed, and taken out; what its sender says from then on is checked first.
func TestFalseVotesAreRemembered(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	r := n.nodes[3].replica
	vote := func(from bft.Peer, round uint32, good bool) (rejected []bft.Reject) {
		v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: round, Block: chain.BlockHash{1}}
		m := &bft.Vote{Step: v.Step, Height: 1, Round: round, Block: v.Block, Part: tags{}.part(v.Domain(), v.Append(nil), bft.Members(n.committee)[from])}
		if !good {
			m.Point[0] ^= 1
		}
		return step(t, r, bft.Received{From: from, Message: m}).Reject
	}
	if len(vote(0, 0, false)) > 0 || len(vote(1, 0, true)) > 0 {
		t.Error("votes are checked one by one")
	}
	if bad := vote(2, 0, true); len(bad) != 1 || bad[0].From != 0 {
		t.Errorf("of a sum with one false vote are rejected %+v", bad)
	}
	if bad := vote(0, 1, false); len(bad) != 1 || bad[0].From != 0 {
		t.Errorf("its next false vote: rejected are %+v", bad)
	}
	if len(vote(1, 1, false)) > 0 {
		t.Error("another's votes are checked one by one")
	}
}

// R9: a head that no certificate shows is none. A liar can't keep a member silent for ever, nor make it speak early.
func TestLyingHeads(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	n.nodes[3].boot(bft.Lost())
	r := n.nodes[3].replica
	final := n.certified(chain.Confirmation, 0, chain.BlockHash{1})
	other := final
	other.Height = 1000
	for _, lie := range []*bft.Status{{Head: 1000}, {Head: 1000, Certificate: &final}, {Head: 1000, Certificate: &other}} {
		e := r.Step(bft.Received{From: 2, Message: lie})
		if len(e.Reject) != 1 || e.Persist != nil {
			t.Errorf("%+v is believed", lie)
		}
	}
	tick(t, r) // it is heard again
	for from := range bft.Peer(2) {
		if e := r.Step(bft.Received{From: from, Message: &bft.Status{}}); e.Persist != nil {
			t.Fatal("two of four are no quorum")
		}
	}
	e := r.Step(bft.Received{From: 2, Message: &bft.Status{Head: 1, Certificate: &final}})
	if e.Persist == nil || e.Persist.ResumeAt != 3 || !r.Silent() {
		t.Errorf("three have answered: %+v", e.Persist)
	}
	if e := r.Step(bft.Received{From: 1, Message: &bft.Status{Head: 1000, Certificate: &other}}); len(e.Reject) != 1 {
		t.Errorf("a lie that decides nothing any more is rejected %d times", len(e.Reject))
	}
}

// A timeout names a certificate of its own height: that of the block before, which is genuine, is none that it can name. Taken for
// one it would be the final one of this height, and the block never found.
func TestTimeoutNamesItsHeight(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	n.run(60_000, n.atLeast(3))
	r := n.nodes[3].replica
	head := r.Head()
	if head.Certificate.Step != chain.Preparation {
		t.Fatal("the head is not final by preparations")
	}
	said := chain.Timeout{
		Network: chain.NetworkID{1}, Chain: 1, Height: head.Header.Height + 1, Highest: chain.Mark{Round: head.Certificate.Round, Block: head.Hash},
	}
	m := &bft.Timeout{Timeout: said, Certificate: head.Certificate, Part: tags{}.part(keys.BLSTimeout, said.Append(nil), chain.SeatsOf(0))}
	if e := r.Step(bft.Received{From: 0, Message: m}); len(e.Reject) != 1 || len(e.Send) > 0 {
		t.Errorf("it is believed: %+v", e)
	}
}

// R5: who was dragged along to time out of round 2 confirms in no round up to it, though it is still in the first. Of four,
// those who drag it along would open the next round with it at once; of seven they don't.
func TestGoneWithAllBefore(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1, 1, 1, 1)
	r := n.nodes[6].replica
	said := chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: 2}
	var gave *bft.Safety
	for from := range bft.Peer(3) {
		part := tags{}.part(keys.BLSTimeout, said.Append(nil), bft.Members(n.committee)[from])
		gave = r.Step(bft.Received{From: from, Message: &bft.Timeout{Timeout: said, Part: part}}).Persist
	}
	if gave == nil || gave.Timeout == nil || gave.Timeout.Round != 2 || r.Round() != 0 {
		t.Fatalf("three timeouts of round 2: it keeps %+v, in round %d", gave, r.Round())
	}
	for round := range uint32(3) {
		e := r.Step(bft.Received{From: 0, Message: &bft.Certified{Certificate: n.certified(chain.Preparation, round, chain.BlockHash{1})}})
		for _, s := range e.Send {
			if v, ok := s.Message.(*bft.Vote); ok {
				t.Errorf("it signs step %d of round %d", v.Step, v.Round)
			}
		}
	}
}

// V1, V2: a proposal that its leader has not signed is none, though another member has, and doesn't stand in the way of the one
// that it has.
func TestUnsignedProposal(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	seat := bft.Peer(n.leaders.Leader(committee.Turn{Height: 1}))
	leader, r := n.nodes[seat], n.nodes[(seat+1)%4].replica
	build := step(t, leader.replica, bft.Due{}).Build
	e := step(t, leader.replica, bft.Built{Parent: build.Parent, Round: build.Round, Raw: leader.build(build)})
	for _, s := range e.Send {
		p, ok := s.Message.(*bft.Proposal)
		if !ok {
			continue
		}
		forged := *p
		forged.Vote.Point[0] ^= 1
		if e := step(t, r, bft.Received{From: seat, Message: &forged}); len(e.Reject) != 1 || len(e.Verify) > 0 {
			t.Errorf("a forged signature: %+v", e)
		}
		other, usurped := (seat+2)%4, *p
		v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Block: p.Vote.Block}
		usurped.Vote.Part = tags{}.part(v.Domain(), v.Append(nil), bft.Members(n.committee)[other])
		if e := step(t, r, bft.Received{From: other, Message: &usurped}); len(e.Reject) != 1 || len(e.Verify) > 0 {
			t.Errorf("another's signature: %+v", e)
		}
		tick(t, r)
		if e := step(t, r, bft.Received{From: seat, Message: p}); len(e.Reject) > 0 || len(e.Verify) != 1 {
			t.Errorf("the leader's: %+v", e)
		}
		return
	}
	t.Error("no proposal")
}

// V3: timeouts that nobody signed open no round.
func TestForgedJustification(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	seat := bft.Peer(n.leaders.Leader(committee.Turn{Height: 1, Round: 1}))
	header := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: 1, Proposer: uint32(seat), Parent: n.genesis.Hash}
	v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: 1, Block: header.Hash()}
	said := chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1}
	p := &bft.Proposal{
		Raw:  (&chain.Block{Header: header}).Append(nil),
		Why:  &bft.Justification{Timeouts: chain.Timeouts{Said: []chain.Said{{Timeout: said, Seats: chain.SeatsOf(0, 1, 2)}}}},
		Vote: bft.Vote{Step: v.Step, Height: 1, Round: 1, Block: v.Block, Part: tags{}.part(v.Domain(), v.Append(nil), bft.Members(n.committee)[seat])},
	}
	r := n.nodes[(seat+1)%4].replica
	if e := step(t, r, bft.Received{From: seat, Message: p}); len(e.Reject) != 1 || r.Round() != 0 {
		t.Errorf("round %d: %+v", r.Round(), e)
	}
}

// V3: where timeouts demand a block, another one is no proposal, however well it is justified and signed.
func TestAnotherThanIsDemanded(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	seat := bft.Peer(n.leaders.Leader(committee.Turn{Height: 1, Round: 1}))
	demanded := n.certified(chain.Preparation, 0, chain.BlockHash{7})
	said := chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Highest: chain.Mark{Block: demanded.Block}, Last: chain.Mark{Block: demanded.Block}}
	var parts []committee.TimeoutPart
	for _, seats := range bft.Members(n.committee)[:3] {
		parts = append(parts, committee.TimeoutPart{Timeout: said, Part: tags{}.part(keys.BLSTimeout, said.Append(nil), seats)})
	}
	all, bad := committee.CollectTimeouts(n.committee, parts)
	if bad != nil {
		t.Fatal(bad)
	}
	header := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: 1, Proposer: uint32(seat), Term: 1, Parent: n.genesis.Hash}
	v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: 1, Block: header.Hash()}
	p := &bft.Proposal{
		Raw: (&chain.Block{Header: header}).Append(nil), Why: &bft.Justification{Timeouts: all, Certificate: &demanded},
		Vote: bft.Vote{Step: v.Step, Height: 1, Round: 1, Block: v.Block, Part: tags{}.part(v.Domain(), v.Append(nil), bft.Members(n.committee)[seat])},
	}
	e := step(t, n.nodes[(seat+1)%4].replica, bft.Received{From: seat, Message: p})
	if len(e.Reject) != 1 || e.Reject[0].Reason != "a proposal that its justification doesn't allow" || len(e.Verify) > 0 {
		t.Errorf("%+v", e)
	}
}
