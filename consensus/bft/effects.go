package bft

import (
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Effects is the work that one Step causes. Two orders bind the driver:
//
//	Persist is durable before anything in Send leaves, so that no crash can make us contradict what we signed (SPEC 5.6).
//	Commit comes before Verify and Build, which start from the state that it leaves; all three are done in the order given.
//
// Nothing else is ordered: Verify and Build may take their time, the replica goes on without them.
type Effects struct {
	Persist  *Safety
	Body     *Body // to be durable with Persist
	Send     []Send
	Commit   []Final // final, parents first
	Verify   []Proposed
	Build    *Build
	Timers   []Timer
	Serve    []Serve
	Reject   []Reject
	Evidence []Evidence
	Backed   []Backed
	// Over: the last of Commit ends the epoch (SPEC 6.7). This replica does nothing more; Next makes the one that follows.
	Over bool
	Halt *Halt
}

// Send is a message for a peer, or for every other member.
type Send struct {
	To      Peer // Everyone for all
	Message Message
}

// Body is an encoded block.
type Body struct {
	Hash chain.BlockHash
	Raw  []byte
}

// Proposed is a block to be replayed; the answer is Verified.
type Proposed struct {
	Hash chain.BlockHash
	Raw  []byte
}

// Build asks for a block after Parent, the head; the answer is Built.
type Build struct {
	Parent   chain.BlockHash
	Height   uint64
	Round    uint32
	Proposer uint32 // seat
	// Failed are the rounds of the head's height that failed before it was decided, by round, as far as they were seen here.
	Failed []chain.Timeouts
	// Equivocations are those of leaders in rounds of that height that are not among them, by round.
	Equivocations []chain.Equivocation
	// Demanded wants a block also if nothing happens in it.
	Demanded bool
}

// Kind is what a timer is for. The driver runs at most one of each kind; a later one replaces it.
type Kind uint8

const (
	// RoundTimer ends a round in which nothing became final.
	RoundTimer Kind = 1 + iota
	// ResendTimer repeats what may have been lost.
	ResendTimer
)

// Timer asks for Expired after some milliseconds.
type Timer struct {
	Kind   Kind
	Height uint64
	Round  uint32
	Millis uint64
}

// Serve asks for committed blocks from height From on to be sent to a peer as Finals, as far as one message may hold.
type Serve struct {
	To   Peer
	From uint64
}

// Reject is a peer's fault, for counting: bad input is no error.
type Reject struct {
	From   Peer
	Reason string
}

// Evidence convicts seats of a member, to anyone who knows the committee (SPEC 6.6).
type Evidence struct {
	From Peer
	light.Evidence
}

// Backed is a member's preparation of a block that was found invalid here. With the block's witness, which the driver has, it
// convicts the member's seats (SPEC 6.6): an honest one replays first.
type Backed struct {
	From  Peer
	Claim light.Claim
}

// Halt stops the node: a quorum certified what can't be, so more than f seats are faulty, or we are.
type Halt struct {
	Reason string
	Block  chain.BlockHash
}
