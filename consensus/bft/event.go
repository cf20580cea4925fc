package bft

import "github.com/thinkey/thinkey/sdk/chain"

// Event is what happens to a replica. The driver hands in one at a time.
type Event interface{ event() }

type (
	// Start is the first event: the driver is ready.
	Start struct{}

	// Due says that the chain is not idle (SPEC 5.7, 5.10): a message waits here, or a heartbeat is due. The driver says it
	// again after every commit for as long as it is true.
	Due struct{}

	// Received is a message of a peer. The driver vouches for From: the connection is authenticated.
	Received struct {
		From    Peer
		Message Message
	}

	// Built answers Effects.Build. Raw is nil if the block would have no event and none was demanded.
	Built struct {
		Parent chain.BlockHash
		Round  uint32
		Raw    []byte
	}

	// Verified answers Effects.Verify.
	Verified struct {
		Block   chain.BlockHash
		Verdict Verdict
	}

	// Expired is a timer that ran out: the last one of its kind that Effects.Timers asked for.
	Expired struct{ Timer Timer }
)

func (Start) event()    {}
func (Due) event()      {}
func (Received) event() {}
func (Built) event()    {}
func (Verified) event() {}
func (Expired) event()  {}

// Verdict is what a replay found.
type Verdict uint8

const (
	// Valid: every rule of the chain holds, and the time is near.
	Valid Verdict = 1 + iota
	// Withheld: valid, but no reason to vote for it now: its time is not near, or its code is not compiled yet (SPEC 4.5).
	// The driver may say Valid later.
	Withheld
	// Invalid: a rule is broken; the driver keeps the witness.
	Invalid
)
