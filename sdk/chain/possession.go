package chain

import (
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Who may choose a BLS key freely can sign for others, so a node proves to have the secret of its own (SPEC 6.2). The proof names what it
// is for as well as the node: anybody can read it, and must not be able to give the node a seat where it wants none.
const (
	possessionInGenesis byte = 1 // seats in a genesis, whichever: a node takes part in those alone that it was given by its operator
	possessionOfSeat    byte = 2 // a seat of a chain, registered by a message: the chain's name, which no other of the network has
	possessionOfNode    byte = 3 // a node of the registry of nodes
)

func possession(of byte, network NetworkID, name string, node keys.PublicKey) []byte {
	return append(wire.AppendShort(append([]byte{of}, network[:]...), name), node[:]...)
}

// ProveSeat is a node's proof for seats in a genesis.
func ProveSeat(node keys.PublicKey, secret keys.BLSSecret) keys.BLSSignature {
	return secret.Prove(possession(possessionInGenesis, NetworkID{}, "", node))
}

// VerifySeat checks what ProveSeat makes.
func VerifySeat(node keys.PublicKey, key keys.BLSPublicKey, proof keys.BLSSignature) error {
	return key.VerifyPossession(possession(possessionInGenesis, NetworkID{}, "", node), proof)
}

// Apply makes a node an applicant for seats of the chain with a name, on a network that there is.
func Apply(network NetworkID, name string, node keys.PublicKey, secret keys.BLSSecret, seats uint32) Applicant {
	return Applicant{Node: node, Key: secret.Public(), Possession: secret.Prove(possession(possessionOfSeat, network, name, node)), Seats: seats}
}

// Proves says whether the applicant has its key, and wants seats of that chain.
func (a *Applicant) Proves(network NetworkID, name string) error {
	return a.Key.VerifyPossession(possession(possessionOfSeat, network, name, a.Node), a.Possession)
}

// NewNodeInput is what a node tells the registry of nodes.
func NewNodeInput(network NetworkID, name string, node keys.PublicKey, secret keys.BLSSecret) NodeInput {
	return NodeInput{Node: node, Key: secret.Public(), Possession: secret.Prove(possession(possessionOfNode, network, "", node)), Name: name}
}

// Proves says whether the node has its key.
func (n *NodeInput) Proves(network NetworkID) error {
	return n.Key.VerifyPossession(possession(possessionOfNode, network, "", n.Node), n.Possession)
}
