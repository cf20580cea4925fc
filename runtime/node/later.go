package node

import (
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Branch is a chain of the tree as the registry has it: of the main chain's node alone. store.ErrNotFound if there is no such chain.
func (n *Node) Branch(id chain.ID) (chain.Branch, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return keep.BranchIn(n.store.State(n.chain), n.chain, id)
}

// Registration is that of a chain, as Branch has it.
func (n *Node) Registration(id chain.ID) (chain.Registration, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return keep.RegistrationIn(n.store.State(n.chain), n.chain, id)
}

// later is the genesis of a chain that was made by a message.
func (n *Node) later(id chain.ID) (*chain.Genesis, error) { return n.kept.Later(n.network, id) }
