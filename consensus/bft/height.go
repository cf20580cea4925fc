package bft

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// height is what a replica knows of the height after its head. All of it but Replica.safety is lost in a crash, and none of
// it is missed.
type height struct {
	round   uint32
	running bool // the timers of the round run
	isDue   bool
	late    bool // the round's timer ran out

	why      *Justification   // why the round was entered; nil in round 0
	failed   []chain.Timeouts // of the rounds that were left so, by round
	twice    []chain.Equivocation
	proposal *Proposal // the leader's of the round, that the rules allow
	proposed bool      // here
	building bool
	built    []byte // for the round

	bodies   []body
	invalid  []chain.BlockHash
	tallies  []*tally
	timeouts []*Timeout // the last of each member, checked
	checked  map[chain.Hash]bool
	final    *chain.Certificate // the height is decided: the block is being fetched or replayed
	fetch    fetch
}

// body is a block of the height.
type body struct {
	hash    chain.BlockHash
	header  chain.Header
	raw     []byte
	from    Peer    // who sent the bytes, this node if it made them, or had them before a crash
	verdict Verdict // 0 while it is being replayed
	asked   bool
}

// votable says whether the block may be prepared. One that R8 demands is not withheld: an honest seat has found its time near,
// and while others wait for that time nothing else can be proposed.
func (b *body) votable(demanded bool) bool {
	return b.verdict == Valid || demanded && b.verdict == Withheld
}

// maxBodies bounds the blocks kept of a height: those of the last proposals, and the one or two that rules may name.
const maxBodies = 6

func (r *Replica) newHeight() height {
	return height{timeouts: make([]*Timeout, len(r.members)), checked: make(map[chain.Hash]bool)}
}

// restore takes up the height where a crash left it.
func (r *Replica) restore(bodies []Body) {
	r.renew()
	if !r.safety.isOf(r.epoch(), r.next()) {
		return // it waits until the chain is back there
	}
	for _, b := range bodies {
		if header, err := chain.DecodeBlockHeader(b.Raw); err == nil && header.Hash() == b.Hash && header.Height == r.next() {
			r.learn(r.config.Me, header, b.Hash, b.Raw)
		}
	}
	if t := r.safety.Timeout; t != nil {
		r.timeouts[r.config.Me] = t
	}
	// The round is the one under way when anything was signed last; in a later one the others send us why they are there.
	r.round = max(r.safety.Prepared.Round, r.safety.Confirmed.Round)
	if c := r.safety.Certificate; c != nil {
		r.round = max(r.round, c.Round)
	}
	if j := r.safety.Why; j != nil {
		if _, failed := j.Failed(); failed+1 >= r.round {
			r.round, r.why = failed+1, j
			r.failed = append(r.failed, j.Timeouts) // R13
		}
	}
	for _, v := range r.ownVotes() {
		r.count(r.config.Me, v, true)
	}
}

// renew forgets what was signed before the height under way. Who is silent stays so; where it may sign again is asked anew in
// each epoch (S10).
func (r *Replica) renew() {
	s := &r.safety
	if s.Epoch > r.epoch() || s.Epoch == r.epoch() && s.Height >= r.next() {
		return
	}
	if s.Epoch < r.epoch() {
		s.ResumeAt = 0
	}
	r.safety = Safety{Lost: s.Lost, ResumeAt: s.ResumeAt, Epoch: r.epoch(), Height: r.next()}
}

// known is the block with the given hash, nil if it isn't here.
func (r *Replica) known(hash chain.BlockHash) *body {
	for i := range r.bodies {
		if r.bodies[i].hash == hash {
			return &r.bodies[i]
		}
	}
	return nil
}

// learn keeps a block of the height. The oldest that no rule can name gives way.
func (r *Replica) learn(from Peer, header chain.Header, hash chain.BlockHash, raw []byte) *body {
	if b := r.known(hash); b != nil {
		return b
	}
	if len(r.bodies) == maxBodies {
		for i := range r.bodies {
			if !r.needed(r.bodies[i].hash) {
				r.bodies = append(r.bodies[:i], r.bodies[i+1:]...)
				break
			}
		}
	}
	r.bodies = append(r.bodies, body{hash: hash, header: header, raw: raw, from: from})
	return &r.bodies[len(r.bodies)-1]
}

// needed says whether a block may still have to be proposed, sent or committed here.
func (r *Replica) needed(hash chain.BlockHash) bool {
	s := &r.safety
	return s.Prepared.Block == hash || s.Certificate != nil && s.Certificate.Block == hash ||
		r.final != nil && r.final.Block == hash || r.proposal != nil && r.proposal.Vote.Block == hash
}

// replay asks for the verdict on a block, once.
func (r *Replica) replay(b *body) {
	if b.verdict == 0 && !b.asked {
		b.asked = true
		r.out.Verify = append(r.out.Verify, Proposed{b.hash, b.raw})
	}
}

// verified takes a verdict. Bytes that are not valid are forgotten. A block that is not is its leader's fault, and if it is
// final the end; bytes that are not the block's say nothing about it, and nothing about whose seats certified it.
func (r *Replica) verified(ev Verified) {
	b := r.known(ev.Block)
	if b == nil {
		return
	}
	b.verdict = ev.Verdict
	if ev.Verdict != Invalid && ev.Verdict != Damaged {
		return
	}
	if ev.Verdict == Damaged {
		r.spoilt(b.from)
	}
	r.forget(ev.Block)
	if ev.Verdict == Invalid {
		r.condemn(ev.Block)
	}
	if r.proposal != nil && r.proposal.Vote.Block == ev.Block {
		r.proposal = nil
		if ev.Verdict == Invalid {
			r.late = r.running // nothing can be expected of this leader
		}
	}
	if r.final == nil || r.final.Block != ev.Block {
		return
	}
	if ev.Verdict == Invalid {
		r.out.Halt = &Halt{"a quorum certified a block that is not valid", ev.Block}
	}
	r.fetch.asked = 0    // finish looks for other bytes, and goes on looking
	r.others.queue = nil // what comes after them is of no use before, and would keep them out
}

// forget drops the bytes of a block.
func (r *Replica) forget(block chain.BlockHash) {
	r.bodies = slices.DeleteFunc(r.bodies, func(b body) bool { return b.hash == block })
}

// finish commits the block of the height once it is final, here, and valid. Then the next height begins.
func (r *Replica) finish() bool {
	if r.final == nil {
		return false
	}
	b := r.known(r.final.Block)
	switch {
	case b == nil:
		if r.fetch.asked == 0 {
			r.seek(r.final)
			r.repeatLater()
		}
		return false
	case b.verdict == 0:
		r.replay(b)
		return false
	}
	r.out.Commit = append(r.out.Commit, Final{b.raw, *r.final})
	r.head = Head{b.header, b.hash, r.final}
	r.failures = failuresBefore(r.final.Round, r.failed)
	r.doubles = r.equivocations(r.twice)
	r.height = r.newHeight()
	if r.over = r.head.Header.Next != r.head.Header.Committee; r.over {
		r.out.Over = true
		return false
	}
	r.renew()
	r.resume()
	r.others.begin(r.next())
	if r.lags() || !r.lacks() {
		r.others.asked = 0
	}
	r.takeFinal()
	ahead := r.ahead
	r.ahead = nil
	for _, ev := range ahead {
		r.receive(ev)
	}
	if (r.waits() || r.others.owed) && !r.running && r.final == nil {
		r.repeatLater() // the timer of the height before is none of this one
	}
	return true
}

// run begins the timers of the round.
func (r *Replica) run() {
	if r.running || r.final != nil {
		return
	}
	r.running = true
	millis := r.config.PatienceMillis << min(r.round, 6)
	r.out.Timers = append(r.out.Timers, Timer{RoundTimer, r.next(), r.round, millis})
	r.repeatLater()
}

// repeatLater sets the timer for what may have been lost. The pauses grow where nothing is under way but questions.
func (r *Replica) repeatLater() {
	millis := r.config.ResendMillis
	if !r.running && r.final == nil && !r.lost() {
		millis <<= min(r.others.asked, maxPause)
	}
	r.out.Timers = append(r.out.Timers, Timer{ResendTimer, r.next(), r.round, millis})
}

// advance enters a later round, for a reason that was checked.
func (r *Replica) advance(round uint32, why *Justification) {
	if why != nil && len(r.failed) < chain.MaxFailedRounds {
		r.failed = append(r.failed, why.Timeouts)
	}
	r.round, r.why, r.proposal, r.proposed, r.building, r.built, r.late, r.running = round, why, nil, false, false, nil, false, false
	kept := r.tallies[:0]
	for _, t := range r.tallies {
		if t.round+1 >= round {
			kept = append(kept, t)
		}
	}
	r.tallies = kept
	r.run()
}

// failuresBefore are the records of rounds before the one that decided a height: in that one the leader has done its part.
func failuresBefore(round uint32, failed []chain.Timeouts) (list []chain.Timeouts) {
	for i := range failed {
		if _, r := failed[i].Failed(); r < round {
			list = append(list, failed[i])
		}
	}
	return list
}
