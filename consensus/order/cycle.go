package order

import "slices"

// Edge says why one event of a cycle comes before the next.
type Edge uint8

const (
	Before Edge = iota + 1 // the same account did it earlier
	Sent                   // it sent the message that the next one received
)

// Step is one event of a cycle, Account receiving Message, and the edge to the step behind it; the last leads to the
// first. No two Before follow each other: along one account a single step leads from the first event of interest to the last.
type Step struct {
	Account, Message uint32
	Edge             Edge
}

// search looks for a short cycle among the stuck events, those that acyclic could not put in order. A cycle is as long as
// the number of its sends: how far it runs along an account doesn't count, since that is one step for the reader.
//
// From an event, from takes sends breadth first, so that the first way back is a shortest one through that event. A cycle
// that is shortest of all would need this from every event, which is quadratic. So it is done from one that is surely on
// a cycle, then from the others while the budget lasts: a block has to be large and wrong in many places before the
// witness is longer than it need be.
type search struct {
	*graph
	entry []uint32 // by event: where the search entered its account on the way to it
	round []uint32 // by event: the search that reached it last, from 1
	now   uint32   // the search under way
	spent int      // events and sends looked at
	best  []Step
	sends int // of best; 0 if there is none
}

// shortCycle returns a cycle, beginning with its lowest event. There is one, as some event is stuck.
func (g *graph) shortCycle() []Step {
	s := g.search()
	s.run()
	return s.best
}

func (g *graph) search() *search {
	return &search{graph: g, entry: make([]uint32, len(g.places)), round: make([]uint32, len(g.places))}
}

// run starts new searches until the budget is spent; the last one may exceed it by no more than the size of the block.
func (s *search) run() {
	budget := 4*(len(s.places)+len(s.messages)) + 1<<16
	s.from(s.onCycle())
	for e := range uint32(len(s.places)) {
		if s.spent > budget || s.sends == 1 {
			return
		}
		if s.isEntry(e) {
			s.from(e)
		}
	}
}

func (g *graph) isStuck(e uint32) bool { return g.waits[e] > 0 }

// sender returns the event that sent what e received, or never.
func (g *graph) sender(e uint32) uint32 { return g.sent[g.event(e).Received] }

// isEntry says that e could be where a cycle enters an account. Each cycle has such events, as no account precedes itself.
func (g *graph) isEntry(e uint32) bool {
	from := g.sender(e)
	return g.isStuck(e) && from != never && g.isStuck(from)
}

// onCycle goes back from a stuck event to a stuck cause until it meets its own track, and on to where the cycle that it
// now runs in enters an account. A stuck event has a stuck cause, or it would have been released.
func (g *graph) onCycle() uint32 {
	e := uint32(slices.IndexFunc(g.waits, func(w uint8) bool { return w > 0 }))
	for seen := make([]bool, len(g.places)); !seen[e]; {
		seen[e] = true
		if g.isEntry(e) {
			e = g.sender(e)
		} else {
			e--
		}
	}
	for !g.isEntry(e) {
		e--
	}
	return e
}

// from finds a shortest cycle through start, if it is shorter than the best so far.
func (s *search) from(start uint32) {
	s.now++
	level := []uint32{start}
	for depth := 1; len(level) > 0 && (s.best == nil || depth < s.sends); depth++ {
		var next []uint32
		for _, in := range level {
			out, back := s.along(in, start, &next)
			if out != never {
				s.best, s.sends = s.trace(start, out, back), depth
				return
			}
		}
		level = next
	}
}

// along follows one account from the event in, as far as this search has not been there, and adds the receivers of what
// was sent to next. It stops at a send to start or to an event before it of the same account: that closes a cycle.
func (s *search) along(in, start uint32, next *[]uint32) (out, back uint32) {
	for e := in; e <= s.last(in) && s.round[e] != s.now; e++ {
		s.round[e], s.entry[e] = s.now, in
		sent := s.event(e).Sent
		s.spent += 1 + len(sent)
		for _, m := range sent {
			to := s.received[m]
			switch {
			case to == never:
			case to <= start && s.last(to) == s.last(start):
				return e, to
			case s.round[to] != s.now:
				*next = append(*next, to)
			}
		}
	}
	return never, never
}

// trace walks from the event out, whose send to back closed the cycle, to start's account, and returns the steps in order.
func (s *search) trace(start, out, back uint32) []Step {
	var steps []Step
	lowest, at := uint32(never), 0
	add := func(e uint32, edge Edge) {
		steps = append(steps, Step{s.account(e), s.event(e).Received, edge})
		if e <= lowest {
			lowest, at = e, len(steps)-1
		}
	}
	for e, done := out, false; !done; {
		in := s.entry[e]
		if done = in == start; done {
			in = back
		}
		add(e, Sent)
		if in != e {
			add(in, Before)
		}
		if !done {
			e = s.sender(in)
		}
	}
	slices.Reverse(steps)
	at = len(steps) - 1 - at
	return slices.Concat(steps[at:], steps[:at])
}
