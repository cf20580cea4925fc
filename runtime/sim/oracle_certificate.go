package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// certificates holds the rules of certificates: each final block has one, of enough distinct seats of the committee for its
// step, over the block's own hash, height, chain and epoch, with a signature that holds.
type certificates struct{ blind }

func (o *certificates) committed(n *node, f *bft.Final) {
	c, h := &f.Certificate, &n.ledger.head.Header
	e := o.w.epochOf(h)
	if e == nil || h.Committee != e.seats.Hash() {
		o.w.violate("certificate", n, "block %d is of epoch %d, which no final block has begun with committee %s", h.Height, h.Epoch, h.Committee)
		return
	}
	if c.Step == chain.Preparation {
		o.w.census.add("early certificate")
	}
	if c.Round > 3 {
		o.w.census.add("round above 3")
	}
	seats := 0
	total := len(e.seats.Seats)
	for s := range 8 * len(c.Bitmap) {
		if c.Bitmap[s/8]>>(s%8)&1 == 1 {
			seats++
			if s >= total {
				o.w.violate("certificate", n, "it names seat %d of %d", s, total)
			}
		}
	}
	silent := int(e.seats.Silent)
	want := total - (total-1-2*silent)/3 - silent
	if c.Step == chain.Preparation {
		want = total - silent
	}
	v := chain.Vote{Step: c.Step, Network: h.Network, Chain: h.Chain, Epoch: h.Epoch, Height: h.Height, Round: c.Round, Block: h.Hash()}
	switch {
	case seats < want:
		o.w.violate("certificate", n, "%d seats in step %d of height %d: it takes %d of %d", seats, c.Step, h.Height, want, total)
	case c.Round < h.Round:
		o.w.violate("certificate", n, "of round %d, and the block was made in round %d", c.Round, h.Round)
	case e.committee.Voted(&v, c.Signature, c.Bitmap) != nil:
		o.w.violate("certificate", n, "its signature is none of step %d, height %d, round %d, block %s", c.Step, h.Height, c.Round, v.Block)
	}
}
