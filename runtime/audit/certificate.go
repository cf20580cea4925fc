package audit

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// certified says what is wrong with the certificate that is kept for a block (SPEC 4.9). Genesis needs none, and neither does
// a block of a chain that one validator runs.
func certified(c *light.Committee, h *chain.Header, raw []byte) error {
	switch {
	case len(raw) > 0 && (h.Height == 0 || h.Committee == block.NoCommittee):
		return fmt.Errorf("has a certificate of %d bytes, and needs none", len(raw))
	case h.Height == 0 || h.Committee == block.NoCommittee:
		return nil
	case c == nil || h.Committee != c.Hash():
		return fmt.Errorf("names committee %s, which is not that of the genesis", h.Committee)
	case len(raw) == 0:
		return errors.New("has no certificate")
	}
	cert, err := chain.DecodeCertificate(raw)
	if err == nil {
		err = c.Block(h, &cert)
	}
	if err != nil {
		return fmt.Errorf("is not certified: %w", err)
	}
	return nil
}
