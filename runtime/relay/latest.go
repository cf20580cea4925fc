package relay

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Latest is the last block that is known here of a chain: its own head, or what its parent has recorded, where that is here. A chain's node
// follows all ancestors, so that is so for each of them, and for all children of theirs. The zero Anchor where neither is here, or nothing
// is recorded yet.
func (c *Chains) Latest(tree chain.Tree, id chain.ID) (chain.Anchor, error) {
	if is := c.Get(id); is != nil {
		shown, err := is.Show(nil)
		if err != nil || shown == nil {
			return chain.Anchor{}, err
		}
		return shown.Digest.Last().Anchor(), nil
	}
	parent := tree.Parent(id)
	is := c.Get(parent)
	if is == nil {
		return chain.Anchor{}, nil
	}
	shown, err := is.Show([]exec.Slot{{Account: chain.DigestsAddress(parent), Key: chain.ChildKey(id)}})
	if err != nil || shown == nil || shown.Values[0] == nil {
		return chain.Anchor{}, err
	}
	child, err := chain.DecodeChild(shown.Values[0])
	if err != nil {
		return chain.Anchor{}, fmt.Errorf("what chain %d knows of chain %d: %w", parent, id, err)
	}
	return child.Anchor, nil
}

// Latest is that of the chains of which the bag's owner is one.
func (b *Bag) Latest(tree chain.Tree, id chain.ID) (chain.Anchor, error) {
	return b.chains.Latest(tree, id)
}
