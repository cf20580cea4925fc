package node

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Branch is a chain of the tree as the registry has it: of the main chain's node alone. store.ErrNotFound if there is no such chain.
func (n *Node) Branch(id chain.ID) (chain.Branch, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return branchIn(n.store.State(n.chain), n.chain, id)
}

// Registration is that of a chain, as Branch has it.
func (n *Node) Registration(id chain.ID) (chain.Registration, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return registrationIn(n.store.State(n.chain), n.chain, id)
}

func registrationIn(state exec.Entries, on, id chain.ID) (chain.Registration, error) {
	raw, err := state.Entry(chain.RegistryAddress(), chain.RegisteredKey(id))
	if err == nil && raw == nil {
		err = fmt.Errorf("chain %d is not registered on chain %d: %w", id, on, store.ErrNotFound)
	}
	if err != nil {
		return chain.Registration{}, err
	}
	return chain.DecodeRegistration(raw)
}

// branchIn is Branch in a state of the main chain, whose id is on.
func branchIn(state exec.Entries, on, id chain.ID) (b chain.Branch, err error) {
	if b.Registration, err = registrationIn(state, on, id); err != nil {
		return b, err
	}
	raw, err := state.Entry(chain.RegistryAddress(), chain.RegisteredCommittee(id))
	if err != nil {
		return b, err
	}
	b.Seats, err = chain.DecodeCommittee(raw)
	return b, err
}

// later is the genesis of a chain that was made by a message: it begins when its registration was final, knowing the main chain. All that
// it begins with is read from the state of then: all its nodes must begin alike, whenever they start it, and whatever the registry has
// taken in since. store.ErrPruned if that state is gone.
func (n *Node) later(id chain.ID) (g *chain.Genesis, err error) {
	now, err := n.Branch(id)
	if err != nil {
		return nil, err
	}
	state, err := n.store.StateAt(n.chain, now.Height)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	raw, err := state.Entry(chain.SystemAddress(n.chain), chain.KeyTree)
	if err != nil {
		return nil, err
	}
	tree, err := chain.DecodeTree(raw)
	if err != nil {
		return nil, err
	}
	own, err := branchIn(state, n.chain, id)
	if err != nil {
		return nil, err
	}
	main, err := branchIn(state, n.chain, n.chain)
	if err != nil {
		return nil, err
	}
	if main.Seats, err = agreeing(state, n.chain); err != nil {
		return nil, err
	}
	main.Committee = main.Seats.Hash()
	made, err := n.kept.Header(own.Height)
	if err != nil {
		return nil, err
	}
	return chain.Later(n.network, made.TimeMillis, tree, own, main), nil
}

// agreeing is the committee that agrees on the next block of the chain whose state it is. The registry has the one that was registered
// last, which may never agree on anything.
func agreeing(state exec.Entries, id chain.ID) (c chain.Committee, err error) {
	raw, err := state.Entry(chain.SystemAddress(id), chain.KeyCommittee)
	if err != nil {
		return c, err
	}
	return chain.DecodeCommittee(raw)
}
