// Package account is the live account as a plain struct: what one account is while its actor is in memory (SPEC 1.6).
// Whoever calls it is its actor, one call at a time; it knows no goroutine, no lock and no clock.
//
//	            final record ◄─────────── Commit(tag) ───────────┐
//	                 │ (below)                                   │
//	message ─ Handle(tag) ─► overlay of the open block, σ_i ─────┤
//	                 ▲                                           └─ Discard(tag): no trace
//	external ─ Offer ─► Lane ─ Next(nonce) ─┘ (a message stays in its lane until its nonce is used for good)
//
// # Invariants
//
//	A1  Final changes in Commit alone: what is seen outside is what a certificate stands behind (DESIGN D17).
//	A2  Overlays stand on one another in the order of their blocks; the lowest stands on the final record. One that goes
//	    takes those above with it.
//	A3  A lane holds a nonce once, none that is used, and no more gas than the final balance covers: a Commit that makes the
//	    balance smaller drops what it no longer covers.
//	A4  A block that loses leaves nothing behind: the lane holds its messages still.
//	A5  Handle is exec.Overlay's: what a replay does, no more and no less (DESIGN D2).
//	A6  What an open block has handled stays in its lane until that block is committed or discarded; nothing replaces it.
//
// What it does not do: verify signatures, schedule, remember what a message id became. Refunds after a block's last event
// are the block's rule; they come in through Commit and Settle.
package account
