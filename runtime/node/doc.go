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
// A chain here has one validator, so a block is final when it is durable; committees come between Build and Commit.
//
// Locks: mu guards head and the state tree together, so that a proof and the header it is for are of one height.
package node
