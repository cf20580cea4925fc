package light

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrNoContradiction: an honest seat may have signed both.
var ErrNoContradiction = errors.New("holds nothing that one seat can't have said")

// Claim is a vote or a timeout, and the sum of the signatures of all Seats under it: one member's message, or a certificate.
type Claim struct {
	Vote      *chain.Vote // exactly one of the two is there
	Timeout   *chain.Timeout
	Seats     chain.Seats
	Signature keys.BLSSignature
}

// ClaimOf is what a certificate says.
func ClaimOf(c *chain.Certificate) Claim {
	v := c.Vote()
	return Claim{Vote: &v, Seats: c.Bitmap, Signature: c.Signature}
}

// Evidence are two claims of which an honest seat signs one at most (SPEC 6.6). Anyone who knows the committee can judge it;
// it takes two pairings' time.
type Evidence struct{ First, Second Claim }

// Guilty are the seats that signed both claims; an error if there are none, or the claims don't contradict each other.
func (c *Committee) Guilty(e *Evidence) (chain.Seats, error) {
	if !e.Contradicts() {
		return nil, fmt.Errorf("evidence %w", ErrNoContradiction)
	}
	var both chain.Seats
	for seat := range e.First.Seats.Ascending() {
		if e.Second.Seats.Has(seat) {
			both = both.With(seat)
		}
	}
	if len(both) == 0 {
		return nil, fmt.Errorf("evidence %w", ErrSeats)
	}
	for _, claim := range []*Claim{&e.First, &e.Second} {
		if err := c.claimed(claim); err != nil {
			return nil, err
		}
	}
	return both, nil
}

// Contradicts says whether no honest seat signs both claims; it does not ask who signed them.
func (e *Evidence) Contradicts() bool {
	return contradict(&e.First, &e.Second) || contradict(&e.Second, &e.First)
}

// contradict says whether no honest seat signs both, whatever happens to it:
//
//	two blocks in one step of one round, two timeouts of one round that differ (consensus/bft R4, R5, R6)
//	a timeout that names an earlier preparation as the last than one of a round that it ends (R5, R10)
//	a timeout that names no certificate of a round that it ends and in which the seat confirmed (R6, R10)
func contradict(a, b *Claim) bool {
	switch {
	case a.Vote != nil && b.Vote != nil:
		same := *a.Vote
		same.Block = b.Vote.Block
		return same == *b.Vote && a.Vote.Block != b.Vote.Block
	case a.Timeout != nil && b.Timeout != nil:
		return a.Timeout.Height == b.Timeout.Height && a.Timeout.Round == b.Timeout.Round && *a.Timeout != *b.Timeout
	case a.Timeout != nil && b.Vote != nil:
		t, v := a.Timeout, b.Vote
		if t.Height != v.Height || v.Round > t.Round {
			return false
		}
		mark := t.Last
		if v.Step == chain.Confirmation {
			mark = t.Highest
		}
		return mark.IsZero() || mark.Round < v.Round || mark.Round == v.Round && mark.Block != v.Block
	}
	return false
}

// claimed says whether all seats of a claim signed it, for this network, chain and epoch.
func (c *Committee) claimed(claim *Claim) error {
	if claim.Vote != nil {
		if s := claim.Vote.Step; s != chain.Preparation && s != chain.Confirmation {
			return fmt.Errorf("vote of step %d %w", s, ErrScope)
		}
		return c.Voted(claim.Vote, claim.Signature, claim.Seats)
	}
	t := claim.Timeout
	if err := c.said(&chain.Said{Timeout: *t, Seats: claim.Seats}, t.Height, t.Round); err != nil {
		return fmt.Errorf("timeout %w", err)
	}
	return c.signatures.Verify(keys.BLSTimeout, claim.Signature, Signed(t.Append(nil), claim.Seats))
}

const (
	evidenceVersion = 1
	claimVote       = 1
	claimTimeout    = 2
	maxClaimBytes   = 256 // a vote or a timeout
)

// Encode is the canonical encoding.
func (e *Evidence) Encode() []byte { return e.Second.append(e.First.append([]byte{evidenceVersion})) }

func (c *Claim) append(b []byte) []byte {
	if c.Vote != nil {
		b = wire.AppendBytes(append(b, claimVote), c.Vote.Append(nil))
	} else {
		b = wire.AppendBytes(append(b, claimTimeout), c.Timeout.Append(nil))
	}
	return append(wire.AppendBytes(b, c.Seats), c.Signature[:]...)
}

// DecodeEvidence reads what Encode writes.
func DecodeEvidence(b []byte) (Evidence, error) {
	r := wire.NewReader(b)
	r.Version("evidence", evidenceVersion)
	e := Evidence{readClaim(r), readClaim(r)}
	if err := r.Done(); err != nil {
		return Evidence{}, fmt.Errorf("evidence: %w", err)
	}
	return e, nil
}

func readClaim(r *wire.Reader) (c Claim) {
	kind := r.U8("kind of claim")
	raw := r.Bytes("claim", maxClaimBytes)
	if r.Err() != nil {
		return c
	}
	var err error
	switch kind {
	case claimVote:
		var v chain.Vote
		v, err = chain.DecodeVote(raw)
		c.Vote = &v
	case claimTimeout:
		var t chain.Timeout
		t, err = chain.DecodeTimeout(raw)
		c.Timeout = &t
	default:
		err = wire.ErrValue
	}
	if err != nil {
		r.Fail("claim: "+err.Error(), wire.ErrValue)
		return c
	}
	c.Seats = chain.ReadSeats(r)
	r.Into("signature", c.Signature[:])
	return c
}
