package node

import (
	"cmp"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

const (
	// stateStep is how far the heights of states that are offered are apart: nodes that are about as far as each other offer the same one.
	stateStep = 64
	// stateBack is how far behind the head a state can be that is still answered from: what changed since is held in memory.
	stateBack = 1024
	// mostStates is how many states are open at once, stateIdle how long one is that nobody asks for.
	mostStates = 2
	stateIdle  = time.Minute
	// stateRate is how many bytes of states a second are sent, to all together: who begins is not to disturb who works.
	stateRate = 16 << 20
	// stateAsks is how many questions of one peer may wait.
	stateAsks = 4
)

// stateQuestion is a question of a peer.
type stateQuestion struct {
	peer keys.PublicKey
	stateAsk
}

// states answers those who begin with a snapshot: from a state of some blocks ago, which stays as it was while it is open, one answer at a
// time, and no faster than stateRate.
type states struct {
	of    *member
	asked *shares[stateQuestion]
	sent  prometheus.Counter

	// The rest is serve's.
	open map[uint64]*openState
}

// openState is a state at a height.
type openState struct {
	view    *store.View
	header  chain.Header
	offer   []byte // encoded when it is first asked for
	lastUse time.Time
}

func newStates(m *member) *states {
	s := &states{of: m, asked: newShares[stateQuestion](stateAsks, 0), open: map[uint64]*openState{}}
	s.sent = prometheus.NewCounter(prometheus.CounterOpts{Name: "thinkey_snapshot_sent_bytes_total", Help: "Bytes of states that were sent to nodes that begin with one."})
	m.node.metrics.register.MustRegister(s.sent)
	return s
}

// heard takes a question, and says whether it waits.
func (s *states) heard(from keys.PublicKey, raw []byte, taken func()) bool {
	q, err := decodeStateAsk(raw)
	if err != nil {
		s.of.watch.refused(from, undecodable, err)
		return false
	}
	if s.of.node.mayRead(from) && s.asked.put(from, stateQuestion{from, q}, 0, taken) {
		return true
	}
	s.of.watch.unserved.Inc()
	return false
}

// serve answers until the member ends.
func (s *states) serve() {
	m := s.of
	defer m.node.stopOnPanic()
	defer s.asked.close()
	defer s.shut(0)
	idle := time.NewTicker(stateIdle / 4)
	defer idle.Stop()
	for {
		select {
		case <-m.ended:
			return
		case <-idle.C:
			s.shut(stateIdle)
			continue
		case <-s.asked.wake:
		}
		for q, ok := s.asked.next(); ok && !m.hasEnded(); q, ok = s.asked.next() {
			a, err := s.answer(&q)
			if err != nil {
				m.node.fatal(err)
				return
			}
			m.Net.Send(q.peer, a)
			s.sent.Add(float64(len(a)))
			pause := time.NewTimer(time.Duration(len(a)) * time.Second / stateRate)
			select {
			case <-pause.C:
			case <-m.ended:
				pause.Stop()
			}
		}
	}
}

// shut closes states that nobody asked for in a while.
func (s *states) shut(idle time.Duration) {
	for height, o := range s.open { // any order: each by itself
		if time.Since(o.lastUse) >= idle {
			delete(s.open, height)
			if err := o.view.Close(); err != nil {
				s.of.node.fatal(err)
			}
		}
	}
}

// answer is that to a question. What is not there is answered as empty; an error is the disk's.
func (s *states) answer(q *stateQuestion) ([]byte, error) {
	n := s.of.node
	a := stateIs{kind: q.kind, height: q.height, from: q.from}
	if q.kind == stateCode {
		p, err := n.store.Published(n.chain, q.code)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		a.code = p
		return a.encode(), err
	}
	o, err := s.asks(q)
	if o == nil || err != nil {
		return a.encode(), err
	}
	a.height = o.header.Height
	if q.kind == stateHistory {
		a.anchor, a.place, err = s.history(o, q.of)
		return a.encode(), err
	}
	if q.kind == statePiece {
		a.leaves, err = o.piece(q.from, q.until, n.config.pieceLength())
		return a.encode(), err
	}
	if o.offer == nil {
		if a.digests, a.pieces, err = s.offered(o); err != nil {
			return nil, err
		}
		o.lastUse = time.Now() // it took a while, in which nobody could ask
		if len(a.pieces) <= maxPieces && len(a.digests) <= keep.MaxShown {
			o.offer = a.encode()
		}
		if o.offer == nil || len(o.offer) > mostOffer { // nobody could take it
			o.offer = (&stateIs{kind: q.kind, height: a.height}).encode()
		}
	}
	return o.offer, nil
}

// asks is the state that a question is for. Who asks for any gets the newest, for which one goes that can't be answered from for long any more, or of those
// that are open if there is no room: whoever keeps old ones open keeps nobody from beginning.
func (s *states) asks(q *stateQuestion) (*openState, error) {
	if q.kind != stateOffer || q.height != 0 {
		return s.at(q.height, q)
	}
	head := s.of.node.Head().Header.Height
	newest := head - head%s.of.node.config.stateStep()
	if s.open[newest] == nil && len(s.open) >= mostStates {
		oldest := head
		for height := range s.open { // any order: the lowest is looked for
			oldest = min(oldest, height)
		}
		if head-oldest > s.of.node.config.stateBack()/4*3 {
			s.open[oldest].lastUse = time.Time{} // at closes it
		}
	}
	o, err := s.at(newest, q)
	if o != nil || err != nil || newest == 0 {
		return o, err
	}
	newest = 0
	for height := range s.open { // any order: the highest is looked for
		newest = max(newest, height)
	}
	return s.at(newest, q)
}

// at is the state at a height, for a question; nil if it is none that is offered, or there is no room.
func (s *states) at(height uint64, q *stateQuestion) (*openState, error) {
	n := s.of.node
	head := n.Head().Header.Height
	if height == 0 || height > head || height%n.config.stateStep() != 0 || head-height > n.config.stateBack() {
		return nil, nil
	}
	if o := s.open[height]; o != nil {
		o.lastUse = time.Now()
		return o, nil
	}
	if q.kind == stateOffer && head-height > n.config.stateBack()/2 { // who begins with it now would hardly have it in time
		return nil, nil
	}
	if s.shut(stateIdle); len(s.open) >= mostStates {
		return nil, nil
	}
	view, err := n.store.StateAt(n.chain, height)
	if errors.Is(err, store.ErrPruned) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	header, err := n.store.Header(n.chain, height)
	if err != nil {
		return nil, errors.Join(err, view.Close())
	}
	o := &openState{view: view, header: header, lastUse: time.Now()}
	s.open[height] = o
	return o, nil
}

// offered is what shows a state, and its pieces.
func (s *states) offered(o *openState) ([]chain.Digest, []merkle.Piece, error) {
	n := s.of.node
	base, raw, err := n.store.Base(n.chain)
	if err != nil {
		return nil, nil, err
	}
	var shown []chain.Digest
	if base > 0 {
		if shown, err = keep.DecodeShown(raw); err != nil {
			return nil, nil, err
		}
	}
	digests, err := n.kept.Trail(&o.header, base, shown)
	if err != nil {
		return nil, nil, err
	}
	fold := merkle.Fold{Most: n.config.pieceLength()}
	err = o.view.Leaves(func(path merkle.Path, slot exec.Slot, value []byte) error {
		return fold.Add(merkle.Leaf{Path: path, Value: merkle.ValueHash(value)}, leafSize(slot.Key, value))
	})
	_, pieces := fold.End()
	return digests, pieces, err
}

func (c *Config) pieceLength() int { return cmp.Or(c.pieces, pieceBytes) }

func (c *Config) stateStep() uint64 { return cmp.Or(c.step, stateStep) }

func (c *Config) stateBack() uint64 { return cmp.Or(c.back, stateBack) }

// piece are the leaves from a path up to another, as far as a piece may have some: who asks for another stretch gets no more.
func (o *openState) piece(from, until merkle.Path, most int) (list []exec.Write, err error) {
	size := 0
	err = o.view.LeavesFrom(from, func(path merkle.Path, slot exec.Slot, value []byte) (bool, error) {
		if until != (merkle.Path{}) && string(path[:]) >= string(until[:]) {
			return false, nil
		}
		if size += leafSize(slot.Key, value); size > most && len(list) > 0 {
			return false, nil
		}
		list = append(list, exec.Write{Slot: slot, Value: append([]byte(nil), value...)})
		return true, nil
	})
	return list, err
}
