// Package fetch answers: how does somebody get the chains of a network from nodes that run, without believing them?
//
//	genesis ─► the block at height 0 of each chain
//	Source  ─► blocks with their certificates ─Verify─► a store, as a node would have it
//
// What a copy then is worth, runtime/audit says: it holds every block to its certificate and its signatures, and the chains to each other.
//
// # Invariants
//
//	F1  Every block follows from the genesis: it is verified from its bytes and the state before, and else refused.
//	F2  The cut is consistent: a copy ends with the blocks that the source's chains had when it began, and with all those that these
//	    blocks know of. So what one chain took in stands in the blocks of the other, however much is under way meanwhile.
//
// # What it does not do
//
// It does not stay: what becomes final later is another copy's. It asks for nothing but blocks.
package fetch
