package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// All that is on a chain is never more than chain.MaxAmount (B5): each sum of it can be made. What others sent is held to that where it
// is taken in. An ancestor is believed, so one whose committee is rotten can send more than there is, and no count of what left a
// branch tells; where all committees are honest there is room for all that was ever issued (chain.Genesis.Check).

// heldBefore is what the chain holds before the block: what was issued, and came, less what left.
func (a *Arrival) heldBefore() (chain.Amount, error) {
	for _, key := range []string{chain.KeyHeld, chain.KeyIssued} { // nothing has crossed yet where the first is missing
		if raw, err := a.entry(key); err != nil || raw != nil {
			held, wrong := chain.DecodeAmount(raw)
			if err == nil && wrong != nil {
				err = fmt.Errorf("%q in the state: %w", key, wrong)
			}
			return held, err
		}
	}
	return chain.Amount{}, nil
}

// hold is what the chain holds with what further relays carry. They are refused where that is more than there can be.
func (a *Arrival) hold(source chain.ID, carried chain.Amount) (chain.Amount, *Fault, error) {
	if a.held == nil {
		before, err := a.heldBefore()
		if err != nil {
			return before, nil, err
		}
		a.held = &before
	}
	sum, err := a.held.Add(carried)
	if err != nil {
		return sum, refuse(PartImports, source, "%s more than the %s that chain %d holds: so much can't be, a chain above it made it of nothing",
			carried, *a.held, a.context.Chain), nil
	}
	return sum, nil, nil
}

// hold notes what the chain holds after the block, if something crossed.
func (e *entries) hold() error {
	if len(e.outbox)+len(e.arrival.Messages) == 0 {
		return nil
	}
	held, fault, err := e.arrival.hold(e.context.Chain, chain.Amount{})
	assert.That(fault == nil, "nothing more is held: %v", fault)
	if err != nil {
		return err
	}
	for _, o := range e.outbox {
		held, err = held.Sub(exec.Value(o.Message))
		assert.NoError(err, "what leaves was there (B4)")
	}
	return e.set(chain.KeyHeld, chain.EncodeAmount(held))
}
