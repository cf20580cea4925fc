// Package store keeps what is final of one or more chains on disk: blocks, receipts, outboxes, the state and where each
// message was processed. It answers one question: what was committed? It decides nothing; who calls Commit has the
// certificate. It is the one door to pebble.
//
// # Flow
//
//	Open -> Init (genesis, once per chain) -> Commit, Commit, … (one atomic, synced batch per block)
//	                                            or Begin, Begin, …, Wait, Wait, … (batches that share syncs)
//	                                            '-> Head, Block, Header, Receipts, Outbox, Find, HeightOf: what was committed
//	                                            '-> State: the final state; StateAt: an earlier one; Leaves, Storage, Index: all of it
//	                                            '-> Code: published modules, by hash
//	                                            '-> Departures, Node, Proof: what is shown to other chains of the tree
//	        KeepVotes (one synced batch before a member sends what it signed) -> Votes
//
// # Layout
//
// A key begins with the chain as four bytes, big-endian, then one byte of kind. Chain 0 is the data directory itself.
// Numbers are big-endian; crc is CRC-32C over key and value and ends every value.
//
//	chain kind  rest                  value (crc behind each)
//	0     'm'   -                     version of this layout:u32, another one from the first 'j' or 'k' on
//	c     'a'   list:u32 level:u8     hash:32 of a node of an accumulator (merkle.Node): of the chain's own blocks if list is c,
//	            index:u64             else of what it recorded of a child
//	c     'b'   height:u64 'b'        the encoded block
//	c     'b'   height:u64 'h'        header length:u32 header certificate
//	c     'b'   height:u64 'o'        outbox as the caller encoded it; none if that is empty
//	c     'b'   height:u64 'r'        receipts as the caller encoded them
//	c     'c'   code hash:32          0, or 1 if immutable, and the module: the hash is that of the value
//	c     'd'   destination:u32       height:u64 place in that block's outbox:u32, for each relay that left
//	            number:u64
//	c     'e'   address:24 key        nothing: the account's storage has the key
//	c     'g'   piece:u32             a piece of the encoded genesis, genesisPiece bytes but for the last
//	c     'i'   message id:32         height:u64 place among the block's receipts:u32
//	c     'm'   -                     head: height:u64 block hash:32 state root:32, pieces of the genesis:u32
//	c     'j'   path:56               of a chain that isn't here yet: last path:56 hash:32 of a piece of its state that is
//	c     'k'   -                     if the chain began with a state here: height:u64 and what shows its header
//	c     'n'   block hash:32         height:u64
//	c     'p'   of:u8 chain:u32       a proof as the caller encoded it, which says what "of" stands for
//	            at:u64
//	c     's'   path:24               an account's record; the rest of its path is zero
//	c     's'   path:56               a storage entry: key length:u16 key value (the path holds only a hash of the key)
//	c     'u'   height:u64            undo: for each change of the block, what its slot held before
//	c     'v'   -                     what a member of the committee has signed, as the caller encoded it
//	c     'v'   block hash:32         a block of the height after the head that it signed; gone with the next commit
//
//	undo := ( address:24 key length:u16 key ( 0 | 1 value length:u32 value ) )*
//
// What belongs to an account lies together, as all its paths share 24 bytes. The kinds that grow at their end alone, 'b'
// and 'u', have tables of their own, which no compaction has to merge with older ones.
//
// # Invariants
//
//	T1  What Commit, or Wait, reported is there after any crash (SPEC 4.8, I7): the batch was synced before it returned.
//	T2  A block and all that follows from it are one batch: state, index, receipts and head marker never differ from one
//	    another, whatever instant a crash picks.
//	T3  Heights have no gaps, and each block names the one before as its parent.
//	T4  A value that changed on disk is never returned: the read gives ErrDamaged with chain, kind and key.
//	T5  Head, Block, Header, Receipts, Outbox, Departures, Find, HeightOf and StateAt show a block only when its sync is done.
//	    State reads what is newest, which can be some milliseconds earlier: it serves the execution of the next block,
//	    which follows its commit, and queries that say "at the head or one block later". So do Node and Proof: what was
//	    complete or proven once stays so.
//	T6  A failed write or sync of the write-ahead log ends the process (Options.Fatal): the file may hold anything, and what
//	    is in memory is not what is on disk. No commit that waits for it returns.
//	T7  The block that was final last stands beside the tables, too: a directory that lost it is not opened. Only after a
//	    loss of power can it be an earlier one.
//	T8  The index of entries ('e') lists the keys of the accounts' storage, and a code that the state names is there ('c'):
//	    both follow from T2.
//	T9  What KeepVotes reported is there after any crash. The bodies that it kept go in the batch of the next commit.
//	T10 Pieces of a state are no chain: nothing shows them before JoinEnd's marker, which is one batch with all else that the chain
//	    begins with. Of blocks before that everything is ErrPruned.
//
// # What it does not do
//
// It doesn't check that a block is valid, that a certificate is, or that the state has its root: consensus/block and
// sdk/merkle do. It can't tell a restored backup from the directory as it was: what a member signed since is missing then, and
// the operator says so (SPEC 5.6). Pebble takes damage in the last 64 KiB of the write-ahead log, or at the end of the list of
// tables, for a write that a crash cut off. T7 finds it where blocks are gone, but for what was written since the tip was last
// synced, if power was lost as well: who loads the state compares its root, an audit the rest. A vote that such damage took is
// missed by nobody.
package store
