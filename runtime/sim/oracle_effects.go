package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// effects holds I8 and I10. I8: a handling that fails sends nothing but a bounce, says nothing, and an account all of whose
// handlings failed has its storage as before. I10: what changes is an account that handled a message, or paid for one; of the
// chain's own entries speaks own.
type effects struct{ blind }

func (o *effects) final(res *block.Result, f *bft.Final) {
	concerned, succeeded := map[chain.Address]bool{}, map[chain.Address]bool{}
	for i := range res.Block.Inputs {
		concerned[res.Block.Inputs[i].Message.Payer] = true
	}
	for _, m := range res.Journal.Carried {
		concerned[m.Payer] = true
	}
	for i := range res.Block.Arrived.Imports {
		for _, m := range res.Block.Arrived.Imports[i].Messages {
			concerned[m.Payer] = true
		}
	}
	n := 0
	for i := range res.Block.Order {
		q := &res.Block.Order[i]
		concerned[q.Account] = true
		for j := range q.Events {
			r := &res.Journal.Receipts[n]
			n++
			if r.Status == chain.StatusOK {
				succeeded[q.Account] = true
				continue
			}
			o.w.census.add("handling that failed")
			sent := q.Events[j].Sent
			if len(sent) > 1 || len(sent) == 1 && sent[0].Method != chain.MethodBounce || len(r.Events) > 0 {
				o.w.violate("I8 atomic", nil, "height %d: message %s fails, and sends %d messages", f.Certificate.Height, r.Message, len(sent))
			}
		}
	}
	for _, c := range res.Changes {
		switch {
		case c.Account.IsSystem():
		case !concerned[c.Account]:
			o.w.violate("I10 validity", nil, "height %d changes %s, which no message of it concerns", f.Certificate.Height, c.Account)
		case c.Key != "" && !succeeded[c.Account]:
			o.w.violate("I8 atomic", nil, "height %d changes entry %q of %s, and all of its messages failed", f.Certificate.Height, c.Key, c.Account)
		}
	}
}
