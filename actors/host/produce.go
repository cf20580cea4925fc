package host

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Job says what a block may take.
type Job struct {
	Context *exec.Context
	Tag     account.Tag
	// Carried is the chain's pending queue, in order. As much of its front as fits Gas is handled, whatever else happens.
	Carried []*exec.Delivery
	// Imports are relays from other chains, in the order of the block. They follow what is carried, as far as they fit: behind a
	// queue of which something is left over they wait themselves.
	Imports []*exec.Delivery
	// Gas is the gas that handlings may use; FreshGas bounds the sum of the gas limits of external messages.
	Gas, FreshGas uint64
	// Without are the accounts whose external messages are left for another block.
	Without map[chain.Address]bool
	// Stop ends the taking of messages when it is closed; nil never does.
	Stop <-chan struct{}
}

// Run is what the actors did.
type Run struct {
	// Accounts are those that handled something, in any order. Every relay sent has its Delivery in Handled.Sent, also one
	// that left the chain or was not handled in time.
	Accounts []*exec.Overlay
	// Carried is how much of the front of Job.Carried was handled.
	Carried int
	// Stopped says that Stop ended it, not a lack of work or gas; Unready that something was left because of Config.Ready, or
	// Job.Without.
	Stopped, Unready bool
	// Led are the external messages that led to relays which were sent in the block and left because of Config.Ready.
	Led []chain.MessageID
}

// production is a Job under way.
type production struct {
	Job
	number    uint64
	countdown *countdown // messages and turns under way
	held      map[pair]bool
	stopped   atomic.Bool
	unready   atomic.Bool
	_         [64]byte // the counters are written all the time, what is above is read all the time
	gas       atomic.Int64
	fresh     atomic.Int64
	vain      atomic.Int64 // gas that may still be wasted on groups
	given     atomic.Int64 // gas of loads that may still be given to hooks
}

// pair is a sender and a receiver. One of production.held has a carried message that is left where it is: what else the sender
// sends there waits behind it (SPEC 2.5).
type pair struct{ from, to chain.Address }

// mostVain is the gas of a block that may be wasted on messages that could be handled as one and then could not (SPEC 9.2):
// nobody pays for it. What makes others try in vain costs a three hundredth of the trying, so without a bound a few
// messages took up all the time of a block.
const mostVain = 50_000_000

// Produce lets the actors run on what is carried in, then on what waits in the lanes and on all that this makes them send,
// until nothing that fits is left or Stop is closed. The block stays open until Commit or Discard.
func (h *Host) Produce(j Job) (*Run, error) {
	assert.That(!h.isOpen(j.Tag), "produce: block %s/%d is open already", j.Tag.Parent, j.Tag.Attempt)
	h.attempts++
	p := &production{Job: j, number: h.attempts, countdown: newCountdown()}
	p.gas.Store(int64(min(j.Gas, math.MaxInt64)))
	p.fresh.Store(int64(min(j.FreshGas, math.MaxInt64)))
	p.vain.Store(mostVain)
	p.given.Store(chain.MaxBlockGiven)
	select {
	case <-j.Stop:
		p.stopped.Store(true)
	default:
	}
	h.production = p
	carried, boxes, err := h.placeCarried(p)
	if err != nil {
		return nil, err
	}
	p.countdown = newCountdown()
	h.give(boxes, carriedTurn{}, p.countdown)
	first := h.lanes.take()
	if err := h.waves(p, first); err != nil {
		return nil, err
	}
	h.lanes.putFront(order(first))
	run := &Run{Carried: min(carried, len(j.Carried)), Stopped: p.stopped.Load(), Unready: p.unready.Load()}
	run.Accounts = h.collect(j.Tag)
	for _, w := range h.pool.workers {
		run.Led = append(run.Led, w.led...)
		w.led = w.led[:0]
	}
	return run, nil
}

func (h *Host) isOpen(tag account.Tag) bool {
	for i := range h.open {
		if h.open[i].tag == tag {
			return true
		}
	}
	return false
}

// placeCarried lays the carried deliveries that fit before their accounts, without any being handled, so that none of them
// can be overtaken by what another one sends (H2). It returns how many those are, and the accounts' mailboxes.
func (h *Host) placeCarried(p *production) (int, []*mailbox, error) {
	taken := 0
	byAccount := make(map[chain.Address]*place)
	gifted := make(map[chain.Address]bool)
	var order []*place
	for i, d := range slices.Concat(p.Carried, p.Imports) {
		to := p.Context.Home(d.Message.To)
		need, fits := uint64(0), false
		if taken == i {
			var err error
			if need, fits, err = h.fits(p, to, d.Message); err != nil {
				return 0, nil, err
			}
			if fits && !gifted[to] {
				if gifted[to], fits, err = h.gives(p, to, d.Message); err != nil {
					return 0, nil, err
				}
			}
		}
		if !fits {
			p.hold(d.Message.From, to)
			continue
		}
		if byAccount[to] == nil {
			byAccount[to] = &place{to: to, all: p.countdown}
			order = append(order, byAccount[to])
		}
		byAccount[to].deliveries = append(byAccount[to].deliveries, d)
		p.gas.Add(-int64(need))
		taken++
	}
	boxes := make([]*mailbox, len(order))
	nodes := make([]node, len(order))
	for i, c := range order {
		nodes[i].task = c
		p.countdown.left.Add(1)
		boxes[i] = h.post(nil, c.to, &nodes[i])
	}
	return taken, boxes, p.countdown.wait(h)
}

// fits says whether a carried message can be handled with the gas that is left, and what it needs of that.
func (h *Host) fits(p *production, to chain.Address, m *chain.Message) (need uint64, ok bool, err error) {
	if need = treeGas(m); int64(need) > p.gas.Load() {
		return need, false, nil
	}
	if h.config.Ready == nil {
		return need, true, nil
	}
	record, err := h.config.State.Account(to)
	if err != nil {
		return need, false, err
	}
	ok, err = h.ready(p, record, m)
	return need, ok, err
}

// gives reserves what a hook loads for nothing when it handles a carried message, and says whether that was something, and whether it
// could be given. The account has the code that it had before the block, or is given nothing.
func (h *Host) gives(p *production, to chain.Address, m *chain.Message) (some, ok bool, err error) {
	if m.Method != chain.MethodBounce {
		return false, true, nil
	}
	record, err := h.config.State.Account(to)
	if err != nil {
		return false, false, err
	}
	gift, err := p.Context.Gift(&exec.Loads{Had: record.Code}, record.Code, m)
	return gift > 0, err == nil && p.give(gift), err
}

// give takes a load out of what the block may still give; false if that is less.
func (p *production) give(gift uint64) bool {
	if gift == 0 {
		return true
	}
	ok := p.given.Add(-int64(gift)) >= 0
	if !ok {
		p.given.Add(int64(gift))
	}
	return ok
}

// ready is Config.Ready.
func (h *Host) ready(p *production, record chain.Account, m *chain.Message) (bool, error) {
	if h.config.Ready == nil {
		return true, nil
	}
	ok, err := h.config.Ready(p.Context, record, m)
	if !ok {
		p.unready.Store(true)
	}
	return ok, err
}

// hold keeps back what is sent from one account to another.
func (p *production) hold(from, to chain.Address) {
	if p.held == nil {
		p.held = map[pair]bool{}
	}
	p.held[pair{from, to}] = true
}

// treeGas is what a relay and all it leads to can use. One that says more than a message may have comes from a chain whose
// committee is rotten, and is bounced.
func treeGas(m *chain.Message) uint64 { return min(m.GasLimit, chain.MaxMessageGas) + gas.Bounce }

// place lays deliveries before an account.
type place struct {
	to         chain.Address
	deliveries []*exec.Delivery
	all        *countdown
}

func (c *place) run(_ *worker, b *mailbox, _ *node) {
	b.carried = c.deliveries
	c.all.done(1)
}

// waves gives the lanes their turns, in order and as far as the gas goes, waits until all is quiet, and again, for as long
// as gas has come back for somebody. A turn's gas is reserved before it is given: no lane takes what is another's.
func (h *Host) waves(p *production, lanes []*mailbox) error {
	waiting := turns{denied: make([]denial, len(lanes))}
	for i, b := range lanes {
		waiting.denied[i] = denial{b, b.need.Load()}
	}
	for wave := 0; ; wave++ {
		boxes := waiting.fitting(p)
		if len(boxes) == 0 && wave > 0 { // in wave 0 what was carried in may give gas back
			return nil
		}
		h.give(boxes, laneTurn{}, p.countdown)
		p.countdown.done(1)
		if err := p.await(h); err != nil {
			return err
		}
		for _, w := range h.pool.workers {
			waiting.add(&w.turns)
		}
		if p.stopped.Load() {
			return nil
		}
		p.countdown.left.Store(1)
	}
}

// await waits until nothing is under way, and passes a Stop on.
func (p *production) await(h *Host) error {
	stop := p.Stop
	for {
		select {
		case <-p.countdown.quiet:
			return h.alive() // what failed counted itself as done, too
		case <-h.dead:
			return h.cause
		case <-stop:
			p.stopped.Store(true)
			stop = nil
		}
	}
}

// collect gathers what the workers noted of the block.
func (h *Host) collect(tag account.Tag) (overlays []*exec.Overlay) {
	block := openBlock{tag: tag}
	for _, w := range h.pool.workers {
		for _, t := range w.touched {
			overlays = append(overlays, t.overlay)
			block.boxes = append(block.boxes, t.box)
		}
		clear(w.touched)
		w.touched = w.touched[:0]
	}
	h.open = append(h.open, block)
	return overlays
}
