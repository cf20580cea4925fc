package chain

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Within is the tree that a chain begins in, as its genesis knows it. A chain of the network's genesis knows all others of that; one
// that was made later itself and the main chain, with the committee that agreed there then; of the chains between it is shown who
// certifies them (FactChild).
type Within struct {
	Network  NetworkID
	Tree     Tree
	Branches []Branch // by id
}

// maxWithinBytes bounds an encoded Within: the largest tree, and the largest committees of a hundred chains.
const maxWithinBytes = 64 << 20

// Branch is that of a chain; nil if it is not known.
func (w *Within) Branch(id ID) *Branch {
	for i := range w.Branches {
		if w.Branches[i].ID == id {
			return &w.Branches[i]
		}
	}
	return nil
}

func (w *Within) append(b []byte) []byte {
	b = wire.AppendBytes(append(b, w.Network[:]...), w.Tree.Encode())
	b = wire.AppendU32(b, uint32(len(w.Branches)))
	for i := range w.Branches {
		b = wire.AppendBytes(b, w.Branches[i].Encode())
	}
	return b
}

func readWithin(b []byte, of *wire.Reader) (w Within) {
	r := wire.NewReader(b)
	w.Network = readHash[NetworkID](r, "network")
	tree, err := DecodeTree(r.Bytes("tree of chains", MaxFactBytes))
	if w.Tree = tree; err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	w.Branches = readList(r, "branches", MaxChains, 4+branchBytes, func() Branch {
		c, err := DecodeBranch(r.Bytes("branch", maxBranchBytes))
		if err != nil {
			r.Fail(err.Error(), wire.ErrValue)
		}
		return c
	})
	ascending(r, "branches", w.Branches, func(b Branch) ID { return b.ID })
	if err := r.Done(); of.Err() == nil && err != nil {
		of.Fail(err.Error(), wire.ErrValue)
	}
	return w
}

// appendChains writes the chains under the main one, without what is the main chain's.
func appendChains(b []byte, list []Genesis) []byte {
	b = wire.AppendU32(b, uint32(len(list)))
	for i := range list {
		g := &list[i]
		b = wire.AppendU32(wire.AppendU32(b, uint32(g.Chain)), uint32(g.Under))
		b = wire.AppendShort(b, g.Name)
		b = wire.AppendBytes(wire.AppendBytes(b, g.Params.Encode()), g.Committee.Append(nil))
		b = appendPossession(b, g.Possession)
		b = g.appendAccounts(b)
	}
	return b
}

// chainBytes is the least length of such a chain.
const chainBytes = 4 + 4 + 1 + 4 + paramsBytes + 4 + committeeBytes + 4 + 4

func readChains(r *wire.Reader, root *Genesis) []Genesis {
	list := readList(r, "chains", MaxChains, chainBytes, func() Genesis {
		g := Genesis{TimeMillis: root.TimeMillis, Chain: readChain(r), Under: readChain(r), Name: string(r.Short("name", MaxNameBytes))}
		g.Params = readParamsBytes(r)
		var err error
		if g.Committee, err = DecodeCommittee(r.Bytes("committee", maxCommitteeBytes)); r.Err() == nil && err != nil {
			r.Fail(err.Error(), wire.ErrValue)
		}
		g.Possession = readPossession(r)
		g.Accounts = readAccounts(r)
		return g
	})
	if r.Err() == nil && len(list) == 0 {
		r.Fail("chains", wire.ErrValue)
	}
	return list
}

// InTree says whether the chain is, or can become, part of a tree of several: one that a single validator runs alone can't, as
// nothing shows its blocks to others.
func (g *Genesis) InTree() bool { return g.Within != nil || len(g.Chains) > 0 }

// Tree is which chains there are at the beginning.
func (g *Genesis) Tree() Tree {
	if g.Within != nil {
		return g.Within.Tree
	}
	t := Alone(g.Chain)
	for i := range g.Chains {
		t = append(t, Limb{g.Chains[i].Chain, g.Chains[i].Under})
	}
	return t
}

// Branches are the chains that this one begins with, itself included, by id; nothing for a chain that is alone.
func (g *Genesis) Branches() ([]Branch, error) {
	if g.Within != nil {
		return g.Within.Branches, nil
	}
	if len(g.Chains) == 0 {
		return nil, nil
	}
	list := make([]Branch, 0, 1+len(g.Chains))
	for i := range 1 + len(g.Chains) {
		c := g
		if i > 0 {
			c = &g.Chains[i-1]
		}
		issued, err := c.Issued()
		if err != nil {
			return nil, err
		}
		list = append(list, Branch{Registration{
			Limb: Limb{c.Chain, c.Under}, Owner: g.Owner, Name: c.Name, Params: c.Params, Issued: issued, Committee: c.Committee.Hash(),
		}, c.Committee})
	}
	return list, nil
}

// Of is the genesis of a chain of the network that g, the main chain's genesis, describes.
func (g *Genesis) Of(id ID) (*Genesis, error) {
	if id == g.Chain {
		return g, nil
	}
	for i := range g.Chains {
		if g.Chains[i].Chain != id {
			continue
		}
		c := g.Chains[i]
		branches, err := g.Branches()
		if err != nil {
			return nil, err
		}
		c.TimeMillis = g.TimeMillis
		c.Within = &Within{Network: g.Network(), Tree: g.Tree(), Branches: branches}
		return &c, nil
	}
	return nil, fmt.Errorf("genesis: it has no chain %d", id)
}

// Later is the genesis of a chain that was made by a message: branch is its own, main the main chain's, with the committee that agrees on
// the block after the one that made it.
func Later(network NetworkID, timeMillis uint64, tree Tree, branch, main Branch) *Genesis {
	branches := []Branch{main, branch} // by id: no other chain has a lower one
	return &Genesis{
		Name: branch.Name, Chain: branch.ID, Under: branch.Parent, TimeMillis: timeMillis, Params: branch.Params, Committee: branch.Seats,
		Within: &Within{Network: network, Tree: tree, Branches: branches},
	}
}

// ErrNoSeats is returned by Check for a network that is right but for chains that have no committee yet: who makes it can go on.
var ErrNoSeats = errors.New("every chain of a tree has a committee, of one seat at least")

// checkSeated holds that each chain of a tree has a committee.
func (g *Genesis) checkSeated() error {
	if g.InTree() && len(g.Committee.Seats) == 0 {
		return fmt.Errorf("chain %d has no committee: %w", g.Chain, ErrNoSeats)
	}
	for i := range g.Chains {
		if c := &g.Chains[i]; len(c.Committee.Seats) == 0 {
			return fmt.Errorf("chain %d has no committee: %w", c.Chain, ErrNoSeats)
		}
	}
	return nil
}

// checkTree holds the chains of a network to be a tree.
func (g *Genesis) checkTree() error {
	switch {
	case !g.Owner.IsZero() && (len(g.Chains) == 0 || g.Owner.Chain() != Main || g.Owner.IsSystem()):
		return fmt.Errorf("owner %s: it must be an account on the main chain, of a genesis with chains under that", g.Owner)
	case !g.InTree():
		if g.Under != 0 {
			return fmt.Errorf("chain %d is under chain %d, and the genesis has no tree", g.Chain, g.Under)
		}
		return nil
	case g.Within != nil:
		if err := g.checkSeated(); err != nil {
			return err
		}
		return g.checkWithin()
	case g.Chain != Main || g.Under != 0:
		return fmt.Errorf("chain %d has chains under it in the genesis: that is the main chain's, %d", g.Chain, Main)
	}
	for i := range g.Chains {
		c := &g.Chains[i]
		switch {
		case len(c.Chains) > 0 || c.Within != nil:
			return fmt.Errorf("chain %d has chains of its own: write them beside it, with their parent", c.Chain)
		case c.Committee.Nodes() > MaxChildNodes:
			return fmt.Errorf("chain %d: %w: %d nodes: its parent can't record its blocks: it must have at most %d, whose seats stand together", c.Chain, ErrCommittee, c.Committee.Nodes(), MaxChildNodes)
		case c.TimeMillis != 0 && c.TimeMillis != g.TimeMillis:
			return fmt.Errorf("chain %d: time_millis %d: all chains begin at the main chain's, %d: leave it out", c.Chain, c.TimeMillis, g.TimeMillis)
		}
		// All other rules are those of a chain alone.
		alone := *c
		alone.TimeMillis, alone.Under = g.TimeMillis, 0
		if err := alone.Check(); err != nil {
			return fmt.Errorf("chain %d: %w", c.Chain, err)
		}
	}
	if err := g.Tree().Check(); err != nil {
		return err
	}
	branches, err := g.Branches()
	if err != nil {
		return err
	}
	named := map[string]ID{}
	for i := range branches {
		b := &branches[i]
		if other, ok := named[b.Name]; ok {
			return fmt.Errorf("chains %d and %d are both called %q: each must have a name of its own", other, b.ID, clip(b.Name))
		}
		named[b.Name] = b.ID
	}
	return issueTogether(branches)
}

// checkWithin holds that the chain stands in its tree as it is registered, and that all above it are known.
func (g *Genesis) checkWithin() error {
	w := g.Within
	own := w.Branch(g.Chain)
	switch {
	case len(g.Chains) > 0:
		return fmt.Errorf("chain %d has chains of its own, and is not the main chain", g.Chain)
	case w.Network == NetworkID{}:
		return fmt.Errorf("chain %d names no network", g.Chain)
	case own == nil || g.Under == 0:
		return fmt.Errorf("chain %d is none of those that it begins with", g.Chain)
	case own.Parent != g.Under || own.Name != g.Name || !own.Params.Equal(g.Params) || own.Committee != g.Committee.Hash():
		return fmt.Errorf("chain %d is registered with another parent, name, committee or other parameters", g.Chain)
	}
	if err := w.Tree.Check(); err != nil {
		return err
	}
	for i := range w.Branches {
		if b := &w.Branches[i]; !w.Tree.Has(b.ID) || w.Tree.Parent(b.ID) != b.Parent {
			return fmt.Errorf("chain %d is registered under chain %d: %w", b.ID, b.Parent, ErrTree)
		}
	}
	if w.Branch(Main) == nil {
		return fmt.Errorf("chain %d begins without what is known of the main chain", g.Chain)
	}
	if issued, err := g.Issued(); err != nil || issued != own.Issued {
		return fmt.Errorf("chain %d issues %s and is registered with %s", g.Chain, issued, own.Issued)
	}
	return issueTogether(w.Branches)
}

// issueTogether holds what all chains issue to an Amount: conservation is over all of them (SPEC 8.5).
func issueTogether(list []Branch) error {
	var sum Amount
	var err error
	for i := range list {
		if sum, err = sum.Add(list[i].Issued); err != nil {
			return fmt.Errorf("sum of what all chains issue: %w", err)
		}
	}
	return nil
}
