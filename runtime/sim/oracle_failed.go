package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// failed holds SPEC 5.9: a member's block carries the timeouts of all rounds that it has seen fail at the height before, in its
// present life, below the round in which that was decided as far as it knows, or as many as a block may carry; and none of that
// round or later ones: its leader has done its part.
type failed struct {
	blind
	seen    map[during][]uint32 // rounds whose timeouts it has passed on
	wants   map[during][]uint32 // of these, what its block after the height is to carry
	decided map[during]uint32   // the round of the certificate that it committed the height with
}

// during is a height in a life of a node.
type during struct {
	node, life int
	height     uint64
}

func newFailed(b blind) *failed {
	return &failed{b, map[during][]uint32{}, map[during][]uint32{}, map[during]uint32{}}
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
}

func (o *failed) final(res *block.Result, _ *bft.Final) {
	h := &res.Block.Header
	n := o.w.maker(h)
	if n == nil || o.w.plan.role(int(n.peer)) != nil {
		return
	}
	carried := make([]uint32, len(res.Block.Failed))
	for i := range carried {
		_, carried[i] = res.Block.Failed[i].Failed()
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
