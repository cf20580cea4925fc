// Package sdk shows the way into the folder: what wallets, tools and examples build on, and what the node itself shares
// with them.
//
//	client ----> chain ----> keys, wire        a message is made, signed, encoded, sent, awaited
//	               '-------> merkle            and what became of it is proven against a header
//	guest, rust --> abi <-- schema             a contract is written; its methods are called by name
//
// Reading order:
//
//	sdk/chain         the vocabulary: Address, Message, Order, Block, Header, Certificate; every limit with its reason
//	sdk/wire          the one canonical encoding that is hashed, signed and stored
//	sdk/merkle        the trees behind the roots of a header, and their proofs
//	sdk/keys          the keys that sign; sdk/keys/keyfile keeps them in encrypted files
//	sdk/light         what a committee's signature proves, offline
//	sdk/client        a node's API from a program: send, wait for finality, read
//	sdk/abi           what a contract and its host agree on: host calls, the encoding of values, the schema
//	sdk/guest         contracts in Go; sdk/guest/template what thinkey new writes
//	sdk/rust          contracts in Rust: a crate, its templates, and its build script
//	sdk/schema        calls and answers of a contract as JSON, by what its module says of itself
//	sdk/kit           tests of contracts: a chain in the process, and every order of messages that is possible
//	sdk/assert        checks of our own invariants, which stay on in production
//
// Nothing in this folder but the kit, which only tests import, imports anything of the module outside of it. This package
// itself is empty.
package sdk
