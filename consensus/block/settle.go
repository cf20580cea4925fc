package block

import (
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// settlement is what the step after a block's last event moves: gas that handlings used becomes fees, what they left is
// credited to who paid for it.
type settlement struct {
	fees    chain.Amount
	refunds []chain.Amount                 // by account of σ
	others  map[chain.Address]chain.Amount // refunds whose payer was not looked up, or did nothing in this block
}

// settle is that step, which Build and Verify share (SPEC 2.3, DESIGN D6). It is not an event of σ, so the replay of an
// account doesn't depend on what others left.
func (r *run) settle() settlement {
	s := settlement{refunds: make([]chain.Amount, len(r.accounts)), others: make(map[chain.Address]chain.Amount)}
	senders := r.senders()
	for i, a := range r.accounts {
		for j := range a.Events {
			o, d := &a.Events[j].Outcome, a.Events[j].Received
			m := d.Message
			if m.GasPrice == 0 {
				continue
			}
			s.fees = sum(s.fees, chain.Mul(o.GasUsed, m.GasPrice))
			payer := i
			if n := int(d.Number) - r.firstSent(); n >= 0 && m.Payer != a.Account {
				payer = int(senders[n]) // mostly: a relay's sender, where that handled the external message
			}
			left := chain.Mul(o.GasLeft, m.GasPrice)
			if r.accounts[payer].Account == m.Payer {
				s.refunds[payer] = sum(s.refunds[payer], left)
			} else if !left.IsZero() {
				s.others[m.Payer] = sum(s.others[m.Payer], left)
			}
		}
	}
	return s
}

// senders are the accounts of σ that sent the messages sent in this block, by number.
func (r *run) senders() []uint32 {
	list := make([]uint32, 0, len(r.messages)-r.firstSent())
	for i := range r.order {
		for j := range r.order[i].Events {
			for range r.order[i].Events[j].Sent {
				list = append(list, uint32(i))
			}
		}
	}
	return list
}

// records are the accounts that the block changed, by address, and these changes of the state.
type records struct {
	list    []exec.Record
	changes []exec.Change
	arena   []byte // holds the encoded records: one piece of memory for many
}

// records settles the accounts that did something, and then payers that the block didn't touch otherwise.
func (r *run) records(s *settlement) (*records, error) {
	n := len(r.accounts) + len(s.others)
	c := &records{make([]exec.Record, 0, n), make([]exec.Change, 0, n), make([]byte, 0, 2*n*recordBytes)}
	for i, a := range r.accounts {
		if a.Account.IsSystem() {
			assert.That(a.Now == a.Before, "the chain's own account has no record")
			continue
		}
		refund := s.refunds[i]
		if other, ok := s.others[a.Account]; ok {
			refund = sum(refund, other)
			delete(s.others, a.Account)
		}
		c.add(a.Account, &a.Before, r.credited(a.Account, a.Now, refund))
	}
	if len(s.others) == 0 {
		return c, nil
	}
	for payer, refund := range s.others { // any order: sorted below
		assert.That(payer.Chain() == r.context.Chain, "payer %s on another chain", payer)
		before, err := r.before.State.Account(payer)
		if err != nil {
			return nil, err
		}
		c.add(payer, &before, r.credited(payer, before, refund))
	}
	slices.SortFunc(c.list, func(a, b exec.Record) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(c.changes, func(a, b exec.Change) int { return a.Account.Compare(b.Account) })
	return c, nil
}

// credited is the account of an address with a refund. A rotten chain can send relays whose payer is a system actor.
func (r *run) credited(address chain.Address, a chain.Account, refund chain.Amount) chain.Account {
	if refund.IsZero() {
		return a
	}
	return exec.CreditAt(address, r.context.Params, a, refund)
}

// add notes an account, unless nothing in it changed.
func (c *records) add(address chain.Address, before *chain.Account, after chain.Account) {
	if *before == after {
		return
	}
	c.changes = append(c.changes, exec.Change{Slot: exec.Slot{Account: address}, Before: c.encode(before), After: c.encode(&after)})
	c.list = append(c.list, exec.Record{Address: address, Account: after})
}

func (c *records) encode(a *chain.Account) []byte {
	if !a.Exists() {
		return nil
	}
	start := len(c.arena)
	c.arena = a.Append(c.arena)
	return c.arena[start:len(c.arena):len(c.arena)]
}

// recordBytes is the length of an encoded record without code and storage.
const recordBytes = 1 + 16 + 16 + 8 + 1

func sum(a, b chain.Amount) chain.Amount {
	s, err := a.Add(b)
	assert.NoError(err, "sum of money that was issued")
	return s
}

// fresh is the sum of the gas limits of the block's external inputs.
func (r *run) fresh() (gas uint64) {
	for i := range r.inputs {
		gas += r.inputs[i].Message.GasLimit // below 2^20 inputs of below 2^28 each
	}
	return gas
}

// gasUsed is the gas of all handlings.
func gasUsed(receipts []chain.Receipt) (gas uint64) {
	for i := range receipts {
		gas += receipts[i].GasUsed
	}
	return gas
}

// publish lists the code that the block publishes, each once: what is published already stays as it is.
func (r *run) publish() ([]exec.Published, error) {
	var list []exec.Published
	seen := map[chain.CodeHash]bool{}
	for _, a := range r.accounts {
		for i := range a.Events {
			for _, p := range a.Events[i].Outcome.Published() {
				if seen[p.Hash] {
					continue
				}
				seen[p.Hash] = true
				if entry, err := r.before.Code(p.Hash); err != nil {
					return nil, err
				} else if entry == nil {
					list = append(list, p)
				}
			}
		}
	}
	return list, nil
}
