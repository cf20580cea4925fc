package chain

import (
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// NodeInput is the input of a register.
type NodeInput struct {
	Node       keys.PublicKey
	Key        keys.BLSPublicKey
	Possession keys.BLSSignature
	Name       string
}

// Encode is the canonical encoding.
func (n NodeInput) Encode() []byte {
	b := append(append(append([]byte{1}, n.Node[:]...), n.Key[:]...), n.Possession[:]...)
	return wire.AppendShort(b, n.Name)
}

// DecodeNode reads what Encode writes.
func DecodeNode(b []byte) (n NodeInput, err error) {
	r := wire.NewReader(b)
	r.Version("node", 1)
	r.Into("node", n.Node[:])
	r.Into("key", n.Key[:])
	r.Into("possession", n.Possession[:])
	n.Name = string(r.Short("name", MaxNameBytes))
	return n, r.Done()
}

// Node is what the nodes actor keeps of a node under NodeKey.
type Node struct {
	Owner Address // of its key on the main chain
	Key   keys.BLSPublicKey
	Name  string
	// Deposit is frozen in the nodes actor until it is withdrawn. Since is the time of the block that registered the node, Leaving
	// that of the one in which it announced to leave; 0 if it didn't.
	Deposit        Amount
	Since, Leaving uint64
}

// NodeKey is the nodes actor's storage key of a Node. Under VotingKey of its BLS key stands its key, so that no other has that.
func NodeKey(node keys.PublicKey) string     { return "node/" + string(node[:]) }
func VotingKey(key keys.BLSPublicKey) string { return "key/" + string(key[:]) }

// Withdrawable is the first time at which the deposit of a node that is leaving comes back.
func (n Node) Withdrawable() uint64 { return n.Leaving + UnbondingMillis }

// Encode is the canonical encoding.
func (n Node) Encode() []byte {
	b := append(append([]byte{1}, n.Owner[:]...), n.Key[:]...)
	b = n.Deposit.Append(wire.AppendShort(b, n.Name))
	return wire.AppendU64(wire.AppendU64(b, n.Since), n.Leaving)
}

// DecodeNodeEntry reads what Encode writes.
func DecodeNodeEntry(b []byte) (n Node, err error) {
	r := wire.NewReader(b)
	r.Version("node entry", 1)
	n.Owner = readAddress(r, "owner")
	r.Into("key", n.Key[:])
	n.Name = string(r.Short("name", MaxNameBytes))
	n.Deposit = ReadAmount(r, "deposit")
	n.Since, n.Leaving = r.U64("since"), r.U64("leaving")
	return n, r.Done()
}
