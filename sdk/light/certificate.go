package light

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Prepared says whether a quorum of seats prepared the block of the certificate in its round.
func (c *Committee) Prepared(cert *chain.Certificate) error {
	if cert.Step != chain.Preparation {
		return fmt.Errorf("certificate of step %d %w", cert.Step, ErrScope)
	}
	return c.certified(cert, c.quorums.Certificate)
}

// Final says whether the certificate makes its block final (L3): confirmations of a quorum, or preparations of the early
// quorum.
func (c *Committee) Final(cert *chain.Certificate) error {
	switch cert.Step {
	case chain.Confirmation:
		return c.certified(cert, c.quorums.Certificate)
	case chain.Preparation:
		return c.certified(cert, c.quorums.Early)
	}
	return fmt.Errorf("certificate of step %d %w", cert.Step, ErrScope)
}

// Block says whether the certificate makes the block with this header final. The certificate may be of a later round than
// the header: a block that is taken up again keeps the round in which it was first proposed.
func (c *Committee) Block(h *chain.Header, cert *chain.Certificate) error {
	if h.Network != cert.Network || h.Chain != cert.Chain || h.Epoch != cert.Epoch || h.Height != cert.Height ||
		h.Round > cert.Round || h.Committee != c.hash || h.Hash() != cert.Block {
		return ErrHeader
	}
	return c.Final(cert)
}

// Voted says whether signature is that of the seats for the vote: one that is shown as evidence, say.
func (c *Committee) Voted(v *chain.Vote, signature keys.BLSSignature, seats chain.Seats) error {
	if v.Network != c.network || v.Chain != c.committee.Chain || v.Epoch != c.committee.Epoch {
		return fmt.Errorf("vote %w", ErrScope)
	}
	if err := c.sit(seats); err != nil {
		return fmt.Errorf("vote %w", err)
	}
	return c.signatures.Verify(v.Domain(), signature, Signed(v.Append(nil), seats))
}

// certified counts seats, then asks whether they signed.
func (c *Committee) certified(cert *chain.Certificate, quorum int) error {
	if n := cert.Bitmap.Count(); n < quorum {
		return fmt.Errorf("certificate %w: %d of %d, it takes %d", ErrQuorum, n, c.quorums.Seats, quorum)
	}
	v := cert.Vote()
	return c.Voted(&v, cert.Signature, cert.Bitmap)
}

// sit says whether all seats are the committee's (L2).
func (c *Committee) sit(seats chain.Seats) error {
	if n := seats.Bound(); n == 0 || n > c.quorums.Seats {
		return ErrSeats
	}
	return nil
}

// Signed is the claim that the seats signed the message, as Signatures takes it.
func Signed(message []byte, seats chain.Seats) keys.BLSSigned {
	return keys.BLSSigned{Message: message, Seats: slices.AppendSeq(make([]int, 0, seats.Count()), seats.Ascending())}
}
