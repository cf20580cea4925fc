// Package light answers one question: what is proven to somebody who knows a committee of a chain, a block of it, and nothing
// else? It needs no node, no state and no clock.
//
//	chain.Committee ─NewCommittee─► Committee ─┬─ Prepared  the certificate shows that a quorum prepared its block
//	  (the reader trusts its hash)             ├─ Final     … that its block is final
//	                                           ├─ Block     … that the block with this header is
//	                                           └─ TimedOut  these timeouts are the seats' own
//
//	chain.Known, Digest, Committee ─Follow─► chain.Known: a later block of the chain, and who certifies the next one
//
//	Start ─Walk─► a block of any chain below ─┬─ ImportProof  these relays stand in its outbox: an Inflow
//	                                          ├─ EntryProof   its state has this entry, or none
//	                                          └─ AckProof     it has taken in so many relays
//
//	Envelope: the digests, the path and the relays, in one file. Acknowledgement: the digests and an AckProof
//
// # Invariants
//
//	L1  A seat counts once: certificates and claims hold sets, and sets of claims don't overlap.
//	L2  Only seats of the committee count, only for its own network, chain and epoch.
//	L3  A block is final by confirmations of a quorum, or by preparations of the early quorum of one round (SPEC 5.3). Less
//	    proves nothing.
//	L4  A signature counts for the one kind of statement it was made for, and for the very bytes.
//	L5  What is known of a chain only grows: by a run of blocks, linked by hash and height, that begins behind the known one, right
//	    behind it with Direct; and never by one whose parent is another block than the known one.
//	L6  Who certifies the next block follows from the blocks (SPEC 6.7): the same committee, or the one whose hash stands in the last
//	    block of its epoch. Only the last block of a digest can be that: its own committee certifies it.
//	L7  A step leads from a certified block to an Anchor in an accumulator under its state root, at the index that its height says. So
//	    what it leads to is a block of the same chain before it, or one of a child that the chain recorded.
//	L8  Which chain is whose child the reader knows; the chains on the way are not asked. Else one whose committee is rotten could
//	    record as its child's whatever it wants to have been sent by any chain.
//	L9  A chain sends relays of its own accounts alone, to the chain and with the number that its outbox says.
//	L10 What relays carry is counted, in every branch that they come through, against what the digests said has left that branch for
//	    the destination. So a chain whose committee is rotten, whatever its outbox holds, makes nobody take in more value from its
//	    branch than the chain above has let out of it (SPEC 8.7); and the relays of others are not held against its own.
//
// L10 needs a look at every level: what a rotten chain hides from the one above, that one's own children pay for, and nobody else.
//
// Seats are counted before keys are touched: junk is refused in a microsecond, a certificate costs a millisecond. A claim has one
// proof, of one length: no step, sibling or place can be left over.
//
// # A path
//
//	                  state root ── system account ── history: Accumulator ── Anchor of an earlier block   (the first step alone)
//	block of main <
//	                  state root ── digests actor ── digests/a: Accumulator ── Anchor of a block of chain a ─┐
//	                                               └ left/a to: Amount (L10)                                 │
//	┌────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//	└ block of a <    state root ── digests actor ── digests/a1: Accumulator ── Anchor of a block of chain a1
//	                  outbox root ── relay number n for chain b
//
// Whether the committee, the block and the tree that the reader starts from are the network's is not asked here: they come from its
// genesis, from an operator, or from the blocks before.
package light
