package node

import (
	"fmt"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Branch is a chain of the tree as the registry has it: of the main chain's node alone. store.ErrNotFound if there is no such chain.
func (n *Node) Branch(id chain.ID) (chain.Branch, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var b chain.Branch
	state := n.store.State(n.chain)
	raw, err := state.Entry(chain.RegistryAddress(), chain.RegisteredKey(id))
	if err == nil && raw == nil {
		err = fmt.Errorf("chain %d is not registered on chain %d: %w", id, n.chain, store.ErrNotFound)
	}
	if err != nil {
		return b, err
	}
	if b.Registration, err = chain.DecodeRegistration(raw); err != nil {
		return b, err
	}
	if raw, err = state.Entry(chain.RegistryAddress(), chain.RegisteredCommittee(id)); err != nil {
		return b, err
	}
	b.Seats, err = chain.DecodeCommittee(raw)
	return b, err
}

// later is the genesis of a chain that was made by a message: it begins when its registration was final, knowing its ancestors.
func (n *Node) later(id chain.ID) (*chain.Genesis, error) {
	own, err := n.Branch(id)
	if err != nil {
		return nil, err
	}
	tree := n.Tree()
	var above []chain.Branch
	for _, up := range tree.Ancestors(id) {
		b, err := n.Branch(up)
		if err != nil {
			return nil, err
		}
		above = append(above, b)
	}
	made, err := n.kept.Header(own.Height)
	if err != nil {
		return nil, err
	}
	return chain.Later(n.network, made.TimeMillis, tree, own, above), nil
}
