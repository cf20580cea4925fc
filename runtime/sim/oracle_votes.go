package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// votes holds that an honest member never lets two different signatures leave for one (height, round, step), in all its
// lives together, and none for a round after it has timed out of it or of a later one (R1, R4, R5, R9).
type votes struct {
	blind
	said   map[statement]chain.BlockHash
	gaveUp map[statement]chain.Timeout
	last   map[[2]uint64]uint32 // by member and height: the last round that it timed out of, plus one
}

type statement struct {
	peer   bft.Peer
	step   chain.Step
	height uint64
	round  uint32
}

func newVotes(b blind) *votes {
	return &votes{b, map[statement]chain.BlockHash{}, map[statement]chain.Timeout{}, map[[2]uint64]uint32{}}
}

func (o *votes) sent(n *node, m bft.Message) {
	switch m := m.(type) {
	case *bft.Vote:
		o.vote(n, statement{n.peer, m.Step, m.Height, m.Round}, m.Block)
	case *bft.Proposal:
		v := &m.Vote
		o.vote(n, statement{n.peer, v.Step, v.Height, v.Round}, v.Block)
	case *bft.Timeout:
		s := statement{n.peer, 0, m.Height, m.Round}
		if old, ok := o.gaveUp[s]; ok && old != m.Timeout {
			o.w.violate("one signature", n, "it signs two timeouts of height %d, round %d", m.Height, m.Round)
		}
		o.gaveUp[s] = m.Timeout
		at := [2]uint64{uint64(n.peer), m.Height}
		o.last[at] = max(o.last[at], m.Round+1)
	}
}

// kept takes what is durable: it counts as said, since it is said again after any crash.
func (o *votes) kept(n *node, s *bft.Safety) {
	for step, m := range map[chain.Step]chain.Mark{chain.Preparation: s.Prepared, chain.Confirmation: s.Confirmed} { // any order: each by itself
		if !m.IsZero() {
			o.vote(n, statement{n.peer, step, s.Height, m.Round}, m.Block)
		}
	}
}

func (o *votes) vote(n *node, s statement, block chain.BlockHash) {
	old, again := o.said[s]
	if again && old != block {
		o.w.violate("one signature", n, "it signs blocks %s and %s in step %d of height %d, round %d", old, block, s.step, s.height, s.round)
	}
	if !again && o.last[[2]uint64{uint64(n.peer), s.height}] > s.round {
		o.w.violate("one signature", n, "it signs step %d of height %d, round %d, after it timed out of that round or a later one", s.step, s.height, s.round)
	}
	o.said[s] = block
}
