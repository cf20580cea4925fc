// Package order answers one question: is σ a possible order?
//
// σ lists, for each account, the messages it processed, in order, and what each handling sent (SPEC 4.2). The proposer
// did not choose it: its accounts ran at once and each wrote down what happened. Whoever verifies the block asks whether
// it can have happened at all.
//
// # The graph
//
// An event is one message processed by one account. Two kinds of edges say what came before what: along each account's
// own list, and from the event that sends a message to the one that receives it.
//
//	possible                      not possible
//
//	A:  m1 ───► y                 A:  y ───► m1         ───►  then, in the same account
//	     ┊      ▲                     ▲      ┊
//	     ▼      ┊                     ┊      ▼          ┄┄┄►  sent there, received here
//	B:   x ┄┄┄┄┄┘                 B:  └┄┄┄┄┄ x
//
// Where the edges form no cycle the events can be put in one row, each behind its causes: a run that ends in this σ. Where
// they do, none exists, and the cycle is the proof that anybody can check by eye.
//
// # Flow
//
//	messages, σ ─► numbers in range ─► who received, who sent ─► each message by itself ─► no cycle ─► order kept ─► Result
//	                     └───────────────────┴─────────── Fault: kind and witness ──┴────────────┴───────────┘
//
// # Where σ comes from
//
// Nothing here records it: that is done where it happens, and this package judges what came of it.
//
//	contracts/exec.Overlay.Handle    appends the event to σ_i, for a live account and for a replayed one
//	actors/host                      decides when: one worker at an account, which takes its messages in some order
//	consensus/block run.number       gives all messages their numbers once the actors are quiet
//	consensus/block run.check        translates addresses to numbers and asks Check: Build its own σ, Verify another's
//
// # Invariants
//
// Check returns no Fault exactly if all of these hold; together they are I4 and SPEC 4.4 (c), (d).
//
//	O1  Once: a message is received at most once, and only by the account it goes to. One that this block sends is sent
//	    by exactly one event; one that came from outside is sent by none.
//	O2  Complete: every external message is received, no leaving one is. A carried, imported or internal one is received,
//	    or carried out where the Checker allows that (SPEC 4.5).
//	O3  Possible: the graph has no cycle.
//	O4  Carried first: the carried messages received are a prefix of the queue, and each account receives its own before
//	    anything else, in queue order (SPEC 4.5).
//	O5  Order per pair: of the messages from one account to another, in canonical order, those received are a prefix, and
//	    are received in that order (SPEC 2.5).
//
// The canonical order of what the receivers on this chain are owed is: carried, by index; imported, by index; internal, by
// the sender's place in σ, the event's place in its σ_i, and the place among what the event sent. O5 compares with it, and
// what is carried out goes to the pending queue in it, so that the next block's O5 continues this one's.
//
// # What it does not do
//
// It works on numbers and knows no ledger: whether messages are valid, and whether replay really sends what σ says, is
// for others to check. It does not ask who signed an external message. It does not say which of the possible orders is fair.
//
// Every check is linear in the size of what it is given, without recursion. Bad input is a Fault, never a panic; the caller
// has applied the ledger's limits on size before.
package order
