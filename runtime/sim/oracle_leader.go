package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
)

// leaders holds V2: the seat that proposed a final block led the round that its header names. Who that is follows from the
// parent's header and from the round of a certificate of the parent; members may hold several.
type leaders struct {
	blind
	rounds map[uint64][]uint32 // by height: rounds of its certificates
	places []int               // by seat
	parent chain.Header
	since  uint64 // when the parent's proposer began to lead
}

func newLeaders(b blind) *leaders {
	o := &leaders{blind: b, rounds: map[uint64][]uint32{}, parent: b.w.origin.header}
	o.begin(b.w.epochs[0])
	return o
}

// begin takes the order of an epoch's leaders: with nobody before, round r of its first height is led by place r.
func (o *leaders) begin(e *epoch) {
	o.places = make([]int, len(e.seats.Seats))
	for turn := range o.places {
		o.places[e.leaders.Leader(committee.Turn{Height: 1, Round: uint32(turn)})] = turn
	}
}

func (o *leaders) committed(_ *node, f *bft.Final) { o.has(&f.Certificate) }

// restarted: it may have crashed when the certificate was durable, and had told nobody.
func (o *leaders) restarted(_ *node, p *past) { o.has(p.head.Certificate) }

// has notes that a member has a certificate, if it is one.
func (o *leaders) has(c *chain.Certificate) {
	if c == nil {
		return
	}
	if !slices.Contains(o.rounds[c.Height], c.Round) {
		o.rounds[c.Height] = append(o.rounds[c.Height], c.Round)
	}
	delete(o.rounds, c.Height-64)
}

func (o *leaders) final(res *block.Result, f *bft.Final) {
	h, parent := &res.Block.Header, o.parent
	o.parent = *h
	place := int(h.Round)
	since := o.since
	if h.Height == 1 || h.Epoch != parent.Epoch || h.Round > 0 || h.Proposer != parent.Proposer || h.Height-since == 100 {
		o.since = h.Height
	}
	if h.Height == 1 || h.Epoch != parent.Epoch {
		o.begin(o.w.epochOf(h))
		o.check(h, []int{place})
		return
	}
	place += o.places[parent.Proposer]
	if h.Height-since == 100 { // a term ends
		place++
	}
	var may []int
	for _, r := range o.rounds[parent.Height] {
		may = append(may, place+int(r-parent.Round))
	}
	o.check(h, may)
}

func (o *leaders) check(h *chain.Header, places []int) {
	for _, p := range places {
		if o.places[h.Proposer] == p%len(o.places) {
			return
		}
	}
	o.w.violate("V2 leader", nil, "seat %d proposed the final block of height %d in round %d, and did not lead it", h.Proposer, h.Height, h.Round)
}
