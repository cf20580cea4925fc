package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Timeouts shows that the leader of a round was defective: what seats said when their timers ran out, equal statements
// together, and the sum of all their signatures. It stands in proposals of the next round (SPEC 5.8), and in the next block as
// the record of the failed round (SPEC 5.9). What is decoded holds one statement at least.
type Timeouts struct {
	Said      []Said
	Signature keys.BLSSignature
}

// Said is a timeout and the seats that signed it.
type Said struct {
	Timeout Timeout
	Seats   Seats
}

// Failed is the height and the round that timed out.
func (t *Timeouts) Failed() (height uint64, round uint32) {
	first := &t.Said[0].Timeout
	return first.Height, first.Round
}

// Append writes the canonical encoding.
func (t *Timeouts) Append(b []byte) []byte {
	b = wire.AppendU32(b, uint32(len(t.Said)))
	for i := range t.Said {
		b = wire.AppendBytes(wire.AppendBytes(b, t.Said[i].Timeout.Append(nil)), t.Said[i].Seats)
	}
	return append(b, t.Signature[:]...)
}

const (
	// timeoutBytes is the length of an encoded Timeout.
	timeoutBytes  = 1 + 32 + 4 + 8 + 8 + 4 + 2*(4+32)
	timeoutsBytes = 4 + keys.BLSSignatureBytes
)

// ReadTimeouts reads what Append writes, as a part of something else.
func ReadTimeouts(r *wire.Reader) (t Timeouts) {
	t.Said = readList(r, "timeouts", MaxSeats, timeoutBytes, func() Said { return Said{ReadTimeout(r), ReadSeats(r)} })
	if r.Err() == nil && len(t.Said) == 0 {
		r.Fail("timeouts", wire.ErrValue)
	}
	r.Into("signature", t.Signature[:])
	return t
}

// ReadTimeout reads a timeout that stands in something else, behind its length.
func ReadTimeout(r *wire.Reader) Timeout {
	b := r.Bytes("timeout", timeoutBytes)
	if r.Err() != nil {
		return Timeout{}
	}
	t, err := DecodeTimeout(b)
	if err != nil {
		r.Fail(fmt.Sprintf("timeout: %v", err), wire.ErrValue)
	}
	return t
}

// ReadSeats reads a set that stands in something else, behind its length.
func ReadSeats(r *wire.Reader) Seats {
	s := Seats(r.Bytes("seats", MaxSeats/8))
	if r.Err() == nil && !s.canonical() {
		r.Fail("seats", wire.ErrValue)
	}
	return s
}
