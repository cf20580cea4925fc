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
//	digests    child, digest                     blocks of the chain's children count (digests.go, solvency.go)
//	registry   create, committee, child          chains are made, and their committees changed (registry.go)
//	nodes      register, leave, withdraw         nodes, and their deposits (nodes.go)
//
// What a chain has of its own are its parameters (chain.Params), name, owner and committee. Of SPEC 7.1 and 7.3 there is no other token,
// election, block interval or gas table yet, no chain of system actors alone, no lists of who may validate, write or read, and no
// message that changes what was registered but the committee; of 8.7 no limit or delay of a chain's own beside the cap.
//
// An account without code refuses everything else, and what came with it bounces.
package native
