// Package host keeps the accounts of one chain alive: a real proto.actor actor for each that is in memory, with a mailbox
// of ours (DESIGN D14). It is the proposer's engine: it lets the actors run at once on what waits, and σ is what happened
// (SPEC 4.3).
//
//	Offer ──────────┐                                                         ┌─► State (first message: activation)
//	Produce ──┐     ▼                                                         │
//	 carried ─┼─► table: address ─► mailbox ─► run queue ─► worker ─► account.Account.Handle ─► overlay, σ_i
//	 turns  ──┘     ▲                  ▲          (steals)      │
//	                └──────────────────┼──── relays sent ◄──────┘
//	PID "chain/1", address ─ Query ────┘ (slow lane: through the actor's Receive)
//
// # The mailbox
//
// One word of a mailbox is its queue and its state: nil is idle, a node the newest of what was posted, busy "a worker has
// it and nothing is new", gone "passivated: look the account up again". To post is one compare-and-swap; who finds nil puts
// the mailbox into a run queue. A worker takes all that is there at once and turns it round. So a mailbox is in the hands of
// one worker at a time, a wake-up can't be lost, and passivation is one compare-and-swap too, at any time, without a race.
//
// What was measured and not taken: a goroutine for each message that finds its actor idle (proto.actor's own mailbox) costs
// five times as much; Stop and Poison lose what is queued.
//
// # Invariants
//
//	H1  An account's code runs in one worker at a time; messages from one account to another keep their order (SPEC 2.5).
//	H2  Carried deliveries of an account come before anything else of the block at it, in queue order (SPEC 4.5).
//	H3  Gas used in a block never exceeds Job.Gas: an external message reserves all its tree can use before it is handled.
//	H4  After Stop nothing is handled but what was carried in; what is not handled is a suffix of what each sender sent to
//	    each receiver, what is left of the queue included.
//	H5  Only an account with an empty mailbox, no open block and an empty lane leaves memory; it loses nothing.
//	H6  What waits is bounded where it enters: lanes and offers by account.Limits, queries by Config.MaxQueries. Whoever is
//	    refused sees *Busy. What waits behind a missing nonce has half of the places and of the bytes: the rest is for what a block can hold.
//	H7  A panic or an error of the state ends the host: Fatal is called once, nothing is handled any more, no actor is
//	    restarted (DESIGN 5).
//
// The caller writes a block to the State before it calls Commit: an account that is activated meanwhile reads it there.
//
// What it does not do: verify signatures, order, build or check blocks, or say anything to another node.
package host
