package block

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// settle is the step after a block's last event that Build and Verify share (SPEC 2.3, DESIGN D6): the gas that handlings
// used becomes fees, what they left is credited to who paid for it. It is not an event of σ, so the replay of an account
// doesn't depend on what others left. It returns the records of all accounts that the block changed, by address.
func (r *run) settle() (changed []changedRecord, fees chain.Amount, err error) {
	refunds := make(map[chain.Address]chain.Amount)
	own := make([]chain.Amount, len(r.accounts)) // refunds to the account that left the gas itself: most of them
	for i, a := range r.accounts {
		for j := range a.Events {
			o, m := &a.Events[j].Outcome, a.Events[j].Received.Message
			if m.GasPrice == 0 {
				continue
			}
			fees = sum(fees, chain.Mul(o.GasUsed, m.GasPrice))
			left := chain.Mul(o.GasLeft, m.GasPrice)
			if m.Payer == a.Account {
				own[i] = sum(own[i], left)
			} else if !left.IsZero() {
				refunds[m.Payer] = sum(refunds[m.Payer], left)
			}
		}
	}
	changed = make([]changedRecord, 0, len(r.accounts)+len(refunds))
	for i, a := range r.accounts {
		if a.Account.IsSystem() {
			assert.That(a.Now == a.Before, "the chain's own account has no record")
			continue
		}
		refund := sum(own[i], refunds[a.Account])
		delete(refunds, a.Account)
		after := a.Now
		if !refund.IsZero() {
			after = exec.Credit(r.context.Params, after, refund)
		}
		changed = append(changed, changedRecord{a.Account, a.Before, after})
	}
	return r.settleOthers(changed, refunds, fees)
}

// settleOthers credits payers that the block didn't touch otherwise.
func (r *run) settleOthers(changed []changedRecord, refunds map[chain.Address]chain.Amount, fees chain.Amount) ([]changedRecord, chain.Amount, error) {
	for payer, refund := range refunds { // any order: sorted below
		assert.That(payer.Chain() == r.context.Chain, "payer %s on another chain", payer)
		before, err := r.before.State.Account(payer)
		if err != nil {
			return nil, fees, err
		}
		changed = append(changed, changedRecord{payer, before, exec.Credit(r.context.Params, before, refund)})
	}
	if len(refunds) > 0 {
		slices.SortFunc(changed, func(a, b changedRecord) int { return a.address.Compare(b.address) })
	}
	return changed, fees, nil
}

// changedRecord is an account's record before and after the block.
type changedRecord struct {
	address       chain.Address
	before, after chain.Account
}

func sum(a, b chain.Amount) chain.Amount {
	s, err := a.Add(b)
	assert.NoError(err, "sum of money that was issued")
	return s
}

// fresh is the sum of the gas limits of the block's external inputs.
func (r *run) fresh() (gas uint64) {
	for i := range r.inputs {
		if m := r.inputs[i].Message; m.Kind == chain.External {
			gas += m.GasLimit // below 2^20 inputs of below 2^28 each
		}
	}
	return gas
}

// gasUsed is the gas of all handlings.
func (r *run) gasUsed() (gas uint64) {
	for _, a := range r.accounts {
		for j := range a.Events {
			gas += a.Events[j].Outcome.GasUsed
		}
	}
	return gas
}

// entries are the changes of the chain's own entries in the state, by key: fees, and the pending queue.
func (r *run) entries(fees chain.Amount) ([]exec.Change, error) {
	var list []exec.Change
	system := chain.SystemAddress(r.context.Chain)
	change := func(key string, before, after []byte) {
		list = append(list, exec.Change{Slot: exec.Slot{Account: system, Key: key}, Before: before, After: after})
	}
	if !fees.IsZero() {
		before, err := r.before.State.Entry(system, chain.KeyFees)
		if err != nil {
			return nil, err
		}
		old, err := chain.DecodeAmount(before)
		if err != nil {
			return nil, err
		}
		change(chain.KeyFees, before, chain.EncodeAmount(sum(old, fees)))
	}
	q, done := r.queue, r.carriedIn()
	for i := range done {
		change(chain.QueuedKey(q.Head+uint64(i)), r.messages[i].Message.Encode(), nil)
	}
	added := r.sequence.CarriedOut[r.carried-done:]
	for i, n := range added {
		change(chain.QueuedKey(q.Tail+uint64(i)), nil, r.messages[n].Message.Encode())
	}
	if done+len(added) > 0 {
		after := chain.Queue{Head: q.Head + uint64(done), Tail: q.Tail + uint64(len(added))}
		before, err := r.before.State.Entry(system, chain.KeyQueue)
		if err != nil {
			return nil, err
		}
		change(chain.KeyQueue, before, after.Encode())
	}
	slices.SortFunc(list, func(a, b exec.Change) int { return cmp.Compare(a.Key, b.Key) })
	return list, nil
}
