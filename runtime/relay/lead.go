package relay

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// lead makes an envelope whose proof starts from a block of an ancestor, or of the chain itself, start from that chain's head: with what is
// recorded of the first child on the way by now, and has left its branch. It is nil where that can't be (leadOn).
func (b *Bag) lead(a *block.Arrival, e *light.Envelope) (*light.Envelope, *block.Fault, error) {
	p, bad := light.DecodeImportProof(e.Import.Proof)
	if bad != nil {
		return nil, nil, nil
	}
	is, fault, err := b.leadOn(a, e.Views, p.Steps, p.Left)
	if !is || fault != nil || err != nil {
		return nil, fault, err
	}
	led := *e
	led.Import.Proof = p.Append(nil)
	return &led, nil, nil
}

// leadOn makes a path start from the head of the chain that it starts from a block of, and raises the view to that. The chain's view of the
// ancestor may be raised over that block by anything, and its own head moves with each of its blocks. It says false where the ancestor is not
// here, or not as far as the block. Nothing of what was brought is believed: what is made of it is judged where it is taken in.
func (b *Bag) leadOn(a *block.Arrival, views []chain.Digest, steps []light.Step, left []light.Left) (is bool, fault *block.Fault, err error) {
	if len(views) == 0 || len(steps) == 0 {
		return false, nil, nil
	}
	from, child := views[len(views)-1].Last(), steps[0].Chain
	top := b.chains.Get(from.Chain)
	if top == nil || child == from.Chain { // what the ancestor itself sent needs no envelope where it is
		return false, nil, nil
	}
	l := &looked{top: from.Chain, is: top, slots: []exec.Slot{
		accumulatorSlot(from.Chain, child), {Account: chain.DigestsAddress(from.Chain), Key: chain.LeftKey(child, a.Chain())},
	}}
	l.shown, err = top.Show(l.slots)
	if err != nil || l.shown == nil || l.shown.Digest.Last().Height <= from.Height || l.shown.Values[0] == nil {
		return false, nil, err
	}
	switch err := l.down(&steps[0], left); {
	case errors.Is(err, ErrNotHere):
		return false, nil, nil
	case err != nil:
		return false, nil, err
	}
	if from.Chain != a.Chain() {
		known, err := a.Known(from.Chain)
		if err != nil || known.Anchor.Height > l.shown.Digest.Last().Height {
			return false, nil, err
		}
		if fault, err := raise(a, top, &l.shown.Digest, known); fault != nil || err != nil {
			return false, fault, err
		}
	}
	return true, nil, nil
}

// down makes a path's first step, to a block of a child, start from the head that was shown; and what has left the child's branch, if the path
// shows that.
func (l *looked) down(step *light.Step, left []light.Left) error {
	entry, err := merkle.DecodeAccumulator(l.shown.Values[0])
	if err != nil {
		return fmt.Errorf("accumulator in the state of chain %d: %w", l.top, err)
	}
	at := index(l.top, step.Chain, step.Anchor.Height)
	if at >= entry.Count {
		return nil // there is no such block: it is refused
	}
	step.Entry, step.State = entry, l.shown.Proofs[0]
	if step.Place, err = l.is.Place(step.Chain, entry.Count, at); err != nil || len(left) == 0 {
		return err
	}
	left[0].State = l.shown.Proofs[1]
	left[0].Value, err = chain.DecodeAmount(l.shown.Values[1])
	return err
}
