package sim

import (
	"bytes"
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// handovers holds SPEC 6.7 and 7.3: each block is of the committee that the block before it names, in the epoch after it if that is
// another; what it names in its turn is that committee, or the one of the charter that was registered last before it, in the state with the
// epoch that follows, and with the attributes of that charter: those change nowhere else. It lets the world's next epoch begin. And each block
// is later than its parent by the interval of its own epoch (SPEC 7.1).
type handovers struct {
	blind
	committee chain.Hash // of the next block
	epoch     uint64
	params    chain.Params // of the next block
	wanted    []byte       // registered last
	parent    uint64       // its time
}

func newHandovers(b blind) *handovers {
	g := b.w.origin.genesis
	return &handovers{blind: b, committee: b.w.epochs[0].seats.Hash(), params: g.Params, parent: g.TimeMillis}
}

func (o *handovers) final(res *block.Result, _ *bft.Final) {
	h, wanted := &res.Block.Header, o.wanted
	if o.w.id != chain.Main {
		wanted = o.w.crossing.agrees(o.w.id, seen(h))
	}
	if h.Committee != o.committee || h.Epoch != o.epoch {
		o.w.violate("6.7 handover", nil, "block %d is of committee %s in epoch %d; the one before it names %s, epoch %d", h.Height, h.Committee, h.Epoch, o.committee, o.epoch)
	}
	if least := o.parent + max(uint64(o.params.BlockMillis), 1); h.TimeMillis < least {
		o.w.violate("7.1 interval", nil, "the time of block %d is %d, and with an interval of %d ms it is %d at least", h.Height, h.TimeMillis, o.params.BlockMillis, least)
	}
	o.parent = h.TimeMillis
	now := &taken{}
	for _, c := range res.Changes {
		switch {
		case c.Slot == registered(chain.Main):
			o.wanted = c.After
		case c.Account.IsSystem():
			now.take(c)
		}
	}
	if h.Next == h.Committee {
		if *now != (taken{}) {
			o.w.violate("6.7 handover", nil, "block %d changes the committee or attributes, and doesn't end the epoch", h.Height)
		}
		return
	}
	o.handover(h, wanted, now)
}

// taken is what the block that ends an epoch writes.
type taken struct{ committee, former, params string }

func (t *taken) take(c exec.Change) {
	switch c.Key {
	case chain.KeyCommittee:
		t.committee = string(c.After)
	case chain.KeyFormer:
		t.former = string(c.After)
	case chain.KeyParams:
		t.params = string(c.After)
	}
}

func (o *handovers) handover(h *chain.Header, wanted []byte, now *taken) {
	charter, _ := chain.DecodeCharter(wanted)
	want := charter.Seats
	next, err := chain.DecodeCommittee([]byte(now.committee))
	old, bad := chain.DecodeFormer([]byte(now.former))
	want.Epoch = h.Epoch + 1
	params := o.params.Encode()
	if now.params != "" {
		params = []byte(now.params)
	}
	switch {
	case err != nil || bad != nil || next.Hash() != h.Next || next.Epoch != want.Epoch || next.Seed != want.Seed || !slices.Equal(next.Seats, want.Seats):
		o.w.violate("6.7 handover", nil, "block %d hands over to %s, which is not what is registered", h.Height, h.Next)
		return
	case old.Hash() != h.Committee || old.Last != h.Height:
		o.w.violate("6.7 handover", nil, "after block %d the former committee is %s, up to block %d", h.Height, old.Hash(), old.Last)
	case !bytes.Equal(params, charter.Params.Encode()):
		o.w.violate("7.3 attributes", nil, "after block %d, the last of epoch %d, the attributes are not those that are registered", h.Height, h.Epoch)
	}
	o.committee, o.epoch, o.params = h.Next, want.Epoch, charter.Params
	o.w.census.add("epoch change")
	if now.params != "" {
		o.w.census.add("attributes changed")
	}
	if err := o.w.begin(next, charter.Params); err != nil {
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
