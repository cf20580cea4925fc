package exec

import (
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Recorded is a run of a child's blocks that a digests actor has recorded, or value of the child that it has let through without one. What follows from it for the chain itself is done
// when the block ends: value that leaves the child's branch stays below this chain or leaves it (SPEC 7.2, 8.7), and the nodes
// are kept by who will prove.
type Recorded struct {
	Child   chain.ID
	First   uint64          // height of the first block
	Anchors []chain.Anchor  // of First and those that follow
	Nodes   []merkle.Node   // that came to be in the accumulator of the child's anchors
	Leaving []chain.Leaving // what passed the valve of the child's branch, by chain
	// Released is the accumulator's entry where value passed the valve and no block was recorded; nil otherwise.
	Released []byte
}

// Record adds what was recorded to the block. Who calls it has proven it and charged for it.
func (e *Env) Record(r Recorded) {
	rare := e.makeRare()
	rare.recorded = append(rare.recorded, r)
}

// Introduce makes a chain part of the tree when the block ends. Its id is above all others.
func (e *Env) Introduce(limb chain.Limb) {
	rare := e.makeRare()
	rare.introduced = append(rare.introduced, limb)
}

// System is an entry of the chain's own account (chain.SystemAddress) as it was before the block; nil if there is none. The
// value must not be changed.
func (e *Env) System(key string) ([]byte, error) {
	if err := e.Charge(gas.Read); err != nil {
		return nil, err
	}
	if e.Context.System == nil {
		return nil, nil
	}
	v, err := e.Context.System(key)
	if err != nil {
		return nil, e.breaks(err)
	}
	return v, e.Charge(gas.ReadByte * uint64(len(v)))
}
