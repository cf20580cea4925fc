// Package ingress is the door for messages from outside. A message is refused here with its own reason if it can't be an
// input: its bytes, its form, its signature, its place behind the account's nonce, its gas (SPEC 2.2, 10.3). What passes
// waits in its account's lane of the mempool; it is not lost but by expiry, replacement, or a node's restart.
//
//	bytes ─► decode, limits ─► form ─► command ─► signatures in batches ─► the account's live actor ─► waits
//	                                                 └─► publication: account, validation ─┘
//
// What depends on the account is its actor's to say: a method that is no command is known only where there is code. A
// publication is looked at twice. Validating a module costs its sender nothing, so that comes last, one at a time, and only
// for a message that its account could pay (publication.go).
//
// Many callers may submit at once. Small submissions are verified together, since a batch of 256 signatures costs a
// third of as many single ones.
//
// What a refusal costs: a message that is refused before its signature has cost a decode; one refused at the signature has
// cost a verification (about 35 µs) and nothing stays behind.
package ingress
