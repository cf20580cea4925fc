package wire

import "crypto/sha256"

// Tag names a kind of thing that is hashed (W4). A number, once used, is never given to another kind. One byte, so that
// a tree's node (tag and two hashes, 65 bytes) costs two SHA-256 compressions and no more.
type Tag byte

// The kinds of things that are hashed.
const (
	TagNetwork   Tag = 1  // genesis: its hash is the network's name
	TagMessage   Tag = 2  // a message without its verification data: its id
	TagKey       Tag = 3  // an Ed25519 public key: start of a key account's address
	TagMade      Tag = 4  // creator, salt, code: address of an account that another made
	TagHeader    Tag = 5  // a header: the block's hash
	TagLeaf      Tag = 6  // fixed trees: a leaf
	TagNode      Tag = 7  // fixed trees: an inner node
	TagRoot      Tag = 8  // fixed trees: leaf count and top node
	TagState     Tag = 9  // state tree: a leaf
	TagBranch    Tag = 10 // state tree: an inner node
	TagValue     Tag = 11 // state tree: a value
	TagSlot      Tag = 12 // state tree: a storage key
	TagSeed      Tag = 13 // a seed of development keys
	TagCommittee Tag = 14 // a committee
	TagGenesis   Tag = 20 // parent of a chain's first block
	TagCode      Tag = 21 // a module, and whether it can be replaced
	TagLeaders   Tag = 22 // a committee's seed, drawn from for the order of its leaders
	TagConsensus Tag = 23 // a message of consensus, to know it again
	TagEvidence  Tag = 24 // a proof that a member is guilty
	TagAdoption  Tag = 25 // a chain as its parent is told of it
	TagMountain  Tag = 26 // accumulators: an inner node, with its level
	TagSpread    Tag = 27 // bytes that are passed on from node to node: their name
	TagVoting    Tag = 28 // the seed of a node's key: that of the key it votes with
)

// Sum is SHA-256 over the tag and the parts, one after the other. Where two parts vary in length the caller encodes
// their lengths.
func Sum(tag Tag, parts ...[]byte) [32]byte {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	var buf [512]byte
	b := append(buf[:0], byte(tag))
	if n <= len(buf) {
		for _, p := range parts {
			b = append(b, p...)
		}
		return sha256.Sum256(b)
	}
	h := sha256.New()
	h.Write(b)
	for _, p := range parts {
		h.Write(p)
	}
	var out [32]byte
	h.Sum(out[:0])
	return out
}
