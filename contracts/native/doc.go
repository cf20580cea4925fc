// Package native answers one question: who handles a message? The common messages of SPEC 1.3 every account understands
// without code of its own; everything else is its code's.
//
//	external   transfer, call, deploy, setcode   the signer's own account acts: it sends
//	           publish                           code becomes part of the state, for everybody
//	relay      add, bounce, refund               the account takes what came; its code learns of a bounce
//	           init                              the account takes its code, which handles this as its first message
//
// The system actors (SPEC 6.1) are accounts like all others, by the same exec.Apply, but that their code is written here. Nobody
// has a key for them; messages alone change what they hold.
//
//	digests    child, digest, fork, release, valve  blocks of the chain's children count (digests.go, solvency.go, valve.go)
//	registry   create, committee, params,        chains are made, their committees and attributes changed (registry.go)
//	           child, valve
//	nodes      register, leave, withdraw         nodes, and their deposits (nodes.go)
//
// What a chain has of its own are its attributes (chain.Params), name, owner and committee. Of SPEC 7.1 there is no other token, no election
// by stake and no other gas table yet: an attribute that asks for one is refused.
//
// An account without code refuses everything else, and what came with it bounces.
package native
