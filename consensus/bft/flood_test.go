package bft_test

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// counting are tags that count what would be pairings: one for a check, and one for each vote where a bad one is looked for.
type counting struct {
	tags
	checks *int
}

func (c counting) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	*c.checks++
	return c.tags.Verify(d, signature, signed...)
}

func (c counting) Collect(d keys.BLSDomain, votes []keys.BLSVote) (keys.BLSSignature, []int) {
	*c.checks++
	signature, bad := c.tags.Collect(d, votes)
	if len(bad) > 0 {
		*c.checks += len(votes)
	}
	return signature, bad
}

// floodRig is a replica of the last of four seats, with the number of its checks.
type floodRig struct {
	*net
	r      *bft.Replica
	leader bft.Peer // of the first round: it floods
	checks int
}

func newFloodRig(t *testing.T, s bft.Safety) *floodRig {
	f := &floodRig{}
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	f.leader = bft.Peer(n.leaders.Leader(committee.Turn{Height: 1}))
	c, err := light.NewCommitteeWith(chain.NetworkID{1}, chain.Committee{Chain: 1, Seats: seats(1, 1, 1, 1)}, counting{checks: &f.checks})
	if err != nil {
		t.Fatal(err)
	}
	n.committee = c
	f.net = n
	me := (f.leader + 1) % 4
	n.nodes[me].boot(s)
	f.r = n.nodes[me].replica
	step(t, f.r, bft.Start{})
	return f
}

func (f *floodRig) vote(round uint32, block byte, seat int) *bft.Vote {
	v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: round, Block: chain.BlockHash{block}}
	return &bft.Vote{Step: v.Step, Height: 1, Round: round, Block: v.Block, Part: tags{}.part(v.Domain(), v.Append(nil), chain.SeatsOf(seat))}
}

// timeout is one of the flooding member, signed.
func (f *floodRig) timeout(k int, from bft.Peer) *bft.Timeout {
	said := chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: uint32(k)}
	return &bft.Timeout{Timeout: said, Part: tags{}.part(keys.BLSTimeout, said.Append(nil), chain.SeatsOf(int(from)))}
}

// proposal is one of the flooding member, signed.
func (f *floodRig) proposal(k int) *bft.Proposal {
	h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Proposer: uint32(f.leader), Parent: f.genesis.Hash, TimeMillis: uint64(k)}
	v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Block: h.Hash()}
	return &bft.Proposal{Raw: (&chain.Block{Header: h}).Append(nil), Vote: bft.Vote{
		Step: v.Step, Height: 1, Block: v.Block, Part: tags{}.part(v.Domain(), v.Append(nil), chain.SeatsOf(int(f.leader))),
	}}
}

// forged is a certificate that nobody signed, of the height's first blocks or of a later one.
func forged(step chain.Step, height uint64, k int) chain.Certificate {
	return chain.Certificate{
		Step: step, Network: chain.NetworkID{1}, Chain: 1, Height: height, Round: uint32(k), Block: chain.BlockHash{byte(k), 1}, Bitmap: chain.SeatsOf(0, 1, 2),
	}
}

// floods are what a member can send without end. Each is made from a number, and no two are equal.
func (f *floodRig) floods() map[string]func(k int) bft.Message {
	return map[string]func(k int) bft.Message{
		"certificates": func(k int) bft.Message {
			return &bft.Certified{Certificate: forged(chain.Preparation, 1, k)}
		},
		"justifications": func(k int) bft.Message {
			said := chain.Said{Timeout: f.timeout(k, 0).Timeout, Seats: chain.SeatsOf(0, 1, 2)}
			return &bft.Justification{Timeouts: chain.Timeouts{Said: []chain.Said{said}}}
		},
		"timeouts": func(k int) bft.Message {
			m := f.timeout(k, f.leader)
			m.Point[0] ^= 1
			return m
		},
		"timeouts of one round": func(k int) bft.Message {
			m := f.timeout(0, f.leader)
			m.Last.Block = chain.BlockHash{byte(k), byte(k >> 8), 1} // never what was signed
			return m
		},
		"timeouts that are signed": func(k int) bft.Message { return f.timeout(k, f.leader) },
		"timeouts with certificates": func(k int) bft.Message {
			c := forged(chain.Preparation, 1, k)
			m := f.timeout(k, f.leader)
			m.Highest, m.Certificate = chain.Mark{Round: c.Round, Block: c.Block}, &c
			return m
		},
		"proposals": func(k int) bft.Message {
			m := f.proposal(k)
			m.Vote.Point[0] ^= 1
			return m
		},
		"proposals that are signed": func(k int) bft.Message { return f.proposal(k) },
		"proposals of the next height": func(k int) bft.Message {
			c := forged(chain.Confirmation, 1, k)
			h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 2, Parent: c.Block}
			return &bft.Proposal{Raw: (&chain.Block{Header: h}).Append(nil), Parent: &c, Vote: bft.Vote{Step: chain.Preparation, Height: 2, Block: h.Hash()}}
		},
		"votes": func(k int) bft.Message {
			m := f.vote(uint32(k%2), byte(k), int(f.leader))
			m.Point[0] ^= byte(1 + k%9)
			return m
		},
		"heads": func(k int) bft.Message {
			c := forged(chain.Confirmation, uint64(k+1), k)
			return &bft.Status{Head: c.Height, Certificate: &c}
		},
		"heads that are there": func(k int) bft.Message {
			v := chain.Vote{Step: chain.Confirmation, Network: chain.NetworkID{1}, Chain: 1, Height: uint64(k + 1)}
			var parts []committee.Part
			for seat := range 3 {
				parts = append(parts, tags{}.part(v.Domain(), v.Append(nil), chain.SeatsOf(seat)))
			}
			cert, _ := committee.Collect(f.committee, &v, parts)
			f.checks--
			return &bft.Status{Head: cert.Height, Certificate: &cert}
		},
		"blocks": func(k int) bft.Message {
			h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Parent: f.genesis.Hash, TimeMillis: uint64(k)}
			c := forged(chain.Confirmation, 1, k)
			c.Block = h.Hash()
			return &bft.Finals{Blocks: []bft.Final{{Raw: (&chain.Block{Header: h}).Append(nil), Certificate: c}}}
		},
	}
}

// mostChecks is what a flood of one kind may cost until the next tick: most of it as many timeouts, or heads, as are looked at, or
// evidence, which is made once.
const mostChecks = 12

// A member that sends what is false, or true and of no use, without end costs a few checks between two ticks, whatever it sends. Others
// are heard meanwhile, and it is heard again afterwards.
func TestFloodsAreBounded(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for name, make := range newFloodRig(t, bft.Safety{}).floods() {
			f := newFloodRig(t, bft.Safety{Lost: lost})
			make = f.floods()[name]
			for turn := range 3 {
				f.checks = 0
				for k := range 300 {
					f.r.Step(bft.Received{From: f.leader, Message: make(1000*turn + k)})
				}
				if f.checks > mostChecks {
					t.Errorf("%s, lost %t: %d checks before tick %d", name, lost, f.checks, turn)
				}
				tick(t, f.r)
			}
		}
	}
}

// All kinds at once cost little more, others are heard meanwhile, and the liar is when the next tick has come.
func TestFloodsTogether(t *testing.T) {
	f := newFloodRig(t, bft.Safety{})
	all := f.floods()
	for k := range 100 {
		for name, make := range all {
			if name != "proposals that are signed" && name != "timeouts that are signed" && name != "heads that are there" {
				f.r.Step(bft.Received{From: f.leader, Message: make(k)})
			}
		}
	}
	if f.checks > 2*mostChecks {
		t.Errorf("%d checks", f.checks)
	}
	f.checks = 0
	other := (f.leader + 2) % 4
	if e := step(t, f.r, bft.Received{From: other, Message: f.timeout(0, other)}); f.checks != 1 || len(e.Reject) > 0 {
		t.Errorf("another's timeout: %d checks, %+v", f.checks, e.Reject)
	}
	tick(t, f.r)
	e := step(t, f.r, bft.Received{From: f.leader, Message: f.timeout(0, f.leader)})
	if len(e.Reject) > 0 || e.Persist == nil || e.Persist.Timeout == nil {
		t.Errorf("its timeout drags nobody along: %+v", e)
	}
}
