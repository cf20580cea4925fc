package relay

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Trail leads from the genesis of the network to who certifies a chain now. All chains from the main one down to it must be here; an error
// that is ErrNotCovered says that one is not, or that nothing on the way shows the next.
func (c *Chains) Trail(tree chain.Tree, id chain.ID) (*light.Trail, error) {
	path := []chain.ID{id} // from the main chain down
	for _, up := range tree.Ancestors(id) {
		path = append([]chain.ID{up}, path...)
	}
	t := &light.Trail{}
	var last chain.Known // of the chain in turn, when its parent showed it
	for i, at := range path {
		slots := []exec.Slot{{Account: chain.SystemAddress(at), Key: chain.KeyTree}}
		if i+1 < len(path) {
			slots = append(slots, childCommittee(at, path[i+1]))
		}
		views, shown, err := c.trailed(at, last, slots)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			t.Main, t.TreeProof = views, shown.Proofs[0]
			if t.Tree, err = chain.DecodeTree(shown.Values[0]); err != nil {
				return nil, err
			}
		} else {
			t.Down[i-1].Views = views
		}
		if i+1 == len(path) {
			return t, nil
		}
		if shown.Values[1] == nil {
			return nil, fmt.Errorf("trail to chain %d: chain %d doesn't know chain %d yet: it %w", id, at, path[i+1], ErrNotCovered)
		}
		next, err := chain.DecodeCommittee(shown.Values[1])
		if err != nil {
			return nil, err
		}
		t.Down = append(t.Down, light.Generation{Committee: next, Proof: shown.Proofs[1]})
		last = chain.Known{Epoch: next.Epoch}
	}
	return t, nil
}

// trailed are the digests of a chain from what is known to its head, and what that shows.
func (c *Chains) trailed(id chain.ID, known chain.Known, slots []exec.Slot) (views []chain.Digest, shown *Shown, err error) {
	is := c.Get(id)
	if is == nil {
		return nil, nil, fmt.Errorf("trail: chain %d is not here: it %w", id, ErrNotCovered)
	}
	l := &looked{top: id, is: is}
	if l.shown, err = is.Show(slots); err != nil || l.shown == nil {
		return nil, nil, notYet(id, err)
	}
	if views, known, err = handovers(is, known, l.shown.Digest.Last()); err != nil {
		return nil, nil, err
	}
	if known.Anchor.Height < l.shown.Digest.Last().Height {
		views = append(views, l.shown.Digest)
	}
	return views, l.shown, nil
}

// handovers are the digests of a chain that lead from the committee that is known to that of a block.
func handovers(is Chain, known chain.Known, to *chain.Header) (list []chain.Digest, _ chain.Known, err error) {
	for known.Epoch < to.Epoch {
		d, err := handover(is, known, to.Height)
		if err != nil || d == nil {
			return nil, known, notYet(to.Chain, err)
		}
		list = append(list, *d)
		known = chain.Known{Anchor: chain.Anchor{Height: d.Last().Height}, Epoch: d.Next.Epoch}
	}
	return list, known, nil
}

func notYet(id chain.ID, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("trail: chain %d has no block that shows it: it %w", id, ErrNotCovered)
}
