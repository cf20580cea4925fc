package bft

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Safety is what a replica must not forget, so that it never contradicts what it signed (SPEC 5.6). Votes are
// reproduced from it, since a signature of a statement is always the same; timeouts are kept as they were sent.
type Safety struct {
	// Lost: this is not what was durable, but what stands in for it.
	Lost bool
	// ResumeAt is the height at which a replica that was Lost signs again; 0 if it wasn't, or doesn't know yet. It counts in Epoch.
	ResumeAt uint64
	// Epoch and Height are what all below is about.
	Epoch, Height uint64
	// Prepared and Confirmed are the last preparation and confirmation signed; zero for none.
	Prepared, Confirmed chain.Mark
	// Certificate is the highest preparation certificate known.
	Certificate *chain.Certificate
	// Timeout is that of the last round that timed out here; nil if none did.
	Timeout *Timeout
	// Why is the justification of the round under way when something was signed last: nobody else may have it, and without it
	// nobody could follow (R12). Nil in round 0, and if the certificate is the reason.
	Why *Justification
}

// Lost is the Safety of a replica that doesn't know what it signed.
func Lost() Safety { return Safety{Lost: true} }

// isOf says whether this is about a height, in an epoch.
func (s *Safety) isOf(epoch, height uint64) bool { return s.Epoch == epoch && s.Height == height }

// gone says that a round has timed out here: nothing is signed for it, or for one before it (R5).
func (s *Safety) gone(round uint32) bool { return s.Timeout != nil && round <= s.Timeout.Round }

const safetyVersion = 2

// Encode is the canonical encoding.
func (s *Safety) Encode() []byte {
	b := wire.AppendU64(append([]byte{safetyVersion}, flag(s.Lost)), s.ResumeAt)
	b = wire.AppendU64(wire.AppendU64(b, s.Epoch), s.Height)
	b = appendCertificate(appendMark(appendMark(b, s.Prepared), s.Confirmed), s.Certificate)
	if b = append(b, flag(s.Timeout != nil)); s.Timeout != nil {
		b = s.Timeout.appendBody(b)
	}
	if b = append(b, flag(s.Why != nil)); s.Why != nil {
		b = s.Why.appendBody(b)
	}
	return b
}

// DecodeSafety reads what Encode writes.
func DecodeSafety(b []byte) (s Safety, err error) {
	r := wire.NewReader(b)
	r.Version("safety", safetyVersion)
	s.Lost = readFlag(r, "lost")
	s.ResumeAt, s.Epoch, s.Height = r.U64("resume at"), r.U64("epoch"), r.U64("height")
	s.Prepared, s.Confirmed = readMark(r), readMark(r)
	s.Certificate = readCertificate(r)
	if readFlag(r, "timeout") {
		t := readTimeout(r)
		s.Timeout = &t
	}
	if readFlag(r, "justification") {
		j := readJustification(r)
		s.Why = &j
	}
	if err := r.Done(); err != nil {
		return Safety{}, fmt.Errorf("safety: %w", err)
	}
	return s, nil
}
