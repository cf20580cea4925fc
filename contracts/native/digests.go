package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// digests is a digests actor (SPEC 7.2). It keeps of each child what it knows of it (chain.Child), its next committee, and an
// accumulator of the anchors of all its blocks.
//
//	D1  Blocks are recorded in order without gaps, each once: the block at a height is the first that was shown.
//	D2  A block is recorded only if the committee that the child's entry names certified it, or a block that descends from it in
//	    the same digest.
//	D3  No digest makes Left exceed Issued + what came into the branch, here and from above (SPEC 8.7; solvency.go).
//	D4  Another block that the same committee certified at the last height recorded makes the child Forked, and changes nothing else
//	    (SPEC 4.9).
type digests struct{ committees Committees }

// adopt makes a chain a child, by the registry's word alone: so it can't fail for a Branch that the registry sends. A child that is
// known stays as it is: the registry may say it twice.
func adopt(env *exec.Env) error {
	in, err := chain.DecodeBranch(env.Input)
	switch {
	case env.Message.From != chain.RegistryAddress():
		return refused("only the registry, %s, says which chains are children", chain.RegistryAddress())
	case err != nil:
		return badInput(env.Message, err)
	case in.Parent != env.Context.Chain:
		return refused("chain %d is under chain %d, and this is chain %d", in.ID, in.Parent, env.Context.Chain)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	if _, ok, err := entryOf(env, chain.ChildKey(in.ID), chain.DecodeChild); ok || err != nil {
		return err
	}
	child := chain.Child{Known: chain.Known{Epoch: in.Seats.Epoch, Committee: in.Committee}, Issued: in.Issued}
	return writeChild(env, in.ID, child, &in.Seats, merkle.Accumulator{})
}

// adoptGas is a gas limit that suffices for a child message with that input.
func adoptGas(input []byte) uint64 {
	const others = 1 << 10 // more than the keys, the child's entry and an empty accumulator take
	return gas.Add + gas.Read + 3*gas.Write + gas.WriteByte*uint64(len(input)+others)
}

// writeChild writes what there is of a child; its committee only where that changed.
func writeChild(env *exec.Env, id chain.ID, child chain.Child, next *chain.Committee, anchors merkle.Accumulator) error {
	if err := env.Write(chain.ChildKey(id), child.Encode()); err != nil {
		return err
	}
	if len(next.Seats) > 0 {
		if err := env.Write(chain.ChildCommitteeKey(id), next.Append(nil)); err != nil {
			return err
		}
	}
	return env.Write(chain.AccumulatorKey(id), anchors.Encode())
}

// digest records blocks of a child. Anybody may send it, so what two carriers send overlaps: headers at its front that are recorded
// already are skipped.
func (d digests) digest(env *exec.Env) error {
	in, err := chain.DecodeDigest(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	if err := env.Charge(digestGas(&in)); err != nil {
		return err
	}
	id := in.Last().Chain
	child, err := childOf(env, id)
	if err != nil {
		return err
	}
	committee, err := d.committee(env, id)
	if err != nil {
		return err
	}
	shown := front(in.Headers, child.Anchor.Height)
	if shown > 0 {
		at := &in.Headers[shown-1]
		switch hash := at.Hash(); {
		case at.Height == child.Anchor.Height && hash != child.Anchor.Hash:
			in.Headers = in.Headers[shown-1:]
			return contradict(env, id, child, &in, committee)
		case shown == len(in.Headers) && hash == child.Anchor.Hash:
			return nil // another carrier was faster
		case shown == len(in.Headers):
			return refused("blocks of chain %d are recorded up to %d, and the digest ends at %d", id, child.Anchor.Height, at.Height)
		}
	}
	in.Headers = in.Headers[shown:]
	known, err := light.Follow(child.Known, &in, committee, light.Direct)
	if err != nil {
		return refused("chain %d: %v", id, err)
	}
	return record(env, id, child, known, &in)
}

// front is how many headers at the front are not above height.
func front(headers []chain.Header, height uint64) int {
	for i := range headers {
		if headers[i].Height > height {
			return i
		}
	}
	return len(headers)
}

// digestGas is what a digest costs beside reading, writing, and the keys of its committee.
func digestGas(d *chain.Digest) uint64 {
	values := 0
	for i := range d.Headers {
		values += len(d.Headers[i].Leaving)
	}
	return gas.Certificate + gas.DigestHeader*uint64(len(d.Headers)) + gas.Leaving*uint64(values)
}

// DigestGas is a gas limit that suffices for a digest message, where the committee certifies the child's next block: what the actor does at
// most with such a one, as far as the message that sends it can bring so much.
func DigestGas(d *chain.Digest, committee *chain.Committee) uint64 {
	const others = 4 << 10 // more than the keys, the child's entry, what came, an accumulator and the event take
	units := gas.Handling + gas.NewAccount + digestGas(d) + gas.CommitteeNode*uint64(committee.Nodes())
	units += 6*gas.Read + gas.ReadByte*(others+uint64(len(committee.Append(nil))))
	units += 3*gas.Write + gas.WriteByte*(others+uint64(len(d.Next.Append(nil)))) + gas.Event
	for i := range d.Headers {
		const entry = 64 // key and value of what has left for a chain
		units += uint64(len(d.Headers[i].Leaving)) * (gas.Read + gas.Write + entry*(gas.ReadByte+gas.WriteByte))
	}
	const sending = 8 << 20 // more than the largest message takes that sends it
	return min(units, chain.MaxMessageGas-sending)
}

func childOf(env *exec.Env, id chain.ID) (chain.Child, error) {
	child, ok, err := entryOf(env, chain.ChildKey(id), chain.DecodeChild)
	if err == nil && !ok {
		err = refused("chain %d is no child of chain %d", id, env.Context.Chain)
	}
	return child, err
}

// committee is who certifies a child's next block. One that was handed over to by a rotten committee may have keys that are none: its
// chain has lost its own say, and nobody else's.
func (d digests) committee(env *exec.Env, id chain.ID) (*light.Committee, error) {
	c, _, err := entryOf(env, chain.ChildCommitteeKey(id), chain.DecodeCommittee)
	if err != nil {
		return nil, err
	}
	if err := env.Charge(gas.CommitteeNode * uint64(c.Nodes())); err != nil {
		return nil, err
	}
	made, err := d.committees.Committee(env.Context.Network, c)
	if err != nil {
		return nil, refused("chain %d: %v", id, err)
	}
	return made, nil
}

// contradict marks a child whose committee certified two blocks at one height (D4): the first header of in stands where another block
// is recorded, and the last has a certificate. A committee that the recorded block handed over from is not known any more.
func contradict(env *exec.Env, id chain.ID, child chain.Child, in *chain.Digest, committee *light.Committee) error {
	at := &in.Headers[0]
	height, hash := child.Anchor.Height, child.Anchor.Hash
	if height == 0 {
		return refused("chain %d: its blocks count from 1", id)
	}
	before := chain.Known{Anchor: chain.Anchor{Height: height - 1, Hash: at.Parent}, Epoch: child.Epoch, Committee: child.Committee}
	if _, err := light.Follow(before, in, committee, light.Direct); err != nil {
		return refused("chain %d: block %d is recorded as %s, and another one is not proven: %v", id, height, hash, err)
	}
	if child.Forked {
		return nil
	}
	child.Forked = true
	if err := env.Write(chain.ChildKey(id), child.Encode()); err != nil {
		return err
	}
	return env.Emit(chain.EventForked, chain.ForkedEvent{Child: id, Height: height, Recorded: hash, Other: at.Hash()}.Encode())
}

// record takes over the blocks of a digest that goes on from what is known of the child.
func record(env *exec.Env, id chain.ID, child chain.Child, known chain.Known, d *chain.Digest) error {
	leaving, err := leave(env, id, &child, d.Headers)
	if err != nil {
		return err
	}
	anchors, _, err := entryOf(env, chain.AccumulatorKey(id), merkle.DecodeAccumulator)
	if err != nil {
		return err
	}
	r := exec.Recorded{Child: id, First: child.Anchor.Height + 1, Leaving: leaving}
	for i := range d.Headers {
		anchor := d.Headers[i].Anchor()
		r.Anchors = append(r.Anchors, anchor)
		r.Nodes = append(r.Nodes, anchors.Append(light.AnchorLeaf(anchor))...)
	}
	child.Known = known
	if err := writeChild(env, id, child, &d.Next, anchors); err != nil {
		return err
	}
	env.Record(r)
	return env.Emit(chain.EventRecorded, chain.RecordedEvent{Child: id, First: r.First, Last: known.Anchor.Height}.Encode())
}
