package block

import (
	"math"

	"github.com/thinkey/thinkey/sdk/chain"
)

// load is how much of the chain's capacity the block takes (chain.Header). What may arrive is a part of a block of its own: a chain whose
// relays fill that is loaded, whatever gas they use.
func (r *run) load() (uint32, error) {
	most, err := r.arrival.importGas()
	if err != nil {
		return 0, err
	}
	p := r.context.Params
	return uint32(max(
		share(r.header.GasUsed+r.left(), p.BlockGas),
		share(r.arrival.gas, most),
		share(uint64(r.arrival.bytes), uint64(p.BlockBytes)/chain.ArrivedShare),
	)), nil
}

// share is part of whole in 1/65536, below 2^32. Where there is nothing to be had, nothing was taken.
func share(part, whole uint64) uint64 {
	if whole == 0 {
		return 0
	}
	return min(part<<16/whole, math.MaxUint32) // both are below 2^39
}

// left is the gas that the messages bought which wait after the block.
func (r *run) left() (units uint64) {
	for _, n := range r.sequence.CarriedOut {
		units += ImportGas(r.messages[n].Message)
	}
	return units
}
