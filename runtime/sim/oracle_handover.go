package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// handovers holds SPEC 6.7: each block is of the committee that the block before it names, in the epoch after it if that is
// another; what it names in its turn is that committee, or the one that was registered last before it, in the state with the epoch
// that follows. It lets the world's next epoch begin.
type handovers struct {
	blind
	committee chain.Hash // of the next block
	epoch     uint64
	wanted    []byte // registered last
}

func newHandovers(b blind) *handovers {
	return &handovers{blind: b, committee: b.w.epochs[0].seats.Hash()}
}

func (o *handovers) final(res *block.Result, _ *bft.Final) {
	h, wanted := &res.Block.Header, o.wanted
	if o.w.id != chain.Main {
		wanted = o.w.crossing.agrees(o.w.id, seen(h))
	}
	if h.Committee != o.committee || h.Epoch != o.epoch {
		o.w.violate("6.7 handover", nil, "block %d is of committee %s in epoch %d; the one before it names %s, epoch %d", h.Height, h.Committee, h.Epoch, o.committee, o.epoch)
	}
	var now, former []byte
	for _, c := range res.Changes {
		switch {
		case c.Slot == registered(chain.Main):
			o.wanted = c.After
		case c.Account.IsSystem() && c.Key == chain.KeyCommittee:
			now = c.After
		case c.Account.IsSystem() && c.Key == chain.KeyFormer:
			former = c.After
		}
	}
	if h.Next == h.Committee {
		if now != nil || former != nil {
			o.w.violate("6.7 handover", nil, "block %d changes the committee, and its header doesn't", h.Height)
		}
		return
	}
	o.handover(h, wanted, now, former)
}

func (o *handovers) handover(h *chain.Header, wanted, now, former []byte) {
	want, _ := chain.DecodeCommittee(wanted)
	next, err := chain.DecodeCommittee(now)
	old, bad := chain.DecodeFormer(former)
	want.Epoch = h.Epoch + 1
	switch {
	case err != nil || bad != nil || next.Hash() != h.Next || next.Epoch != want.Epoch || next.Seed != want.Seed || !slices.Equal(next.Seats, want.Seats):
		o.w.violate("6.7 handover", nil, "block %d hands over to %s, which is not what is registered", h.Height, h.Next)
		return
	case old.Hash() != h.Committee || old.Last != h.Height:
		o.w.violate("6.7 handover", nil, "after block %d the former committee is %s, up to block %d", h.Height, old.Hash(), old.Last)
	}
	o.committee, o.epoch = h.Next, want.Epoch
	o.w.census.add("epoch change")
	if err := o.w.begin(next); err != nil {
		o.w.violate("6.7 handover", nil, "block %d: %v", h.Height, err)
	}
}

// seen is the height of the main chain that a block of another one has in its view.
func seen(h *chain.Header) uint64 {
	for _, v := range h.Views {
		if v.Chain == chain.Main {
			return v.Height
		}
	}
	return 0
}
