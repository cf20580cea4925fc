package bft

import (
	flags "flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// The explorer tries what can happen to four replicas at one height, one of them Byzantine: every message that was ever sent, or
// that the Byzantine member can make, is delivered to anybody at any time, again, or never; timers run out at any time. It looks
// for two final blocks.
//
// Replicas are the real ones, cloned. A replica's local state is worked out once for each event in it, and then is a number; a
// state of the whole is three of them and the set of messages that were sent. What is not told apart: certificates of the same
// step, round and block, but for whether they are of the early quorum; deliveries again, which change nothing; replicas that
// differ in their names alone (renaming); and when a delivery was made that nobody noticed until later (moves).

var (
	exploreStates = flags.Int("explore.states", 20, "how many states of the whole to look at for each order of leaders")
	exploreWalks  = flags.Int("explore.walks", 1000, "how many random walks for each order of leaders")
	exploreHeap   = flags.Uint64("explore.heap", 1024, "where to stop for want of memory, in MiB")
)

const evil = 3 // the Byzantine seat

// explorer is an exploration under way.
type explorer struct {
	t         *testing.T
	committee *light.Committee
	leaders   *committee.Leaders
	leader    []int // by round
	rounds    uint32
	seed      byte
	spoil     func(r *Replica) // nil: the rules as they are
	renamings []renaming

	locals  []*Replica
	said    [][]key     // of locals: their words, by renaming
	numbers map[key]int // of locals, by their words
	done    []chain.BlockHash
	steps   map[[2]int]*outcomeOf // by local state and event; nil: nothing comes of it
	events  []Received
	spoken  [][]key        // of events: their words, by renaming
	named   map[string]int // of events, by their words
	blocks  map[chain.BlockHash][]byte
	menus   map[key][]int
	seen    map[key]bool
	made    map[key][]outcomeOf // moves, by local state and what was sent
	ends    map[string]int      // of walks: how blocks became final
}

// outcomeOf is what events do to a local state: the state after them, and the messages it sends.
type outcomeOf struct {
	local int
	sent  []int
	how   *deliveries
}

// deliveries are events that one replica takes, the last first.
type deliveries struct {
	event  int
	before *deliveries
}

// state is one of the whole: three local states, and what was sent.
type state struct {
	local [3]int
	sent  []int // sorted
	past  *past
}

// past is how a state came to be: the last move first.
type past struct {
	me     int
	how    *deliveries
	before *past
}

func newExplorer(t *testing.T, seed byte, rounds int) *explorer {
	c := chain.Committee{Chain: 1}
	for i := range byte(4) {
		var s chain.Seat
		s.Node[0], s.Key[0] = i+1, i+1
		c.Seats = append(c.Seats, s)
	}
	l, err := light.NewCommitteeWith(chain.NetworkID{1}, c, marks{})
	if err != nil {
		t.Fatal(err)
	}
	x := &explorer{
		t: t, committee: l, leaders: committee.NewLeaders(chain.Hash{seed}, 4), rounds: uint32(rounds), seed: seed,
		numbers: map[key]int{}, steps: map[[2]int]*outcomeOf{}, named: map[string]int{}, blocks: map[chain.BlockHash][]byte{},
		menus: map[key][]int{}, seen: map[key]bool{}, made: map[key][]outcomeOf{}, ends: map[string]int{},
	}
	for r := range rounds {
		x.leader = append(x.leader, int(x.leaders.Leader(committee.Turn{Height: 1, Round: uint32(r)})))
	}
	x.renamings = renamings(x.leader)
	return x
}

func (x *explorer) replica(me int) *Replica {
	header := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
	return New(Config{
		Committee: x.committee, Leaders: x.leaders, Me: Peer(me), PatienceMillis: 1, ResendMillis: 1,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return marks{}.part(d, m, me) },
	}, Head{Header: header, Hash: header.Hash()}, Safety{}, nil)
}

// event is the number of a message as it is received.
func (x *explorer) event(from Peer, m Message) int {
	w := words{names: asTheyAre}
	w.received(Received{From: from, Message: m})
	n, ok := x.named[string(w.said)]
	if !ok {
		n = len(x.events)
		x.named[string(w.said)] = n
		x.events = append(x.events, Received{From: from, Message: m})
		x.spoken = append(x.spoken, x.keys(func(w *words) { w.received(Received{From: from, Message: m}) }))
	}
	return n
}

// keys are those of what is said, by renaming.
func (x *explorer) keys(say func(w *words)) (list []key) {
	for _, names := range x.renamings {
		w := words{names: names}
		say(&w)
		list = append(list, keyOf(w.said))
	}
	return list
}

// intern is the number of a local state.
func (x *explorer) intern(r *Replica) int {
	said := x.keys(func(w *words) { w.local(r) })
	n, ok := x.numbers[said[0]]
	if !ok {
		n = len(x.locals)
		x.numbers[said[0]] = n
		x.locals = append(x.locals, r)
		x.said = append(x.said, said)
		x.done = append(x.done, decided(r))
	}
	return n
}

const expire = 1 << 30 // stands for the event that the timer of the round runs out

// step is what an event does to a local state; nil if it does nothing.
func (x *explorer) step(local, event int) *outcomeOf {
	at := [2]int{local, event}
	if o, ok := x.steps[at]; ok {
		return o
	}
	r := x.locals[local].clone()
	o := &outcomeOf{how: &deliveries{event: event}}
	if event == expire {
		x.do(r, Expired{Timer{RoundTimer, r.next(), r.round, 0}}, o)
	} else {
		x.do(r, x.events[event], o)
	}
	o.local = x.intern(r)
	slices.Sort(o.sent)
	o.sent = slices.Compact(o.sent)
	if o.local == local && len(o.sent) == 0 {
		o = nil
	}
	x.steps[at] = o
	return o
}

// do is a Step with all that follows from it here: blocks are valid, and built at once.
func (x *explorer) do(r *Replica, ev Event, o *outcomeOf) {
	e := r.Step(ev)
	if e.Halt != nil {
		x.t.Fatalf("replica %d halts: %s", r.config.Me, e.Halt.Reason)
	}
	for _, s := range e.Send {
		switch m := s.Message.(type) {
		case *Proposal:
			x.blocks[m.Vote.Block] = m.Raw
			x.once(r, &m.Vote)
		case *Vote:
			x.once(r, m)
		case *Timeout, *Justification:
		default:
			continue
		}
		o.sent = append(o.sent, x.event(r.config.Me, s.Message))
	}
	for _, p := range e.Verify {
		x.do(r, Verified{p.Hash, Valid}, o)
	}
	if b := e.Build; b != nil {
		x.do(r, Built{b.Parent, b.Round, x.block(b.Round, b.Proposer, 0)}, o)
	}
}

// once holds that no path lets a replica sign two blocks from one local state on; paths as a whole are held to I2.
func (x *explorer) once(r *Replica, v *Vote) {
	m := r.safety.Prepared
	if v.Step == chain.Confirmation {
		m = r.safety.Confirmed
	}
	if r.head.Header.Height == 0 && m.Round == v.Round && m.Block != v.Block {
		x.t.Fatalf("replica %d sends a vote for %s and keeps %s", r.config.Me, v.Block, m.Block)
	}
}

// start is the state in which every honest replica knows that a block is wanted.
func (x *explorer) start() (s state) {
	for me := range s.local {
		r := x.replica(me)
		if x.spoil != nil {
			x.spoil(r)
		}
		var o outcomeOf
		x.do(r, Start{}, &o)
		x.do(r, Due{}, &o)
		s.local[me] = x.intern(r)
		s.sent = append(s.sent, o.sent...)
	}
	slices.Sort(s.sent)
	s.sent = slices.Compact(s.sent)
	return s
}

// run looks at states, deep ones first, and returns the words for a fork, or "". It ends when it has seen all, or most of
// them, or has used up its memory.
func (x *explorer) run(most int) (states int, fork, end string) {
	stack := []state{x.start()}
	for ; len(stack) > 0; states++ {
		if states == most {
			return states, "", "more is left"
		}
		if states%256 == 0 && x.full() {
			return states, "", "out of memory"
		}
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if fork := x.fork(&s); fork != "" {
			return states, fork, "a fork"
		}
		for me, local := range s.local {
			for _, o := range x.moves(me, local, s.sent) {
				stack = x.follow(stack, &s, me, o)
			}
		}
	}
	return states, "", "these are all"
}

// full says whether the memory allowed is used up.
func (x *explorer) full() bool {
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); m.HeapAlloc>>20 > *exploreHeap {
		runtime.GC() // what is garbage doesn't count
		runtime.ReadMemStats(&m)
	}
	return m.HeapAlloc>>20 > *exploreHeap
}

// walk makes deliveries drawn at random, many times: deep states that a search of all comes to late. How much a walk leaves to
// each replica, to the Byzantine seat, and to timers is drawn for it, so that some leave a replica behind for long.
func (x *explorer) walk(walks int) (steps int, fork string) {
	for n := range walks {
		r := rand.New(rand.NewPCG(uint64(n), uint64(x.seed)))
		s := x.start()
		replicas := [3]*Replica{}
		for me, local := range s.local {
			replicas[me] = x.locals[local].clone()
		}
		turns := [3]int{1 + r.IntN(8), 1 + r.IntN(8), 1 + r.IntN(8)}
		patience, lies := 4+r.IntN(60), r.IntN(4)
		for range 150 {
			steps++
			me := drawn(r, turns)
			d := &deliveries{event: expire}
			if q := replicas[me]; r.IntN(patience) > 0 {
				d.event = x.draw(r, x.menu(s.sent), lies)
			} else if !q.running || q.late || q.round+1 >= x.rounds {
				continue
			}
			s = x.deliver(replicas[me], &s, me, d)
			if fork := x.forked(replicas[:], s.past); fork != "" {
				return steps, fork
			}
		}
		for _, q := range replicas {
			x.ended(q)
		}
	}
	return steps, ""
}

// ended counts how a replica's block became final, if one did.
func (x *explorer) ended(r *Replica) {
	switch c := r.head.Certificate; {
	case c == nil:
	case c.Step == chain.Preparation:
		x.ends[fmt.Sprintf("prepared by all in round %d", c.Round)]++
	default:
		x.ends[fmt.Sprintf("confirmed in round %d", c.Round)]++
	}
}

// drawn is a replica, drawn by how many turns each has.
func drawn(r *rand.Rand, turns [3]int) int {
	n := r.IntN(turns[0] + turns[1] + turns[2])
	for me, t := range turns {
		if n -= t; n < 0 {
			return me
		}
	}
	panic("n is below their sum")
}

// draw is an event of the menu; lies says how often in four it tries to be one of the Byzantine seat.
func (x *explorer) draw(r *rand.Rand, menu []int, lies int) (event int) {
	lie := r.IntN(4) < lies
	for range 6 {
		event = menu[r.IntN(len(menu))]
		if (x.events[event].From == evil) == lie {
			break
		}
	}
	return event
}

// deliver is the state after a replica, which it changes, has taken an event; one that is done, or sent it, takes none.
func (x *explorer) deliver(q *Replica, s *state, me int, d *deliveries) state {
	if q.head.Header.Height > 0 || d.event != expire && x.events[d.event].From == Peer(me) {
		return *s
	}
	o := outcomeOf{local: s.local[me], how: d}
	if d.event == expire {
		x.do(q, Expired{Timer{RoundTimer, q.next(), q.round, 0}}, &o)
	} else {
		x.do(q, x.events[d.event], &o)
	}
	return s.after(me, o)
}

// unseen is how many deliveries that nobody notices a replica takes before a move: as many as complete a certificate or
// a justification, less the one that shows.
const unseen = 2

// moves are what a replica can do that others notice: send, enter a round, finish. A delivery that shows nothing is put off
// until the move that needs it, as it can still be made then.
func (x *explorer) moves(me, local int, sent []int) []outcomeOf {
	if x.locals[local].head.Header.Height > 0 {
		return nil
	}
	at := x.sum(sent, 0).plus(x.said[local][0])
	if m, ok := x.made[at]; ok {
		return m
	}
	var moves []outcomeOf
	menu := x.menu(sent)
	reached, known := []int{local}, map[int]*deliveries{local: nil}
	for depth := 0; depth <= unseen && len(reached) > 0; depth++ {
		var next []int
		for _, l := range reached {
			for _, o := range x.outcomes(me, l, menu) {
				how := &deliveries{o.how.event, known[l]}
				if x.shows(l, o, sent) {
					moves = append(moves, outcomeOf{o.local, o.sent, how})
				} else if _, ok := known[o.local]; !ok {
					known[o.local] = how
					next = append(next, o.local)
				}
			}
		}
		reached = next
	}
	x.made[at] = moves
	return moves
}

// outcomes are what each event can do to a local state.
func (x *explorer) outcomes(me, local int, menu []int) (list []*outcomeOf) {
	r := x.locals[local]
	if r.running && !r.late && r.round+1 < x.rounds {
		menu = append(slices.Clip(menu), expire)
	}
	for _, event := range menu {
		if event == expire || x.events[event].From != Peer(me) {
			if o := x.step(local, event); o != nil {
				list = append(list, o)
			}
		}
	}
	return list
}

// shows says whether others, or the round, notice an outcome.
func (x *explorer) shows(before int, o *outcomeOf, sent []int) bool {
	a, b := x.locals[before], x.locals[o.local]
	return a.round != b.round || x.done[before] != x.done[o.local] || slices.ContainsFunc(o.sent, func(n int) bool {
		_, known := slices.BinarySearch(sent, n)
		return !known
	})
}

// follow adds the state that a move leads to, if it is a new one.
func (x *explorer) follow(stack []state, s *state, me int, o outcomeOf) []state {
	next := s.after(me, o)
	k := x.key(&next)
	if x.seen[k] {
		return stack
	}
	x.seen[k] = true
	return append(stack, next)
}

// key is that of a state, the same for all that are called by other names alone.
func (x *explorer) key(s *state) (least key) {
	for n := range x.renamings {
		k := x.sum(s.sent, n)
		for _, l := range s.local {
			k = k.plus(x.said[l][n])
		}
		if n == 0 || k[0] < least[0] || k[0] == least[0] && k[1] < least[1] {
			least = k
		}
	}
	return least
}

// sum is the key of a set of messages, under a renaming.
func (x *explorer) sum(sent []int, renaming int) (k key) {
	for _, n := range sent {
		k = k.plus(x.spoken[n][renaming])
	}
	return k
}

// after is the state that a move leads to.
func (s *state) after(me int, o outcomeOf) state {
	next := state{local: s.local, sent: s.sent, past: &past{me, o.how, s.past}}
	next.local[me] = o.local
	for _, n := range o.sent {
		if at, found := slices.BinarySearch(next.sent, n); !found {
			next.sent = slices.Insert(slices.Clone(next.sent), at, n)
		}
	}
	return next
}

// decided is the block that a replica takes for final, zero if none.
func decided(r *Replica) chain.BlockHash {
	switch {
	case r.head.Header.Height > 0:
		return r.head.Hash
	case r.final != nil:
		return r.final.Block
	}
	return chain.BlockHash{}
}

func (x *explorer) fork(s *state) string {
	return x.forked([]*Replica{x.locals[s.local[0]], x.locals[s.local[1]], x.locals[s.local[2]]}, s.past)
}

// forked is the story of two final blocks, "" if there is one at most.
func (x *explorer) forked(replicas []*Replica, p *past) string {
	var final chain.BlockHash
	for _, r := range replicas {
		switch d := decided(r); {
		case d == chain.BlockHash{}:
		case final == chain.BlockHash{}:
			final = d
		case final != d:
			return fmt.Sprintf("blocks %s and %s are final, by these moves:%s", final, d, x.tell(p))
		}
	}
	return ""
}

// tell is what happened, in words.
func (x *explorer) tell(p *past) string {
	if p == nil {
		return ""
	}
	var took string
	for d := p.how; d != nil; d = d.before {
		what := "the end of its patience"
		if d.event != expire {
			w := words{names: asTheyAre}
			w.received(x.events[d.event])
			what = string(w.said)
		}
		took = ", " + what + took
	}
	return x.tell(p.before) + fmt.Sprintf("\n  replica %d takes %s", p.me, took[2:])
}

// orders are seeds with which the Byzantine member leads the first round, the second, or neither.
func orders(rounds int) map[int]byte {
	seeds := map[int]byte{}
	for seed := range byte(60) {
		l, at := committee.NewLeaders(chain.Hash{seed}, 4), rounds
		for r := range rounds {
			if l.Leader(committee.Turn{Height: 1, Round: uint32(r)}) == evil {
				at = r
			}
		}
		if _, ok := seeds[at]; !ok {
			seeds[at] = seed
		}
	}
	return seeds
}

// I2: no fork in one round, whoever leads it: these are all of its states. Quorums that are too small fork there already.
func TestExploreRound(t *testing.T) {
	for at, least := range map[int]int{0: 10_000, 1: 500} { // the round in which the Byzantine member leads
		x := newExplorer(t, orders(1)[at], 1)
		states, fork, end := x.run(math.MaxInt)
		if fork != "" || end != "these are all" || states < least {
			t.Errorf("leaders %v: %d states, %s: %s", x.leader, states, end, fork)
		}
		t.Logf("leaders %v: %d states, %d renamings: %s", x.leader, states, len(x.renamings), end)
	}
	x := newExplorer(t, orders(1)[0], 1)
	x.spoil = func(r *Replica) { r.quorums.Certificate = 2 }
	if states, fork, end := x.run(math.MaxInt); fork == "" {
		t.Errorf("certificates of two seats: %d states, %s, no fork", states, end)
	}
}

// I2: no fork in what is explored; make explore goes further.
func TestExplore(t *testing.T) {
	for _, rounds := range []int{2, 3} {
		ends := map[string]int{}
		seeds := orders(rounds)
		for _, at := range slices.Sorted(maps.Keys(seeds)) {
			x := newExplorer(t, seeds[at], rounds)
			states, fork, end := x.run(*exploreStates)
			if fork != "" {
				t.Errorf("leaders %v: %s", x.leader, fork)
			}
			t.Logf("leaders %v: %d states, %d local ones, %d messages, %d renamings: %s", x.leader, states, len(x.locals), len(x.events), len(x.renamings), end)
			x = newExplorer(t, seeds[at], rounds)
			steps, fork := x.walk(*exploreWalks)
			if fork != "" {
				t.Errorf("leaders %v: %s", x.leader, fork)
			}
			t.Logf("leaders %v: %d steps of walks, blocks final %v", x.leader, steps, x.ends)
			for end, n := range x.ends {
				ends[end] += n
			}
		}
		for r := range rounds {
			for _, end := range []string{"confirmed in round %d", "prepared by all in round %d"} {
				if end = fmt.Sprintf(end, r); ends[end] == 0 {
					t.Errorf("no walk of %d rounds has a block that is %s", rounds, end)
				}
			}
		}
	}
}

// The explorer finds what is there to find: quorums that are too small, and rules that are left out, make forks.
func TestExploreBites(t *testing.T) {
	for name, spoil := range map[string]func(r *Replica){
		"early consensus without its rule": func(r *Replica) { r.quorums.Early = r.quorums.Certificate },
		"certificates of two seats":        func(r *Replica) { r.quorums.Certificate = 2 },
		"a block of adopters is let go":    func(r *Replica) { r.quorums.Adoption = r.quorums.Seats + 1 },
	} {
		found := false
		seeds := orders(2)
		for _, at := range slices.Sorted(maps.Keys(seeds)) {
			x := newExplorer(t, seeds[at], 2)
			x.spoil = spoil
			states, fork := x.walk(5000)
			t.Logf("%s: leaders %v: %d states, %t", name, x.leader, states, fork != "")
			if found = fork != ""; found {
				break
			}
		}
		if !found {
			t.Errorf("%s: no fork", name)
		}
	}
}
