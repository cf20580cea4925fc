// Package merkle answers: is this thing really part of what a header's root commits to? It has two kinds of tree. Fixed
// trees are over a list that is complete when the block is: inputs, orders (σ), receipts, the outbox (SPEC 8.1). The
// state tree is over everything a chain holds (SPEC 4.7), changes with every block, and splits along with a chain (7.4).
//
// # Fixed trees
//
//	Root(leaves), Prove(leaves, i) -> Proof      Proof.Verify(root, leaf)
//
//	M1  A tree over n leaves is padded with zero hashes to the next power of two, so every path has ceil(log2 n)
//	    hashes. An inner node is Sum(TagNode, left, right), over two zero hashes the zero hash.
//	M2  The root is Sum(TagRoot, n, top): trees of different lengths never share a root. An empty tree has one too.
//
// # State tree
//
//	Path    address hash (20) | chain (4) | slot (32)      key: of the account itself (slot 0) or of one storage entry
//
//	Load(leaves by path) ----> committed state <----------------- Commit(v): frees what v replaced
//	                             |  Update(nil, updates)      |
//	                             v                            |
//	                           version v --Update(v, ...)--> version w, ...    Discard(v): frees what v made
//
//	M3  An empty subtree is 0^32, one with a single key is that leaf's Sum(TagState, path, value hash) at whatever depth,
//	    any other is Sum(TagBranch, left, right), split at the next bit of the path, most significant first. So the root
//	    depends on the content only, and a shard's root is that of a subtree.
//	M4  A deletion that leaves a subtree with one key leaves that key's leaf; nothing remembers what was there.
//	M5  In memory a branch stands only where keys part: n keys are n leaves and n-1 branches, however long the prefixes
//	    they share. The hash of a level at which all keys go one way is made on the way up and not kept.
//	M6  Nodes don't change. A version makes new ones for what differs from its base; it owns them until it is committed,
//	    and Commit frees those of the old state that it did without. Versions may stack and compete.
//	M7  The tree is worked on in up to 16 slots, by the first four bits behind its prefix. The nodes of a slot are
//	    allocated in a shard of its own, so that Update may run slots at once (Each) without a lock.
//
// # Proofs of state
//
// Presence and absence have one type, StateProof: the siblings on the walk from the root to where the path ends. Each
// claim has exactly one proof; any other form is refused. Where two keys share a long prefix (an account and its storage
// share 192 bits) the empty siblings cost a bit each, but a hash each to make and verify.
//
// # What it does not do
//
// It stores no values and nothing on disk: a node scans its store and calls Load when it starts. It keeps one committed
// state; proofs of older heights are made from a tree loaded for them. It doesn't lock: one caller at a time. It is not
// told what a root is for: the caller takes it from a header it trusts, with the prefix of the chain (VerifyAt).
package merkle
