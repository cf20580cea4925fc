package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Certificate is what made a block final: enough seats of its committee signed its hash (SPEC 5.1, 5.3).
type Certificate struct {
	// Kind is confirmed, by confirmations of a quorum, or early, by the preparations of (nearly) all seats.
	Kind string `json:"kind"`
	// Round is that in which they signed.
	Round uint32 `json:"round"`
	Seats []int  `json:"seats"`
	// Header and Raw are the canonical encodings of header and certificate.
	Header Hex `json:"header"`
	Raw    Hex `json:"raw"`
}

// The kinds of certificates of final blocks.
const (
	Confirmed = "confirmed"
	Early     = "early"
)

// DescribeCertificate says what a certificate is.
func DescribeCertificate(h *chain.Header, cert *chain.Certificate) *Certificate {
	c := &Certificate{Kind: Confirmed, Round: cert.Round, Header: h.Append(nil), Raw: cert.Append(nil)}
	if cert.Step == chain.Preparation {
		c.Kind = Early
	}
	for seat := range cert.Bitmap.Ascending() {
		c.Seats = append(c.Seats, seat)
	}
	return c
}

// Committee is who agrees on a chain's blocks. Raw is its canonical encoding, whose hash stands in the headers.
type Committee struct {
	Network  chain.NetworkID `json:"network"`
	Chain    chain.ID        `json:"chain"`
	Epoch    uint64          `json:"epoch"`
	Height   uint64          `json:"height"` // of the head
	Hash     chain.Hash      `json:"hash"`
	Silent   uint32          `json:"silent"` // seats that may be silent without switching early finality off
	Quorums  Quorums         `json:"quorums"`
	Seats    []Seat          `json:"seats"` // none: one validator runs the chain
	Proposer uint32          `json:"proposer"`
	Raw      Hex             `json:"raw,omitempty"`
}

// Quorums are the numbers of seats that decide (SPEC 5.2, 5.3).
type Quorums struct {
	Faulty      int `json:"faulty"` // as many can do no harm
	Certificate int `json:"certificate"`
	Early       int `json:"early"`
	Timeouts    int `json:"timeouts"`
}

// Seat is one seat.
type Seat struct {
	Seat int               `json:"seat"`
	Node keys.PublicKey    `json:"node"`
	Key  keys.BLSPublicKey `json:"key"`
}

// Committee is the committee of the node's chain, as the node says.
func (c *Client) Committee(ctx context.Context) (Committee, error) {
	var a Committee
	return a, c.call(ctx, request{method: http.MethodGet, path: c.on("/committee")}, &a)
}

// certified holds a header to the certificate of the trusted committee, if the client was told one (K6).
func (c *Client) certified(h *chain.Header, raw []byte) error {
	if c.trusted == nil || h.Height == 0 {
		return nil
	}
	cert, err := chain.DecodeCertificate(raw)
	if err == nil {
		err = c.trusted.Block(h, &cert)
	}
	if err != nil {
		return fmt.Errorf("%w: block %d is not certified by the committee: %w", ErrProof, h.Height, err)
	}
	return nil
}

// checkBlock holds an answer to its certificate.
func (c *Client) checkBlock(b *Block) error {
	if c.trusted == nil || b.Height == 0 {
		return nil
	}
	if b.Certificate == nil {
		return fmt.Errorf("%w: block %d comes without a certificate", ErrProof, b.Height)
	}
	h, err := chain.DecodeHeader(b.Certificate.Header)
	if err != nil {
		return fmt.Errorf("%w: header of block %d: %w", ErrProof, b.Height, err)
	}
	if h.Hash() != b.Hash || h.Height != b.Height || h.Parent != b.Parent || Roots(h.Roots) != b.Roots {
		return fmt.Errorf("%w: block %d: the answer says other things than its header", ErrProof, b.Height)
	}
	return c.certified(&h, b.Certificate.Raw)
}

// fetchBlock gets a block and checks its certificate.
func (c *Client) fetchBlock(ctx context.Context, path string) (Block, error) {
	var b Block
	if err := c.call(ctx, request{method: http.MethodGet, path: path}, &b); err != nil {
		return b, err
	}
	return b, c.checkBlock(&b)
}
