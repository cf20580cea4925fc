// Package native is the behaviour that every account has without code of its own: the common messages of SPEC 1.3.
//
//	external   transfer, call, deploy, setcode   the signer's own account acts: it sends
//	relay      add, bounce                       the account takes what came
//
// Everything else is for the account's code. An account without code refuses it, and what came with it bounces.
package native
