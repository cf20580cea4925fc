package audit

import (
	"errors"
	"fmt"
	"math"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// money is all that was issued, by where it is (I1).
type money struct {
	balances, deposits, fees, queue chain.Amount
	issued                          chain.Amount
}

// add adds what the value of a slot holds. A value that doesn't decode holds nothing: that it doesn't is another finding.
func (m *money) add(slot exec.Slot, value []byte) (err error) {
	if value == nil {
		return nil
	}
	var errs [2]error
	_, queued := queueNumber(slot.Key)
	switch {
	case slot.Key == "":
		if a, err := chain.DecodeAccount(value); err == nil {
			m.balances, errs[0] = m.balances.Add(a.Balance)
			m.deposits, errs[1] = m.deposits.Add(a.Deposit)
		}
	case !slot.Account.IsSystem():
	case slot.Key == chain.KeyFees:
		if fees, err := chain.DecodeAmount(value); err == nil {
			m.fees, errs[0] = m.fees.Add(fees)
		}
	case slot.Key == chain.KeyIssued:
		m.issued, _ = chain.DecodeAmount(value)
	case queued:
		if message, err := chain.DecodeMessage(value); err == nil {
			m.queue, errs[0] = m.queue.Add(message.Amount)
			if errs[0] == nil {
				m.queue, errs[0] = m.queue.Add(boughtGas(message))
			}
		}
	}
	return errors.Join(errs[:]...)
}

// boughtGas is what was paid for the gas that a waiting relay carries, the reserve for its bounce included (SPEC 2.3).
func boughtGas(m *chain.Message) chain.Amount {
	units := m.GasLimit
	if m.Method != chain.MethodBounce {
		units = min(units, math.MaxUint64-gas.Bounce) + gas.Bounce
	}
	return chain.Mul(units, m.GasPrice)
}

// sum is all but what was issued.
func (m *money) sum() (sum chain.Amount, err error) {
	for _, a := range []chain.Amount{m.balances, m.deposits, m.fees, m.queue} {
		if sum, err = sum.Add(a); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// String lists the parts.
func (m *money) String() string {
	return fmt.Sprintf("balances %s, deposits %s, fees %s, under way %s", m.balances, m.deposits, m.fees, m.queue)
}

// money holds a block to I1: what its changes leave is what they found.
func (c *compare) money(_ *store.Kept, res *block.Result) error {
	c.looked(Conservation, len(res.Changes))
	var before, after money
	for i := range res.Changes {
		change := &res.Changes[i]
		if err := errors.Join(before.add(change.Slot, change.Before), after.add(change.Slot, change.After)); err != nil {
			return fmt.Errorf("its sums: %w", err)
		}
	}
	was, errWas := before.sum()
	is, errIs := after.sum()
	if err := errors.Join(errWas, errIs); err != nil {
		return fmt.Errorf("its sums: %w", err)
	}
	if was != is {
		return fmt.Errorf("what it changed held %s before (%s) and %s after (%s)", was, &before, is, &after)
	}
	return nil
}

// conserved compares the stored state with what was issued.
func (r *run) conserved(m *money) {
	r.looked(Conservation, 1)
	if r.supplied && m.issued != r.report.Issued {
		r.add(Conservation, r.report.Height, "the stored state says that %s was issued, and the genesis %s", m.issued, r.report.Issued)
	}
	r.report.Issued = m.issued
	sum, err := m.sum()
	switch {
	case err != nil:
		r.add(Conservation, r.report.Height, "the stored state holds more than 2^128-1: %s", m)
	case sum != m.issued:
		r.add(Conservation, r.report.Height, "the stored state holds %s (%s), and %s was issued", sum, m, m.issued)
	}
}
