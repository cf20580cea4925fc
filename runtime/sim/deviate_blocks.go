package sim

import (
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// spoilers change a block that its proposer has made; false if there is nothing of the kind to change. The header names what
// came of it, so that only the fault itself is wrong.
var spoilers = []struct {
	name string
	does func(k *chain.Block, r *rand.Rand) bool
}{
	{"cyclic order", func(k *chain.Block, r *rand.Rand) bool { // an account gets what comes of its first message, and sends that then
		q := pick(k, r, 2)
		if q != nil {
			x, y := &q.Events[0], &q.Events[len(q.Events)-1]
			x.Received, y.Received = y.Received, x.Received
		}
		return q != nil
	}},
	{"missing event", func(k *chain.Block, r *rand.Rand) bool {
		q := pick(k, r, 2)
		if q != nil {
			q.Events = q.Events[:len(q.Events)-1]
		}
		return q != nil
	}},
	{"extra event", func(k *chain.Block, r *rand.Rand) bool {
		q := pick(k, r, 1)
		if q != nil {
			q.Events = append(q.Events, q.Events[r.IntN(len(q.Events))])
		}
		return q != nil
	}},
	{"reordered events", func(k *chain.Block, r *rand.Rand) bool {
		q := pick(k, r, 2)
		if q != nil {
			slices.Reverse(q.Events)
		}
		return q != nil
	}},
	{"wrong output", func(k *chain.Block, r *rand.Rand) bool {
		for range 4 {
			if q := pick(k, r, 1); q != nil {
				if e := &q.Events[r.IntN(len(q.Events))]; len(e.Sent) > 0 {
					e.Sent[0].Amount = chain.NewAmount(r.Uint64())
					return true
				}
			}
		}
		return false
	}},
	{"input twice", func(k *chain.Block, r *rand.Rand) bool {
		if len(k.Inputs) > 0 {
			k.Inputs = append(k.Inputs, k.Inputs[0])
		}
		return len(k.Inputs) > 0
	}},
	{"unsigned input", func(k *chain.Block, r *rand.Rand) bool {
		if len(k.Inputs) > 0 {
			m := k.Inputs[0].Message.Clone()
			m.Proof[40] ^= 1
			k.Inputs[0].Message = m.Seal()
		}
		return len(k.Inputs) > 0
	}},
	{"wrong state root", func(k *chain.Block, r *rand.Rand) bool { k.Header.Roots.State[0] ^= 1; return true }},
	{"wrong receipts root", func(k *chain.Block, r *rand.Rand) bool { k.Header.Roots.Receipts[0] ^= 1; return true }},
	{"wrong gas", func(k *chain.Block, r *rand.Rand) bool { k.Header.GasUsed++; return true }},
	{"time of tomorrow", func(k *chain.Block, r *rand.Rand) bool { k.Header.TimeMillis += 86_400_000; return true }},
	{"time of yesterday", func(k *chain.Block, r *rand.Rand) bool { k.Header.TimeMillis -= 86_400_000; return true }},
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

// badBlocks are the members that propose spoiled blocks.
func badBlocks() (list []*deviation) {
	for _, s := range spoilers {
		list = append(list, &deviation{name: s.name, builds: func(n *node, res *block.Result) []byte {
			k, err := chain.DecodeBlock(slices.Clone(res.Raw))
			if err != nil || !s.does(k, n.w.random.evil) {
				return nil
			}
			n.deviates()
			k.Header.Roots.Inputs, k.Header.Roots.Order = block.InputsRoot(k, nil), block.OrderRoot(k.Order, nil)
			return k.Append(nil)
		}})
	}
	return list
}
