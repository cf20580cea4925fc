package driver

import (
	"context"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
)

// Disk keeps what a replica must not forget.
type Disk interface {
	// Write returns when the record, and the body if there is one, are durable.
	Write(safety *bft.Safety, body *bft.Body) error
}

// Net carries messages to other nodes. It doesn't wait for them, and may lose any.
type Net interface {
	Send(to bft.Peer, m bft.Message)
}

// Clock answers with bft.Expired. A timer replaces the one of its kind.
type Clock interface {
	Set(t bft.Timer)
}

// Ledger is the chain itself.
type Ledger interface {
	// Commit makes a block final: it is durable when Commit returns. The block was verified or built here.
	Commit(b *bft.Final) error
	// Verify and Build start work from the state after the last commit; bft.Verified and bft.Built answer them.
	Verify(b bft.Proposed) error
	Build(b bft.Build) error
	// Find starts to read committed blocks from a height on, as many as one message may hold; Serve takes them.
	// It may be left undone where too much is asked: whoever lacks a block asks again.
	Find(s bft.Serve) error
}

// Watch hears what others did wrong. It must not wait.
type Watch interface {
	Reject(r bft.Reject)
	Evidence(e bft.Evidence)
	Backed(b bft.Backed)
}

// Epochs knows who agrees after the head.
type Epochs interface {
	// Next is asked when the last commit has ended an epoch. What it answers is the configuration of the replica that goes on;
	// numbers of peers are those of its committee from then on.
	Next() (bft.Config, error)
}

// Ports are what a driver performs effects with.
type Ports struct {
	Epochs Epochs
	Disk   Disk
	Net    Net
	Clock  Clock
	Ledger Ledger
	Watch  Watch
}

// ErrHalted is the end of a node that was shown what can't be: more than f seats are faulty, or it is itself.
var ErrHalted = errors.New("consensus halted; keep the data and ask the other operators")

// Driver is a replica with its ports.
type Driver struct {
	replica *bft.Replica
	ports   Ports
}

// New is a driver of a replica that has taken no event yet.
func New(r *bft.Replica, p Ports) *Driver { return &Driver{r, p} }

// Run applies events until ctx ends, or one can't be applied. It starts with bft.Start.
func (d *Driver) Run(ctx context.Context, inbox <-chan bft.Event) error {
	if err := d.Apply(bft.Start{}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev := <-inbox:
			if err := d.Apply(ev); err != nil {
				return err
			}
		}
	}
}

// Apply steps the replica and performs the effects, in the one order that keeps its promises. Where they end an epoch the replica of
// the next one takes its place; events that are on their way to the old one are void, and do it no harm.
func (d *Driver) Apply(ev bft.Event) error {
	e := d.replica.Step(ev)
	if err := d.perform(&e); err != nil || !e.Over {
		return err
	}
	next, err := d.ports.Epochs.Next()
	if err != nil {
		return err
	}
	d.replica = d.replica.Next(next)
	return d.Apply(bft.Start{})
}

// Serve sends a peer the blocks that Ledger.Find has found, if there are any. Like Apply it is called by one goroutine, and may be by Find itself.
func (d *Driver) Serve(to bft.Peer, blocks []bft.Final) {
	if len(blocks) > 0 {
		d.ports.Net.Send(to, &bft.Finals{Blocks: blocks})
	}
}

// Replica is the one of the present epoch.
func (d *Driver) Replica() *bft.Replica { return d.replica }

func (d *Driver) perform(e *bft.Effects) error {
	if e.Persist != nil || e.Body != nil {
		if err := d.ports.Disk.Write(e.Persist, e.Body); err != nil {
			return fmt.Errorf("keeping what is to be signed: %w", err)
		}
	}
	for i := range e.Send {
		d.ports.Net.Send(e.Send[i].To, e.Send[i].Message)
	}
	for i := range e.Commit {
		if err := d.ports.Ledger.Commit(&e.Commit[i]); err != nil {
			return err
		}
	}
	if err := d.start(e); err != nil {
		return err
	}
	for _, t := range e.Timers {
		d.ports.Clock.Set(t)
	}
	for _, s := range e.Serve {
		if err := d.ports.Ledger.Find(s); err != nil {
			return err
		}
	}
	d.tell(e)
	if e.Halt != nil {
		return fmt.Errorf("%w: %s (block %s)", ErrHalted, e.Halt.Reason, e.Halt.Block)
	}
	return nil
}

// start begins the work whose answers are events.
func (d *Driver) start(e *bft.Effects) error {
	for _, p := range e.Verify {
		if err := d.ports.Ledger.Verify(p); err != nil {
			return err
		}
	}
	if e.Build != nil {
		return d.ports.Ledger.Build(*e.Build)
	}
	return nil
}

func (d *Driver) tell(e *bft.Effects) {
	for _, r := range e.Reject {
		d.ports.Watch.Reject(r)
	}
	for _, ev := range e.Evidence {
		d.ports.Watch.Evidence(ev)
	}
	for _, b := range e.Backed {
		d.ports.Watch.Backed(b)
	}
}
