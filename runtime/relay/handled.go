package relay

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Handled is a proof of what a block handled, but for the receipt: block is the digest of that block alone, and from a chain above it, of which
// the reader knows headers and state; known is what that has recorded of its child on the way. Where it covers the block, the proof is by as many
// steps as there are chains between; else by who certifies. All chains from there down must be here. An error that is ErrNotCovered says that one is
// not, or that nothing shows the block: its committee has changed, and it is not covered yet, or another block is recorded at its height.
func (c *Chains) Handled(tree chain.Tree, from chain.ID, known chain.Known, block *chain.Digest) (*light.Handled, error) {
	h := &light.Handled{Header: *block.Last()}
	if from == h.Header.Chain || !tree.Below(h.Header.Chain, from) {
		return nil, fmt.Errorf("chain %d is not above chain %d: it %w", from, h.Header.Chain, ErrNotCovered)
	}
	var err error
	if h.From, h.Steps, err = c.cover(tree, from, &h.Header); err == nil && len(h.Steps) == 0 {
		h.Views, h.Down, err = c.certify(tree, from, known, block)
	}
	if errors.Is(err, ErrNotHere) {
		err = fmt.Errorf("block %d of chain %d: it %w: %w", h.Header.Height, h.Header.Chain, ErrNotCovered, err)
	}
	return h, err
}

// cover is the block of chain from that covers another one, with the steps to that; none if no block does yet.
func (c *Chains) cover(tree chain.Tree, from chain.ID, block *chain.Header) (at uint64, steps []light.Step, err error) {
	at = block.Height
	for id := block.Chain; id != from; id = tree.Parent(id) {
		is, by := c.Get(id), c.Get(tree.Parent(id))
		if is == nil || by == nil {
			return 0, nil, ErrNotHere
		}
		r, err := by.Recorded(id, at)
		if r == nil || err != nil {
			return 0, nil, err
		}
		header, err := is.Header(at)
		if err != nil {
			return 0, nil, err
		}
		place, err := by.Place(id, r.Entry.Count, at-1)
		if err != nil {
			return 0, nil, err
		}
		if r.Entry.Verify(place, light.AnchorLeaf(header.Anchor())) != nil { // the recorded one counts (SPEC 4.9)
			return 0, nil, fmt.Errorf("another block than %d of chain %d is recorded: it %w", at, id, ErrNotCovered)
		}
		steps = append(steps, light.Step{Chain: id, Entry: r.Entry, State: r.State, Place: place, Anchor: header.Anchor()})
		at = r.Height
	}
	slices.Reverse(steps)
	return at, steps, nil
}

// certify leads to a block by certificates.
func (c *Chains) certify(tree chain.Tree, from chain.ID, known chain.Known, block *chain.Digest) (first []chain.Digest, down []light.Generation, err error) {
	last, views := block.Last(), &first
	for at := from; ; {
		id := tree.Toward(last.Chain, at)
		if c.Get(id) == nil {
			return nil, nil, ErrNotHere
		}
		if id == last.Chain && last.Epoch < known.Epoch {
			return nil, nil, fmt.Errorf("block %d of chain %d is of epoch %d, and epoch %d is recorded: it %w", last.Height, id, last.Epoch, known.Epoch, ErrNotCovered)
		}
		if id == last.Chain {
			list, _, err := handovers(c.Get(id), known, last)
			*views = append(list, *block)
			return first, down, err
		}
		next := tree.Toward(last.Chain, id)
		list, shown, err := c.trailed(id, chain.Known{Epoch: known.Epoch}, []exec.Slot{childCommittee(id, next)})
		if err != nil {
			return nil, nil, err
		}
		if shown.Values[0] == nil {
			return nil, nil, notYet(next, nil)
		}
		committee, err := chain.DecodeCommittee(shown.Values[0])
		if err != nil {
			return nil, nil, err
		}
		*views = list
		down = append(down, light.Generation{Committee: committee, Proof: shown.Proofs[0]})
		views, at, known = &down[len(down)-1].Views, id, chain.Known{Epoch: committee.Epoch}
	}
}

// childCommittee is where a chain has who certifies the next block of a child.
func childCommittee(at, child chain.ID) exec.Slot {
	return exec.Slot{Account: chain.DigestsAddress(at), Key: chain.ChildCommitteeKey(child)}
}
