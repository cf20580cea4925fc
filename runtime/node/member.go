package node

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/driver"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Member is a node's place among those who agree on its chain. A node that has no seat in an epoch follows, and votes from the first
// epoch on in which it has one.
type Member struct {
	// Node is the node's key, as committees name it; Secret signs its votes.
	Node   keys.PublicKey
	Secret keys.BLSSecret
	// Net connects it to the others.
	Net Net
	// Founding says that nobody has ever voted with the key on this chain, as the chain begins now or the key is new: an empty
	// directory is that of a member that has signed nothing yet. Without it an empty directory is a lost disk, and the node
	// votes when that is safe (SPEC 5.6).
	Founding bool
	// Restored says that the directory was restored from a backup: what was signed since is not known, and the node votes when
	// that is safe (SPEC 5.6). It need not be said at later starts.
	Restored bool
	// Signed, if set, is the last that the key signed on this chain, as was said where it ran before: what the directory says may be
	// older. With an empty directory it stands for what was lost, and the node votes above it. Restored goes before it.
	Signed *bft.Signed
	// Patience is how long the first round of a height may take, Resend how long without progress until messages are sent
	// again. Zero stands for the defaults of 2 s and 500 ms.
	Patience, Resend time.Duration
	// Twist, if set, stands between the node and its Net: how a test or a development network gets a member that breaks the
	// rules. Now says what the node's epoch is, when something is sent.
	Twist func(net driver.Net, now func() *keep.Epoch) driver.Net
}

const (
	defaultPatience = 2 * time.Second
	defaultResend   = 500 * time.Millisecond
	// inboxEvents is how many events may wait for the replica: more wait where they come from.
	inboxEvents = 256
	// maxAhead is how far the time of a block may lie ahead of this node's clock before the node withholds its vote until
	// then. Clocks that are kept by NTP differ by less than a tenth of it.
	maxAhead = 2 * time.Second
)

// firstVotes is the record that a new directory begins with; nil for a node that doesn't vote.
func (c *Config) firstVotes(g *chain.Genesis) *bft.Safety {
	if len(g.Committee.Seats) == 0 || c.Member == nil {
		return nil
	}
	first := bft.Lost()
	switch {
	case c.Member.Signed != nil:
		first = bft.Behind(*c.Member.Signed)
	case c.Member.Founding:
		first = bft.Safety{}
	}
	return &first
}

// member is a node at work in a committee: the driver's loop with its ports. One goroutine steps the replica (run); replays and
// blocks are made by others, and their answers are events.
type member struct {
	Member
	node     *Node
	epoch    *keep.Epoch // run's, like ahead
	ahead    ahead
	followed uint64 // run's: the head's height when a node without a seat looked last
	driver   *driver.Driver
	inbox    chan bft.Event
	heard    chan heard          // nothing waits in it: what the replica has no time for waits at the Net, where each peer has its own room
	met      chan keys.PublicKey // nodes that are connected anew
	ended    chan struct{}       // closed when run has ended: nobody takes events any more
	work     sync.WaitGroup
	round    timer
	resend   timer
	watch    watch
	sent     chan [][]byte    // external messages that were submitted here
	arrived  *shares[arrival] // those that others tell of
	held     *shares[arrival] // of these, those that the mempool had no room for
	room     chan struct{}    // holds one if a block has made some
	last     moment           // run's
	failed   chan struct{}    // holds one if a round has failed
	charges  *shares[accusation]
	asked    *shares[question]
	public   *shares[question] // of strangers
	found    chan found        // blocks that were asked for
	spread   *spreading
	catching *catching
	states   *states
	leads    atomic.Pointer[keys.PublicKey] // who leads; run says so
	brought  chan struct{}                  // holds one if an envelope has come of which nobody was told
	told     *shares[carried]               // those that others tell of
	wanted   *shares[wanted]

	// The rest is guarded by node.turn.
	open    *built // in the live accounts
	results map[chain.BlockHash]*block.Result
	spoilt  map[chain.BlockHash]bool // of the height: came with bytes that are not theirs
}

// timer is one of the replica's.
type timer struct {
	*time.Timer
	is bft.Timer
}

func newTimer() timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return timer{Timer: t}
}

// Set implements driver.Clock; run receives from the timers.
func (m *member) Set(t bft.Timer) {
	at := &m.round
	if t.Kind == bft.ResendTimer {
		at = &m.resend
	}
	at.is = t
	at.Reset(time.Duration(t.Millis) * time.Millisecond)
}

// join makes the node part of the committee.
func (n *Node) join() error {
	if n.config.Member == nil {
		close(n.done) // it makes no blocks; it may be given them (Take)
		return nil
	}
	if n.config.Pace.Manual {
		return errors.New("blocks of a chain with a committee are not made on demand: choose another pace")
	}
	m := &member{
		Member: *n.config.Member, node: n, inbox: make(chan bft.Event, inboxEvents), heard: make(chan heard), met: make(chan keys.PublicKey, inboxEvents), ended: make(chan struct{}),
		round: newTimer(), resend: newTimer(), results: map[chain.BlockHash]*block.Result{}, spoilt: map[chain.BlockHash]bool{},
		arrived: newShares[arrival](arrivals, arrivalBytes), held: newRoom(), room: make(chan struct{}, 1), charges: newShares[accusation](accusations, accusations*accusationBytes),
		asked: newShares[question](questions, 0), found: make(chan found),
		public: newShares[question](questions, 0),
		sent:   make(chan [][]byte, forwarded), failed: make(chan struct{}, 1),
		brought: make(chan struct{}, 1), told: newShares[carried](envelopes, envelopes*relay.MaxTold),
		wanted: newShares[wanted](wantsWaiting, 0),
	}
	m.spread, m.catching = newSpreading(m), newCatching(m)
	m.states = newStates(m)
	if err := m.load(); err != nil {
		return err
	}
	m.watch = newWatch(n, &m.work)
	n.waiting.offers = ingress.NewOffers(firstPause * uint64(m.resendPause().Milliseconds()))
	n.member = m
	m.work.Go(m.admit)
	m.work.Go(m.passOn)
	m.work.Go(m.judgeAll)
	m.work.Go(m.hearEnvelopes)
	m.work.Go(m.giveAll)
	m.work.Go(m.findAll)
	m.work.Go(m.answerPublic)
	m.work.Go(m.spread.spreadAll)
	m.work.Go(m.catching.run)
	for range min(runtime.GOMAXPROCS(0), mostCheckers) {
		m.work.Go(m.catching.checkAll)
	}
	m.work.Go(m.states.serve)
	m.Net.Hold(m.hear) // first: what is asked at the start is answered at once
	m.meet()
	go m.run()
	return nil
}

// load makes the replica of what is durable.
func (m *member) load() error {
	n := m.node
	head, err := n.kept.Head()
	if err != nil {
		return err
	}
	safety, bodies, err := n.kept.Votes()
	if err != nil {
		return err
	}
	if m.Restored {
		safety, bodies = bft.Lost(), nil
		if err := m.Write(&safety, nil); err != nil { // first: who starts again without saying so is as silent
			return err
		}
	}
	if m.Signed != nil {
		raised, changed := safety.Raise(*m.Signed)
		if changed {
			safety, bodies = raised, nil
			if err := m.Write(&safety, nil); err != nil { // first, as above
				return err
			}
		}
	}
	config, err := m.Next()
	if err != nil {
		return err
	}
	var net driver.Net = post{m}
	if m.Twist != nil {
		net = m.Twist(net, func() *keep.Epoch { return m.epoch })
	}
	m.driver = driver.New(bft.New(config, head, safety, bodies), driver.Ports{Epochs: m, Disk: m, Net: net, Clock: m, Ledger: m, Watch: &m.watch})
	return nil
}

// resendPause is how long the member waits before it says anything again.
func (m *member) resendPause() time.Duration {
	return time.Duration(millis(m.Resend, defaultResend)) * time.Millisecond
}

func millis(d, otherwise time.Duration) uint64 {
	if d <= 0 {
		d = otherwise
	}
	return uint64(max(d.Milliseconds(), 1))
}

// Certificate is what made the block at a height final; nil at height 0 and on a chain that one validator runs.
func (n *Node) Certificate(height uint64) (*chain.Certificate, error) {
	return n.kept.Certificate(height)
}

// Write implements driver.Disk.
func (m *member) Write(safety *bft.Safety, body *bft.Body) error {
	return m.node.kept.KeepVotes(safety, body)
}

// run steps the replica until the node stops or fails.
func (m *member) run() {
	n := m.node
	defer close(n.done)
	defer m.work.Wait()
	defer m.Net.Hold(nil)
	defer close(m.ended) // who waits to be heard gives up
	defer n.stopOnPanic()
	pulse := time.NewTicker(n.pulse())
	defer pulse.Stop()
	follow := time.NewTicker(followPauses * m.resendPause())
	defer follow.Stop()
	err := m.driver.Apply(bft.Start{})
	m.lead()
	for err == nil {
		select {
		case <-n.stop:
			return
		case ev := <-m.inbox:
			err = m.driver.Apply(ev)
		case h := <-m.heard:
			err = m.listen(h)
		case node := <-m.met:
			err = m.ask(node)
		case f := <-m.found:
			m.serve(f)
		case s := <-m.catching.batches:
			err = m.supply(s)
		case <-n.wake:
			err = m.due(n.config.Pace.Every == 0 && n.anyWaits())
		case <-pulse.C:
			err = m.due(n.anyWaits() || n.heartbeatDue())
		case <-follow.C:
			m.follow()
		case <-m.round.C:
			err = m.driver.Apply(bft.Expired{Timer: m.round.is})
		case <-m.resend.C:
			err = m.driver.Apply(bft.Expired{Timer: m.resend.is})
		}
		if err == nil {
			err = m.hearAgain()
		}
		m.watchRounds()
	}
	n.fatal(err)
}

// due tells the replica that a block is wanted, if one is.
func (m *member) due(wanted bool) error {
	if !wanted || m.node.tooSoon() {
		return nil
	}
	return m.driver.Apply(bft.Due{})
}

// anyWaits says whether there is something for a block: a message that could be handled, one that was carried out, or something from
// another chain.
func (n *Node) anyWaits() bool { return n.host.Ready() > 0 || n.queued > 0 || n.arrives() }

func (n *Node) heartbeatDue() bool { return n.age() >= n.config.Heartbeat }

// age is that of the head.
func (n *Node) age() time.Duration {
	return time.Since(time.UnixMilli(int64(n.Head().Header.TimeMillis)))
}

// tell hands an event to the replica. It must not be called by run, nor with a lock.
func (m *member) tell(ev bft.Event) {
	select {
	case m.inbox <- ev:
	case <-m.ended:
	}
}
