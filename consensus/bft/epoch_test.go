package bft_test

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// epochs are two committees of four: nodes 0 to 3 agreed on block 1, which hands over to nodes 1 to 4.
type epochs struct {
	t        *testing.T
	old, now *light.Committee
	head     bft.Head
}

func newEpochs(t *testing.T) *epochs {
	e := &epochs{t: t}
	for i, c := range []**light.Committee{&e.old, &e.now} {
		var err error
		if *c, err = light.NewCommitteeWith(chain.NetworkID{1}, chain.Committee{Chain: 1, Epoch: uint64(i), Seats: seats(1, 1, 1, 1, 1)[i : i+4]}, tags{}); err != nil {
			t.Fatal(err)
		}
	}
	h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Committee: e.old.Hash(), Next: e.now.Hash()}
	cert := e.certify(e.old, &h, 0)
	e.head = bft.Head{Header: h, Hash: h.Hash(), Certificate: &cert}
	return e
}

// certify is what makes a block final, by all seats of a committee, each of whom is faulty if it is not its turn.
func (e *epochs) certify(c *light.Committee, h *chain.Header, round uint32) chain.Certificate {
	e.t.Helper()
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: h.Chain, Epoch: c.Epoch(), Height: h.Height, Round: round, Block: h.Hash()}
	var parts []committee.Part
	for _, seats := range bft.Members(c) {
		parts = append(parts, tags{}.part(v.Domain(), v.Append(nil), seats))
	}
	cert, bad := committee.Collect(c, &v, parts)
	if bad != nil {
		e.t.Fatal(bad)
	}
	return cert
}

// replica is that of a node in the new epoch.
func (e *epochs) replica(node int, s bft.Safety) *bft.Replica {
	roster := bft.NewRoster(e.now)
	own := e.now.Held(nodeKey(node))
	r := bft.New(bft.Config{
		Committee: e.now, Leaders: inOrder(4), Begins: 2, Former: e.old, Me: roster.Member(nodeKey(node)), PatienceMillis: 1000, ResendMillis: 300,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return tags{}.part(d, m, own) },
	}, e.head, s, nil)
	step(e.t, r, bft.Start{})
	return r
}

// after is a block after the head.
func (e *epochs) after(epoch uint64, by *light.Committee) bft.Final {
	h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 2, Epoch: epoch, Parent: e.head.Hash, Committee: by.Hash(), Next: by.Hash()}
	return bft.Final{Raw: (&chain.Block{Header: h}).Append(nil), Certificate: e.certify(by, &h, 0)}
}

// S8: all seats of a committee whose epoch is over, its keys stolen or its members rotten, can't make one more block final, nor a head
// that anybody believes; those of the next can.
func TestFormerCommittee(t *testing.T) {
	e := newEpochs(t)
	r := e.replica(1, bft.Safety{})
	late := e.after(0, e.old)
	for name, m := range map[string]bft.Message{
		"a block":       &bft.Finals{Blocks: []bft.Final{late}},
		"a certificate": &bft.Certified{Certificate: late.Certificate},
		"a head":        &bft.Status{Head: 2, Certificate: &late.Certificate},
	} {
		got := step(t, r, bft.Received{From: 2, Epoch: 1, Message: m})
		if len(got.Reject) != 1 || len(got.Verify)+len(got.Commit) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := step(t, r, bft.Received{From: 2, Epoch: 0, Message: &bft.Certified{Certificate: late.Certificate}}); len(got.Send) > 0 {
		t.Errorf("a message of the epoch that is over is answered: %+v", got.Send)
	}
	tick(t, r)
	good := e.after(1, e.now)
	got := step(t, r, bft.Received{From: 2, Epoch: 1, Message: &bft.Finals{Blocks: []bft.Final{good}}})
	if len(got.Verify) != 1 {
		t.Fatalf("the new committee's block: %+v", got)
	}
	if got = step(t, r, bft.Verified{Block: good.Certificate.Block, Verdict: bft.Valid}); len(got.Commit) != 1 {
		t.Fatalf("the new committee's block: %+v", got)
	}
}

// The head that an epoch begins with is certified by the committee before, in whatever round; the new one can't certify it.
func TestHeadOfAnEpoch(t *testing.T) {
	e := newEpochs(t)
	for name, c := range map[string]struct {
		by       *light.Committee
		believed bool
	}{"old": {e.old, true}, "new": {e.now, false}} {
		r := e.replica(2, bft.Safety{})
		parent := e.certify(c.by, &e.head.Header, 7) // each member may have another
		h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 2, Epoch: 1, Parent: e.head.Hash, Committee: e.now.Hash(), Next: e.now.Hash()}
		v := chain.Vote{Step: chain.Preparation, Network: h.Network, Chain: 1, Epoch: 1, Height: 2, Block: h.Hash()}
		p := &bft.Proposal{Raw: (&chain.Block{Header: h}).Append(nil), Parent: &parent, Vote: bft.Vote{
			Step: v.Step, Height: 2, Block: v.Block, Part: tags{}.part(v.Domain(), v.Append(nil), chain.SeatsOf(0)),
		}}
		got := step(t, r, bft.Received{From: 0, Epoch: 1, Message: p})
		if replays := len(got.Verify) == 1; replays != c.believed {
			t.Errorf("parent certified by the %s committee: %+v", name, got)
		}
	}
}

// A head in a later epoch can't be judged here: it is asked for, and nobody has lied.
func TestHeadOfALaterEpoch(t *testing.T) {
	e := newEpochs(t)
	r := e.replica(1, bft.Safety{})
	cert := e.certify(e.now, &chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 9}, 0)
	cert.Epoch = 2
	got := step(t, r, bft.Received{From: 3, Epoch: 2, Message: &bft.Status{Head: 9, Certificate: &cert}})
	if len(got.Reject) > 0 || len(got.Send) != 1 || got.Send[0].To != 3 {
		t.Errorf("%+v", got)
	}
}

// S10: who doesn't know what it signed is silent in the next epoch as well, and asks there anew where it may sign again.
func TestSilentInTheNextEpoch(t *testing.T) {
	e := newEpochs(t)
	r := e.replica(4, bft.Safety{Lost: true, ResumeAt: 1, Epoch: 0, Height: 1})
	if !r.Silent() {
		t.Fatal("it votes")
	}
	var kept *bft.Safety
	for from := range bft.Peer(3) {
		got := step(t, r, bft.Received{From: from, Epoch: 1, Message: &bft.Status{Head: 1, Certificate: e.head.Certificate}})
		if kept != nil {
			t.Fatal("two of four are no quorum")
		}
		kept = got.Persist
	}
	if kept == nil || kept.ResumeAt != 3 || kept.Epoch != 1 || !r.Silent() {
		t.Errorf("three have answered: %+v", kept)
	}
	if r = e.replica(4, *kept); !r.Silent() {
		t.Error("after a crash it votes")
	}
	if r = e.replica(4, bft.Safety{Epoch: 0, Height: 1, Prepared: chain.Mark{Block: chain.BlockHash{1}}}); r.Silent() {
		t.Error("who knows what it signed is silent")
	}
}
