// Package native answers one question: who handles a message? The common messages of SPEC 1.3 every account understands
// without code of its own; everything else is its code's.
//
//	external   transfer, call, deploy, setcode   the signer's own account acts: it sends
//	           publish                           code becomes part of the state, for everybody
//	relay      add, bounce                       the account takes what came; its code learns of a bounce
//	           init                              the account takes its code, which handles this as its first message
//
// An account without code refuses everything else, and what came with it bounces.
package native
