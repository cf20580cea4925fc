// Package evidence answers one question: how is it shown to anyone, far away and later, that a member of a committee broke a
// rule (SPEC 6.6)? A Case is one proof as one string of bytes, and needs nothing beside it but what its reader trusts.
//
//	bft.Evidence   two claims that one honest seat can't have signed ──► Against ───────┐
//	                                                                                    ├─► Case ─Encode─► a file
//	bft.Backed     a preparation ──────────────────────────┐                            │
//	block.Fault    of the block ──Show──► witness and code ┴──► AgainstBacker ──────────┘
//
//	a file ─Decode─► Case ─Judge(Trust)─► Verdict: who is guilty of what
//
// # Invariants
//
//	G1  A Verdict follows from the bytes and the Trust alone: no node, state, clock or network is asked.
//	G2  Nobody is guilty who has not signed: the signatures are those of seats of a committee that the reader trusts.
//	G3  What one member did at one place is one Case, byte for byte, wherever it is made of the same claims.
//	G4  Bytes that were changed on their way are no Case.
//
// A reader trusts one of two things: a committee and the network that it is of (a genesis names both), or the hash of one
// final block, whose header names both.
//
// What light.Evidence can't show, and block.Witness can't, is no Case: see there.
package evidence
