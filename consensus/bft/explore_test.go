package bft

import (
	"errors"
	flags "flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

// The explorer tries what can happen to four replicas at one height, one of them Byzantine: every message that was ever sent, or
// that the Byzantine member can make, is delivered to anybody at any time, again, or never; timers run out at any time. It looks
// for two final blocks.
//
// Replicas are the real ones, cloned. A replica's local state is worked out once for each event in it, and then is a number; a
// state of the whole is three of them and the set of messages that were sent. Certificates of the same step, round and block count
// as one, but for whether they are of the early quorum; so do repeated deliveries, which change nothing.

var (
	exploreStates = flags.Int("explore.states", 60, "how many states of the whole to look at for each order of leaders")
	exploreRounds = flags.Int("explore.rounds", 2, "how many rounds")
	exploreWalks  = flags.Int("explore.walks", 12, "how many random walks for each order of leaders")
)

// marks stand in for signatures: a hash of who signed what, added up by xor.
type marks struct{}

func (marks) sum(d keys.BLSDomain, signed []keys.BLSSigned) (s keys.BLSPoint) {
	for _, g := range signed {
		for _, seat := range g.Seats {
			h := wire.Sum(wire.TagLeaf, []byte{byte(seat), byte(d)}, g.Message)
			for i := range h {
				s[i] ^= h[i]
			}
		}
	}
	return s
}

func (m marks) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	if s := m.sum(d, signed); [48]byte(s[:48]) != [48]byte(signature) {
		return errors.New("no signature")
	}
	return nil
}

func (m marks) Collect(d keys.BLSDomain, votes []keys.BLSVote) (signature keys.BLSSignature, bad []int) {
	for i, v := range votes {
		if m.sum(d, []keys.BLSSigned{v.BLSSigned}) != v.Point {
			bad = append(bad, i)
		}
		for k := range signature {
			signature[k] ^= v.Point[k]
		}
	}
	return signature, bad
}

func (m marks) part(d keys.BLSDomain, message []byte, seat int) committee.Part {
	seats := chain.SeatsOf(seat)
	return committee.Part{Seats: seats, Point: m.sum(d, []keys.BLSSigned{light.Signed(message, seats)})}
}

const evil = 3 // the Byzantine seat

// explorer is an exploration under way.
type explorer struct {
	t         *testing.T
	committee *light.Committee
	rounds    uint32
	spoil     func(q *chain.Quorums) // nil: the rules as they are

	locals  []*Replica
	numbers map[string]int // of locals, by what they are
	done    []chain.BlockHash
	steps   map[[2]int]outcomeOf
	events  []Received
	named   map[string]int // of events, by what they say
	blocks  map[chain.BlockHash][]byte
	menus   map[string][]int
	seen    map[string]bool
	made    map[string][]outcomeOf // moves, by local state and what was sent
	leader  []int                  // by round
}

// outcomeOf is what an event does to a local state: the state after it, and the messages it sends.
type outcomeOf struct {
	local int
	sent  []int
	how   string // the events, in words
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
	how    string
	before *past
}

func (p *past) String() string {
	if p == nil {
		return ""
	}
	return p.before.String() + fmt.Sprintf("\n  replica %d takes %s", p.me, p.how)
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
		t: t, committee: l, rounds: uint32(rounds), numbers: map[string]int{}, steps: map[[2]int]outcomeOf{}, named: map[string]int{},
		blocks: map[chain.BlockHash][]byte{}, menus: map[string][]int{}, seen: map[string]bool{}, made: map[string][]outcomeOf{},
	}
	leaders := committee.NewLeaders(chain.Hash{seed}, 4)
	for r := range rounds {
		x.leader = append(x.leader, int(leaders.Leader(committee.Turn{Height: 1, Round: uint32(r)})))
	}
	return x
}

func (x *explorer) replica(me int) *Replica {
	header := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
	return New(Config{
		Committee: x.committee, Leaders: x.leaders(), Me: Peer(me), PatienceMillis: 1, ResendMillis: 1,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return marks{}.part(d, m, me) },
	}, Head{Header: header, Hash: header.Hash()}, Safety{}, nil)
}

var exploredSeed byte

func (x *explorer) leaders() *committee.Leaders {
	return committee.NewLeaders(chain.Hash{exploredSeed}, 4)
}

// clone is a replica that nothing done to r changes.
func (r *Replica) clone() *Replica {
	c := *r
	c.bodies, c.timeouts, c.ahead = slices.Clone(r.bodies), slices.Clone(r.timeouts), slices.Clone(r.ahead)
	c.invalid = slices.Clone(r.invalid)
	c.checked = maps.Clone(r.checked)
	c.tallies = make([]*tally, len(r.tallies))
	for i, t := range r.tallies {
		n := *t
		n.ballots = slices.Clone(t.ballots)
		c.tallies[i] = &n
	}
	c.others.served, c.others.reports = maps.Clone(r.others.served), maps.Clone(r.others.reports)
	c.others.suspect, c.others.accused = maps.Clone(r.others.suspect), maps.Clone(r.others.accused)
	c.others.lied = maps.Clone(r.others.lied)
	return &c
}

// what is a local state in words; two with the same words do the same.
func (x *explorer) what(r *Replica) string {
	var b strings.Builder
	cert := func(c *chain.Certificate) {
		if c != nil {
			fmt.Fprintf(&b, " c%d.%d.%x.%t", c.Step, c.Round, c.Block[:4], r.isFinal(c))
		}
	}
	s := &r.safety
	fmt.Fprintf(&b, "%d %d.%x %d %t %t %t %t %t", r.config.Me, r.head.Header.Height, r.head.Hash[:4], r.round, r.running, r.late, r.proposed, r.building, r.built != nil)
	fmt.Fprintf(&b, " p%d.%x q%d.%x", s.Prepared.Round, s.Prepared.Block[:4], s.Confirmed.Round, s.Confirmed.Block[:4])
	cert(s.Certificate)
	b.WriteString(" f")
	cert(r.final)
	if r.why != nil {
		b.WriteString(nameOf(0, r.why))
	}
	if r.proposal != nil {
		b.WriteString(nameOf(0, r.proposal))
	}
	for _, k := range r.bodies {
		fmt.Fprintf(&b, " b%x.%d", k.hash[:4], k.verdict)
	}
	var tallies []string
	for _, t := range r.tallies {
		w := fmt.Sprintf(" t%d.%d.%d", t.step, t.round, t.summed)
		for _, v := range t.ballots {
			if v.vote != nil {
				w += fmt.Sprintf(".%x", v.vote.Block[:4])
			} else {
				w += ".-"
			}
		}
		tallies = append(tallies, w)
	}
	slices.Sort(tallies)
	b.WriteString(strings.Join(tallies, ""))
	for _, t := range r.timeouts {
		if t != nil {
			b.WriteString(nameOf(0, t))
		}
	}
	return b.String()
}

// nameOf is a message in words; two with the same words do the same.
func nameOf(from Peer, m Message) string {
	mark := func(m chain.Mark) string { return fmt.Sprintf("%d.%x", m.Round, m.Block[:4]) }
	switch m := m.(type) {
	case *Proposal:
		why := ""
		if m.Why != nil {
			why = nameOf(0, m.Why)
		}
		return fmt.Sprintf("|P%d %d %x%s", from, m.Vote.Round, m.Vote.Block[:4], why)
	case *Vote:
		return fmt.Sprintf("|V%d %d %d %x", from, m.Step, m.Round, m.Block[:4])
	case *Timeout:
		return fmt.Sprintf("|T%d %d %s %s %x", from, m.Round, mark(m.Highest), mark(m.Last), m.Seats)
	case *Justification:
		var said []string
		for _, s := range m.Said {
			said = append(said, fmt.Sprintf("%x:%s:%s", s.Seats, mark(s.Timeout.Highest), mark(s.Timeout.Last)))
		}
		slices.Sort(said)
		return fmt.Sprintf("|J%d %v", m.Said[0].Timeout.Round, said)
	case *Fetched:
		return fmt.Sprintf("|F %x", m.Raw[len(m.Raw)-40:])
	}
	return ""
}

// event is the number of a message as it is received.
func (x *explorer) event(from Peer, m Message) int {
	name := nameOf(from, m)
	n, ok := x.named[name]
	if !ok {
		n = len(x.events)
		x.named[name] = n
		x.events = append(x.events, Received{from, m})
	}
	return n
}

// intern is the number of a local state.
func (x *explorer) intern(r *Replica) int {
	w := x.what(r)
	n, ok := x.numbers[w]
	if !ok {
		n = len(x.locals)
		x.numbers[w] = n
		x.locals = append(x.locals, r)
		var final chain.BlockHash
		if r.final != nil {
			final = r.final.Block
		}
		if r.head.Header.Height > 0 {
			final = r.head.Hash
		}
		x.done = append(x.done, final)
	}
	return n
}

const expire = 1 << 30 // stands for the event that the timer of the round runs out

// step is what an event does to a local state.
func (x *explorer) step(local, event int) outcomeOf {
	at := [2]int{local, event}
	if o, ok := x.steps[at]; ok {
		return o
	}
	r := x.locals[local].clone()
	var o outcomeOf
	if event == expire {
		x.do(r, Expired{Timer{RoundTimer, r.next(), r.round, 0}}, &o)
	} else {
		x.do(r, x.events[event], &o)
	}
	o.local = x.intern(r)
	if o.how = "timer"; event != expire {
		o.how = nameOf(x.events[event].From, x.events[event].Message)
	}
	slices.Sort(o.sent)
	o.sent = slices.Compact(o.sent)
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

// block is one that a seat makes in a round; the Byzantine one makes two.
func (x *explorer) block(round, proposer uint32, which uint64) []byte {
	genesis := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
	raw := (&chain.Block{Header: chain.Header{
		Network: genesis.Network, Chain: 1, Height: 1, Round: round, Proposer: proposer, Parent: genesis.Hash(), TimeMillis: 1 + which,
	}}).Append(nil)
	return raw
}

func (x *explorer) vote(step chain.Step, round uint32, block chain.BlockHash) *Vote {
	s := chain.Vote{Step: step, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: round, Block: block}
	return &Vote{step, 1, round, block, marks{}.part(s.Domain(), s.Append(nil), evil)}
}

// menu is what can be delivered when these messages were sent: they, and what the Byzantine member makes of them.
func (x *explorer) menu(sent []int) []int {
	key := fmt.Sprint(sent)
	if m, ok := x.menus[key]; ok {
		return m
	}
	list := slices.Clone(sent)
	var blocks []chain.BlockHash
	for _, n := range sent {
		if p, ok := x.events[n].Message.(*Proposal); ok && !slices.Contains(blocks, p.Vote.Block) {
			blocks = append(blocks, p.Vote.Block)
		}
	}
	for r := range x.rounds {
		list = append(list, x.proposals(sent, r, &blocks)...)
	}
	for _, b := range blocks {
		list = append(list, x.event(0, &Fetched{x.blocks[b]}))
		for r := range x.rounds {
			list = append(list, x.event(evil, x.vote(chain.Preparation, r, b)), x.event(evil, x.vote(chain.Confirmation, r, b)))
		}
	}
	for _, t := range x.timeouts(blocks) {
		list = append(list, x.event(evil, t))
	}
	slices.Sort(list)
	list = slices.Compact(list)
	x.menus[key] = list
	return list
}

// timeouts are those of the Byzantine member: that it prepared nothing, or any block in the round.
func (x *explorer) timeouts(blocks []chain.BlockHash) (list []*Timeout) {
	for r := range x.rounds - 1 {
		claims := []chain.Mark{{}}
		for _, b := range blocks {
			claims = append(claims, chain.Mark{Round: r, Block: b})
		}
		for _, last := range claims {
			t := &Timeout{Timeout: chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: r, Last: last}}
			t.Part = marks{}.part(keys.BLSTimeout, t.Timeout.Append(nil), evil)
			list = append(list, t)
		}
	}
	return list
}

// proposals are those of the Byzantine member where it leads: two blocks, as far as a justification lets it.
func (x *explorer) proposals(sent []int, round uint32, blocks *[]chain.BlockHash) (list []int) {
	if x.leader[round] != evil {
		return nil
	}
	for _, why := range x.justifications(sent, round, *blocks) {
		raws := [][]byte{x.block(round, evil, 1), x.block(round, evil, 2)}
		if b, bound := x.replica(0).bound(why); bound {
			raws = [][]byte{x.blocks[b]}
		}
		for _, raw := range raws {
			h, err := chain.DecodeBlockHeader(raw)
			if err != nil {
				continue // it is bound to a block that nobody has shown
			}
			x.blocks[h.Hash()] = raw
			if !slices.Contains(*blocks, h.Hash()) {
				*blocks = append(*blocks, h.Hash())
			}
			list = append(list, x.event(evil, &Proposal{Raw: raw, Why: why, Vote: *x.vote(chain.Preparation, round, h.Hash())}))
		}
	}
	return list
}

// justifications are all of three timeouts of the round before, one of them the Byzantine member's own.
func (x *explorer) justifications(sent []int, round uint32, blocks []chain.BlockHash) (list []*Justification) {
	if round == 0 {
		return []*Justification{nil}
	}
	var honest []*Timeout
	for _, n := range sent {
		if t, ok := x.events[n].Message.(*Timeout); ok && t.Round == round-1 {
			honest = append(honest, t)
		}
	}
	for i, a := range honest {
		for _, b := range honest[i+1:] {
			for _, own := range x.timeouts(blocks) {
				if own.Round != round-1 || a.Seats.Overlaps(b.Seats) {
					continue
				}
				j := &Justification{}
				var parts []committee.TimeoutPart
				for _, t := range []*Timeout{a, b, own} {
					parts = append(parts, committee.TimeoutPart{Timeout: t.Timeout, Part: t.Part})
					if c := t.Certificate; c != nil && (j.Certificate == nil || c.Round > j.Certificate.Round) {
						j.Certificate = c
					}
				}
				j.Timeouts, _ = committee.CollectTimeouts(x.committee, parts)
				list = append(list, j)
			}
		}
	}
	return list
}

// start is the state in which every honest replica knows that a block is wanted.
func (x *explorer) start() (s state) {
	for me := range s.local {
		r := x.replica(me)
		if x.spoil != nil {
			x.spoil(&r.quorums)
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

// run looks at states, deep ones first, and returns the words for a fork, or "".
func (x *explorer) run(most int) (states int, fork string) {
	stack := []state{x.start()}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if states++; states > most {
			return states - 1, ""
		}
		if fork := x.fork(&s); fork != "" {
			return states, fork
		}
		for me, local := range s.local {
			for _, o := range x.moves(me, local, s.sent) {
				stack = x.follow(stack, &s, me, o)
			}
		}
	}
	return states, ""
}

// walk takes moves drawn at random until there are none, many times: deep states that an exhaustive search comes to late.
func (x *explorer) walk(walks int) (states int, fork string) {
	r := rand.New(rand.NewPCG(1, uint64(exploredSeed)))
	for range walks {
		s := x.start()
		for {
			states++
			if fork := x.fork(&s); fork != "" {
				return states, fork
			}
			var next []state
			for me, local := range s.local {
				for _, o := range x.moves(me, local, s.sent) {
					next = append(next, s.after(me, o))
				}
			}
			if len(next) == 0 {
				break
			}
			s = next[r.IntN(len(next))]
		}
	}
	return states, ""
}

// unseen is how many deliveries that nobody notices a replica takes before a move: as many as complete a certificate or
// a justification, less the one that shows.
const unseen = 2

// moves are what a replica can do that others notice: send, enter a round, finish. A delivery that shows nothing is put off
// until the move that needs it, as it can still be made then.
func (x *explorer) moves(me, local int, sent []int) []outcomeOf {
	if x.done[local] != (chain.BlockHash{}) && x.locals[local].head.Header.Height > 0 {
		return nil
	}
	key := fmt.Sprint(local, sent)
	if m, ok := x.made[key]; ok {
		return m
	}
	var moves []outcomeOf
	menu := x.menu(sent)
	reached, known := []int{local}, map[int]string{local: ""}
	for depth := 0; depth <= unseen && len(reached) > 0; depth++ {
		var next []int
		for _, l := range reached {
			for _, o := range x.outcomes(me, l, menu) {
				switch {
				case x.shows(l, &o, sent):
					o.how = known[l] + o.how
					moves = append(moves, o)
				default:
					if _, ok := known[o.local]; !ok {
						known[o.local] = known[l] + o.how
						next = append(next, o.local)
					}
				}
			}
		}
		reached = next
	}
	x.made[key] = moves
	return moves
}

// outcomes are what each event can do to a local state.
func (x *explorer) outcomes(me, local int, menu []int) (list []outcomeOf) {
	r := x.locals[local]
	if r.running && !r.late && r.round+1 < x.rounds {
		list = append(list, x.step(local, expire))
	}
	for _, event := range menu {
		if x.events[event].From != Peer(me) {
			list = append(list, x.step(local, event))
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
	key := fmt.Sprint(next.local, next.sent)
	if x.seen[key] {
		return stack
	}
	x.seen[key] = true
	return append(stack, next)
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

func (x *explorer) fork(s *state) string {
	var final chain.BlockHash
	for _, local := range s.local {
		switch d := x.done[local]; {
		case d == chain.BlockHash{}:
		case final == chain.BlockHash{}:
			final = d
		case final != d:
			return fmt.Sprintf("blocks %s and %s are final, by these moves:%s", final, d, s.past)
		}
	}
	return ""
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

// I2: no fork in what is explored; make explore goes further.
func TestExplore(t *testing.T) {
	seeds := orders(*exploreRounds)
	for _, at := range slices.Sorted(maps.Keys(seeds)) {
		exploredSeed = seeds[at]
		x := newExplorer(t, seeds[at], *exploreRounds)
		states, fork := x.run(*exploreStates)
		if fork != "" {
			t.Errorf("leaders %v: %s", x.leader, fork)
		}
		steps, fork := x.walk(*exploreWalks)
		if fork != "" {
			t.Errorf("leaders %v: %s", x.leader, fork)
		}
		t.Logf("leaders %v: %d steps of walks, %d states, %d local ones, %d messages; all of them: %t", x.leader, steps, states, len(x.locals), len(x.events), states < *exploreStates)
	}
}

// The explorer finds what is there to find: quorums that are too small make forks.
func TestExploreBites(t *testing.T) {
	for name, spoil := range map[string]func(q *chain.Quorums){
		"early consensus without its rule": func(q *chain.Quorums) { q.Early = q.Certificate },
		"certificates of two seats":        func(q *chain.Quorums) { q.Certificate = 2 },
	} {
		found := false
		seeds := orders(2)
		for _, at := range slices.Sorted(maps.Keys(seeds)) {
			exploredSeed = seeds[at]
			x := newExplorer(t, seeds[at], 2)
			x.spoil = spoil
			states, fork := x.walk(120)
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
