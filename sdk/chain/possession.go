package chain

import (
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Who may choose a BLS key freely can sign for others, so a node proves to have the secret of its own (SPEC 6.2). The proof names what it
// is for as well as the node: anybody can read it, and must not be able to give the node a seat where it wants none.
const (
	possessionInGenesis byte = 1 // a seat of a chain of a network's genesis: the network is the hash of that, proofs included, so they can't name it
	possessionOfSeat    byte = 2 // a seat of a chain, registered by a message: the chain's name, which no other of the network has
	possessionOfNode    byte = 3 // a node of the registry of nodes
)

func possession(of byte, network NetworkID, id ID, name string, node keys.PublicKey) []byte {
	b := wire.AppendU32(append([]byte{of}, network[:]...), uint32(id))
	return append(wire.AppendShort(b, name), node[:]...)
}

// ProveSeat is a node's proof for a seat of the chain that g describes, by its name and number.
func (g *Genesis) ProveSeat(node keys.PublicKey, secret keys.BLSSecret) keys.BLSSignature {
	return secret.Prove(possession(possessionInGenesis, NetworkID{}, g.Chain, g.Name, node))
}

func (g *Genesis) provesSeat(s Seat, proof keys.BLSSignature) error {
	return s.Key.VerifyPossession(possession(possessionInGenesis, NetworkID{}, g.Chain, g.Name, s.Node), proof)
}

// Apply makes a node an applicant for seats of the chain with a name, on a network that there is.
func Apply(network NetworkID, name string, node keys.PublicKey, secret keys.BLSSecret, seats uint32) Applicant {
	return Applicant{Node: node, Key: secret.Public(), Possession: secret.Prove(possession(possessionOfSeat, network, 0, name, node)), Seats: seats}
}

// Proves says whether the applicant has its key, and wants seats of that chain.
func (a *Applicant) Proves(network NetworkID, name string) error {
	return a.Key.VerifyPossession(possession(possessionOfSeat, network, 0, name, a.Node), a.Possession)
}

// NewNodeInput is what a node tells the registry of nodes.
func NewNodeInput(network NetworkID, name string, node keys.PublicKey, secret keys.BLSSecret) NodeInput {
	return NodeInput{Node: node, Key: secret.Public(), Possession: secret.Prove(possession(possessionOfNode, network, 0, "", node)), Name: name}
}

// Proves says whether the node has its key.
func (n *NodeInput) Proves(network NetworkID) error {
	return n.Key.VerifyPossession(possession(possessionOfNode, network, 0, "", n.Node), n.Possession)
}
