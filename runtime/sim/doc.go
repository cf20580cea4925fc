// Package sim runs whole networks on virtual time, in one goroutine, from one number: do committees stay safe, and go on, and does what
// their chains send each other arrive, whatever happens to them?
//
//	seed ─Draw─► Plan ─► stage ──► event at its virtual time ──► node ──► driver.Driver.Apply ──► ports
//	                       ▲                                       │        (the real core)         │
//	                       │   Net: drop, delay, duplicate, …      │   Ledger: accounts in an order drawn from the seed,
//	                       └── disk: crash, torn, full, lost, … ◄──┘           block.Build, block.Verify (the real ones)
//	                                                               └──► oracles, after every step
//
// The core, the driver, the accounts, blocks, state trees and contracts are the node's own code. Models are what lies around
// them: network, disk, clock, and the shell that keeps messages (pool.go) and starts work (ledger.go). Byzantine members are
// nodes of the same code that decide one thing otherwise (deviation.go).
//
// One seed of four is a tree of three to five chains (plan_tree.go), up to three levels deep; any other is a tree of one, and nothing else about it
// differs. Each chain has its World: its committee, links and oracles. A process has a node for each chain in which its member has a seat, and
// for all above, and crashes with all of them.
//
//	node of a ─┐ relay.Courier decides; a carrier posts ──► node of main         chains of one process see each other (relay.Bag, bring.go)
//	           └─ relay.Chains.Envelope ─► porter: late, twice, forged, … ──► nodes of b that don't have a
//
// What decides about digests and relays is the node's own (packages relay and keep, block.Arrival); carrier.go and porter.go stand for
// its clock, its account and its wires. A chain can turn rotten as a whole (liar.go).
//
// A run has three parts: trouble, in which everything of the plan happens; then a quorum drawn from the seed is healed, and
// whatever was pending must become final within a bound of rounds (I11), and what was under way between chains must arrive; then a long
// calm, with small faults.
//
// # What is promised of a run
//
//	Y1  Equal seeds, options and code give equal runs: one hash over all that happened (stage.history).
//	Y2  Each class of faults is off in half of the seeds; those between chains in half of the trees.
//	Y3  No more seats are faulty than the committee can stand: Byzantine, with a twin, or with a disk that is lost, rots, or is
//	    restored from a backup.
//	Y4  An oracle (oracle.go) knows nothing of how a node came to what it did, and shares no code with what it judges but the
//	    encodings; but I3 and I9, which judge by block.Verify from the block's bytes and a state of their own.
//	Y5  What no seed of a hundred makes happen, or of a thousand if it is rare, is reported as a failure of the simulator (Census).
//
// # Tiers
//
//	Stub   signatures of the committee are hashes of who signed what; the disk is a model: fast
//	Real   BLS and Ed25519 as in a node
//	Store  the store of a node, its database and what it recovers with (runtime/keep), on a disk in memory that crashes. What the
//	       database does in the background is not ordered; what a node reads and writes is, and nothing else is in the history.
//
// # What it does not do
//
// There is no proto.actor in it: what it schedules, the seed does here. There are no elections: where a committee changes, the registry takes
// what a user sends (epoch.go). All chains are in the genesis. Nobody slows down messages to a loaded
// chain: that is the door's (package ingress), and there is none here. What waits is offered to the other members as in a node
// (runtime/ingress Offers), and so are envelopes (relay.Bag).
package sim
