package relay

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Handled is a proof of what a block handled, but for the receipt: block is the digest of that block alone, and from a chain above it, of which
// the reader knows headers and state; epoch is that of who certifies its child on the way, as it has recorded. Where that chain covers the block, the
// proof is by as many steps as there are chains between; else by who certifies.
// All chains from there down must be here; an error that is ErrNotCovered says that one is not, or that nothing shows the block: its committee
// has changed, and the block is not covered yet.
func (c *Chains) Handled(tree chain.Tree, from chain.ID, epoch uint64, block *chain.Digest) (*light.Handled, error) {
	h := &light.Handled{Header: *block.Last()}
	if from == h.Header.Chain || !tree.Below(h.Header.Chain, from) {
		return nil, fmt.Errorf("chain %d is not above chain %d: it %w", from, h.Header.Chain, ErrNotCovered)
	}
	covered, err := c.cover(tree, from, h)
	if errors.Is(err, ErrNotHere) {
		err = fmt.Errorf("block %d of chain %d %w: %w", h.Header.Height, h.Header.Chain, ErrNotCovered, err)
	}
	if covered || err != nil {
		return h, err
	}
	return h, c.certify(tree, from, epoch, block, h)
}

// cover adds steps from the block of chain from that covers the one that was handled; false if none does yet.
func (c *Chains) cover(tree chain.Tree, from chain.ID, h *light.Handled) (bool, error) {
	var steps []light.Step
	for id, at := h.Header.Chain, h.Header.Height; id != from; id = tree.Parent(id) {
		is, by := c.Get(id), c.Get(tree.Parent(id))
		if is == nil || by == nil {
			return false, ErrNotHere
		}
		r, err := by.Recorded(id, at)
		if r == nil || err != nil {
			return false, err
		}
		header, err := is.Header(at)
		if err != nil {
			return false, err
		}
		place, err := by.Place(id, r.Entry.Count, at-1)
		if err != nil {
			return false, err
		}
		steps = append(steps, light.Step{Chain: id, Entry: r.Entry, State: r.State, Place: place, Anchor: header.Anchor()})
		at = r.Height
		h.From = at
	}
	slices.Reverse(steps)
	h.Steps = steps
	return true, nil
}

// certify adds certificates.
func (c *Chains) certify(tree chain.Tree, from chain.ID, epoch uint64, block *chain.Digest, h *light.Handled) error {
	h.From = 0
	last, views := block.Last(), &h.Views
	for parent := from; ; {
		id := tree.Toward(last.Chain, parent)
		if id == last.Chain {
			list, err := c.handovers(c.Get(parent), epoch, last)
			*views = append(list, *block)
			return err
		}
		next := tree.Toward(last.Chain, id)
		list, shown, err := c.trailed(id, chain.Known{Epoch: epoch}, []exec.Slot{childCommittee(id, next)})
		if err != nil {
			return err
		}
		if shown.Values[0] == nil {
			return notYet(next, nil)
		}
		committee, err := chain.DecodeCommittee(shown.Values[0])
		if err != nil {
			return err
		}
		*views = list
		h.Down = append(h.Down, light.Generation{Committee: committee, Proof: shown.Proofs[0]})
		views, parent, epoch = &h.Down[len(h.Down)-1].Views, id, committee.Epoch
	}
}

// childCommittee is where a chain has who certifies the next block of a child.
func childCommittee(at, child chain.ID) exec.Slot {
	return exec.Slot{Account: chain.DigestsAddress(at), Key: chain.ChildCommitteeKey(child)}
}

// handovers are the digests that lead from the committee of an epoch, which the parent has recorded, to that of a block.
func (c *Chains) handovers(parent Chain, epoch uint64, to *chain.Header) (list []chain.Digest, err error) {
	id := to.Chain
	if to.Epoch < epoch || c.Get(id) == nil || parent == nil {
		return nil, fmt.Errorf("block %d of chain %d is of epoch %d, and epoch %d is recorded: it %w", to.Height, id, to.Epoch, epoch, ErrNotCovered)
	}
	if to.Epoch == epoch {
		return nil, nil
	}
	recorded, err := parent.LastRecorded(id, math.MaxUint64)
	if err != nil {
		return nil, err
	}
	for known := (chain.Known{Anchor: chain.Anchor{Height: recorded}, Epoch: epoch}); known.Epoch < to.Epoch; {
		d, err := handover(c.Get(id), known, to.Height)
		if err != nil || d == nil {
			return nil, notYet(id, err)
		}
		list = append(list, *d)
		known = chain.Known{Anchor: chain.Anchor{Height: d.Last().Height}, Epoch: d.Next.Epoch}
	}
	return list, nil
}
