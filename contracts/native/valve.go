package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Value that leaves a child's branch passes the child's valve before it counts for anybody (SPEC 8.7). What waits in the gate has left
// the branch: it counts against the cap, so no other digest can let it out again. But it has not come anywhere. Its relays wait at their
// destination, which takes in no more from a branch than LeftKey says (package light, L10), and no branch beside it may let it out on the
// strength of having been sent it. So it doesn't matter who of them is rotten.

// pass puts what has left a branch through the child's gate, and returns what comes out of it, by chain.
func pass(env *exec.Env, id chain.ID, left []chain.Leaving) ([]chain.Leaving, error) {
	gate, ok, err := entryOf(env, chain.GateKey(id), chain.DecodeGate)
	if err != nil {
		return nil, err
	}
	if !ok {
		return left, letOut(env, id, left)
	}
	return passGate(env, id, gate, left)
}

// passGate is pass where the child has a gate. It writes that once: it can be long.
func passGate(env *exec.Env, id chain.ID, gate chain.Gate, left []chain.Leaving) ([]chain.Leaving, error) {
	gate.Take(env.Context.Height, left)
	passed := keepZero(gate.Pass(env.Context.Height), left)
	if err := writeGate(env, id, gate); err != nil {
		return nil, err
	}
	return passed, letOut(env, id, passed)
}

// keepZero adds to what passed the chains that relays without value go to: who carries sees by them that something is on its way.
func keepZero(passed, left []chain.Leaving) []chain.Leaving {
	for _, l := range left {
		if l.Amount.IsZero() {
			passed = append(passed, l)
		}
	}
	return summed(passed)
}

// writeGate writes a gate, or that there is none to keep.
func writeGate(env *exec.Env, id chain.ID, gate chain.Gate) error {
	if gate.Valve.Open() && len(gate.Waiting) == 0 {
		return env.Write(chain.GateKey(id), nil)
	}
	return env.Write(chain.GateKey(id), gate.Encode())
}

// release lets through what may pass now, also where the child makes no further block.
func release(env *exec.Env) error {
	id, err := chain.DecodeNamed(env.Input)
	if err != nil {
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	child, err := childOf(env, id)
	if err != nil {
		return err
	}
	passed, err := pass(env, id, nil)
	if err != nil {
		return err
	}
	return released(env, id, &child, passed)
}

// released notes what was let through without a digest.
func released(env *exec.Env, id chain.ID, child *chain.Child, passed []chain.Leaving) error {
	if len(passed) == 0 {
		return nil
	}
	anchors, err := env.Read(chain.AccumulatorKey(id))
	if err != nil {
		return err
	}
	env.Record(exec.Recorded{Child: id, First: child.Anchor.Height + 1, Leaving: passed, Released: anchors})
	return nil
}

// setChildValve sets how fast value leaves a child, by the registry's word alone.
func setChildValve(env *exec.Env) error {
	in, err := chain.DecodeValveInput(env.Input)
	switch {
	case env.Message.From != chain.RegistryAddress():
		return refused("only the registry, %s, says how fast value leaves a chain", chain.RegistryAddress())
	case err != nil:
		return badInput(env.Message, err)
	}
	if err := noAmount(env.Message); err != nil {
		return err
	}
	child, err := childOf(env, in.Chain)
	if err != nil {
		return err
	}
	gate, _, err := entryOf(env, chain.GateKey(in.Chain), chain.DecodeGate)
	if err != nil {
		return err
	}
	gate.Set(env.Context.Height, in.Valve)
	passed, err := passGate(env, in.Chain, gate, nil)
	if err != nil {
		return err
	}
	return released(env, in.Chain, &child, passed)
}

// valveGas suffices for a valve message whatever waits.
var valveGas = gas.Handling + gas.NewAccount + 3*gas.Read + gas.Write + releaseGas(chain.GateBytes(chain.MaxDestinations))

// releaseGas is what it takes at most to let value through a gate whose entry has so many bytes, and that gets others from a digest.
func releaseGas(gate int) uint64 {
	const entry = 64 // key and value of what has left for a chain
	size := uint64(min(gate+chain.GateBytes(chain.MaxPassed), chain.GateBytes(chain.MaxDestinations))) + entry
	const accumulator = 40 * 64 // more than its entry takes
	return 2*gas.Read + gas.Write + accumulator*gas.ReadByte + size*(gas.ReadByte+gas.WriteByte) + chain.MaxPassed*(gas.Read+gas.Write+entry*(gas.ReadByte+gas.WriteByte))
}

// ReleaseGas is a gas limit that suffices for a release message, where the child's gate is the given entry.
func ReleaseGas(gate []byte) uint64 {
	const child = 512 // more than the entry of a child takes
	return gas.Handling + gas.NewAccount + gas.Read + child*gas.ReadByte + releaseGas(len(gate))
}
