// Package relay answers: how does what one chain sent come to another (SPEC 8)? It carries digests up and relays across, between
// the chains of which this process has the data.
//
//	a chain's block is final ──► Carrier: its digest ──message──► the digests actor of its parent
//	                                                                     │ recorded, final
//	another chain makes a block ──► Bring: views, facts, acks, relays ◄──┘ proven from the lowest common ancestor's head
//
// Nothing is kept here that is not on the chains: which relay is next, what is recorded, how far a view goes stand in their states.
// So carrying may stop anywhere, be done twice, or by several at once: the chains take in each thing once (R1), and what was carried
// in vain is carried again.
//
// Where a process has one chain of the two alone, it wants of others what its own lacks (Wants, and Errands for whom to ask when), and they give it
// (Give). By hand it goes as well: Envelope makes a file of relays, and Acknowledgement one of what was taken in, from chains that
// other processes answer for (Remote). Either way a Bag holds it at its destination until a block takes it in.
//
// # Invariants
//
//	R1  What is brought is judged by who takes it in (block.Arrival). This package can be wrong, late or absent; it can't make
//	    anything count.
//	R2  All proofs of one block start from one head of each ancestor, which the block's view is raised to: what moves on meanwhile
//	    waits for the next block.
//	R3  A digest is carried at once if a block of it sends something out of the chain's branch, if the chain is loaded, and for some
//	    blocks together; else now and then (SPEC 5.7).
//	R4  What may arrive in a block is shared out evenly among the chains that have something for it (SPEC 8.6).
//	R5  Relays that were refused are tried again less and less often: a rotten chain costs nobody a block each time.
//
// # What it does not do
//
// It opens no connection and has no state on disk. Which chains there are is the node's to say.
package relay
