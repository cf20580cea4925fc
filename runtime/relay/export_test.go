package relay

import (
	"context"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/light"
)

// Carry is one step of Run.
func (c *Carrier) Carry(ctx context.Context, due bool) (more bool, err error) {
	return c.carry(ctx, due)
}

// Tellers is how many that told of what was of no use are remembered.
func (b *Bag) Tellers() int { return len(b.tellers) }

// Keep keeps an envelope as if it had been good when it was brought.
func (b *Bag) Keep(a *block.Arrival, e *light.Envelope) error {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	return b.put(a, &held{Envelope: e})
}

// What bounds errands.
const (
	MaxErrands, MaxPeerErrands = maxErrands, maxPeerErrands
	SweepPause                 = sweepPause
)
