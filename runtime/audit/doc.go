// Package audit answers one question: is what a data directory holds the whole truth about its chain? It trusts nothing in
// it but the genesis, and of that it says the network, which is for the reader to compare.
//
//	store.Raw ──► genesis ──► state in memory ─┐
//	    │                                      ▼
//	    ├──► blocks 1 … head ──prefetch──► block.Verify ──► state after ──► next block
//	    │                                      │ Result
//	    ├──► header, receipts, outbox, undo, ──► compared with what replay gives, while the next block is verified
//	    │    block hash, message index
//	    ├──► departures, accumulator nodes, kept proofs: looked up as replay makes them, and counted
//	    ├──► state, message index, block hashes, at the end: every entry, none missing, none left over
//	    └──► index of storage keys, code: compared with the stored state
//
// A chain that began with the state after some block (store.JoinEnd) is audited from there on, once that state is held to the header of the block,
// and the header to the genesis (joined.go). The Report says so.
//
// Run goes through all of one chain; RunTree does for every chain of some directories, and then holds what each took in to what the
// others sent, number by number. Copies that were made apart are held to each other at heights at which they fit (cut.go); the
// TreeReport says which. Replay repeats one block on the state before it, which it makes of the stored state and
// the undo records. All open the directory to read only, and need that nobody else has it open.
//
// # Invariants
//
//	A1  A Report is OK only if every check of the list (checks.go) was made to its end and found nothing. What a chain knows of others
//	    above a height at which it was cut is not looked at, and the report names it.
//	A2  Nothing that a directory holds makes an audit panic, loop, or use more memory than the state and some blocks take.
//	    What another package asserts about content is a finding here.
//	A3  A finding doesn't end the audit. A block that fails costs its own replay: the state after it is then made of the
//	    stored state and the undo records, believed only if it has the root that a header of the block names.
//	A4  Nothing is changed but the time of the file that is locked.
//	A5  Code that replay runs has the hash that the state names, whatever lies in the directory.
//
// # What it does not do
//
// It can't know that a chain is the one that others agree on: a directory may hold a perfect chain of its own. Compare the
// network and the head's hash with those of another node. Nor does it repair: move the directory away and fetch the chain.
package audit
