package sim

import (
	"strings"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// conservation holds I1: balances, deposits, fees and what waits in the queue with its gas come to what was issued and came from other
// chains, less what left for them. Each block's changes leave the sum as it was, and now and then everything is counted.
type conservation struct {
	blind
	queued     string       // how keys of the queue begin
	came, left chain.Amount // from other chains, and for them
	due        bool         // it is time to count everything
}

func newConservation(b blind) *conservation {
	return &conservation{blind: b, queued: strings.TrimRight(chain.QueuedKey(0), "\x00")}
}

func (o *conservation) final(res *block.Result, f *bft.Final) {
	var before, after chain.Amount
	for _, c := range res.Changes {
		o.add(&before, c.Slot, c.Before)
		o.add(&after, c.Slot, c.After)
	}
	for i := range res.Block.Arrived.Imports {
		for _, m := range res.Block.Arrived.Imports[i].Messages {
			o.cross(&before, &o.came, m)
		}
	}
	for _, m := range res.Outbox {
		o.cross(&after, &o.left, m.Message)
	}
	if before != after {
		o.w.violate("I1 conservation", nil, "the block of height %d makes %s out of %s", f.Certificate.Height, after, before)
	}
	if f.Certificate.Height%64 == 1 {
		o.due = true // the state is still that before the block
	}
}

// committed counts the whole state now and then.
func (o *conservation) committed(*node, *bft.Final) {
	if !o.due {
		return
	}
	o.due = false
	all, err := o.w.holds().Add(o.left)
	had, bad := o.w.origin.issued.Add(o.came)
	if err != nil || bad != nil || all != had {
		o.w.violate("I1 conservation", nil, "there are %s at height %d with what has left, and %s were issued or came", all, o.w.final.height(), had)
	}
}

// cross counts what comes from or goes to another chain.
func (o *conservation) cross(sum, all *chain.Amount, m *chain.Message) {
	v, err := carries(m)
	if err == nil {
		*sum, err = sum.Add(v)
	}
	if err == nil {
		*all, err = all.Add(v)
	}
	if err != nil {
		o.w.violate("I1 conservation", nil, "relay %s: %v", m.ID(), err)
	}
}

// holds is all that a chain has after its last final block.
func (w *World) holds() (all chain.Amount) {
	o := newConservation(blind{w})
	for slot, raw := range w.final.state.all() {
		o.add(&all, slot, raw)
	}
	return all
}

func (o *conservation) add(sum *chain.Amount, slot exec.Slot, raw []byte) {
	held, err := slot.Held(raw)
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

// underWay is what a message of the queue holds.
func underWay(raw []byte) (chain.Amount, error) {
	m, err := chain.DecodeMessage(raw)
	if err != nil {
		return chain.Amount{}, err
	}
	return carries(m)
}

// carries is what a relay holds, with its gas and that of its bounce.
func carries(m *chain.Message) (chain.Amount, error) {
	units := m.GasLimit
	if m.Method != chain.MethodBounce && m.Method != chain.MethodRefund {
		units += gas.Bounce
	}
	return m.Amount.Add(chain.Mul(units, m.GasPrice))
}
