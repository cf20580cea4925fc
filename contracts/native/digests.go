package native

import (
	"errors"

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
//	D4  Another block that the committee of a recorded height certified there, itself or by one that descends from it, makes the child
//	    Forked, and changes nothing else (SPEC 4.9): whether a digest shows it at the last height recorded, or a fork message at any.
//	D5  What leaves the branch counts for nobody before the child's valve lets it through (SPEC 8.7; valve.go).
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
	if err := writeChild(env, in.ID, child, &in.Seats, merkle.Accumulator{}); err != nil || in.Params.Valve.Open() {
		return err
	}
	return writeGate(env, in.ID, chain.Gate{Valve: in.Params.Valve})
}

// adoptGas is a gas limit that suffices for a child message with that input.
func adoptGas(input []byte, valve chain.Valve) uint64 {
	const others = 1 << 10 // more than the keys, the child's entry and an empty accumulator take
	units := gas.Add + gas.Read + 3*gas.Write + gas.WriteByte*uint64(len(input)+others)
	if !valve.Open() {
		units += gas.Write + gas.WriteByte*uint64(chain.GateBytes(0))
	}
	return units
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
			return accuse(env, child, &contradiction{child.Anchor, &in, committee})
		case shown == len(in.Headers) && hash == child.Anchor.Hash:
			return nil // another carrier was faster
		case shown == len(in.Headers):
			return refused("blocks of chain %d are recorded up to %d, and the digest ends at %d; show two blocks of one height with a %s message",
				id, child.Anchor.Height, at.Height, chain.MethodFork)
		}
	}
	in.Headers = in.Headers[shown:]
	known, err := light.Follow(child.Known, &in, committee, light.Direct)
	switch {
	case errors.Is(err, light.ErrFork) && child.Anchor.Height > 0: // who certifies a block certifies those before it
		return accuse(env, child, &contradiction{child.Anchor, &in, committee})
	case err != nil:
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
// most with such a one, as far as the message that sends it can bring so much. The gate is the encoded entry of the child's; nothing for a
// valve that is open.
func DigestGas(d *chain.Digest, committee *chain.Committee, gate []byte) uint64 {
	const others = 4 << 10 // more than the keys, the child's entry, what came, an accumulator and the event take
	units := gas.Handling + gas.NewAccount + digestGas(d) + gas.CommitteeNode*uint64(committee.Nodes())
	units += 7*gas.Read + gas.ReadByte*(others+uint64(len(committee.Append(nil))))
	units += 3*gas.Write + gas.WriteByte*(others+uint64(len(d.Next.Append(nil)))) + gas.Event
	for i := range d.Headers {
		const entry = 64 // key and value of what has left for a chain
		units += uint64(len(d.Headers[i].Leaving)) * (gas.Read + gas.Write + entry*(gas.ReadByte+gas.WriteByte))
	}
	if gate != nil {
		units += releaseGas(len(gate))
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

// committee is who certifies a child's next block.
func (d digests) committee(env *exec.Env, id chain.ID) (*light.Committee, error) {
	c, _, err := entryOf(env, chain.ChildCommitteeKey(id), chain.DecodeCommittee)
	if err != nil {
		return nil, err
	}
	return d.able(env, id, c)
}

// able makes a child's committee able to check what it is said to have signed. One that was handed over to by a rotten committee may have
// keys that are none: its chain has lost its own say, and nobody else's.
func (d digests) able(env *exec.Env, id chain.ID, c chain.Committee) (*light.Committee, error) {
	if err := env.Charge(gas.CommitteeNode * uint64(c.Nodes())); err != nil {
		return nil, err
	}
	made, err := d.committees.Committee(env.Context.Network, c)
	if err != nil {
		return nil, refused("chain %d: %v", id, err)
	}
	return made, nil
}

// record takes over the blocks of a digest that goes on from what is known of the child.
func record(env *exec.Env, id chain.ID, child chain.Child, known chain.Known, d *chain.Digest) error {
	left, err := leave(env, id, &child, d.Headers)
	if err != nil {
		return err
	}
	leaving, err := pass(env, id, left)
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
