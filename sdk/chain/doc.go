// Package chain is the vocabulary of the ledger: the values that accounts, chains and nodes exchange, each with its one
// encoding, its hash and its limits. It decides nothing.
//
//	Genesis ─hash─► network: every message and header names it, so that none is valid on another
//	Message ─hash─► message id: parent and origin of relays, what receipts and bounces speak of
//	Header  ─hash─► block hash: parent of the next header, what a Certificate stands for
//	   └ roots over   Inputs │ Order │ receipts │ outbox │ state: Account records, storage, the chain's own entries
//
// Read in this order:
//
//	id.go           hashes: a type for each kind of thing, so that one is not taken for another
//	address.go      who: a chain and 20 bytes, written tk1…
//	amount.go       how much: unsigned 128-bit, no wrap
//	message.go      what: one type, external (signed) or relay (sent by an actor)
//	command.go      the common messages every account understands, and their inputs
//	order.go        σ: what each account processed, in order, and what that made it send
//	receipt.go      what came of one handling
//	header.go       what a block claims; its hash is the block's name
//	block.go        header, inputs and σ: all that a verifier needs beside the state before
//	committee.go    who agrees;  quorum.go: how many seats that takes;  seats.go: a set of them
//	vote.go         what a seat signs: its vote in a step, its timeout
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
// So a block repeats nothing that follows from it: Receipt i is that of event i of σ, and a relay is its Sent, its sender,
// its parent and its index (Sent.Relay).
//
// Encodings follow package wire; invariants W1 to W4 hold for every type here, each by a fuzz test beside its codec. The
// fields that only committees and other chains fill (Certificate, Digest, Header.Views and Leaving, Input.Proof) are encoded
// from the start, so that no hash changes when they are.
//
// What it does not do: say whether a message may come in (contracts/exec Admit), what it does (exec.Apply), or whether a
// block is valid (consensus/block).
package chain
