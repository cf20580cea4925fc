package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Post lets an account on a chain call another, and returns when that is final: with why, if it failed.
type Post func(ctx context.Context, to chain.Address, method string, input []byte) error

// Carrier carries the digests of a chain to its parent (SPEC 7.2).
type Carrier struct {
	Chains        *Chains
	Child, Parent chain.ID
	// Tree is which chains there are.
	Tree func() chain.Tree
	// Entry is what the parent's final state holds in a slot. It is asked also before the parent's first block, which nothing shows.
	Entry func(exec.Slot) ([]byte, error)
	// Post lets an account on the parent call its digests actor.
	Post Post
	// Hurry lets the parent see again whether something has come from above: a digest waits for that.
	Hurry func()
	// Lazily is how often blocks are carried that send nothing out of the branch.
	Lazily time.Duration
	Log    *slog.Logger

	wake chan struct{}
}

// Start makes c ready to be woken. Run must be called afterwards.
func (c *Carrier) Start() { c.wake = make(chan struct{}, 1) }

// Wake says that a block of the child or of the parent is final.
func (c *Carrier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// patience is how long a digest that was refused is not carried again.
const patience = 250 * time.Millisecond

// Run carries until the context ends. What goes wrong is logged and tried again: nothing depends on this carrier (R1).
func (c *Carrier) Run(ctx context.Context) {
	lazily := time.NewTicker(c.Lazily)
	defer lazily.Stop()
	due := true // after a start everything may be behind
	for {
		more, err := c.carry(ctx, due)
		due = false
		if err != nil && ctx.Err() == nil {
			c.Log.Info("a digest was not recorded; it is carried again", "chain", c.Child, "parent", c.Parent, "reason", err)
			more = false
			select {
			case <-ctx.Done():
			case <-time.After(patience):
				more = true
			}
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-lazily.C:
			due = true
		}
	}
}

// carry posts one digest if there is reason to (R3), and says whether there is more.
func (c *Carrier) carry(ctx context.Context, due bool) (more bool, err error) {
	recorded, err := c.recorded()
	if err != nil || recorded == nil {
		return false, err
	}
	run, err := c.Chains.Get(c.Child).Run(recorded.Anchor.Height + 1)
	if err != nil || run == nil {
		return false, err
	}
	if !due && !c.leaves(run) {
		return false, nil
	}
	solvent := recorded.solvent(c.Child, run)
	if c.Chains.setShort(c.Parent, c.Child, !solvent); !solvent {
		c.Hurry()
		return false, nil
	}
	if err := c.Post(ctx, chain.DigestsAddress(c.Parent), chain.MethodDigest, run.Append(nil)); err != nil {
		return c.faster(run, err)
	}
	return true, nil
}

// faster says that there may be more if what could not be recorded is: another carrier was faster (R1).
func (c *Carrier) faster(run *chain.Digest, refused error) (more bool, err error) {
	recorded, err := c.recorded()
	if err == nil && recorded != nil && recorded.Anchor.Height >= run.Last().Height {
		return true, nil
	}
	return false, errors.Join(refused, err)
}

// record is what the parent knows of the child.
type record struct {
	chain.Child
	tree chain.Tree   // that the parent knows
	held chain.Amount // all that the child's branch ever had, as far as the parent knows
}

// recorded is what the parent knows of the child; nil if it doesn't know it yet.
func (c *Carrier) recorded() (*record, error) {
	system := chain.SystemAddress(c.Parent)
	slots := []exec.Slot{
		{Account: chain.DigestsAddress(c.Parent), Key: chain.ChildKey(c.Child)}, {Account: system, Key: chain.KeyTree},
		{Account: system, Key: chain.EnteredKey(c.Child)}, {Account: system, Key: chain.CreditedKey(c.Child)},
	}
	values := make([][]byte, len(slots))
	for i, slot := range slots { // not of one block: what is held only grows, so that the worst is to wait for the next block
		var err error
		if values[i], err = c.Entry(slot); err != nil || values[0] == nil {
			return nil, err
		}
	}
	r := &record{}
	for _, step := range []func() error{
		func() (err error) { r.Child, err = chain.DecodeChild(values[0]); return },
		func() (err error) { r.tree, err = chain.DecodeTree(values[1]); return },
		func() error {
			entered, err := chain.DecodeAmount(values[2])
			if err != nil {
				return err
			}
			credited, err := chain.DecodeAmount(values[3])
			r.held = chain.Held(r.Issued, entered, credited)
			return err
		},
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("record of chain %d: %w", c.Child, err)
		}
	}
	return r, nil
}

// solvent says whether the parent would record the run as far as value goes (SPEC 8.7): not before it knows all chains that the run
// sends to, and all that the run sends on. It will, if the child's committee is not rotten.
func (r *record) solvent(child chain.ID, run *chain.Digest) bool {
	left := r.Left
	for i := range run.Headers {
		for _, l := range run.Headers[i].Leaving {
			switch {
			case !r.tree.Has(l.Chain):
				return false
			case r.tree.Below(l.Chain, child):
				continue
			}
			var err error
			if left, err = left.Add(l.Amount); err != nil {
				return false // more than there is
			}
		}
	}
	return !r.held.Less(left)
}

// manyBlocks is how many blocks are carried though nothing leaves with them: what they took in is known above then, before so much is
// under way to a chain that sends nothing that others must wait (SPEC 8.6).
const manyBlocks = 8

// leaves says whether a block of the run sends something out of the child's branch, or hands over to another committee: the parent
// should know those who certify what follows. Many blocks do, too, and a chain that is loaded lets the others know.
func (c *Carrier) leaves(run *chain.Digest) bool {
	if len(run.Next.Seats) > 0 || len(run.Headers) >= manyBlocks || run.Last().Load >= chain.BusyLoad {
		return true
	}
	tree := c.Tree()
	for i := range run.Headers {
		for _, l := range run.Headers[i].Leaving {
			if !tree.Below(l.Chain, c.Child) {
				return true
			}
		}
	}
	return false
}
