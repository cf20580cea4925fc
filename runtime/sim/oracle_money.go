package sim

import (
	"strings"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// conservation holds I1: balances, deposits, fees and what waits in the queue with its gas come to what was issued. Each
// block's changes leave the sum as it was, and now and then everything is counted.
type conservation struct {
	blind
	queued string // how keys of the queue begin
}

func newConservation(b blind) *conservation {
	return &conservation{b, strings.TrimRight(chain.QueuedKey(0), "\x00")}
}

func (o *conservation) final(res *block.Result, f *bft.Final) {
	var before, after chain.Amount
	for _, c := range res.Changes {
		o.add(&before, c.Slot, c.Before)
		o.add(&after, c.Slot, c.After)
	}
	if before != after {
		o.w.violate("I1 conservation", nil, "the block of height %d makes %s out of %s", f.Certificate.Height, after, before)
	}
	if f.Certificate.Height%64 == 1 {
		o.count()
	}
}

// count adds up the whole state before a block.
func (o *conservation) count() {
	var all chain.Amount
	for slot, raw := range o.w.final.state.all() {
		o.add(&all, slot, raw)
	}
	if all != o.w.origin.issued {
		o.w.violate("I1 conservation", nil, "there are %s at height %d, and %s were issued", all, o.w.final.height(), o.w.origin.issued)
	}
}

func (o *conservation) add(sum *chain.Amount, slot exec.Slot, raw []byte) {
	held, err := money(slot, raw)
	if err == nil && raw != nil && slot.Account.IsSystem() && strings.HasPrefix(slot.Key, o.queued) && slot.Key != chain.KeyQueue {
		held, err = underWay(raw)
	}
	if err == nil {
		*sum, err = sum.Add(held)
	}
	if err != nil {
		o.w.violate("I1 conservation", nil, "slot %q of %s: %v", slot.Key, slot.Account, err)
	}
}

// underWay is what a message of the queue holds, with its gas and that of its bounce.
func underWay(raw []byte) (chain.Amount, error) {
	m, err := chain.DecodeMessage(raw)
	if err != nil {
		return chain.Amount{}, err
	}
	units := m.GasLimit
	if m.Method != chain.MethodBounce && m.Method != chain.MethodRefund {
		units += gas.Bounce
	}
	return m.Amount.Add(chain.Mul(units, m.GasPrice))
}
