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

	// Received is a message of a peer, from its replica of an epoch. The driver vouches for From: the connection is authenticated.
	Received struct {
		From    Peer
		Epoch   uint64
		Message Message
	}

	// Supplied are final blocks, parents first, that the driver fetched. It has held each to its bytes, and to its certificate by the
	// committee of this replica's epoch. What doesn't go on from the head is left out.
	Supplied struct{ Blocks []Final }

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
func (Supplied) event() {}
func (Built) event()    {}
func (Verified) event() {}
func (Expired) event()  {}

// Verdict is what a replay found.
type Verdict uint8

const (
	// Valid: every rule of the chain holds, and the time is near.
	Valid Verdict = 1 + iota
	// Withheld: valid, but its time is not near (SPEC 4.5). The driver says Valid when it is. A block that can't be replayed
	// yet, as its code is still being compiled, has no verdict yet.
	Withheld
	// Invalid: a rule is broken; the driver keeps the witness, and is told who prepared the block (Effects.Backed).
	Invalid
	// Damaged: the bytes are not those that the header names, whoever changed them. Others may have the block itself.
	Damaged
)
