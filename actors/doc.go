// Package actors shows the way into the folder: every account is a live actor with a state of its own, which handles one
// message at a time.
//
//	message --> host: a mailbox and a proto.actor actor per account --> account.Handle --> exec.Apply
//	               '---- activates, bounds, passivates                     '---- records its own σ
//
// Reading order:
//
//	actors/account    the live account as a plain struct: final state, overlays, nonce, what it records
//	actors/host       the shell around it: mailboxes, workers, supervision, activation and passivation
//
// An activation is a cache: the log of blocks is the truth, and losing an actor costs latency alone. This package itself
// is empty.
package actors
