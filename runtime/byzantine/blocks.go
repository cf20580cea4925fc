package byzantine

import (
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// spoilers change a block that its proposer has made; false if there is nothing of the kind to change.
var spoilers = []*Deviation{
	{Name: "cyclic-order", Spoils: func(k *chain.Block, r *rand.Rand) bool { // an account gets what comes of its first message, and sends that then
		q := pick(k, r, 2)
		if q != nil {
			x, y := &q.Events[0], &q.Events[len(q.Events)-1]
			x.Received, y.Received = y.Received, x.Received
		}
		return q != nil
	}},
	{Name: "missing-event", Spoils: func(k *chain.Block, r *rand.Rand) bool {
		q := pick(k, r, 2)
		if q != nil {
			q.Events = q.Events[:len(q.Events)-1]
		}
		return q != nil
	}},
	{Name: "extra-event", Spoils: func(k *chain.Block, r *rand.Rand) bool {
		q := pick(k, r, 1)
		if q != nil {
			q.Events = append(q.Events, q.Events[r.IntN(len(q.Events))])
		}
		return q != nil
	}},
	{Name: "bad-order", Spoils: badOrder},
	{Name: "bad-output", Spoils: badOutput},
	{Name: "input-twice", Spoils: func(k *chain.Block, r *rand.Rand) bool {
		if len(k.Inputs) > 0 {
			k.Inputs = append(k.Inputs, k.Inputs[0])
		}
		return len(k.Inputs) > 0
	}},
	{Name: "unsigned-input", Spoils: func(k *chain.Block, r *rand.Rand) bool {
		if len(k.Inputs) > 0 {
			m := k.Inputs[0].Message.Clone()
			m.Proof[40] ^= 1
			k.Inputs[0].Message = m.Seal()
		}
		return len(k.Inputs) > 0
	}},
	{Name: "bad-root", Spoils: func(k *chain.Block, r *rand.Rand) bool { k.Header.Roots.State[0] ^= 1; return true }},
	{Name: "bad-receipts", Spoils: func(k *chain.Block, r *rand.Rand) bool { k.Header.Roots.Receipts[0] ^= 1; return true }},
	{Name: "bad-gas", Spoils: func(k *chain.Block, r *rand.Rand) bool { k.Header.GasUsed++; return true }},
	{Name: "time-of-tomorrow", Spoils: func(k *chain.Block, r *rand.Rand) bool { k.Header.TimeMillis += 86_400_000; return true }},
	{Name: "time-of-yesterday", Spoils: func(k *chain.Block, r *rand.Rand) bool { k.Header.TimeMillis -= 86_400_000; return true }},
}

// Spoil is a block that a deviation makes of an honest one; nil where there is nothing to spoil. Its header names what came of it, so
// that only the fault itself is wrong. The same seed spoils the same block in the same way.
func (d *Deviation) Spoil(raw []byte, r *rand.Rand) *chain.Block {
	k, err := chain.DecodeBlock(slices.Clone(raw))
	if err != nil || !d.Spoils(k, r) {
		return nil
	}
	k.Header.Roots.Inputs, k.Header.Roots.Order = block.InputsRoot(k, nil), block.OrderRoot(k.Order, nil)
	return k
}

// badOrder makes a σ that can't have happened: an account's events stand the other way round, or an account is missing.
func badOrder(k *chain.Block, r *rand.Rand) bool {
	if len(k.Order) == 0 {
		return false
	}
	first := r.IntN(len(k.Order))
	for i := range k.Order {
		if events := k.Order[(first+i)%len(k.Order)].Events; len(events) > 1 {
			slices.Reverse(events)
			return true
		}
	}
	// Who has sent something is left out: without a receiver alone the block would be one whose relay waits.
	sends := slices.IndexFunc(k.Order, func(q chain.Sequence) bool {
		return slices.ContainsFunc(q.Events, func(e chain.Event) bool { return len(e.Sent) > 0 })
	})
	k.Order = slices.Delete(k.Order, max(sends, 0), max(sends, 0)+1)
	return true
}

// badOutput makes an account send what it didn't: another amount.
func badOutput(k *chain.Block, r *rand.Rand) bool {
	if len(k.Order) == 0 {
		return false
	}
	first := r.IntN(len(k.Order))
	for i := range k.Order {
		for _, e := range k.Order[(first+i)%len(k.Order)].Events {
			for j := range e.Sent {
				if other := chain.NewAmount(r.Uint64()); other != e.Sent[j].Amount {
					e.Sent[j].Amount = other
					return true
				}
			}
		}
	}
	return false
}

// pick is a σ_i of at least so many events; nil if it finds none.
func pick(k *chain.Block, r *rand.Rand, events int) *chain.Sequence {
	if len(k.Order) == 0 {
		return nil
	}
	if q := &k.Order[r.IntN(len(k.Order))]; len(q.Events) >= events {
		return q
	}
	return nil
}
