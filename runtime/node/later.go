package node

import (
	"errors"

	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Branch is a chain of the tree as the registry has it: of the main chain's node alone. store.ErrNotFound if there is no such chain.
func (n *Node) Branch(id chain.ID) (chain.Branch, error) {
	n.see()
	defer n.mu.RUnlock()
	return keep.BranchIn(n.store.State(n.chain), n.chain, id)
}

// Registration is that of a chain, as Branch has it.
func (n *Node) Registration(id chain.ID) (chain.Registration, error) {
	n.see()
	defer n.mu.RUnlock()
	return keep.RegistrationIn(n.store.State(n.chain), n.chain, id)
}

// later is the genesis of a chain that was made by a message.
func (n *Node) later(id chain.ID) (*chain.Genesis, error) { return n.kept.Later(n.network, id) }

// anchors says whether a block of a child is the one that is recorded here at its height, and whether that is known: later blocks may be, and
// of those before the state that this node began with nothing is.
func (n *Node) anchors(h *chain.Header) (is, known bool, err error) {
	raw, err := n.store.State(n.chain).Entry(chain.DigestsAddress(n.chain), chain.ChildKey(h.Chain))
	if raw == nil || err != nil {
		return false, false, err
	}
	child, err := chain.DecodeChild(raw)
	if err != nil || child.Anchor.Height < h.Height {
		return false, false, err
	}
	recorded, err := n.store.Node(n.chain, h.Chain, 0, h.Height-1)
	if errors.Is(err, store.ErrPruned) {
		return true, true, nil // it is shown by its committee's certificate alone
	}
	return recorded == light.AnchorLeaf(h.Anchor()), true, err
}
