package relay

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Post lets an account on a chain make a call, and returns when that is final: with why, if it failed. That is an ErrPaid if it was final.
type Post func(ctx context.Context, call chain.CallInput) error

// ErrPaid is the failure of a call that has cost its gas.
var ErrPaid = errors.New("the call was final, and failed")

// Carrier carries the digests of a chain to its parent (SPEC 7.2): it has a clock and an account, and its Courier decides.
type Carrier struct {
	Courier
	// Post lets an account on the parent call its digests actor.
	Post Post
	// Lazily is how often blocks are carried that send nothing out of the branch.
	Lazily time.Duration
	// Leave, if set, is how long it is left to others to carry blocks from a height on (Turn).
	Leave func(first uint64) time.Duration
	Log   *slog.Logger

	wake chan struct{}
}

// Start makes c ready to be woken. Run must be called afterwards.
func (c *Carrier) Start() { c.wake = make(chan struct{}, 1) }

// Wake says that a block of the child or of the parent is final.
func (c *Carrier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

const (
	// patience is how long a digest that was refused is not carried again; twice as long with each time, up to mostPatience, or paidPatience
	// if that has cost its gas: a chain whose committee is rotten can have it refused for good.
	patience     = 250 * time.Millisecond
	mostPatience = 4 * time.Second
	paidPatience = 256 * time.Second
)

// Run carries until the context ends. What goes wrong is logged and tried again: nothing depends on this carrier (R1).
func (c *Carrier) Run(ctx context.Context) {
	lazily := time.NewTicker(c.Lazily)
	defer lazily.Stop()
	due, wait := true, patience // after a start everything may be behind
	for {
		more, err := c.carry(ctx, due)
		due = false
		if err != nil && ctx.Err() == nil {
			c.Log.Info("a digest was not recorded; it is carried again", "chain", c.Child, "parent", c.Parent, "in", wait, "reason", err)
			more = false
			select {
			case <-ctx.Done():
			case <-time.After(wait):
				more = true
			}
			most := mostPatience
			if errors.Is(err, ErrPaid) {
				most = paidPatience
			}
			wait = min(2*wait, most)
		} else {
			wait = patience
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-lazily.C:
			due = true
		}
	}
}

// left waits while it is for others to carry blocks from a height on, and says whether somebody has begun.
func (c *Carrier) left(ctx context.Context, first uint64) bool {
	wait := c.Leave(first)
	if wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return false
		case <-ctx.Done():
			return true
		case <-c.wake:
		}
		recorded, err := c.recorded()
		if err != nil || recorded != nil && recorded.Anchor.Height >= first {
			return true // an error is found again, and reported, by who asks next
		}
	}
}

// release lets value through the child's valve if some may pass: a digest does it by the way. It is left to others for a while, too.
func (c *Carrier) release(ctx context.Context) error {
	call, err := c.Release()
	if call == nil || err != nil {
		return err
	}
	if c.Leave != nil {
		height, err := c.parentHeight()
		if err != nil {
			return err
		}
		select {
		case <-time.After(c.Leave(height)):
		case <-ctx.Done():
			return nil
		}
		if call, err = c.Release(); call == nil || err != nil {
			return err
		}
	}
	return c.Post(ctx, *call)
}

// carry posts one digest if there is reason to (R3), and says whether there is more.
func (c *Carrier) carry(ctx context.Context, due bool) (more bool, err error) {
	run, err := c.Next(due)
	if err != nil {
		return false, err
	}
	if run == nil {
		return false, c.release(ctx)
	}
	if c.Leave != nil && c.left(ctx, run.Headers[0].Height) {
		return ctx.Err() == nil, nil
	}
	gas, err := c.Gas(run)
	if err != nil {
		return false, err
	}
	call := chain.CallInput{To: chain.DigestsAddress(c.Parent), Method: chain.MethodDigest, GasLimit: gas, Input: run.Append(nil)}
	if err := c.Post(ctx, call); err != nil {
		known, failed := c.Known(run)
		if known {
			return true, nil
		}
		return false, errors.Join(err, failed)
	}
	return true, nil
}
