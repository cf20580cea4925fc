package light

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// TimedOut says whether t shows that a quorum of distinct seats timed out in this round. It does not look at certificates
// that the timeouts name.
func (c *Committee) TimedOut(t *chain.Timeouts, height uint64, round uint32) error {
	var all chain.Seats
	signed := make([]keys.BLSSigned, 0, len(t.Said))
	for i := range t.Said {
		said := &t.Said[i]
		if err := c.said(said, height, round); err != nil {
			return fmt.Errorf("timeout %d %w", i, err)
		}
		if all.Overlaps(said.Seats) { // L1
			return fmt.Errorf("timeout %d %w", i, ErrSeats)
		}
		for seat := range said.Seats.Ascending() {
			all = all.With(seat)
		}
		signed = append(signed, Signed(said.Timeout.Append(nil), said.Seats))
	}
	if n := all.Count(); n < c.quorums.Timeouts {
		return fmt.Errorf("timeouts of round %d %w: %d of %d, it takes %d", round, ErrQuorum, n, c.quorums.Seats, c.quorums.Timeouts)
	}
	return c.signatures.Verify(keys.BLSTimeout, t.Signature, signed...)
}

// said holds L2.
func (c *Committee) said(s *chain.Said, height uint64, round uint32) error {
	t := &s.Timeout
	if t.Network != c.network || t.Chain != c.committee.Chain || t.Epoch != c.committee.Epoch || t.Height != height || t.Round != round {
		return ErrScope
	}
	return c.sit(s.Seats)
}
