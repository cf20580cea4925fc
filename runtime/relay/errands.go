package relay

import (
	"maps"
	"slices"

	"github.com/thinkey/thinkey/sdk/keys"
)

// Teller is who tells of something.
type Teller = keys.PublicKey

// Errands decides which node is asked for what a chain here wants, and when. It has no clock and sends nothing.
//
//	wanted ──its turn──► asked ──good──► wanted further on, or no more
//	                      │  nothing, false, or silence for AnswerMillis
//	                      └──► the next node; after some of them a pause, which doubles until something changes
//
// # Invariants
//
//	E1  Of each errand one node is asked at a time, and of all together maxErrands: what is held of answers is bounded by that.
//	E2  Nothing is taken from a node that it was not asked for.
//	E3  A node that is silent or says what is false is asked after those that didn't lately, and never not at all: it costs time alone,
//	    and who seems false because this node is behind is asked again.
//	E4  A node that answers well goes on, but for one that is slow, or left something that was there to be had: it delays what comes by an answer.
//	E5  What isn't seen to be there is asked for once for each time that something new is recorded, and one of those at a time in sweepPause.
type Errands struct {
	of    map[Errand]*errand
	bad   map[Teller]mark
	first uint64
	sweep uint64 // before it nothing is asked for that isn't seen
}

// errand is one that is wanted.
type errand struct {
	want Want
	due  uint64 // it is not asked before
	vain uint   // answers that brought nothing since something changed
	done bool   // there is no more before something changes, of what isn't seen
	more bool   // the last answer said that there is more: this node goes on, and not another member
	turn uint64 // of the nodes: it goes on where one brought nothing, or too little (E4)
	good bool   // the last answer was all that the node had

	state state
	// The rest is of the last question: who was asked for what, and until when an answer is waited for.
	peer  Teller
	sent  Want
	until uint64
}

type state uint8

const (
	idle   state = iota
	asked        // a node was
	judged       // its answer is being
)

// mark is what a node did wrong lately.
type mark struct {
	until uint64
	times uint
}

const (
	// maxErrands is how many answers may be under way at once, maxPeerErrands from one node: one that is silent holds up some.
	maxErrands, maxPeerErrands = 8, 4
	// AnswerMillis is how long an answer may take: what is later is not taken, so who was asked needn't answer any more.
	AnswerMillis = 3_000
	// slowMillis is after how long another node has its turn, though the answer was good.
	slowMillis = 1_000
	// triesAtOnce is how many nodes are asked before the first pause: who has the chain's blocks may not see yet that they are recorded.
	triesAtOnce = 3
	// firstPause doubles morePauses times.
	firstPause, morePauses = 250, 5
	// badPause is how long others are asked before a node that did wrong, doubled as often with each time.
	badPause, moreBad = 2_000, 4
	// maxBad bounds the nodes of which that is remembered.
	maxBad = 1024
	// sweepPause is between two questions for what isn't seen.
	sweepPause = 10_000
)

// NewErrands has nothing to do yet. Which node is asked first says a number, which is another one at each member: else one that is silent would
// hold up all.
func NewErrands(first uint64) *Errands {
	return &Errands{of: map[Errand]*errand{}, bad: map[Teller]mark{}, first: first}
}

// Ask is what a node is to be asked for.
type Ask struct {
	Peer Teller
	Want Want
}

// Outcome is what came of an answer.
type Outcome uint8

const (
	// Nothing: there is none. Good: it was as asked for. More: and there is more of it. False: it showed nothing.
	Nothing Outcome = iota
	Good
	More
	False
)

// Want says what is wanted now, all of it.
func (e *Errands) Want(list []Want, now uint64) {
	wanted := map[Errand]bool{}
	for _, w := range list {
		wanted[w.Errand] = true
		x := e.of[w.Errand]
		switch {
		case x == nil:
			e.of[w.Errand] = &errand{want: w, due: now + w.Wait, turn: e.first}
			continue
		case w.From > x.want.From && !x.more: // the turn of another member
			x.due, x.vain, x.done = now+w.Wait, 0, false
		case w.At > x.want.At || w.Seen && !x.want.Seen:
			x.due, x.vain, x.done = min(x.due, now+w.Wait), 0, false
		}
		x.want = w
	}
	maps.DeleteFunc(e.of, func(k Errand, x *errand) bool { return !wanted[k] && x.state == idle })
}

// Asks are those that are due. Nodes says who has a chain, and follows the one above both.
func (e *Errands) Asks(now uint64, nodes func(*Want) []Teller) (list []Ask) {
	busy := map[Teller]int{}
	open := 0
	for _, x := range e.of { // any order: they are counted, and each is expired by itself
		if x.state == asked && now >= x.until {
			e.blame(x.peer, now)
			x.fail(now)
		}
		if x.state != idle {
			open++
			busy[x.peer]++
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(e.of), e.before) {
		x := e.of[k]
		if open == maxErrands {
			break
		}
		if x.state != idle || x.due > now || !x.want.Seen && (x.done || now < e.sweep) {
			continue
		}
		if x.good && x.want.At == x.sent.At {
			x.turn++
		}
		x.good = false
		peer, ok := e.choose(x, nodes(&x.want), busy, now)
		if !ok {
			continue
		}
		if !x.want.Seen {
			e.sweep = now + sweepPause
		}
		x.state, x.peer, x.sent, x.until = asked, peer, x.want, now+AnswerMillis
		open++
		busy[peer]++
		list = append(list, Ask{peer, x.want})
	}
	return list
}

// before orders errands: what has been due for longest first, so that none keeps out another.
func (e *Errands) before(a, b Errand) int {
	if x, y := e.of[a].due, e.of[b].due; x != y {
		if x < y {
			return -1
		}
		return 1
	}
	return a.Compare(b)
}

// choose is the node whose turn it is, of those that did nothing wrong lately; if all did, the one for which that is over first.
func (e *Errands) choose(x *errand, nodes []Teller, busy map[Teller]int, now uint64) (peer Teller, ok bool) {
	best := uint64(0)
	for i := range nodes {
		k := nodes[(x.turn+uint64(i))%uint64(len(nodes))]
		if busy[k] >= maxPeerErrands {
			continue
		}
		until := max(e.bad[k].until, now)
		if !ok || until < best {
			peer, best, ok = k, until, true
		}
	}
	return peer, ok
}

// Came is called when an answer has come, to a question for what there is from a number on, and says what the node was asked for; false if it
// wasn't (E2), or something else, as that was given up. Until Judged no other is taken.
func (e *Errands) Came(from Teller, k Errand, number uint64) (Want, bool) {
	x := e.of[k]
	if x == nil || x.state != asked || x.peer != from || x.sent.From != number {
		return Want{}, false
	}
	x.state = judged
	return x.sent, true
}

// Judged is called with what came of an answer that came.
func (e *Errands) Judged(k Errand, what Outcome, now uint64) {
	x := e.of[k]
	if x == nil || x.state != judged {
		return
	}
	switch what {
	case Nothing:
		x.done = x.want.At == x.sent.At && x.want.From == x.sent.From
		x.fail(now)
	case False:
		e.blame(x.peer, now)
		x.fail(now)
	case Good, More:
		delete(e.bad, x.peer)
		x.state, x.vain, x.due, x.more, x.good = idle, 0, now, what == More, what == Good
		if x.good {
			x.due += firstPause
		}
		if now+AnswerMillis > x.until+slowMillis {
			x.turn++
			x.good = false // no two turns for one answer
		}
	}
}

// fail: nothing came of an answer, or none came.
func (x *errand) fail(now uint64) {
	x.state, x.more = idle, false
	x.turn++
	x.vain++
	x.due = now
	if turns := x.vain / triesAtOnce; x.vain%triesAtOnce == 0 {
		x.due += firstPause << min(turns-1, morePauses)
	}
}

func (e *Errands) blame(peer Teller, now uint64) {
	m, known := e.bad[peer]
	if !known && len(e.bad) >= maxBad {
		maps.DeleteFunc(e.bad, func(_ Teller, m mark) bool { return m.until <= now })
		if len(e.bad) >= maxBad {
			return
		}
	}
	m.until = now + badPause<<min(m.times, moreBad)
	m.times++
	e.bad[peer] = m
}
