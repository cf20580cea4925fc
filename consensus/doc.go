// Package consensus shows the way into the folder: what a chain agrees on. That is σ, for every account the order in
// which it processed its messages and what each made it send, and not one order of all messages.
//
//	actors record σ --> block.Build --> bytes --> block.Verify --> the same state, or what is wrong with the witness
//	                         '------ order -----------'
//
// Reading order:
//
//	consensus/order       σ as a graph: complete, acyclic, in the order sent; the check that fails returns its witness
//	consensus/block       Build and Verify side by side, over the same functions for the roots
//	consensus/committee   who leads, what votes add up to, how large a committee must be
//	consensus/bft         what a member may sign now, and which block is final: the rules, and why they are safe
//	consensus/driver      performs what bft asks for, in the one order that binds
//	consensus/evidence    how anyone is shown that a member broke a rule
//
// All but the driver are pure: no clock, network, disk or goroutine of their own. The driver has none of its own either: they are
// its ports. This package itself is empty.
package consensus
