// Package assert answers one question: does what our own code promised still hold here?
//
//	bad input from outside  -> a value or an error that names it; never this package
//	disk, socket            -> an error, wrapped, returned to the node
//	our own bug             -> That, NoError -> panic(Failure) -> the node stops before it votes
//
// Checks stay on in production. A node that goes on after one of its invariants broke may sign a block that it would
// refuse were it sound; a node that stops is one silent seat, which consensus is built to bear.
//
// # Invariants
//
//	A1  That and NoError return if and only if the check holds; else they panic with a Failure.
//	A2  Nothing turns a Failure into an ordinary error: who recovers one (an actor's supervisor does) stops the node.
//
// # What it does not do
//
// It doesn't check input: no peer, user or contract can reach a failing check, or that is the bug. It doesn't log, and
// it can't be switched off.
package assert
