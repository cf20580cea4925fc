package relay

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Courier decides which blocks of a chain are to be shown to its parent, and when (R3). It has no clock and sends nothing: Carrier does,
// and so does the simulator.
type Courier struct {
	Chains        *Chains
	Child, Parent chain.ID
	// Tree is which chains there are.
	Tree func() chain.Tree
	// Entry is what the parent's final state holds in a slot. It is asked also before the parent's first block, which nothing shows.
	Entry func(exec.Slot) ([]byte, error)
	// Hurry lets the parent see again whether something has come from above: a digest waits for that.
	Hurry func()
}

// Next is the digest that is to be carried now; nil if there is none, or no reason to. Due says that it is time also for blocks that
// send nothing out of the branch.
func (c *Courier) Next(due bool) (*chain.Digest, error) {
	recorded, err := c.recorded()
	if err != nil || recorded == nil {
		return nil, err
	}
	run, err := c.Chains.Get(c.Child).Run(recorded.Anchor.Height + 1)
	if err != nil || run == nil {
		return nil, err
	}
	if recorded.Forked && run.Headers[0].Parent != recorded.Anchor.Hash {
		return nil, nil // what is recorded counts; that the blocks here contradict it is known, and shown again it would only cost
	}
	if eased := recorded.Anchor.Load >= chain.BusyLoad; !due && !eased && !c.leaves(run) { // others are slowed until it is known
		return nil, nil
	}
	solvent := recorded.solvent(c.Child, run)
	if c.Chains.setShort(c.Parent, c.Child, !solvent); !solvent {
		c.Hurry()
		return nil, nil
	}
	return run, nil
}

// Known says whether the blocks of a run are recorded, by whomever: another carrier may have been faster (R1).
func (c *Courier) Known(run *chain.Digest) (bool, error) {
	recorded, err := c.recorded()
	return err == nil && recorded != nil && recorded.Anchor.Height >= run.Last().Height, err
}

// Gas is what the parent's digests actor needs to record a run.
func (c *Courier) Gas(run *chain.Digest) (uint64, error) {
	digests := chain.DigestsAddress(c.Parent)
	raw, err := c.Entry(exec.Slot{Account: digests, Key: chain.ChildCommitteeKey(c.Child)})
	if err != nil {
		return 0, err
	}
	gate, err := c.Entry(exec.Slot{Account: digests, Key: chain.GateKey(c.Child)})
	if err != nil {
		return 0, err
	}
	committee, err := chain.DecodeCommittee(raw)
	if err != nil {
		return 0, fmt.Errorf("committee of chain %d: %w", c.Child, err)
	}
	return native.DigestGas(run, &committee, gate), nil
}

// Release is the call that lets value of the child through its valve (SPEC 8.7) in the parent's next block; nil if none may pass there.
func (c *Courier) Release() (*chain.CallInput, error) {
	digests := chain.DigestsAddress(c.Parent)
	raw, err := c.Entry(exec.Slot{Account: digests, Key: chain.GateKey(c.Child)})
	if raw == nil || err != nil {
		return nil, err
	}
	height, err := c.parentHeight()
	if err != nil {
		return nil, err
	}
	gate, err := chain.DecodeGate(raw)
	if err != nil {
		return nil, fmt.Errorf("gate of chain %d: %w", c.Child, err)
	}
	if !gate.Due(height + 1) {
		return nil, nil
	}
	return &chain.CallInput{To: digests, Method: chain.MethodRelease, GasLimit: native.ReleaseGas(raw), Input: chain.EncodeNamed(c.Child)}, nil
}

// parentHeight is that of the parent's last block: as many were before it.
func (c *Courier) parentHeight() (uint64, error) {
	raw, err := c.Entry(exec.Slot{Account: chain.SystemAddress(c.Parent), Key: chain.KeyHistory})
	if raw == nil || err != nil {
		return 0, err
	}
	history, err := merkle.DecodeAccumulator(raw)
	return history.Count, err
}

// record is what the parent knows of the child.
type record struct {
	chain.Child
	tree chain.Tree   // that the parent knows
	held chain.Amount // all that the child's branch ever had, as far as the parent knows
}

// recorded is what the parent knows of the child; nil if it doesn't know it yet.
func (c *Courier) recorded() (*record, error) {
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
func (c *Courier) leaves(run *chain.Digest) bool {
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
