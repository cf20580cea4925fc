package bft

import (
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Peer is a node as this one knows it: a member by its place among Members; the driver numbers others from chain.MaxSeats.
type Peer uint32

const (
	// Everyone stands for all other members where a message is sent, and for all other nodes of the chain where ForAll says so.
	Everyone Peer = 1<<32 - 1
	// Outside is a node that is no member.
	Outside Peer = 1<<32 - 2
)

// ForAll says whether a message for everyone is for those without a seat as well: a head is, from which they know that they lack blocks.
// They get these when they ask; what members agree with is of no use to them.
func ForAll(m Message) bool {
	_, head := m.(*Status)
	return head
}

// Message is what members send each other about one chain in one epoch. All of them may be lost, repeated and reordered.
type Message interface {
	height() uint64
	append(b []byte) []byte
}

// Proposal is what the leader of a round sends to everyone: a block, and why it may be this one. The receiver checks the
// leader's vote, that the block is one that the justification allows (V1 to V3), and replays it.
type Proposal struct {
	Raw []byte
	// Parent certifies the block's parent as final; nil after genesis.
	Parent *chain.Certificate
	// Why has the timeouts of the round before; nil in round 0.
	Why *Justification
	// Vote is the leader's preparation: it is what makes the proposal the leader's.
	Vote Vote
}

// Vote is a member's preparation or confirmation with all its seats, sent to everyone. The receiver checks that the peer
// holds the seats; the signature is checked when votes are summed.
type Vote struct {
	Step   chain.Step
	Height uint64
	Round  uint32
	Block  chain.BlockHash
	committee.Part
}

// Timeout is what a member sends to everyone when its timer ran out: "the leader is defective". It is signed with the marks
// of the highest preparation certificate and of the last preparation, once per round, and sent again unchanged. The receiver
// checks the signature, and the certificate: it is the one that the mark names.
type Timeout struct {
	chain.Timeout
	Certificate *chain.Certificate // nil for none
	committee.Part
}

// Justification are timeouts of one round by enough seats: who holds it enters the next round. It travels in a proposal, and
// on its own to who has not entered yet. Certificate is the one that the highest of the marks names, nil if none names one.
type Justification struct {
	chain.Timeouts
	Certificate *chain.Certificate
}

// Certified carries a certificate, of either step. The receiver checks it.
type Certified struct{ Certificate chain.Certificate }

// Status says how far a replica is: it holds the block that Certificate makes final; none at genesis. Sent to everyone again
// and again while a height is under way; the receiver sends what is missing, or asks for it.
type Status struct {
	Head        uint64
	Certificate *chain.Certificate
	// Asks wants a Status back.
	Asks bool
}

// Fetch asks for a block by its hash: sent to seats that prepared it.
type Fetch struct {
	Height uint64
	Block  chain.BlockHash
}

// Fetched answers Fetch.
type Fetched struct{ Raw []byte }

// Want asks for final blocks from a height on; Finals answers it.
type Want struct{ From uint64 }

// Final is a block with the certificate that makes it final.
type Final struct {
	Raw         []byte
	Certificate chain.Certificate
}

// Finals are final blocks, parents first.
type Finals struct{ Blocks []Final }
