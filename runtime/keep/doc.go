// Package keep answers one question: what of its chain does a node have when it begins again?
//
//	runtime/node ─┐                    Head, Tree, Votes      at the start: what no crash took
//	              ├──►  keep.Chain  ◄─ KeepVotes, Commit      durable when they return
//	runtime/sim ──┘         │          Finals, Certificate    for others, who were away
//	                        ▼
//	                  runtime/store    bytes under keys
//
// The store keeps bytes and knows nothing of votes, certificates or trees; consensus knows nothing of keys. What stands between
// them decides whom a node trusts after a crash, so the node and the simulator have one of it.
//
//	K1  What doesn't read as it was written, or doesn't hash to what the head says, is store.ErrDamaged: nothing is built on it.
//	K2  A directory that doesn't say what its member signed is that of a member that has lost it (SPEC 5.6).
//	K3  Who agrees on the next block is read from the state after the last one, and not remembered (SPEC 6.7).
package keep
