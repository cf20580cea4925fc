package relay

import "context"

// Carry is one step of Run.
func (c *Carrier) Carry(ctx context.Context, due bool) (more bool, err error) {
	return c.carry(ctx, due)
}
