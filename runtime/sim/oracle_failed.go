package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
)

// failed holds SPEC 5.9: a member's block carries the timeouts of all rounds that it has seen fail at the height before, in its
// present life, below the round in which that was decided as far as it knows, or as many as a block may carry; and none of that
// round or later ones: its leader has done its part. Of a round without such a record it carries that the leader proposed two
// blocks, if it has reported that; and never of an honest one.
type failed struct {
	blind
	seen    map[during][]uint32 // rounds whose timeouts it has passed on
	wants   map[during][]uint32 // of these, what its block after the height is to carry
	decided map[during]uint32   // the round of the certificate that it committed the height with
	twice   map[during][]bft.Evidence
	parent  chain.Header
}

// during is a height in a life of a node.
type during struct {
	node, life int
	height     uint64
}

func newFailed(b blind) *failed {
	return &failed{b, map[during][]uint32{}, map[during][]uint32{}, map[during]uint32{}, map[during][]bft.Evidence{}, b.w.origin.header}
}

func (o *failed) accused(n *node, e bft.Evidence) {
	if v := e.First.Vote; v != nil && e.Second.Vote != nil && v.Step == chain.Preparation {
		at := during{n.number, n.life, v.Height}
		o.twice[at] = append(o.twice[at], e)
	}
}

// led is the seat that led a round of the parent's height: each round that fails moves the lead on by one place.
func (o *failed) led(round uint32) int {
	e := o.w.epochOf(&o.parent)
	order := make([]int, len(e.seats.Seats))
	at := 0
	for turn := range order {
		order[turn] = int(e.leaders.Leader(committee.Turn{Height: 1, Round: uint32(turn)}))
		if order[turn] == int(o.parent.Proposer) {
			at = turn
		}
	}
	n := len(order)
	return order[((at+int(round)-int(o.parent.Round))%n+n)%n]
}

// doubles holds what a block says of leaders that proposed twice.
func (o *failed) doubles(n *node, k *chain.Block, failed []uint32) {
	var carried []uint32
	for i := range k.Equivocations {
		round := k.Equivocations[i].Round()
		carried = append(carried, round)
		o.w.census.add("equivocation recorded")
		for i, other := range o.w.nodes {
			if other.honest() && o.w.epochOf(&o.parent).held(other.peer).Has(o.led(round)) {
				o.w.violate("5.9 record", n, "its block of height %d says that node %d proposed twice in round %d, and that is honest", k.Header.Height, i, round)
			}
		}
	}
	for _, e := range o.twice[during{n.number, n.life, o.parent.Height}] {
		round, seat := e.First.Vote.Round, o.led(e.First.Vote.Round)
		if e.First.Seats.Has(seat) && e.Second.Seats.Has(seat) && !slices.Contains(carried, round) && !slices.Contains(failed, round) {
			o.w.violate("5.9 record", n, "its block of height %d doesn't carry that seat %d proposed twice in round %d at the height before, which it has reported", k.Header.Height, seat, round)
		}
	}
}

func (o *failed) sent(n *node, m bft.Message) {
	if j, ok := m.(*bft.Justification); ok {
		height, round := j.Failed()
		if at := (during{n.number, n.life, height}); !slices.Contains(o.seen[at], round) {
			o.seen[at] = append(o.seen[at], round)
		}
	}
}

func (o *failed) committed(n *node, f *bft.Final) {
	at := during{n.number, n.life, f.Certificate.Height}
	o.wants[at] = slices.DeleteFunc(o.seen[at], func(round uint32) bool { return round >= f.Certificate.Round })
	o.decided[at] = f.Certificate.Round
	old := during{at.node, at.life, at.height - 2}
	delete(o.seen, at)
	delete(o.wants, old)
	delete(o.decided, old)
	delete(o.twice, old)
}

func (o *failed) final(res *block.Result, _ *bft.Final) {
	h := &res.Block.Header
	defer func() { o.parent = *h }()
	n := o.w.maker(h)
	if n == nil || o.w.plan.role(int(n.peer)) != nil {
		return
	}
	carried := make([]uint32, len(res.Block.Failed))
	for i := range carried {
		_, carried[i] = res.Block.Failed[i].Failed()
	}
	if h.Height > 1 {
		o.doubles(n, res.Block, carried)
	}
	before := during{n.number, n.life, h.Height - 1}
	if end, ok := o.decided[before]; ok && len(carried) > 0 && slices.Max(carried) >= end {
		o.w.violate("5.9 record", n, "its block of height %d carries timeouts of round %d at the height before, which was decided in round %d", h.Height, slices.Max(carried), end)
	}
	if len(carried) == chain.MaxFailedRounds {
		return
	}
	for _, round := range o.wants[before] {
		if !slices.Contains(carried, round) {
			o.w.violate("5.9 record", n, "its block of height %d doesn't carry the timeouts of round %d at the height before, which it has passed on", h.Height, round)
		}
	}
}
