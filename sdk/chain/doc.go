// Package chain is the vocabulary of the ledger: the values that accounts, chains and nodes exchange, each with its one
// encoding, its hash and its limits. It decides nothing.
//
// Read in this order:
//
//	address.go      who: a chain and 20 bytes, written tk1…
//	amount.go       how much: unsigned 128-bit, no wrap
//	message.go      what: one type, external (signed) or relay (sent by an actor)
//	command.go      the common messages every account understands, and their inputs
//	order.go        σ: what each account processed, in order, and what that made it send
//	receipt.go      what came of one handling
//	header.go       what a block claims; its hash is the block's name
//	block.go        header, inputs and σ: all that a verifier needs beside the state before
//	certificate.go  who agreed;  digest.go: what a parent chain records of a child
//	account.go      an account's record in the state;  system.go: the chain's own entries there
//	genesis.go      the state before the first block; its hash is the network
//	limits.go       every limit, with its reason
//
// How messages in a block are numbered, so that σ can refer to them without repeating them:
//
//	0 …                 carried in: the pending queue of the state, in queue order
//	… then              inputs, in the order of the block
//	… then              sent: accounts by address, events in the order of σ_i, sent messages by index
//
// Encodings follow package wire; invariants W1 to W4 hold for every type here, each by a fuzz test beside its codec.
package chain
