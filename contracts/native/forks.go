package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// fork marks a child of which two certified blocks of one height are shown, however old they are (D4). What is recorded there stands in the
// child's accumulator, and its header names who certified it: so neither the blocks behind it nor a change of the committee hide anything.
func (d digests) fork(env *exec.Env) error {
	in, err := chain.DecodeFork(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	if err := env.Charge(digestGas(&in.Other) + gas.DigestHeader); err != nil {
		return err
	}
	at := in.Recorded.Anchor()
	id := in.Recorded.Chain
	child, err := childOf(env, id)
	if err != nil {
		return err
	}
	if err := isRecorded(env, id, at, in.Place); err != nil {
		return err
	}
	if in.Committee.Hash() != in.Recorded.Committee {
		return refused("chain %d: block %d names committee %s, and another one is shown", id, at.Height, in.Recorded.Committee)
	}
	committee, err := d.able(env, id, in.Committee)
	if err != nil {
		return err
	}
	return accuse(env, child, &contradiction{at, &in.Other, committee})
}

// isRecorded says whether a block of a child is recorded, by its place in the accumulator of all that are.
func isRecorded(env *exec.Env, id chain.ID, at chain.Anchor, place []byte) error {
	r := wire.NewReader(place)
	p := merkle.ReadPlace(r)
	if err := r.Done(); err != nil {
		return badInput(env.Message, err)
	}
	anchors, _, err := entryOf(env, chain.AccumulatorKey(id), merkle.DecodeAccumulator)
	if err != nil {
		return err
	}
	if at.Height == 0 || p.Index != at.Height-1 {
		return refused("chain %d: block %d is recorded as leaf %d, and its blocks count from 1", id, at.Height, p.Index)
	}
	if err := anchors.Verify(p, light.AnchorLeaf(at)); err != nil {
		return refused("chain %d: block %d with hash %s is not shown to be recorded: %v", id, at.Height, at.Hash, err)
	}
	return nil
}

// contradiction is a recorded block, and a run that shows another one at its height: it begins with that, or behind it.
type contradiction struct {
	recorded  chain.Anchor
	shown     *chain.Digest
	committee *light.Committee // that certifies the run
}

// other is the hash of the block at the height of the recorded one that the run shows; none if it shows none. Who certifies a block
// certifies its parent.
func (c *contradiction) other() chain.BlockHash {
	switch first := &c.shown.Headers[0]; {
	case first.Height == c.recorded.Height:
		return first.Hash()
	case first.Height > 0 && first.Height-1 == c.recorded.Height:
		return first.Parent
	}
	return chain.BlockHash{}
}

// accuse marks a child of which two blocks of one height were certified.
func accuse(env *exec.Env, child chain.Child, c *contradiction) error {
	id, height, hash, other := c.committee.Chain(), c.recorded.Height, c.recorded.Hash, c.other()
	switch {
	case height == 0:
		return refused("chain %d: its blocks count from 1", id)
	case other == hash || other == chain.BlockHash{}:
		return refused("chain %d: block %d is recorded as %s, and no other block of that height is shown", id, height, hash)
	}
	first := &c.shown.Headers[0]
	before := chain.Known{Anchor: chain.Anchor{Height: first.Height - 1, Hash: first.Parent}, Epoch: c.committee.Epoch(), Committee: c.committee.Hash()}
	if _, err := light.Follow(before, c.shown, c.committee, light.Direct); err != nil {
		return refused("chain %d: block %d is recorded as %s, and another one is not proven: %v", id, height, hash, err)
	}
	if child.Forked {
		return nil
	}
	child.Forked = true
	if err := env.Write(chain.ChildKey(id), child.Encode()); err != nil {
		return err
	}
	return env.Emit(chain.EventForked, chain.ForkedEvent{Child: id, Height: height, Recorded: hash, Other: other}.Encode())
}
