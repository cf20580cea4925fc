package host

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Host keeps a chain's accounts alive. Offer, Account, PID, Waiting and Stats may be called from many goroutines; Produce,
// Settle, Commit, Discard and Expire from one, in turn.
type Host struct {
	config Config
	home   account.Home
	place  string // the address of the accounts' PIDs
	system *actor.ActorSystem
	root   *actor.RootContext // spawns under the guardian that ends the host
	props  *actor.Props
	table  table
	pool   pool
	lanes  lanes

	waiting load         // in lanes, and offers under way
	apart   load         // in lanes, behind a missing nonce
	queries atomic.Int64 // slow user messages in mailboxes
	counts  counts

	production *production // the one under way; set before its first message is posted
	open       []openBlock // lowest first
	commits    uint64      // numbers the marks of Commit and Settle
	attempts   uint64      // numbers the productions

	ended  atomic.Bool
	cause  error         // why; set before dead is closed
	dead   chan struct{} // closed when the host handles nothing any more
	ending sync.Once
	closed sync.Once
}

// openBlock is a block that was produced and neither committed nor discarded.
type openBlock struct {
	tag   account.Tag
	boxes []*mailbox // those it touched
}

// counts are Stats in the making.
type counts struct{ resident, activated, passivated atomic.Int64 }

// Stats says what a Host is doing.
type Stats struct {
	Resident              int   // accounts in memory
	Activated, Passivated int64 // since New
	Waiting               int   // messages in lanes
}

// New starts a host with its workers; Close ends them.
func New(c Config) (*Host, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	h := &Host{config: c, place: Place(c.Chain), dead: make(chan struct{})}
	h.home = account.Home{State: c.State, Limits: c.Lane}
	h.table.init()
	h.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return c.Log }))
	h.system.ProcessRegistry.RegisterAddressResolver(h.resolve)
	h.root = h.system.Root.Copy().WithGuardian(&guardian{h})
	h.root.Self() // makes the guardian, which must not be done twice
	h.props = actor.PropsFromProducer(func() actor.Actor { return &live{} },
		actor.WithMailbox(func() actor.Mailbox { return &mailbox{host: h} }))
	h.pool.start(h)
	return h, nil
}

// System is the actor system that the accounts live in, for the one who connects it to others.
func (h *Host) System() *actor.ActorSystem { return h.system }

// Waiting is the number of messages that wait in lanes, those included that are being offered.
func (h *Host) Waiting() int { return int(h.waiting.messages.Load()) }

// Ready is how many of those could be handled now: no nonce is missing before them.
func (h *Host) Ready() int { return h.Waiting() - h.apart.now().Messages }

// Stats is a look at the counters.
func (h *Host) Stats() Stats {
	return Stats{
		Resident: int(h.counts.resident.Load()), Activated: h.counts.activated.Load(),
		Passivated: h.counts.passivated.Load(), Waiting: h.Waiting(),
	}
}

// Close ends the workers and waits for them; a handling under way ends first. Calls under way return ErrClosed.
func (h *Host) Close() {
	h.end(ErrClosed)
	h.pool.done.Wait()
	h.closed.Do(h.system.Shutdown) // panics if called twice
}

// end makes the host handle nothing any more; it says whether this call did it.
func (h *Host) end(cause error) (first bool) {
	h.ending.Do(func() {
		first = true
		h.cause = cause
		h.ended.Store(true)
		close(h.dead)
	})
	return first
}

// fail ends the host for a fault that is not a message's (H7).
func (h *Host) fail(cause error) {
	if h.end(cause) {
		h.config.Log.Error("the host of the accounts stops", "chain", h.config.Chain, "cause", cause)
		h.config.Fatal(cause)
	}
}

// guardian supervises all accounts: a failing one is neither restarted nor stopped, it ends the host.
type guardian struct{ host *Host }

// HandleFailure makes guardian an actor.SupervisorStrategy.
func (g *guardian) HandleFailure(_ *actor.ActorSystem, _ actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	if p, ok := reason.(*Panic); ok {
		g.host.fail(p)
		return
	}
	address, _ := parseName(child.Id)
	g.host.fail(&Panic{Account: address, Value: reason})
}

// countdown waits for a number of things that workers do. Its owner holds one of them until it waits.
type countdown struct {
	left  atomic.Int64
	quiet chan struct{}
}

func newCountdown() *countdown {
	c := &countdown{quiet: make(chan struct{}, 1)}
	c.left.Store(1)
	return c
}

// done counts n things as done.
func (c *countdown) done(n int64) {
	if c.left.Add(-n) == 0 {
		c.quiet <- struct{}{}
	}
}

// wait counts the owner's part as done and waits for the rest, or for the end of the host, whose cause it returns.
func (c *countdown) wait(h *Host) error {
	c.done(1)
	select {
	case <-c.quiet:
	case <-h.dead:
	}
	return h.alive()
}

// alive is nil, or the cause of the end.
func (h *Host) alive() error {
	if h.ended.Load() {
		return h.cause
	}
	return nil
}

var _ actor.SupervisorStrategy = (*guardian)(nil)

// drop tells that m left its lane unhandled.
func (h *Host) drop(m *chain.Message, reason error) { h.config.Dropped(m.ID(), reason) }

// lose is drop for a message whose place is free now.
func (h *Host) lose(m *chain.Message, reason error) {
	h.free(account.LoadOf(m))
	h.drop(m, reason)
}
