package relay

import "context"

// Carry is one step of Run.
func (c *Carrier) Carry(ctx context.Context, due bool) (more bool, err error) {
	return c.carry(ctx, due)
}

// Tellers is how many that told of what was of no use are remembered.
func (b *Bag) Tellers() int { return len(b.tellers) }
