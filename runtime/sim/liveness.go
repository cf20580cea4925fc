package sim

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// liveness holds I11: what waits at a healed honest node when trouble ends, and what users have sent and not yet seen, is
// final at all of them within a bound of rounds, and rounds go on.
type liveness struct {
	w      *World
	demand []*chain.Message
	height uint64 // when trouble ended
	rounds uint64 // up to then
	last   uint64 // how many rounds there have been since
	since  uint64 // when the last of them began
	begin  uint64 // when trouble ended

	settled uint64 // when all of it was final somewhere; 0: not yet
	done    bool   // it is final everywhere
}

// stallMillis is how long the healed may be in one round: its patience at most, and then as long again for timeouts that are lost
// and said again; or a heartbeat's time.
const stallMillis = 2*patienceMillis<<6 + heartbeatMillis

// newLiveness demands all that is pending now, and four more payments. Where users send once, one healed honest node gets these and tells
// nobody, as if it had them from a faulty one; and then no more is demanded than what one such node has (SPEC 5.10).
func newLiveness(w *World) *liveness {
	l := &liveness{w: w, height: w.final.height(), rounds: w.rounds(), since: w.now, begin: w.now}
	if w.plan.Once {
		w.load.confidant = l.confidant()
	}
	for range 4 {
		w.load.act()
	}
	if w.plan.Once {
		l.demand = l.kept()
		return l
	}
	l.demand = slices.Clone(w.load.pending)
	w.load.insistOnAll()
	return l
}

// well says whether a node is one that must have everything in the end.
func (l *liveness) well(n *node) bool { return n.process.healed && n.honest() && n.up }

// keeps says whether a node that is well also keeps what it was told: it doesn't stop for what has rotted on a disk and wasn't seen yet.
func (l *liveness) keeps(n *node) bool { return l.well(n) && n.process.sound() }

// confidant is the node that is told alone; nil if none is up.
func (l *liveness) confidant() *node {
	var list []*node
	for _, n := range l.w.nodes {
		if l.keeps(n) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[l.w.random.heal.IntN(len(list))]
}

// kept is what waits at some node that keeps it and could be handled, as nothing before it is missing there.
func (l *liveness) kept() (list []*chain.Message) {
	for _, n := range l.w.nodes {
		if !l.keeps(n) {
			continue
		}
		for _, at := range n.pool.order {
			a := n.pool.account(at)
			for nonce := a.Final().Nonce; a.At(nonce) != nil; nonce++ {
				list = append(list, a.At(nonce))
			}
		}
	}
	return list
}

// boundPerSeat is how many rounds it may take for each seat of the committee. The round under way may fail, and so may one that
// each faulty seat leads; one that censors makes blocks while anything else waits, and then its round fails, too. It takes two
// rounds mostly, and took twelve at most in four hundred seeds. Where committees change, each may have its turn.
const boundPerSeat = 4

func (l *liveness) bound() uint64 {
	seats := l.w.plan.seats()
	for _, c := range l.w.plan.Changes {
		seats += sum(c.Seats)
	}
	bound := uint64(boundPerSeat * seats)
	if len(l.w.worlds) > 1 {
		bound += l.w.final.height() - l.height // rounds that made blocks: other chains keep this one busy
	}
	return bound
}

// demand lets all chains go on until everything that is demanded is final on each, and then what goes between them.
func (s *stage) demand() {
	all := make([]*liveness, 0, len(s.worlds))
	for _, w := range s.worlds {
		if !w.rotten {
			all = append(all, newLiveness(w))
		}
	}
	var late *liveness
	s.until(never, func() bool {
		done := true
		for _, l := range all {
			if l.done = l.done || l.reached(); l.done {
				continue
			}
			if done = false; l.late() {
				late = l
			}
		}
		return done || late != nil
	})
	if late == nil {
		for _, l := range all {
			if !l.done {
				late = l
			}
		}
	}
	if s.broken == nil && late != nil {
		late.fail()
	}
	s.crossing.demand()
}

// rounds is how many rounds there have been, of all heights.
func (w *World) rounds() uint64 {
	n := w.final.rounds
	var under uint32
	for _, node := range w.nodes {
		if node.up && node.process.healed && node.honest() && node.driver.Replica().Head().Header.Height == w.final.height() {
			under = max(under, node.driver.Replica().Round())
		}
	}
	return n + uint64(under)
}

// late says whether it has taken too many rounds, or one of them doesn't end, or who is behind doesn't catch up. Where a block of an early
// round becomes final, those after it were none: it is counted from there then.
func (l *liveness) late() bool {
	l.rounds = min(l.rounds, l.w.rounds())
	if n := l.w.rounds() - l.rounds; n != l.last {
		l.last, l.since = n, l.w.now
	}
	if l.settled == 0 && l.open() == 0 {
		l.settled = l.w.now
	}
	from := l.begin
	if len(l.w.worlds) == 1 {
		from = l.settled
	}
	return l.settled == 0 && l.last > l.bound() || l.w.now > l.since+stallMillis*millis || from > 0 && l.w.now > from+crossMillis*millis
}

// open is how many of the demanded are final nowhere.
func (l *liveness) open() (n int) {
	for _, m := range l.demand {
		if !l.w.final.settled(m) {
			n++
		}
	}
	return n
}

func (l *liveness) reached() bool {
	for _, n := range l.w.nodes {
		if !n.process.healed || !n.honest() {
			continue
		}
		if slices.ContainsFunc(l.demand, func(m *chain.Message) bool { return !n.has(m) }) || n.up && n.ledger.news() {
			return false // or the committee that is registered doesn't agree yet (SPEC 6.7)
		}
	}
	return true
}

// has says whether a message is final here.
func (n *node) has(m *chain.Message) bool {
	if !n.up {
		return false
	}
	a, err := n.disk.state().Account(m.From)
	n.during(func() error { return err })
	return err == nil && a.Nonce > m.Nonce
}

func (l *liveness) fail() {
	w := l.w
	for _, n := range w.nodes {
		if n.up {
			w.tell(n, "healed %t, honest %t: height %d, round %d, silent %t, %d messages", n.process.healed, n.honest(), n.ledger.head.Header.Height, n.driver.Replica().Round(), n.driver.Replica().Silent(), n.pool.waiting())
		}
	}
	w.violate("I11 liveness", nil, "%d rounds after trouble ended (of %d), and %d ms after the last of them began, %d messages are not final; the chain went from height %d to %d, and not everywhere",
		l.last, l.bound(), (w.now-l.since)/millis, l.open(), l.height, w.final.height())
}
