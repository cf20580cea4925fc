package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Vote is what a seat signs in one step of consensus: all seats the same bytes, so that their signatures add up (SPEC 5.1).
// Two votes of one seat that differ in the block alone are evidence against it (SPEC 6.6).
type Vote struct {
	Step    Step
	Network NetworkID
	Chain   ID
	Epoch   uint64
	Height  uint64
	Round   uint32
	Block   BlockHash
}

const voteVersion = 1

// Domain is the kind of statement that a signature of v is of.
func (v *Vote) Domain() keys.BLSDomain {
	switch v.Step {
	case Preparation:
		return keys.BLSPreparation
	case Confirmation:
		return keys.BLSConfirmation
	}
	assert.That(false, "%d is no step", v.Step)
	return 0
}

// Append writes the canonical encoding: the bytes that are signed.
func (v *Vote) Append(b []byte) []byte {
	b = append(append(b, voteVersion, byte(v.Step)), v.Network[:]...)
	b = wire.AppendU64(wire.AppendU64(wire.AppendU32(b, uint32(v.Chain)), v.Epoch), v.Height)
	return append(wire.AppendU32(b, v.Round), v.Block[:]...)
}

// DecodeVote reads what Append writes.
func DecodeVote(b []byte) (v Vote, err error) {
	r := wire.NewReader(b)
	r.Version("vote", voteVersion)
	v.Step = Step(r.U8("step"))
	if r.Err() == nil && (v.Step != Preparation && v.Step != Confirmation) {
		r.Fail(fmt.Sprintf("step %d", v.Step), wire.ErrValue)
	}
	v.Network = readHash[NetworkID](r, "network")
	v.Chain = readChain(r)
	v.Epoch = r.U64("epoch")
	v.Height = r.U64("height")
	v.Round = r.U32("round")
	v.Block = readHash[BlockHash](r, "block")
	return v, r.Done()
}

// Timeout is what a seat signs when its timer has run out: the leader of the round is defective, and this is what the seat
// knows of earlier rounds (SPEC 5.8). Seats that know the same sign the same bytes.
//
// Both marks are signed with it: a leader that could leave one out, or put another in, could have a final block replaced.
// The certificate that Highest names travels beside the timeout; any certificate of that round and block will do.
type Timeout struct {
	Network NetworkID
	Chain   ID
	Epoch   uint64
	Height  uint64
	Round   uint32
	// Highest is the round and block of the highest preparation certificate the seat has of this height.
	Highest Mark
	// Last is the seat's own last preparation of this height.
	Last Mark
}

// Mark is a block and the round of a height in which it was prepared. Its zero value, with no block, is none.
type Mark struct {
	Round uint32
	Block BlockHash
}

// IsZero says whether m marks nothing.
func (m Mark) IsZero() bool { return m == Mark{} }

const timeoutVersion = 1

// Append writes the canonical encoding: the bytes that are signed, in the domain keys.BLSTimeout.
func (t *Timeout) Append(b []byte) []byte {
	b = append(append(b, timeoutVersion), t.Network[:]...)
	b = wire.AppendU64(wire.AppendU64(wire.AppendU32(b, uint32(t.Chain)), t.Epoch), t.Height)
	b = wire.AppendU32(b, t.Round)
	b = append(wire.AppendU32(b, t.Highest.Round), t.Highest.Block[:]...)
	return append(wire.AppendU32(b, t.Last.Round), t.Last.Block[:]...)
}

// DecodeTimeout reads what Append writes.
func DecodeTimeout(b []byte) (t Timeout, err error) {
	r := wire.NewReader(b)
	r.Version("timeout", timeoutVersion)
	t.Network = readHash[NetworkID](r, "network")
	t.Chain = readChain(r)
	t.Epoch = r.U64("epoch")
	t.Height = r.U64("height")
	t.Round = r.U32("round")
	t.Highest = readMark(r, "highest", t.Round)
	t.Last = readMark(r, "last", t.Round)
	return t, r.Done()
}

// readMark refuses a round without a block, and one later than that which timed out.
func readMark(r *wire.Reader, field string, timedOut uint32) Mark {
	m := Mark{r.U32(field + " round"), readHash[BlockHash](r, field+" block")}
	if r.Err() == nil && (m.Block == BlockHash{} && m.Round != 0 || m.Round > timedOut) {
		r.Fail(fmt.Sprintf("%s round %d", field, m.Round), wire.ErrValue)
	}
	return m
}
