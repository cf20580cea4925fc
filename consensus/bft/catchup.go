package bft

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// others is what a replica knows of the others beside the height under way.
type others struct {
	queue   []Final // blocks after the head, to be taken one by one
	source  Peer    // who sent them
	held    bool    // each to its certificate, before they came here
	more    bool    // they may have more
	wanted  bool    // since the last tick
	heard   bool    // somebody's Status: this node knows where the chain is
	known   uint64  // the highest head that its certificate has shown
	hint    uint64  // the highest head that nothing has shown; 0 if it was asked for often enough
	asked   int     // how often for what is missing, since some of it came
	served  map[Peer]uint64
	told    map[Peer]bool   // since the last tick: what was signed here
	reports map[Peer]uint64 // heads, proven; while silent
	suspect map[Peer]bool   // sent what is no signature
	cancels map[Peer]bool   // have keys that cancel out: what they sign together, nobody can be shown
	accused map[Peer]bool   // were reported for this height
	lied    map[Peer]bool   // since the last tick: sent what a pairing showed to be none
	charged map[Peer]bool   // since the last tick, of what they have not signed
	spent   map[Peer]int    // since the last tick: timeouts and heads that were looked at
	given   map[Peer]int    // since the last tick: answers with blocks
	spoils  map[Peer]bool   // since the last tick: sent bytes that are not those of the block that they name
	owed    bool            // a tick: something is allowed only then
}

const (
	// maxAsks is how often blocks are asked for that somebody has hinted at and nobody shows: a hint is any message of a later
	// height, and may be a lie. For blocks that a certificate shows a node asks until it has them.
	maxAsks = 8
	// maxLooks is how many timeouts and heads of a peer are looked at between two ticks: good ones, too, can be made without end.
	maxLooks = 8
	// maxGiven is how many times a peer is answered with blocks between two ticks: a question has some bytes, and an answer megabytes.
	maxGiven = 4
	// tickHeights is after how many heights a tick comes at the latest, where blocks come faster than the timer runs out.
	tickHeights = 16
	// maxPause bounds the pauses between two times on an idle chain: they begin with ResendMillis and grow to 2^maxPause times it.
	maxPause = 5
)

// fetch is the search for a block that the rules name and that is not here.
type fetch struct {
	at    int // seats asked so far
	asked int
}

func newOthers() others {
	return others{served: map[Peer]uint64{}, told: map[Peer]bool{}, reports: map[Peer]uint64{}, suspect: map[Peer]bool{}, cancels: map[Peer]bool{}, accused: map[Peer]bool{}, lied: map[Peer]bool{}, charged: map[Peer]bool{}, spent: map[Peer]int{}, given: map[Peer]int{}, spoils: map[Peer]bool{}}
}

// tick allows again what is allowed once between two ticks.
func (c *others) tick() {
	c.wanted, c.owed = false, false
	clear(c.served)
	clear(c.told)
	clear(c.lied)
	clear(c.charged)
	clear(c.spent)
	clear(c.given)
	clear(c.spoils)
}

// begin: a new height.
func (c *others) begin(height uint64) {
	c.wanted = false
	clear(c.served)
	clear(c.told)
	clear(c.accused)
	if height%tickHeights == 0 {
		c.tick()
	}
}

// hear says whether what a peer sent is true, as a check finds that costs pairings. Who sent what is not is not heard again before
// the next tick: a liar costs one check, whatever it sends, and whatever kind of message it is.
func (r *Replica) hear(from Peer, check func() bool) bool {
	if r.others.lied[from] || len(r.others.lied) > chain.MaxSeats {
		return false
	}
	if check() {
		return true
	}
	r.others.lied[from] = true
	r.tickLater()
	return false
}

// look says whether another timeout or head of a peer is to be looked at before the next tick.
func (r *Replica) look(from Peer) bool {
	if r.others.spent[from] == maxLooks || len(r.others.spent) > chain.MaxSeats {
		return false
	}
	if r.others.spent[from]++; r.others.spent[from] == maxLooks {
		r.tickLater()
	}
	return true
}

// gives says whether a peer is answered with blocks once more before the next tick.
func (r *Replica) gives(to Peer) bool {
	if r.others.given[to] == maxGiven || len(r.others.given) > chain.MaxSeats {
		return false
	}
	r.others.given[to]++
	r.tickLater() // if the answer is lost it may be asked for again
	return true
}

// spoilt: a peer sent bytes that are not those of the block that they name. Whoever does takes the place of who has the block, as long
// as it takes to see it; so no more are taken of it before the next tick.
func (r *Replica) spoilt(from Peer) {
	r.others.spoils[from] = true
	r.tickLater()
}

// tickLater sees to it that there is another tick, also while the chain is idle, and if the height ends before.
func (r *Replica) tickLater() {
	r.others.owed = true
	if !r.running {
		r.repeatLater()
	}
}

// state is this node's Status.
func (r *Replica) state(asks bool) *Status {
	return &Status{Head: r.head.Header.Height, Certificate: r.head.Certificate, Asks: asks}
}

func (r *Replica) start() {
	r.send(Everyone, r.state(true))
	if r.safety.isOf(r.epoch(), r.next()) && (!r.safety.Prepared.IsZero() || r.safety.Certificate != nil || r.safety.Timeout != nil) {
		r.run()
		r.repeat(Everyone) // who was up has not heard of it, perhaps
	} else {
		r.repeatLater() // until somebody has answered
	}
}

// waits says whether something is under way that a lost message could stop. Where nothing is, nothing is repeated.
func (r *Replica) waits() bool { return r.running || r.final != nil || r.lost() || r.lacks() }

// lost says whether this node doesn't know where the chain is, or where it may sign again.
func (r *Replica) lost() bool {
	return r.silent && r.safety.ResumeAt == 0 || !r.others.heard && len(r.members) > 1
}

// lags says whether the chain is ahead of this node for certain, lacks whether it may be.
func (r *Replica) lags() bool  { return r.others.known > r.head.Header.Height }
func (r *Replica) lacks() bool { return r.lags() || r.others.hint > r.head.Header.Height }

// askedAgain counts. A hint that came to nothing is dropped.
func (r *Replica) askedAgain() {
	if !r.lacks() {
		return
	}
	if r.others.asked++; !r.lags() && r.others.asked >= maxAsks {
		r.others.hint, r.others.asked = 0, 0
	}
}

// status answers a peer that is behind with what it lacks, and asks one that is ahead.
func (r *Replica) status(from Peer, s *Status) {
	mine := r.head.Header.Height
	r.others.heard = true
	if s.Asks {
		r.send(from, r.state(false))
	}
	switch {
	case s.Head == mine && s.Asks && r.final == nil && !r.others.told[from] && len(r.seatsOf(from)) > 0:
		r.others.told[from] = true // it has begun anew, and all that was said before is lost
		r.repeat(from)
	case s.Head < mine:
		r.serve(from, s.Head+1)
	case s.Head > mine:
		r.behind(from, s)
	}
	if r.counts(from) {
		r.report(from, s)
	}
}

// counts says whether a peer's head is one of those that tell where this node may sign again.
func (r *Replica) counts(from Peer) bool {
	return r.silent && r.safety.ResumeAt == 0 && len(r.seatsOf(from)) > 0
}

// behind asks a peer for what it says it has, and remembers that it must be had if the certificate shows it.
func (r *Replica) behind(from Peer, s *Status) {
	if s.Head > r.others.known && s.Certificate != nil && !r.foreign(s) {
		if is, lie := r.shown(from, s); is {
			r.others.known = s.Head
		} else if lie && !r.counts(from) { // else report says so
			r.reject(from, lyingHead)
		}
	}
	r.want(from, s.Head)
}

const lyingHead = "a head that its certificate doesn't show"

// shown says whether its certificate shows the head that a peer says it has, or whether that is a lie, or of one who has lied. It is neither where it isn't
// looked at before the next tick: who stood still is told of many heads at once.
func (r *Replica) shown(from Peer, s *Status) (is, lie bool) {
	switch c := s.Certificate; {
	case s.Head == 0:
		return true, false
	case c == nil || c.Height != s.Head:
		return false, true
	case r.others.lied[from]:
		return false, true
	case !r.look(from):
		return false, false
	default:
		is = r.hear(from, func() bool { return r.certifier(c.Height).Final(c) == nil })
		return is, r.others.lied[from]
	}
}

// foreign says whether a peer's head is of an epoch that nothing is known of here: it may be as it says.
func (r *Replica) foreign(s *Status) bool {
	return s.Head+1 < r.config.Begins || s.Certificate != nil && s.Certificate.Epoch > r.epoch()
}

// serve sends blocks to a peer, once between two ticks from one height.
func (r *Replica) serve(to Peer, from uint64) {
	if last, ok := r.others.served[to]; from == 0 || from > r.head.Header.Height || ok && last >= from || len(r.others.served) > chain.MaxSeats || !r.gives(to) {
		return
	}
	r.others.served[to] = from
	r.out.Serve = append(r.out.Serve, Serve{to, from})
}

// want asks a peer for the blocks after the head, up to one that it has hinted at; once between two ticks.
func (r *Replica) want(from Peer, head uint64) {
	r.others.hint = max(r.others.hint, head)
	if r.others.wanted || len(r.others.queue) > 0 {
		return
	}
	r.others.wanted = true
	r.send(from, &Want{r.next()})
	r.tickLater() // if the question is lost, or the answer
}

// finals takes blocks with their certificates.
func (r *Replica) finals(from Peer, f *Finals) {
	if len(r.others.queue) > 0 || r.others.spoils[from] {
		return
	}
	r.others.queue, r.others.source, r.others.held, r.others.more = f.Blocks, from, false, len(f.Blocks) > 0
	r.takeFinal()
}

// supplied takes blocks that the driver fetched, and has checked: they come before what peers sent, which it doesn't trust.
func (r *Replica) supplied(s Supplied) {
	r.others.queue, r.others.source, r.others.held, r.others.more = s.Blocks, Outside, true, false
	r.takeFinal()
}

// takeFinal takes the next of them, if the height is still open. Its certificate is checked, so the peer need not be trusted. Answers
// come late, twice, and when this node has lost what it asked for before them: blocks of other heights are nobody's fault.
func (r *Replica) takeFinal() {
	for len(r.others.queue) > 0 && (r.final == nil || r.known(r.final.Block) == nil) {
		f := r.others.queue[0]
		header, err := chain.DecodeBlockHeader(f.Raw)
		if err == nil && header.Height < r.next() {
			r.others.queue = r.others.queue[1:]
			continue
		}
		if err == nil && header.Height > r.next() {
			r.others.queue, r.others.more = nil, false
			return
		}
		if err != nil || !r.continues(&header, &f.Certificate) {
			r.reject(r.others.source, "a final block is none after this head")
			r.others.queue = nil
			return
		}
		r.others.queue = r.others.queue[1:]
		if r.final == nil {
			r.final = &f.Certificate
			r.compare(r.final)
		}
		r.learn(r.others.source, header, f.Certificate.Block, f.Raw)
	}
	if len(r.others.queue) == 0 && r.others.more {
		r.others.more = false
		lacks := r.next()
		if r.final != nil { // this one is here
			lacks++
		}
		r.send(r.others.source, &Want{lacks})
	}
}

// continues says whether a certificate makes the block with this header the next one after the head.
func (r *Replica) continues(h *chain.Header, c *chain.Certificate) bool {
	return h.Height == r.next() && h.Parent == r.head.Hash && h.Hash() == c.Block && c.Height == h.Height && c.Round >= h.Round &&
		(r.final == nil || r.final.Block == c.Block) && r.isFinal(c) && (r.others.held || r.genuine(r.others.source, c))
}

// seek asks for a block that is not here: the one that is final, or that the justification demands of a proposal. Those who
// prepared it have it; they are asked one after the other.
func (r *Replica) seek(cert *chain.Certificate) {
	block, seats := r.sought(cert)
	if r.known(block) != nil || len(seats) == 0 {
		return
	}
	for range seats {
		owner := r.ownerOf(seats[r.fetch.at%len(seats)])
		r.fetch.at++
		if owner != r.config.Me {
			r.fetch.asked++
			r.send(owner, &Fetch{r.next(), block})
			return
		}
	}
}

// sought is the block that is missed, and the seats that should have it.
func (r *Replica) sought(cert *chain.Certificate) (block chain.BlockHash, seats []int) {
	if cert != nil {
		return cert.Block, slices.Collect(cert.Bitmap.Ascending())
	}
	block, bound := r.bound(r.why)
	if !bound {
		return block, nil
	}
	var all chain.Seats
	add := func(seats chain.Seats) {
		for s := range seats.Ascending() {
			all = all.With(s)
		}
	}
	for i := range r.why.Said {
		if r.why.Said[i].Timeout.Last.Block == block {
			add(r.why.Said[i].Seats)
		}
	}
	if c := r.why.Certificate; c != nil && c.Block == block {
		add(c.Bitmap)
	}
	return block, slices.Collect(all.Ascending())
}

// fetchFor answers Fetch. A block that is final here is served as such.
func (r *Replica) fetchFor(from Peer, f *Fetch) {
	if f.Height < r.next() {
		r.serve(from, f.Height)
		return
	}
	if b := r.known(f.Block); b != nil && (b.verdict != 0 || !b.asked) && r.gives(from) { // what is being replayed may not be the block
		r.send(from, &Fetched{b.raw})
	}
}

// fetched takes a block, if it is one that is missed. It may have been missed when it was asked for: that it isn't is nobody's fault.
func (r *Replica) fetched(from Peer, f *Fetched) {
	if r.others.spoils[from] {
		return
	}
	block, _ := r.sought(r.final)
	header, err := chain.DecodeBlockHeader(f.Raw)
	if err != nil {
		r.reject(from, "a block that was asked for is none")
		return
	}
	if header.Hash() != block || r.final == nil && r.why == nil {
		return
	}
	r.learn(from, header, block, f.Raw)
}

// report counts what others say of their heads, each proven by its certificate, while this replica doesn't know what it
// signed. Once enough seats have answered it is known where to resume: two heights above the highest (R9, SPEC 5.6).
func (r *Replica) report(from Peer, s *Status) {
	if r.foreign(s) {
		return
	}
	if head, ok := r.others.reports[from]; ok && head >= s.Head {
		return
	}
	if is, lie := r.shown(from, s); !is {
		if lie {
			r.reject(from, lyingHead)
		}
		return
	}
	r.others.reports[from] = s.Head
	seats, high := 0, r.head.Header.Height
	for p := range r.members { // in order, and not over the map
		if head, ok := r.others.reports[Peer(p)]; ok {
			seats += r.members[p].Count()
			high = max(high, head)
		}
	}
	if seats < min(r.quorums.Certificate, r.quorums.Seats-r.seatsOf(r.config.Me).Count()) {
		return
	}
	r.safety.ResumeAt = high + 2
	r.persist()
	r.resume()
}

// resume signs again once the chain is far enough.
func (r *Replica) resume() {
	if r.silent && r.safety.ResumeAt > 0 && r.head.Header.Height >= r.safety.ResumeAt {
		r.silent = false
		r.safety.Lost, r.safety.ResumeAt = false, 0
		r.persist()
	}
}
