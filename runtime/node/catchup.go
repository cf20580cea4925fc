package node

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

const (
	// fewBehind is how many blocks a node may lack without catching up: its replica asks for those itself.
	fewBehind = 4
	// aheadInputs is how many messages are looked at before their blocks' turn: half of what ingress.Known remembers at least.
	aheadInputs = 1 << 14
	// catchPulse is how often a node that catches up looks for answers that don't come.
	catchPulse = 100 * time.Millisecond
	// mostCheckers bounds how many parts are looked at beside each other: more would verify faster than any replay is.
	mostCheckers = 4
	// stallTime is after how long without a block what was handed to the replica is fetched anew: longer than any block takes.
	stallTime = 20 * time.Second
)

// catching fetches the blocks that a node lacks from several peers at once, and hands them to the replica in order, each held to its
// certificate and its signatures before: beside the replica, while that replays those before them.
//
//	peers ◄─ questions ─ step ◄─ ranges ─► check (certificates, bytes, signatures) ─► replica: replay, commit ─► syncs
//	  '──── answers ───► take ──────┘
//
// What is handed on was checked as if nothing was known of who sent it: a peer can withhold blocks, and so cost time, and nothing else.
type catching struct {
	of      *member
	wake    chan struct{}     // holds one if there may be something to ask or to hand on
	work    chan struct{}     // holds one if there may be something to check
	batches chan bft.Supplied // for run, which knows whose epoch it is
	bytes   prometheus.Counter
	liars   prometheus.Counter

	mu     sync.Mutex // guards the rest
	ranges ranges
	active bool
	head   uint64
	known  uint64    // the highest block that a certificate has shown
	target uint64    // that, or a higher one that a peer sent
	handed uint64    // the last height that run was given
	since  time.Time // it is active
	moved  time.Time // the head
	began  uint64    // the head then
}

func newCatching(m *member) *catching {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		m.node.metrics.register.MustRegister(c)
		return c
	}
	c := &catching{
		of: m, wake: make(chan struct{}, 1), work: make(chan struct{}, 1), batches: make(chan bft.Supplied, 1), ranges: newRanges(),
		bytes: counter("thinkey_catchup_bytes_total", "Bytes of blocks that were fetched to catch up."),
		liars: counter("thinkey_catchup_refused_total", "Answers to questions for blocks that didn't hold."),
	}
	m.node.metrics.register.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "thinkey_catchup_behind_blocks", Help: "Blocks that the node is known to lack; 0 unless it catches up.",
	}, func() float64 {
		if p := m.node.CatchUp(); p.Active {
			return float64(p.Target - p.Height)
		}
		return 0
	}))
	return c
}

// Progress is how far a node is that catches up.
type Progress struct {
	Active         bool
	Height, Target uint64  // blocks here, and blocks that are known of
	Rate           float64 // blocks a second since it is behind
}

// CatchUp says how far the node is behind.
func (n *Node) CatchUp() Progress {
	if n.member == nil {
		return Progress{}
	}
	c := n.member.catching
	c.mu.Lock()
	defer c.mu.Unlock()
	p := Progress{Active: c.active, Height: c.head, Target: max(c.head, c.target)}
	if d := time.Since(c.since).Seconds(); c.active && d > 0 {
		p.Rate = float64(c.head-c.began) / d
	}
	if above := n.config.Checkpoint.above(c.head); above > 0 { // what is here isn't known to be the chain before
		p.Active, p.Target = true, max(p.Target, above)
	}
	return p
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// note says how far the replica is, and the highest block that it knows of; run calls it.
func (c *catching) note(head, known uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if head != c.head {
		c.head, c.moved = head, time.Now()
		c.ranges.moved(head)
	}
	c.known, c.target = known, max(c.target, known)
	if c.active || c.target > head+fewBehind {
		poke(c.wake)
	}
}

// run asks and hands on, until the member ends.
func (c *catching) run() {
	m := c.of
	defer m.node.stopOnPanic()
	pulse := time.NewTicker(catchPulse)
	defer pulse.Stop()
	pulse.Stop()
	for {
		select {
		case <-m.ended:
			return
		case <-c.wake:
		case <-pulse.C:
		}
		peers := m.peers()
		if len(peers) == 0 { // a Net that doesn't know
			peers = slices.Collect(m.spread.epoch.Load().Roster.Members())
		}
		peers = slices.DeleteFunc(peers, func(k keys.PublicKey) bool { return k == m.Node })
		list, before, after := c.step(time.Now(), peers)
		for _, q := range list {
			m.Net.Send(q.peer, encodeRange(q.from, q.count))
		}
		switch {
		case after && !before:
			pulse.Reset(catchPulse)
		case before && !after:
			pulse.Stop()
		}
	}
}

// step says what is to be asked now, and hands on what is next.
func (c *catching) step(now time.Time, peers []keys.PublicKey) (list []ask, before, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.of.node
	before = c.active
	behind := c.target > c.head+fewBehind || c.active && c.target > c.head
	switch {
	case behind && !c.active:
		c.active, c.since, c.moved, c.began, c.handed = true, now, now, c.head, c.head
		c.ranges.again(c.head)
		n.config.Log.Info("the node catches up", "chain", n.chain, "height", c.head, "target", c.target)
	case !behind && c.active:
		c.active = false
		c.ranges.again(c.head)
		n.config.Log.Info("the node has caught up", "chain", n.chain, "height", c.head, "blocks", c.head-c.began, "seconds", now.Sub(c.since).Seconds())
	}
	if !c.active {
		n.target.Store(0)
		return nil, before, false
	}
	if now.Sub(c.moved) > stallTime {
		c.moved, c.handed, c.target = now, c.head, c.known
		c.ranges.again(c.head)
	}
	c.ranges.meet(peers)
	c.ranges.expire(now)
	c.hand()
	return c.ranges.asks(now, c.target), before, true
}

// hand gives run the next blocks, once the replica has taken the last of those before: it keeps no more.
func (c *catching) hand() {
	if c.head+1 < c.handed || len(c.batches) > 0 {
		return
	}
	p := c.ranges.due()
	if p == nil {
		return
	}
	c.handed = p.from + p.count - 1
	c.of.node.target.Store(c.target)
	c.batches <- bft.Supplied{Blocks: p.blocks} // there is room: nobody else fills it
	poke(c.work)
}

// take takes blocks that a peer sent; false if they are of no use here, or the node doesn't catch up.
func (c *catching) take(from keys.PublicKey, blocks []bft.Final) bool {
	if len(blocks) == 0 || !fitRange(blocks) {
		return false // the replica takes as many as it asked for
	}
	h, err := chain.DecodeBlockHeader(blocks[0].Raw)
	if err != nil {
		return false // whoever is handed it says so
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// One who isn't told how far others are asks for what is behind its head. Nothing was checked of it: it says no more than that there may be
	// so many.
	if last := h.Height + uint64(len(blocks)) - 1; !c.active && len(blocks) > fewBehind && h.Height <= c.head+1 && last > c.head {
		c.target = max(c.target, last)
		poke(c.wake)
	}
	if !c.active || !c.ranges.take(from, h.Height, blocks) {
		return false
	}
	for i := range blocks {
		c.bytes.Add(float64(len(blocks[i].Raw)))
	}
	poke(c.work)
	return true
}

// told takes an answer to a question for a range.
func (c *catching) told(from keys.PublicKey, raw []byte) {
	a, err := decodeRun(raw)
	if err != nil {
		c.of.watch.refused(from, undecodable, err)
		return
	}
	if !fitRange(a.blocks) {
		c.liars.Inc()
		c.of.watch.refused(from, unspreadable, fmt.Errorf("%w: %d of them have more than %d bytes", errRange, len(a.blocks), rangeBytes))
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ranges.exceeds(from, a.from, time.Now())
		poke(c.wake)
		return
	}
	c.mu.Lock()
	if c.active {
		c.ranges.says(from, a.first, a.head, time.Now())
		if len(a.blocks) == 0 {
			c.ranges.lacks(from, a.from, a.first, a.head, time.Now())
			poke(c.wake)
		}
	}
	c.mu.Unlock()
	c.take(from, a.blocks)
}

// checkAll looks at what has come, lowest first, until the member ends. Several may run beside each other.
func (c *catching) checkAll() {
	m := c.of
	defer m.node.stopOnPanic()
	for {
		select {
		case <-m.ended:
			return
		case <-c.work:
		}
		for p := c.next(); p != nil && !m.hasEnded(); p = c.next() {
			n, inputs, err := c.check(p)
			if err != nil {
				c.liars.Inc()
				m.watch.refused(p.peer, unspreadable, err)
			}
			c.mu.Lock()
			p.inputs = inputs
			c.ranges.judged(p, n, err != nil, time.Now())
			poke(c.wake)
			c.mu.Unlock()
		}
	}
}

// next is a part to look at; nil if there is none now. Another checker may find more.
func (c *catching) next() *part {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.ranges.unchecked(aheadInputs)
	if p != nil {
		poke(c.work)
	}
	return p
}

var errRange = errors.New("blocks that were asked for")

// check says how many of a part's blocks hold. They are of one epoch: the committee that certifies what comes after is known when the last
// of them is final here. An error is the sender's fault.
func (c *catching) check(p *part) (n, inputs int, err error) {
	e := c.of.spread.epoch.Load()
	list, later, wrong := inPlace(e, p)
	if good, err := certified(e, p.blocks[:len(list)]); err != nil {
		list, later, wrong = list[:good], false, fmt.Errorf("%w: block %d: %w", errRange, p.from+uint64(good), err)
	}
	for i, b := range list {
		if !block.WholeBlock(b) {
			return i, inputs, fmt.Errorf("%w: block %d: its bytes are not those that its header names", errRange, b.Header.Height)
		}
		inputs += len(b.Inputs)
		c.of.node.knows(b)
	}
	switch n := len(list); {
	case later:
		c.mu.Lock()
		c.ranges.later(p.peer, p.from-1)
		c.mu.Unlock()
	case n > 0 && list[n-1].Header.Next != list[n-1].Header.Committee:
		c.bound(list[n-1].Header.Height)
	}
	return len(list), inputs, wrong
}

// inPlace are the blocks of a part, up to the end of the epoch at most, that have certificates of their own, if those are any; what comes after
// them is wrong, unless the first is said to be of a later epoch.
func inPlace(e *keep.Epoch, p *part) (list []*chain.Block, later bool, err error) {
	for i := range p.blocks {
		f, height := &p.blocks[i], p.from+uint64(i)
		b, err := chain.DecodeBlock(f.Raw)
		if err != nil {
			return list, false, fmt.Errorf("%w: block %d: %w", errRange, height, err)
		}
		h, cert := &b.Header, &f.Certificate
		switch {
		case h.Height != height:
			return list, false, fmt.Errorf("%w: block %d stands in the place of %d", errRange, h.Height, height)
		case cert.Epoch > e.Seats.Epoch && i > 0:
			return list, false, fmt.Errorf("%w: block %d: its certificate is of epoch %d, and epoch %d doesn't end before it", errRange, height, cert.Epoch, e.Seats.Epoch)
		case cert.Epoch > e.Seats.Epoch:
			return nil, true, nil
		case height < e.Config.Begins: // the replica came over the end of that epoch meanwhile, by other ways: it is the fault of nobody
			return list, false, nil
		case cert.Block != h.Hash() || cert.Height != height || cert.Round < h.Round:
			return list, false, fmt.Errorf("%w: block %d: its certificate is another block's", errRange, height)
		}
		if list = append(list, b); h.Next != h.Committee {
			break
		}
	}
	return list, false, nil
}

// certified says how many of the blocks, from the first on, are final, and what is wrong with the next one. All are looked at together first.
func certified(e *keep.Epoch, list []bft.Final) (n int, err error) {
	certs := make([]*chain.Certificate, len(list))
	for i := range list {
		certs[i] = &list[i].Certificate
	}
	if e.Config.Committee.AllFinal(certs) == nil {
		return len(certs), nil
	}
	for i, cert := range certs {
		if err := e.Config.Committee.Final(cert); err != nil {
			return i, err
		}
	}
	return len(certs), nil
}

// bound lets nothing be asked for above a height until that is final here.
func (c *catching) bound(height uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := &c.ranges; height >= r.next && (r.ceiling == 0 || height < r.ceiling) {
		r.ceiling = height
	}
}

// knows looks at whether a block's messages are signed: that is remembered for its replay.
func (n *Node) knows(b *chain.Block) {
	fresh := make([]*chain.Message, 0, len(b.Inputs))
	for i := range b.Inputs {
		if m := b.Inputs[i].Message; !n.known.Has(m) {
			fresh = append(fresh, m)
		}
	}
	signed := fresh[:0]
	for i, err := range block.Signatures(fresh, nil) {
		if err == nil { // else the replay says so: it is the committee's fault, not the sender's
			signed = append(signed, fresh[i])
		}
	}
	n.known.Add(signed...)
}

// supply hands the replica what was fetched.
func (m *member) supply(s bft.Supplied) error {
	if len(s.Blocks) == 0 || s.Blocks[0].Certificate.Epoch != m.epoch.Seats.Epoch {
		return nil // an epoch has ended: they are fetched again
	}
	return m.driver.Apply(s)
}

// encodeRange is a question for count blocks from a height on.
func encodeRange(from, count uint64) []byte {
	return wire.AppendU32(wire.AppendU64([]byte{frameRange}, from), uint32(count))
}

func decodeRange(b []byte) (from, count uint64, err error) {
	r := wire.NewReader(b)
	from, count = r.U64("height"), uint64(r.U32("blocks"))
	if r.Err() == nil && (from == 0 || count == 0) {
		r.Fail("blocks", wire.ErrValue)
	}
	return from, count, r.Done()
}

// answer answers such a question: the blocks from the height on, as far as they were asked for, are here, and fit; and which ones the sender has.
type answer struct {
	from, first, head uint64
	blocks            []bft.Final
}

func encodeRun(a *answer) []byte {
	b := wire.AppendU64(wire.AppendU64(wire.AppendU64([]byte{frameRun}, a.from), a.first), a.head)
	return bft.Append(b, &bft.Finals{Blocks: a.blocks})
}

// decodeRun reads what encodeRun wrote, behind the first byte. The blocks share memory with b.
func decodeRun(b []byte) (a answer, err error) {
	r := wire.NewReader(b)
	a.from, a.first, a.head = r.U64("height"), r.U64("first"), r.U64("head")
	if r.Err() != nil {
		return a, fmt.Errorf("a range of blocks: %w", r.Err())
	}
	message, err := bft.Decode(b[24:])
	finals, ok := message.(*bft.Finals)
	if err == nil && !ok {
		err = fmt.Errorf("a range of blocks: %T", message)
	}
	if err != nil {
		return a, err
	}
	a.blocks = finals.Blocks
	return a, nil
}
