// Package client answers: how does a program use a node? It speaks the node's HTTP API with the types of the ledger, signs
// messages, waits until they are final, and follows blocks and trees of messages.
//
//	Signer.Transfer ─► *chain.Message ─Submit─► accepted ─Wait─► final: status, place in σ, gas
//	                                                   ├─Trace──► the whole tree of messages (SPEC 2.4)
//	                                                   └─Follow─► each message of the tree when it becomes final
//	Blocks ─► every final block from a height on        ProvenAccount ─► a record, proven to the header's state root
//
// The JSON types of the API live here; the server imports them, so the two can't drift.
//
// # Invariants
//
//	K1  Every error of the API is an *Error with a code that keeps its meaning for good.
//	K2  Only calls that may be repeated are retried, on a refused connection or 503. Submitting is among them: a message is
//	    known by its id, and handled once however often it is sent.
//	K3  A stream goes on after the last thing it saw, whatever happens to connections; nothing comes twice, nothing is left
//	    out, and a block that doesn't continue the one before ends it (ErrOtherChain).
//	K4  Amounts, and every uint64 that may pass 2^53, are decimal strings in JSON; hashes are hex, addresses tk1….
//	K5  What ProvenAccount returns as proven was computed from the proof, never copied from the answer beside it.
//	K6  A client that was told the committee (WithCommittee) returns no block, and no proven account, that the committee did
//	    not certify.
//
// # What it does not do
//
// It doesn't know who may certify a header: on a network of one validator nobody does but the node. ProvenAccount shows that
// a record is in the state of the header it returns; whether that header is the chain's is for who knows its hash.
package client
