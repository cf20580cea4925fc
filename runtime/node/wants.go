package node

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// wants has a process ask others for what its chains lack of chains that it doesn't run: relays that were sent to them, and what was taken in of
// those that they sent (SPEC 8.4). It goes on the channel of the lowest chain above both, which the nodes of both follow.
//
//	a block is final, or a while is over ──look──► relay.Errands ──frameWant──► a node that has the other chain   (gives)
//	Bag of the chain ◄── judged, one after the other ◄── frameGiven ◄──────────────┘
//	      └──► the other members (envelopes)
//
// Who has a seat asks, the members in turn: who got something tells the others at once.
type wants struct {
	of    *Process
	began time.Time
	woken chan struct{} // holds one if what is wanted may have changed
	given *shares[gift]

	mu      sync.Mutex // guards the rest
	errands *relay.Errands
}

// gift is an answer that came, with what it answers.
type gift struct {
	from keys.PublicKey
	want relay.Want
	is   given
	top  *member
}

const (
	// wantPulse is how often it is looked whether something is due to be asked for.
	wantPulse = 250 * time.Millisecond
	// lookPause is how long after something changed it is looked at what is wanted: much may change at once.
	lookPause = 20 * time.Millisecond
	// giftShare is how many bytes of answers of one peer may wait to be judged: one of each of its errands; mostly there is one.
	gifts, giftShare = 4, 4 * (relay.MaxTold + 1<<10)
)

func newWants(p *Process) *wants {
	return &wants{of: p, began: time.Now(), woken: make(chan struct{}, 1), given: newShares[gift](gifts, giftShare), errands: relay.NewErrands(rand.Uint64())}
}

func (w *wants) millis() uint64 { return uint64(time.Since(w.began).Milliseconds()) }

func (w *wants) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// askAll asks until the process closes.
func (w *wants) askAll() {
	pulse := time.NewTicker(wantPulse)
	defer pulse.Stop()
	soon := time.NewTimer(0)
	defer soon.Stop()
	looks := true // when soon says so
	for {
		select {
		case <-w.of.ctx.Done():
			return
		case <-w.woken:
			if !looks {
				looks = true
				soon.Reset(lookPause)
			}
		case <-soon.C:
			looks = false
			w.look()
			w.ask()
		case <-pulse.C:
			w.ask()
		}
	}
}

// look finds out what the chains lack.
func (w *wants) look() {
	var list []relay.Want
	for _, n := range w.of.Nodes() {
		lacks, err := w.lacks(n)
		if err != nil {
			n.fatal(err)
			return
		}
		list = append(list, lacks...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errands.Want(list, w.millis())
}

// lacks is what a chain lacks, if it is this node's to ask for that.
func (w *wants) lacks(n *Node) ([]relay.Want, error) {
	bag, ok := n.config.Inbound.(*relay.Bag)
	if !ok {
		return nil, nil
	}
	list, err := bag.Wants(n.nextArrival(), func(at chain.ID, slot exec.Slot) ([]byte, error) {
		if other := w.of.Node(at); other != nil {
			return other.slot(slot)
		}
		return nil, nil
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	own, members, err := n.turns()
	if err != nil || own < 0 {
		return nil, err
	}
	for i := range list {
		list[i].Wait = uint64(relay.Turn(list[i].From, own, members).Milliseconds())
	}
	return list, nil
}

// servingNet is a Net that knows which chains its peers run.
type servingNet interface {
	Serving(id chain.ID) []keys.PublicKey
}

// nodes are those that may have what is wanted: those that say that they run the chain, or all where the Net doesn't know.
func (w *wants) nodes(x *relay.Want) (list []keys.PublicKey) {
	top := w.of.Node(x.Top)
	if top == nil || top.member == nil {
		return nil
	}
	switch net := top.member.Net.(type) {
	case servingNet:
		list = net.Serving(x.Of)
	case peersNet:
		list = net.Peers()
	}
	slices.SortFunc(list, func(a, b keys.PublicKey) int { return bytes.Compare(a[:], b[:]) })
	return list
}

// ask asks for what is due.
func (w *wants) ask() {
	w.mu.Lock()
	list := w.errands.Asks(w.millis(), w.nodes)
	w.mu.Unlock()
	for i := range list {
		if top := w.of.Node(list[i].Want.Top); top != nil && top.member != nil {
			top.member.watch.wanted.Inc()
			top.member.Net.Send(list[i].Peer, encodeWant(&list[i].Want))
		}
	}
}

// between takes what goes between processes that run different chains, and says whether it waits somewhere.
func (m *member) between(from keys.PublicKey, raw []byte, taken func()) bool {
	switch p := m.node.config.process; {
	case p == nil: // the chain is alone
		return false
	case raw[0] == frameWant:
		return m.isWanted(from, raw[1:], taken)
	default:
		return p.wants.hear(m, from, raw[1:], taken)
	}
}

// hear takes an answer, and says whether it waits to be judged.
func (w *wants) hear(top *member, from keys.PublicKey, raw []byte, taken func()) bool {
	is, err := decodeGiven(raw)
	if err != nil {
		top.watch.refused(from, undecodable, err)
		return false
	}
	w.mu.Lock()
	want, ok := w.errands.Came(from, is.Errand, is.from)
	w.mu.Unlock()
	if !ok {
		top.watch.unwanted.Inc() // it is late, or nobody asked for that
		return false
	}
	if w.given.put(from, gift{from, want, is, top}, len(raw), taken) {
		return true
	}
	w.judged(is.Errand, relay.Nothing)
	return false
}

func (w *wants) judged(k relay.Errand, what relay.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errands.Judged(k, what, w.millis())
}

// judgeAll judges answers until the process closes.
func (w *wants) judgeAll() {
	defer w.given.close()
	for {
		select {
		case <-w.of.ctx.Done():
			return
		case <-w.given.wake:
		}
		for g, ok := w.given.next(); ok && w.of.ctx.Err() == nil; g, ok = w.given.next() {
			w.judged(g.is.Errand, w.judge(&g))
			w.wake()
		}
	}
}

// judge keeps what an answer shows.
func (w *wants) judge(g *gift) relay.Outcome {
	n := w.of.Node(g.want.To)
	if n == nil || len(g.is.raws) == 0 {
		return relay.Nothing
	}
	bag, ok := n.config.Inbound.(*relay.Bag)
	if !ok {
		return relay.Nothing
	}
	kept, fault, err := bag.Gave(n.nextArrival, &g.want, g.from, g.is.raws, n.waiting.millis())
	if kept > 0 {
		g.top.watch.got.Add(float64(kept))
		n.arrived()
	}
	return w.outcome(n, g, kept, fault, err)
}

func (w *wants) outcome(n *Node, g *gift, kept int, fault *block.Fault, err error) relay.Outcome {
	switch {
	case errors.Is(err, relay.ErrNotWanted):
		g.top.watch.refused(g.from, unwanted, err)
		return relay.False
	case err != nil:
		n.fatal(err)
		return relay.Nothing
	case fault != nil:
		n.config.Log.Debug("what another node gave shows nothing here", "chain", n.chain, "of", g.want.Of, "from", g.from, "reason", fault.Error())
		return relay.False
	case kept == 0: // it has come otherwise, or there is no room for it
		return relay.Nothing
	case g.is.more && g.is.much():
		return relay.More
	}
	return relay.Good
}
