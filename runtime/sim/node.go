package sim

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/driver"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

const (
	patienceMillis  = 400
	resendMillis    = 250
	heartbeatMillis = 10_000
	pulseMillis     = 500
	followMillis    = 1000
)

// node is one node: what lasts, and what a crash ends.
type node struct {
	w         *World
	process   *process
	number    int      // among the chain's nodes
	peer      bft.Peer // its member's number in the plan: its replica's numbers are those of an epoch
	disk      disk
	full      bool       // the disk
	forgot    bool       // it doesn't know what it signed, and has written nothing since
	attempt   bft.Safety // the last record that was to be written
	rotten    string     // what of its disk has rotted, and was not seen to have
	deviation *deviation // nil: honest
	evil      *byzantine.Member

	crashAt  *boundary // where it is to crash next
	crashBy  uint64    // from when on anywhere
	crashFor uint64    // milliseconds
	slow     uint64    // milliseconds that a write takes
	clock    int64     // milliseconds that its clock is wrong

	up      bool
	life    int
	busy    uint64 // until then it does nothing
	sending uint64 // until then its uplink is busy
	epoch   *keep.Epoch
	driver  *driver.Driver
	ledger  *ledger
	bag     *relay.Bag // what it has of other chains
	pool    *pool
	timers  map[bft.Kind]uint64
	pulsing bool
	seen    uint64 // the head's height when the node asked for more last, having no seat
}

func newNode(w *World, number int, p *process) (*node, error) {
	n := &node{w: w, process: p, number: number, peer: bft.Peer(p.member)}
	if role := w.plan.role(p.member); role != nil && role.Class == Byzantine {
		n.deviation, n.evil = deviationNamed(role.Name), n.member()
	}
	var err error
	n.disk, err = newDisk(w, bft.Safety{})
	return n, err
}

// honest says whether the rules hold for the node.
func (n *node) honest() bool { return n.process.honest() }

// boot begins a life with what is on the disk.
func (n *node) boot() {
	n.life++
	n.up, n.busy, n.timers, n.pulsing = true, 0, map[bft.Kind]uint64{}, false
	w := n.w
	h := whole
	if n.doomed(insideStart) {
		h = torn
	}
	past, err := n.disk.load(h)
	if err == nil {
		err = n.open(past)
	}
	switch {
	case err == nil:
	case n.notices(err):
		return
	default:
		w.violate("recovery", n, "it doesn't start: %v", err)
		return
	}
	w.tell(n, "starts at height %d", past.head.Header.Height)
	for _, o := range w.oracles {
		o.restarted(n, past)
	}
	n.apply(bft.Start{})
	if n.up {
		n.pulse()
	}
}

func (n *node) open(p *past) (err error) {
	if n.ledger, err = newLedger(n, p); err != nil {
		return err
	}
	if n.forgot {
		p.safety = bft.Lost()
	}
	if err := n.w.final.recall(n, p.head.Header.Height); err != nil {
		return err
	}
	n.pool, n.bag = newPool(n), relay.NewBag(n.process.chains)
	n.process.chains.Add(n.w.id, n.relayed())
	config, err := n.Next()
	if err != nil {
		return err
	}
	replica := bft.New(config, p.head, p.safety, p.bodies)
	n.driver = driver.New(replica, driver.Ports{Epochs: n, Disk: n, Net: n, Clock: n, Ledger: n.ledger, Watch: n})
	return nil
}

// apply hands an event to the driver.
func (n *node) apply(ev bft.Event) {
	if !n.up || n.w.broken != nil || n.w.rotten {
		return
	}
	height, round := n.ledger.head.Header.Height, n.driver.Replica().Round()
	n.during(func() error {
		if _, ok := ev.(bft.Start); ok {
			n.cross(insideStart)
		}
		if err := n.driver.Apply(ev); err != nil {
			return err
		}
		n.cross(afterEffects)
		if now := n.driver.Replica().Round(); now > 0 && (now != round || n.ledger.head.Header.Height != height) {
			n.pool.again(true)
			return n.tellAgain(true)
		}
		return nil
	})
	if n.up && n.ledger.head.Header.Height > height {
		n.pulse()
	}
}

// during does what can end the node, and ends it then.
func (n *node) during(do func() error) {
	switch err := attempt(do); {
	case err == nil:
	case errors.Is(err, errCrashed):
		n.w.tell(n, "crashes: %v", err)
		n.process.stop(n.crashFor)
	case errors.Is(err, store.ErrDiskFull):
		n.w.census.add("write to a full disk")
		n.w.tell(n, "stops: %v", err)
		n.process.stop(1000)
	case n.notices(err):
	case n.deviation != nil && !errors.Is(err, errPanic):
		n.w.tell(n, "stops, having brought it upon itself: %v", err)
		n.process.stop(5000)
	default:
		n.w.violate("no halt", n, "%v", err)
	}
}

var (
	errCrashed = errors.New("crash")
	errPanic   = errors.New("panic")
)

// unreadable is what is panicked with where a disk can't be read and nobody expects that.
type unreadable struct{ error }

// attempt lets a crash fall out at its boundary. An assertion that fails is an error, too: it stops a node.
func attempt(do func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case crashed:
			err = fmt.Errorf("%w %s", errCrashed, boundaryNames[p.at])
		case unreadable:
			err = p.error
		case assert.Failure:
			err = fmt.Errorf("assertion: %v", p)
		default:
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return do()
}

// end ends a life.
func (n *node) end() {
	n.up = false
	n.life++
	n.disk.crash()
	n.ledger, n.bag, n.pool, n.epoch, n.driver = nil, nil, nil, nil, nil
	n.w.note(n, "stop", nil)
}

// wants says whether the chain is not idle, as this node sees it (SPEC 5.7, 5.10).
func (n *node) wants() bool {
	return n.pool.ready() || n.ledger.queued > 0 || n.ledger.heartbeat() || n.ledger.arrives()
}

// due says whether a block is wanted now: none is before the chain's interval has passed (SPEC 7.1).
func (n *node) due() bool { return n.wants() && n.ledger.rest() == 0 }

// look makes the node see whether something has come from other chains: one of their blocks is final.
func (n *node) look() {
	n.ledger.look = true
	n.w.after(0, n, "look", n.pulse)
}

// pulse tells the core that a block is due, now and again for as long as one is.
func (n *node) pulse() {
	if n.w.rotten {
		return
	}
	if n.wants() {
		n.w.after(n.ledger.rest(), n, "due", func() {
			if n.due() {
				n.apply(bft.Due{})
			}
		})
	}
	if n.pulsing {
		return
	}
	n.pulsing = true
	wait := uint64(pulseMillis)
	if !n.wants() && n.pool.offers.Len() == 0 {
		wait = n.ledger.untilHeartbeat()
		if n.follows() {
			wait = min(wait, followMillis)
		}
	}
	n.w.after(wait, n, "pulse", func() {
		n.pulsing = false
		n.during(func() error {
			n.pool.again(false)
			n.follow()
			return n.tellAgain(false)
		})
		if n.up {
			n.pulse()
		}
	})
}

// follows says whether it has no seat: nobody tells it of blocks.
func (n *node) follows() bool { return n.epoch.Own.Count() == 0 }

// follow asks another node for what this one lacks, if it follows and no block came since it was last asked.
func (n *node) follow() {
	head := n.driver.Replica().Head()
	if last := n.seen; !n.follows() || last != head.Header.Height {
		n.seen = head.Header.Height
		return
	}
	to := n.w.nodes[n.w.random.work.IntN(len(n.w.nodes))].peer
	if to == n.peer {
		return
	}
	n.w.census.add("asked for blocks by a node without a seat")
	n.w.carry(n, to, packet{epoch: n.epoch.Seats.Epoch, raw: bft.Encode(&bft.Status{Head: head.Header.Height, Certificate: head.Certificate, Asks: true})})
}

// now is the node's clock.
func (n *node) now() uint64 {
	return uint64(int64(startMillis+max(n.w.now, n.busy)/millis) + n.clock)
}

// Write is driver.Disk's.
func (n *node) Write(s *bft.Safety, body *bft.Body) error {
	n.cross(beforePersist)
	h := whole
	if n.doomed(insidePersist) {
		h = torn
	}
	if s != nil {
		n.attempt = *s
	}
	if err := n.disk.write(s, body, h); err != nil {
		return err
	}
	if h == torn {
		n.w.census.add("torn write")
		n.cross(insidePersist)
	}
	n.delay()
	n.forgot = n.forgot && s == nil
	if s != nil && n.honest() {
		for _, o := range n.w.oracles {
			o.kept(n, s)
		}
	}
	n.cross(afterPersist)
	return nil
}

// delay is what a write takes.
func (n *node) delay() {
	if n.slow > 0 {
		n.w.census.add("slow write")
		n.busy = max(n.w.now, n.busy) + n.w.random.disk.Uint64N(n.slow*millis)
	}
}

// Send is driver.Net's.
func (n *node) Send(to bft.Peer, m bft.Message) {
	n.cross(beforeSend)
	if n.honest() {
		for _, o := range n.w.oracles {
			o.sent(n, m)
		}
	}
	if n.w.say != nil {
		if words := describe(m); words != "" {
			n.w.tell(n, "%s", words)
		}
	}
	list := []bft.Send{{To: n.whom(to), Message: m}}
	if n.deviation != nil && n.deviation.Sends != nil {
		list = n.deviation.Sends(n.evil, list[0])
	}
	for _, s := range list {
		raw := bft.Encode(s.Message)
		if n.deviation != nil && n.deviation.Mangles != nil {
			raw = n.deviation.Mangles(n.evil, raw)
		}
		n.w.carry(n, s.To, packet{epoch: n.epoch.Seats.Epoch, raw: raw, members: s.To == bft.Everyone && !bft.ForAll(s.Message)})
	}
}

// Set is driver.Clock's.
func (n *node) Set(t bft.Timer) {
	n.cross(beforeTimer)
	n.w.count++
	id := n.w.count
	n.timers[t.Kind] = id
	n.w.after(t.Millis, n, "timer", func() {
		if n.timers[t.Kind] == id {
			n.apply(bft.Expired{Timer: t})
		}
	})
}

// Reject is driver.Watch's.
func (n *node) Reject(r bft.Reject) {
	n.cross(beforeTell)
	n.w.census.add("rejected: " + r.Reason)
	r.From = n.whom(r.From)
	n.w.tell(n, "rejects what node %d sent: %s", r.From, r.Reason)
	for _, o := range n.w.oracles {
		o.rejected(n, r)
	}
}

// Evidence is driver.Watch's.
func (n *node) Evidence(e bft.Evidence) {
	n.cross(beforeTell)
	n.w.census.add("evidence: " + claimed(&e.First) + " against " + claimed(&e.Second))
	e.From = n.whom(e.From)
	for _, o := range n.w.oracles {
		o.accused(n, e)
	}
}

// Backed is driver.Watch's.
func (n *node) Backed(b bft.Backed) {
	n.cross(beforeTell)
	n.w.census.add("evidence: preparation of an invalid block")
	b.From = n.whom(b.From)
	for _, o := range n.w.oracles {
		o.backed(n, b)
	}
}

// claimed names a claim of evidence by its kind.
func claimed(c *light.Claim) string {
	switch {
	case c.Timeout != nil:
		return "timeout"
	case c.Seats.Count() > 1:
		return "certificate"
	}
	return "vote"
}

// receive takes a packet.
func (n *node) receive(from bft.Peer, p packet) {
	if n.w.rotten {
		return
	}
	if len(p.raw) > maxPacket {
		n.w.census.add("rejected: too large a packet")
		return
	}
	if p.envelope {
		n.during(func() error { return n.deliver(from, p.raw) })
		return
	}
	if p.external {
		m, err := chain.DecodeMessage(p.raw)
		if err == nil {
			n.during(func() error { return n.pool.admit(m, false) })
		}
		return
	}
	m, err := bft.Decode(p.raw)
	if err != nil {
		n.w.census.add("rejected: undecodable")
		return
	}
	if peer, ok := n.epoch.Roster.Number(nodeKey(int(from))); ok {
		n.apply(bft.Received{From: peer, Epoch: p.epoch, Message: m})
	}
}
