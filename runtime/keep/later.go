package keep

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// RegistrationIn is that of a chain in a state of the main chain, whose id is on. store.ErrNotFound if there is no such chain.
func RegistrationIn(state exec.Entries, on, id chain.ID) (chain.Registration, error) {
	raw, err := state.Entry(chain.RegistryAddress(), chain.RegisteredKey(id))
	if err == nil && raw == nil {
		err = fmt.Errorf("chain %d is not registered on chain %d: %w", id, on, store.ErrNotFound)
	}
	if err != nil {
		return chain.Registration{}, err
	}
	return chain.DecodeRegistration(raw)
}

// BranchIn is RegistrationIn with the committee that was registered last.
func BranchIn(state exec.Entries, on, id chain.ID) (b chain.Branch, err error) {
	if b.Registration, err = RegistrationIn(state, on, id); err != nil {
		return b, err
	}
	raw, err := state.Entry(chain.RegistryAddress(), chain.RegisteredCharter(id))
	if err != nil {
		return b, err
	}
	c, err := chain.DecodeCharter(raw)
	b.Seats = c.Seats
	return b, err
}

// Later is the genesis of a chain that was made by a message, of the main chain's records: it begins when its registration was final, knowing the
// main chain. All that it begins with is read from the state of then: all its nodes must begin alike, whenever they start it, and whatever
// the registry has taken in since. store.ErrPruned if that state is gone.
func (c Chain) Later(network chain.NetworkID, id chain.ID) (g *chain.Genesis, err error) {
	now, err := RegistrationIn(c.State(), c.id, id)
	if err != nil {
		return nil, err
	}
	state, err := c.store.StateAt(c.id, now.Height)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	raw, err := state.Entry(chain.SystemAddress(c.id), chain.KeyTree)
	if err != nil {
		return nil, err
	}
	tree, err := chain.DecodeTree(raw)
	if err != nil {
		return nil, err
	}
	own, err := BranchIn(state, c.id, id)
	if err != nil {
		return nil, err
	}
	main, err := BranchIn(state, c.id, c.id)
	if err != nil {
		return nil, err
	}
	if main.Seats, err = agreeing(state, c.id); err != nil {
		return nil, err
	}
	main.Committee = main.Seats.Hash()
	made, err := c.Header(own.Height)
	if err != nil {
		return nil, err
	}
	return chain.Later(network, made.TimeMillis, tree, own, main), nil
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
