// Package node is the composition root: the only place that wires store, state tree, live accounts, the door and the
// making of blocks together, and the only one that decides what a failing disk or a broken assertion means: the node stops.
//
//	ingress.Door ──► host (live accounts) ──Produce──► block.Build ──► store.Commit (synced) ──► host.Commit
//	     ▲                                                                   │
//	   Submit                                                  waiters, feed, final state
//
// One goroutine makes blocks (produce.go). What it makes final is durable before anybody can see that it is (SPEC 4.8):
// head, waiters and live accounts move after the store's commit returned. Queries see final state only (SPEC 1.6).
//
// Views of contracts run in slots of their own on a snapshot of the final state, and hold no lock (query.go). Code is run by
// an Engine that Open is given the maker of, and that reads modules from the store when they are first called; those that a
// block publishes it may compile before they are callable.
//
// # Alone, or in a committee
//
//	one validator   produceAll ─► build ──────────────────────────────────────► commit
//	a committee     member.run ─► driver.Apply ─┬─► Build, Verify (beside) ─► events
//	                  ▲  inbox, timers, wake     └─► Commit ───────────────────► commit     (ledger.go)
//	                  └─ Net (net.go, switch.go), forwarded messages (forward.go)
//
// Processes of one network are connected by Links (links.go): the mesh says where others are, the transport carries each chain's
// messages; nodes in one process by a Switch. What processes lack of chains that they don't run they ask of those that do (wants.go, gives.go).
//
// Both share build and commit. A chain whose genesis has no seats needs no agreement: a block is final when it is durable. A
// committee's member is the driver of a bft.Replica: this package has its ports and decides nothing about votes. What a
// proposal's replay found is kept until the height is final; what the live accounts did for a block that lost is discarded.
//
// Where a block ends an epoch the driver asks for the replica of the next one (epoch.go, over runtime/keep). All that a member is in an
// epoch stands there; a node without a seat follows. Frames name their epoch, and nodes each other by their keys, so that those of
// two epochs hear each other.
//
// A replay that needs code which is not compiled yet waits for the compiler, and the vote with it: no verdict is given before.
//
// Locks, in this order: turn is held by who makes, replays or commits a block; trunk guards the state tree; mu guards the head
// as others see it. A proof takes the last two, so that it and its header are of one height.
package node
