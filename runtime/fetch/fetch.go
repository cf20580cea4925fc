package fetch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Source has the final blocks of a network's chains. Its errors are those of whoever it asks.
type Source interface {
	// Heads are the heights of the last blocks of the chains that it has.
	Heads(ctx context.Context) (map[chain.ID]uint64, error)
	// Block is a block of a chain from height 1 on, with its certificate; no certificate where one validator runs the chain.
	Block(ctx context.Context, id chain.ID, height uint64) (raw, certificate []byte, err error)
}

// Engine runs code.
type Engine interface {
	native.Codes
	Close() error
}

// Options say what to copy, and where.
type Options struct {
	Store   *store.Store // without any chain
	Genesis *chain.Genesis
	Source  Source
	// Engine makes what runs the code of a chain, given where it is kept.
	Engine func(source func(chain.CodeHash) ([]byte, error)) (Engine, error)
	// Each runs independent work of one block at once; nil is a loop.
	Each merkle.Each
	// Progress, if set, is told of each block.
	Progress func(id chain.ID, height, head uint64)
}

// ErrBlock is a block that doesn't follow from those before it. Whoever gave it is wrong, or is of another network.
var ErrBlock = errors.New("is not what follows from the genesis and the blocks before it")

// copying is a Copy under way.
type copying struct {
	Options
	committees keep.Committees
	heads      map[chain.ID]uint64
	chains     map[chain.ID]*copied
}

// copied is a chain as far as it is copied.
type copied struct {
	keep.Chain
	tree   *merkle.Tree
	header *chain.Header
	hash   chain.BlockHash
	rules  block.Rules
	engine Engine
}

// Copy copies all chains that the source has, at one cut (F2). An ErrBlock is the source's fault.
func Copy(ctx context.Context, o Options) (err error) {
	c := &copying{Options: o, chains: map[chain.ID]*copied{}}
	c.committees.Memory = new(keep.Memory)
	defer func() {
		for _, one := range c.chains { // any order: each ends its own
			err = errors.Join(err, one.engine.Close())
		}
	}()
	if c.heads, err = o.Source.Heads(ctx); err != nil {
		return err
	}
	for again := true; again; {
		again = false
		for _, id := range slices.Sorted(maps.Keys(c.heads)) {
			more, err := c.advance(ctx, id)
			if err != nil {
				return err
			}
			again = again || more
		}
	}
	return nil
}

// advance copies a chain up to its head, and says whether there was anything.
func (c *copying) advance(ctx context.Context, id chain.ID) (some bool, err error) {
	one := c.chains[id]
	if one == nil {
		if one, err = c.begin(id); err != nil {
			return false, err
		}
		c.chains[id], some = one, true
	}
	for one.header.Height < c.heads[id] {
		if err := c.next(ctx, id, one); err != nil {
			return false, err
		}
		some = true
	}
	return some, nil
}

// begin writes a chain's block at height 0.
func (c *copying) begin(id chain.ID) (*copied, error) {
	g, err := c.Genesis.Of(id)
	if root := c.chains[chain.Main]; err != nil && root != nil { // made by a message, which the main chain has by now
		g, err = root.Later(c.Genesis.Network(), id)
	}
	if err != nil {
		return nil, fmt.Errorf("chain %d: %w", id, err)
	}
	one := &copied{Chain: keep.Of(c.Store, id), tree: merkle.New()}
	header, changes, err := block.Genesis(g, one.tree, c.Each)
	if err != nil {
		return nil, fmt.Errorf("chain %d: %w", id, err)
	}
	if err := one.Create(g, header, changes, nil); err != nil {
		return nil, err
	}
	one.header, one.hash = header, header.Hash()
	if one.engine, err = c.Engine(func(h chain.CodeHash) ([]byte, error) { return c.Store.Code(id, h) }); err != nil {
		return nil, err
	}
	one.rules = block.Rules{Programs: native.Programs{Codes: one.engine, Committees: &c.committees}, Committees: c.committees.Committee, Each: c.Each}
	return one, nil
}

// next copies the next block of a chain.
func (c *copying) next(ctx context.Context, id chain.ID, one *copied) error {
	height := one.header.Height + 1
	raw, certificate, err := c.Source.Block(ctx, id, height)
	if err != nil {
		return err
	}
	before := &block.Before{Header: one.header, Hash: one.hash, State: one.State(), Tree: one.tree}
	r, fault, err := block.Verify(before, one.rules, raw)
	switch {
	case err != nil:
		return err
	case fault != nil:
		return fmt.Errorf("block %d of chain %d %w: %w", height, id, ErrBlock, fault)
	}
	prove := func(s exec.Slot) (merkle.StateProof, error) { return one.tree.Prove(r.Version, block.SlotPath(s)) }
	if err := one.Commit(r, certificate, prove); err != nil {
		return err
	}
	if err := one.tree.Commit(r.Version); err != nil {
		return err
	}
	one.header, one.hash = &r.Block.Header, r.Hash
	c.knows(r)
	if c.Progress != nil {
		c.Progress(id, height, c.heads[id])
	}
	return nil
}

// knows moves the cut behind the blocks of other chains that a block knows of (F2). What the source doesn't have is not copied.
func (c *copying) knows(r *block.Result) {
	to := func(id chain.ID, height uint64) {
		if had, ok := c.heads[id]; ok && had < height {
			c.heads[id] = height
		}
	}
	for _, v := range r.Block.Header.Views {
		to(v.Chain, v.Height)
	}
	for i := range r.Recorded {
		to(r.Recorded[i].Child, r.Recorded[i].First+uint64(len(r.Recorded[i].Anchors))-1)
	}
}
