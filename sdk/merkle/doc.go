// Package merkle answers: is this thing really part of what a header's root commits to? It has three kinds of tree. Fixed
// trees are over a list that is complete when the block is: inputs, orders (σ), receipts, the outbox (SPEC 8.1). The
// state tree is over everything a chain holds (SPEC 4.7), changes with every block, and splits along with a chain (7.4).
// An accumulator is over a list that only grows, such as a child's digests, and is kept in the state (7.2).
//
// # Fixed trees
//
//	Root(leaves), Prove(leaves, i) -> Proof              Proof.Verify(root, leaf)
//	NewFixed(leaves).ProveAll(indexes) -> MultiProof     MultiProof.Verify(root, leaves)
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
//	M3  The root of no keys is 0^32, that of a single key its leaf's Sum(TagState, path, value hash), that of more
//	    Sum(TagBranch, depth:u16, left, right): depth is the first bit of the path, counted from its start and most
//	    significant first, in which they differ, left the root of the keys that have 0 there, right of those with 1.
//	    So the root depends on the content only, and a shard's root is that of a subtree (7.4).
//	M4  A deletion that leaves a subtree with one key leaves that key's leaf; nothing remembers what was there.
//	M5  A branch stands only where keys part: n keys are n leaves and n-1 branches, in memory as in hashes, however long
//	    the prefixes they share. So storage entries, which share 192 bits with their account, cost what accounts do.
//	M6  Nodes don't change. A version makes new ones for what differs from its base; it owns them until it is committed,
//	    and Commit frees those of the old state that it did without. Versions may stack and compete.
//	M7  The tree is worked on in up to 16 slots, by the first four bits behind its prefix. The nodes of a slot are
//	    allocated in a shard of its own, so that Update may run slots at once (Each) without a lock.
//
// # Proofs of state
//
// The walk of a path goes down from the root, at each branch to the side that the path's bit at its depth says. It looks
// at no other bit and ends at a leaf, whatever the path. StateProof is the depths and siblings of the walk, and the leaf
// if it isn't the path's own. Folded up from the leaf, by the bits of the leaf's path, they give the root: that leaf is in
// the state, and above it are these branches and no others. For presence that is all.
//
//	M8  Path p is absent if another leaf q is present and none of the branches above q parts at d, the first bit in which
//	    p and q differ. For if both were present, take the lowest branch above both. The keys below it agree in all bits
//	    before its depth and part there, p to one side and q to the other: its depth is d, and it stands above q. In other
//	    words, all keys that share the first d bits with p share bit d with q.
//	M9  Verify asks for more: p and q agree at the depth of every branch above q. Of all leaves that could show that p is
//	    absent (those that share d bits with it), q is then the one at which p's walk ends, so each claim has exactly one
//	    proof; any other form is refused. Prove always finds it: a walk to q never passed a depth where p and q differ.
//
// In an empty state nothing is proven: there is no leaf, and the root is zero.
//
// # Accumulator
//
//	leaf --Append--> Accumulator{Count, Peaks} --Encode--> a value of the state, under a header's root
//	           '---> Nodes, kept by who proves --ProvePlace--> Place      Accumulator.Verify(place, leaf)
//
//	count 7 = 4+2+1     level 2       A
//	                              .---'---.
//	                    level 1   .       .       B           peaks A, B, C: the next leaf makes a mountain of two of C
//	                             / \     / \     / \          and itself, that one of four with B, and that one of eight
//	                    level 0 0   1   2   3   4   5   C     with A, as adding one to the count carries
//
//	M10 An accumulator of n leaves has a mountain for each bit of n, the larger over earlier leaves: a full binary tree, of
//	    which a leaf is a node of level 0 and Sum(TagMountain, level:u8, left, right) one of a level above. The level is
//	    hashed so that two nodes above the leaves that are equal are over equal leaves, even where a leaf is the hash of
//	    a node; that a node is no leaf, M12 says.
//	M11 Node i of level l is over the leaves from i<<l up to (i+1)<<l, not including, complete with the last of them, and
//	    the same in every accumulator that has them. So n leaves make fewer than 2n nodes, each once, and the nodes kept
//	    prove any leaf at any count since.
//	M12 The mountain of leaf i of n is of level h, the highest bit in which i and n differ: n has a 1 there, and the bits
//	    above it count the mountains before. A path of another length than h is refused, so nothing but a leaf is proven
//	    as one, and each claim has exactly one proof.
//
// # One proof for several leaves
//
//	M13 The path of a MultiProof holds the largest subtrees with no leaf to be proven and not of padding alone, from left
//	    to right. With the leaves and the padding they are the whole tree. Count and indexes say which subtrees, so how
//	    many hashes follow is not encoded, no other number verifies, and each claim has exactly one proof.
//
// # What it does not do
//
// It stores no values and nothing on disk: a node scans its store and calls Load when it starts, and stores the nodes of an
// accumulator whose leaves it will prove. It keeps one committed state; proofs of older heights are made from a tree
// loaded for them. It doesn't lock: one caller at a time. It is not told what a root is for: the caller takes it from a
// header it trusts, with the prefix of the chain (VerifyAt).
package merkle
