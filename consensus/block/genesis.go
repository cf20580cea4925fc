package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Genesis is the block at height 0: no inputs, and the state that g describes. The tree must be empty; it holds the state
// afterwards, and the changes are what a store must hold.
func Genesis(g *chain.Genesis, tree *merkle.Tree, each merkle.Each) (*chain.Header, []exec.Change, error) {
	issued, err := g.Issued()
	if err != nil {
		return nil, nil, err
	}
	system := chain.SystemAddress(g.Chain)
	changes := []exec.Change{
		{Slot: exec.Slot{Account: system, Key: chain.KeyParams}, After: g.Params.Encode()},
		{Slot: exec.Slot{Account: system, Key: chain.KeyIssued}, After: chain.EncodeAmount(issued)},
	}
	if len(g.Committee.Seats) > 0 {
		changes = append(changes, exec.Change{Slot: exec.Slot{Account: system, Key: chain.KeyCommittee}, After: g.Committee.Append(nil)})
	}
	in, err := inTree(g)
	if err != nil {
		return nil, nil, err
	}
	changes = append(changes, in...)
	for _, a := range g.Accounts {
		record := exec.Credit(g.Params, chain.Account{}, a.Balance)
		changes = append(changes, exec.Change{Slot: exec.Slot{Account: a.Address}, After: record.Encode()})
	}
	version, err := authenticate(tree, nil, changes, each)
	if err != nil {
		return nil, nil, err
	}
	if err := tree.Commit(version); err != nil {
		return nil, nil, err
	}
	none := chain.Hash(merkle.Root(nil))
	return &chain.Header{
		Network: g.Network(), Chain: g.Chain, Parent: g.Parent(), TimeMillis: g.TimeMillis,
		Roots:     chain.Roots{Inputs: none, Order: none, Receipts: none, Outbox: none, State: chain.Hash(version.Root())},
		Committee: g.Committee.Hash(), Next: g.Committee.Hash(),
	}, changes, nil
}

// inTree is what a chain of a tree begins with beside what every chain does: the tree, its ancestors' committees, and on the main
// chain the registry; and its children's records, with what they may send out.
func inTree(g *chain.Genesis) ([]exec.Change, error) {
	branches, err := g.Branches()
	if err != nil || branches == nil {
		return nil, err
	}
	tree := g.Tree()
	var list []exec.Change
	held := map[chain.Address]uint64{} // by the system actors: E8 of contracts/exec
	set := func(account chain.Address, key string, value []byte) {
		list = append(list, exec.Change{Slot: exec.Slot{Account: account, Key: key}, After: value})
		if !account.IsSystem() {
			held[account] += uint64(len(key) + len(value))
		}
	}
	system, digests := chain.SystemAddress(g.Chain), chain.DigestsAddress(g.Chain)
	set(system, chain.KeyTree, tree.Encode())
	for i := range branches {
		b := &branches[i]
		first := chain.Known{Committee: b.Committee, Epoch: b.Seats.Epoch}
		switch {
		case b.ID == g.Chain:
		case tree.Below(g.Chain, b.ID):
			set(system, chain.ViewKey(b.ID), first.Encode())
			set(system, chain.ViewCommitteeKey(b.ID), b.Seats.Append(nil))
		case b.Parent == g.Chain:
			issued, err := below(tree, branches, b.ID)
			if err != nil {
				return nil, err
			}
			set(digests, chain.ChildKey(b.ID), chain.Child{Known: first, Issued: issued}.Encode())
			set(digests, chain.ChildCommitteeKey(b.ID), b.Seats.Append(nil))
			set(digests, chain.AccumulatorKey(b.ID), new(merkle.Accumulator).Encode())
			if valve := b.Params.Valve; !valve.Open() {
				set(digests, chain.GateKey(b.ID), chain.Gate{Valve: valve}.Encode())
			}
		}
		if g.Chain == chain.Main {
			set(chain.RegistryAddress(), chain.RegisteredKey(b.ID), b.Registration.Encode())
			set(chain.RegistryAddress(), chain.RegisteredCharter(b.ID), chain.Charter{Seats: b.Seats, Params: b.Params}.Encode())
			set(chain.RegistryAddress(), chain.NamedKey(b.Name), chain.EncodeNamed(b.ID))
		}
	}
	for account, bytes := range held { // any order: the changes are sorted where they are hashed
		list = append(list, exec.Change{Slot: exec.Slot{Account: account}, After: chain.Account{StorageBytes: bytes}.Encode()})
	}
	return list, nil
}

// below is what the geneses of a chain and of all under it issued.
func below(tree chain.Tree, branches []chain.Branch, root chain.ID) (sum chain.Amount, err error) {
	for i := range branches {
		if tree.Below(branches[i].ID, root) {
			if sum, err = sum.Add(branches[i].Issued); err != nil {
				return sum, fmt.Errorf("what chain %d and those under it issue: %w", root, err)
			}
		}
	}
	return sum, nil
}
