// Package consensus shows the way into the folder: what a chain agrees on. That is σ, for every account the order in
// which it processed its messages and what each made it send, and not one order of all messages.
//
//	actors record σ --> block.Build --> bytes --> block.Verify --> the same state, or what is wrong with the witness
//	                         '------ order -----------'
//
// Reading order:
//
//	consensus/order       σ as a graph: complete, acyclic, in the order sent; the check that fails returns its witness
//	consensus/committee   who leads, what votes add up to, how large a committee must be
//	consensus/block       Build and Verify side by side, over the same functions for the roots
//
// All are pure: no clock, network, disk or goroutine of their own. This package itself is empty.
package consensus
