// Package block makes blocks and judges them. Build and Verify stand side by side over the same functions for everything
// that follows from σ, and differ in where σ comes from:
//
//	Build    what the live actors did ──► numbers ─┐
//	                                               ├─► order check ─► receipts, refunds, queue, state, roots ─► Result
//	Verify   bytes ─► inputs ─► order ─► replay ───┘                                       (conclude.go, settle.go, roots.go)
//	                  (inputs.go)       (replay.go)
//
// Verify sees the bytes of a block and the state before, and nothing that Build computed (SPEC 4.4). It replays every
// account on its own and in parallel: the block carries enough of every relay that no replay waits for another
// (DESIGN D4). Until all have been replayed it believes nothing that σ says was sent: amounts may be invented. A block
// that fails is answered with a Fault: the part that is wrong, the message or account, what was expected and what was found.
//
// # Invariants
//
//	B1  Verify accepts what Build made, and the Results are equal (I3).
//	B2  Whatever Build or Verify reads is under the parent's state root or in the block (SPEC 4.7).
//	B3  Nothing that a block says can make Verify panic, or use memory or time that its bytes and its gas limit don't bound
//	    (replay.go says how often the gas limit).
//	B4  Money is conserved: balances, deposits, fees and what waits in the queue, with its gas, are as before (I1), but for
//	    what came and left with relays.
//	B5  No sum of what is on the chain is more than chain.MaxAmount, whatever chains above it send (held.go).
//
// Of a fault that form, frame, inputs, σ or one account's replay shows, Show makes a Witness for third parties: they find the
// same fault without the state, and the seats that prepared such a block are guilty (witness.go).
//
// Not here: who may propose in which round (consensus/bft), who agreed (sdk/light), when a block is made (runtime/node),
// keeping it (runtime/store).
package block
