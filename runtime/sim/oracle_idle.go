package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// idle holds SPEC 5.7: a block in which nothing happens comes as a heartbeat, or because a round has failed and one is demanded.
type idle struct {
	blind
	parent uint64 // its time
}

func (o *idle) final(res *block.Result, _ *bft.Final) {
	h, before := &res.Block.Header, o.parent
	o.parent = h.TimeMillis
	if n := o.w.maker(h); n == nil || !n.honest() || h.Height == 1 || h.Round > 0 || len(res.Block.Order) > 0 || !res.Block.Arrived.IsEmpty() {
		return
	}
	if h.TimeMillis < before+heartbeatMillis {
		o.w.violate("5.7 idle", nil, "nothing happens in the block of height %d, %d ms after the one before it", h.Height, h.TimeMillis-before)
	}
}

// maker is the node that holds the seat which proposed a final block; the first, if it has a twin.
func (w *World) maker(h *chain.Header) *node {
	for _, n := range w.nodes {
		if w.epochOf(h).held(n.peer).Has(int(h.Proposer)) {
			return n
		}
	}
	return nil
}
