// Package runtime shows the way into the folder: the parts of a running node, and the program itself.
//
//	cli --> api --> ingress --> actors --> consensus/block --> store
//	          '------------- node wires all of them -------------'
//
// Reading order:
//
//	runtime/node      the composition root, the only wiring: start at how it begins and ends
//	runtime/ingress   the door in: signature, nonce, bounds of what waits
//	runtime/store     pebble: the key schema, and the one atomic, synced batch per block
//	runtime/keep      what of its chain a node has when it begins again, over the store or a model of it
//	runtime/relay     how what one chain sent comes to another: digests, envelopes, their carriers
//	runtime/audit     a data directory, replayed and compared from its genesis on
//	runtime/fetch     the chains of a network, copied from nodes that run, without believing them
//	runtime/sim       whole networks on virtual time, from a seed, with faults and oracles
//	runtime/byzantine members that break a rule, for development networks and tests
//	runtime/api       HTTP for wallets and tools
//	runtime/cli       the commands; runtime/cmd/thinkey is the program over them
//	runtime/e2e       stories that run the real program, crashes included
//
// runtime/docs holds the texts for users and engineers, runtime/internal/lint the house rules as a test. This package
// itself is empty.
package runtime
