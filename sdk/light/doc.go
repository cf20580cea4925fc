// Package light answers one question: what does a committee's signature prove to somebody who knows the committee and
// nothing else? It needs no node, no state and no clock.
//
//	chain.Committee ─NewCommittee─► Committee ─┬─ Prepared  the certificate shows that a quorum prepared its block
//	  (the reader trusts its hash)             ├─ Final     … that its block is final
//	                                           ├─ Block     … that the block with this header is
//	                                           └─ TimedOut  these timeouts are the seats' own
//
// # Invariants
//
//	L1  A seat counts once: certificates and claims hold sets, and sets of claims don't overlap.
//	L2  Only seats of the committee count, only for its own network, chain and epoch.
//	L3  A block is final by confirmations of a quorum, or by preparations of the early quorum of one round (SPEC 5.3). Less
//	    proves nothing.
//	L4  A signature counts for the one kind of statement it was made for, and for the very bytes.
//
// Seats are counted before keys are touched: junk is refused in a microsecond, a certificate costs a millisecond.
//
// Whether the committee is the chain's is not asked here: its hash stands in the headers before it (SPEC 6.7).
package light
