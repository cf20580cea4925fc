// Package sdk shows the way into the folder: what wallets, tools and examples build on, and what the node itself shares
// with them.
//
//	client ----> chain ----> keys, wire        a message is made, signed, encoded, sent, awaited
//	               '-------> merkle            and what became of it is proven against a header
//
// Reading order:
//
//	sdk/chain         the vocabulary: Address, Message, Order, Block, Header, Certificate; every limit with its reason
//	sdk/wire          the one canonical encoding that is hashed, signed and stored
//	sdk/merkle        the trees behind the roots of a header, and their proofs
//	sdk/keys          the keys that sign; sdk/keys/keyfile keeps them in encrypted files
//	sdk/client        a node's API from a program: send, wait for finality, read
//	sdk/assert        checks of our own invariants, which stay on in production
//
// Nothing in this folder imports anything of the module outside of it. This package itself is empty.
package sdk
