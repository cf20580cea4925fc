package light

import (
	"errors"
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
	quorum, err := c.final(cert)
	if err != nil {
		return err
	}
	return c.certified(cert, quorum)
}

// AllFinal says whether each of the certificates makes its block final: nil if Final says so of each. If it doesn't, Final says of which. Some tens
// together take a third of the time of Final, where the keys can check them so.
func (c *Committee) AllFinal(certs []*chain.Certificate) error {
	if len(certs) == 0 {
		return nil
	}
	together, ok := c.signatures.(interface {
		VerifyAll(claims []keys.BLSClaim) error // as keys.BLSKeys does
	})
	if !ok || len(certs) == 1 {
		for _, cert := range certs {
			if err := c.Final(cert); err != nil {
				return err
			}
		}
		return nil
	}
	claims := make([]keys.BLSClaim, len(certs))
	for i, cert := range certs {
		quorum, err := c.final(cert)
		if err != nil {
			return err
		}
		v := cert.Vote()
		if err := errors.Join(c.counts(cert, quorum), c.fits(&v, cert.Bitmap)); err != nil {
			return err
		}
		claims[i] = keys.BLSClaim{Domain: v.Domain(), Signature: cert.Signature, BLSSigned: Signed(v.Append(nil), cert.Bitmap)}
	}
	return together.VerifyAll(claims)
}

// final is how many seats it takes for a final block.
func (c *Committee) final(cert *chain.Certificate) (quorum int, err error) {
	switch cert.Step {
	case chain.Confirmation:
		return c.quorums.Certificate, nil
	case chain.Preparation:
		return c.quorums.Early, nil
	}
	return 0, fmt.Errorf("certificate of step %d %w", cert.Step, ErrScope)
}

// Block says whether the certificate makes the block with this header final. The certificate may be of a later round than
// the header: a block that is taken up again keeps the round in which it was first proposed.
func (c *Committee) Block(h *chain.Header, cert *chain.Certificate) error {
	if err := c.Names(h, cert); err != nil {
		return err
	}
	return c.Final(cert)
}

// Names says whether the certificate is one of this committee for the block with this header, whoever signed it.
func (c *Committee) Names(h *chain.Header, cert *chain.Certificate) error {
	if h.Network != cert.Network || h.Chain != cert.Chain || h.Epoch != cert.Epoch || h.Height != cert.Height ||
		h.Round > cert.Round || h.Committee != c.hash || h.Hash() != cert.Block {
		return ErrHeader
	}
	return nil
}

// Voted says whether signature is that of the seats for the vote: one that is shown as evidence, say.
func (c *Committee) Voted(v *chain.Vote, signature keys.BLSSignature, seats chain.Seats) error {
	if err := c.fits(v, seats); err != nil {
		return err
	}
	return c.signatures.Verify(v.Domain(), signature, Signed(v.Append(nil), seats))
}

// fits says whether a vote is one that seats of this committee can cast.
func (c *Committee) fits(v *chain.Vote, seats chain.Seats) error {
	if v.Network != c.network || v.Chain != c.committee.Chain || v.Epoch != c.committee.Epoch {
		return fmt.Errorf("vote %w", ErrScope)
	}
	if err := c.sit(seats); err != nil {
		return fmt.Errorf("vote %w", err)
	}
	return nil
}

// certified counts seats, then asks whether they signed.
func (c *Committee) certified(cert *chain.Certificate, quorum int) error {
	if err := c.counts(cert, quorum); err != nil {
		return err
	}
	v := cert.Vote()
	return c.Voted(&v, cert.Signature, cert.Bitmap)
}

// counts says whether a certificate names as many seats as a quorum.
func (c *Committee) counts(cert *chain.Certificate, quorum int) error {
	if n := cert.Bitmap.Count(); n < quorum {
		return fmt.Errorf("certificate %w: %d of %d, it takes %d", ErrQuorum, n, c.quorums.Seats, quorum)
	}
	return nil
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
