package audit

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// money is all that was issued, by where it is (I1).
type money struct {
	balances, deposits, fees, queue chain.Amount
	issued                          chain.Amount
	held                            *chain.Amount // what the chain says that it is; nil if nothing has crossed
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
	case slot.Key == chain.KeyHeld:
		if held, err := chain.DecodeAmount(value); err == nil {
			m.held = &held
		}
	case queued:
		if message, err := chain.DecodeMessage(value); err == nil {
			m.queue, errs[0] = m.queue.Add(exec.Value(message))
		}
	}
	return errors.Join(errs[:]...)
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

// crossed is the value that came from other chains, and that left for them.
type crossed struct{ came, left chain.Amount }

// crossing is what crossed with a block.
func crossing(res *block.Result) (c crossed, err error) {
	for i := range res.Block.Arrived.Imports {
		for _, m := range res.Block.Arrived.Imports[i].Messages {
			if c.came, err = c.came.Add(exec.Value(m)); err != nil {
				return c, err
			}
		}
	}
	for i := range res.Outbox {
		if c.left, err = c.left.Add(exec.Value(res.Outbox[i].Message)); err != nil {
			return c, err
		}
	}
	return c, nil
}

// add is the sum over blocks.
func (c *crossed) add(d crossed) (err error) {
	var errs [2]error
	c.came, errs[0] = c.came.Add(d.came)
	c.left, errs[1] = c.left.Add(d.left)
	return errors.Join(errs[:]...)
}

// balance holds what was there and came to what is there and left.
func (c *crossed) balance(was, is chain.Amount) (bool, error) {
	found, errFound := was.Add(c.came)
	after, errAfter := is.Add(c.left)
	return found == after, errors.Join(errFound, errAfter)
}

// String says what crossed.
func (c *crossed) String() string {
	return fmt.Sprintf("%s came from other chains, %s left for them", c.came, c.left)
}

// money holds a block to I1: what its changes leave, and what left with it, is what they found, and what came.
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
	cross, errCross := crossing(res)
	if err := errors.Join(errWas, errIs, errCross, c.crossed.add(cross)); err != nil {
		return fmt.Errorf("its sums: %w", err)
	}
	switch same, err := cross.balance(was, is); {
	case err != nil:
		return fmt.Errorf("its sums: %w", err)
	case !same:
		return fmt.Errorf("what it changed held %s before (%s) and %s after (%s); %s", was, &before, is, &after, &cross)
	}
	return nil
}

// conserved compares the stored state with what was issued and what crossed, which is known if all blocks were seen.
func (r *run) conserved(m *money) {
	r.looked(Conservation, 1)
	if r.supplied && m.issued != r.report.Issued {
		r.add(Conservation, r.report.Height, "the stored state says that %s was issued, and the genesis %s", m.issued, r.report.Issued)
	}
	r.report.Issued = m.issued
	var err error
	r.report.Held, err = m.sum()
	if m.held != nil && (err != nil || *m.held != r.report.Held) {
		r.add(Conservation, r.report.Height, "the chain's entry %q says that it holds %s, and it holds %s (%s)", chain.KeyHeld, *m.held, r.report.Held, m)
	}
	if r.compare.broken && (r.border.tree != nil || r.joined.height > 0) {
		r.skip("not every block was seen: what crossed to other chains is not known", Conservation)
		return
	}
	cross := r.compare.crossed
	r.report.Imported, r.report.Exported = cross.came, cross.left
	sum, same := r.report.Held, false
	was, by := m.issued, "was issued"
	if r.joined.height > 0 {
		was, by = r.joined.held, "was held where the audit began"
	}
	if err == nil {
		same, err = cross.balance(was, sum)
	}
	switch {
	case err != nil:
		r.add(Conservation, r.report.Height, "the stored state holds more than 2^128-1: %s; %s", m, &cross)
	case !same:
		r.add(Conservation, r.report.Height, "the stored state holds %s (%s), and %s %s; %s", sum, m, was, by, &cross)
	}
}
