package bft

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// receive takes a message of a peer. What is of another height is answered with what the peer, or this node, lacks.
func (r *Replica) receive(ev Received) {
	if ev.From == r.config.Me {
		return
	}
	switch m := ev.Message.(type) {
	case *Status:
		r.status(ev.From, m)
	case *Want:
		r.serve(ev.From, m.From)
	case *Finals:
		r.finals(ev.From, m)
	case *Fetch:
		r.fetchFor(ev.From, m)
	case *Fetched:
		r.fetched(ev.From, m)
	default:
		switch h := ev.Message.height(); {
		case ev.Epoch < r.epoch(): // it asks for what it lacks
		case ev.Epoch > r.epoch():
			r.want(ev.From, max(h, r.next()+1)-1)
		case h == r.next():
			r.current(ev)
		case h > r.next():
			r.future(ev)
		}
	}
}

// current takes what is about the height under way.
func (r *Replica) current(ev Received) {
	switch m := ev.Message.(type) {
	case *Proposal:
		r.proposalOf(ev.From, m)
	case *Vote:
		if r.final == nil && r.signedBy(ev.From, &m.Part) {
			r.count(ev.From, m, false) // it starts no timer: one seat can't make the others lose patience with an idle leader
		}
	case *Timeout:
		if r.signedBy(ev.From, &m.Part) {
			r.timedOut(ev.From, m)
		}
	case *Justification:
		if _, round := m.Failed(); round < r.round || r.final != nil {
			return
		}
		if !r.justified(ev.From, m) {
			r.reject(ev.From, "a justification is none")
			return
		}
		r.pass(m)
	case *Certified:
		c := &m.Certificate
		if old := r.safety.Certificate; r.final != nil || c.Step == chain.Preparation && !r.isFinal(c) && old != nil && old.Round >= c.Round {
			return
		}
		if !r.genuine(ev.From, c) {
			r.reject(ev.From, "a certificate is none")
			return
		}
		r.use(c)
	}
}

// proposalOf takes a proposal, and enters its round if that is justified. The rules: V1, V2, V3 in the package's doc. A leader that has
// contradicted itself at the height is not heard any more: it could make proposals without end.
func (r *Replica) proposalOf(from Peer, p *Proposal) {
	v := &p.Vote
	if r.final != nil || r.others.accused[from] || r.others.spoils[from] || slices.Contains(r.invalid, v.Block) {
		return
	}
	if v.Round < r.round || v.Round == r.round && r.proposal != nil && r.proposal.Vote.Block == v.Block {
		return
	}
	header, err := chain.DecodeBlockHeader(p.Raw)
	if err != nil || header.Hash() != v.Block || header.Height != r.next() || header.Parent != r.head.Hash || v.Step != chain.Preparation {
		r.reject(from, "a proposal's block is none for this height")
		return
	}
	if !r.signedBy(from, &v.Part) || !r.parent(from, p.Parent) {
		return
	}
	leader := r.leader(v.Round, p.Parent)
	if !v.Seats.Has(leader) {
		r.reject(from, "a proposal of a seat that doesn't lead the round")
		return
	}
	if !r.opens(from, p.Why, v.Round) {
		r.reject(from, "a proposal without its justification")
		return
	}
	if block, bound := r.bound(p.Why); bound && block != v.Block || !bound && (header.Round != v.Round || int(header.Proposer) != leader) {
		r.reject(from, "a proposal that its justification doesn't allow")
		return
	}
	if !r.validVote(from, v) {
		r.reject(from, "a proposal's signature is none")
		return
	}
	if v.Round > r.round {
		r.pass(p.Why)
	}
	r.count(from, v, true)
	r.run()
	if r.proposal != nil {
		return // the first one counts; a second one is evidence by now
	}
	r.learn(from, header, v.Block, p.Raw)
	r.proposal = p
}

// opens says whether a justification opens a round; the first one needs none.
func (r *Replica) opens(from Peer, j *Justification, round uint32) bool {
	if j == nil || round == 0 {
		return j == nil && round == 0
	}
	_, failed := j.Failed()
	return failed+1 == round && r.justified(from, j)
}

// parent takes the certificate of the head that a proposal brings. Of two, the one of the lower round names the leaders, so
// that all come to expect the same.
func (r *Replica) parent(from Peer, c *chain.Certificate) bool {
	head := &r.head
	if c == nil || head.Certificate == nil {
		return c == nil && head.Certificate == nil
	}
	if c.Round == head.Certificate.Round {
		return c.Block == head.Hash
	}
	if c.Height != head.Header.Height || c.Block != head.Hash || c.Round < head.Header.Round || !r.isFinal(c) || !r.genuine(from, c) {
		return false
	}
	if c.Round < head.Certificate.Round {
		head.Certificate = c
	}
	return true
}

// future keeps what is about the next height but one, and asks for what makes this one final: who is there has it. A
// proposal brings it along.
func (r *Replica) future(ev Received) {
	if p, ok := ev.Message.(*Proposal); ok && p.Parent != nil && p.Parent.Height == r.next() && r.final == nil {
		if r.genuine(ev.From, p.Parent) && r.isFinal(p.Parent) {
			r.final = p.Parent
			r.compare(r.final)
		}
	}
	if ev.Message.height() == r.next()+1 {
		r.keepAhead(ev)
	}
	if r.final == nil || ev.Message.height() > r.next()+1 {
		r.want(ev.From, ev.Message.height()-1)
	}
}

// expired: a timer ran out.
func (r *Replica) expired(t Timer) {
	if t.Height != r.next() || t.Round != r.round {
		return
	}
	switch t.Kind {
	case RoundTimer:
		r.late = true
	case ResendTimer:
		if !r.waits() {
			r.others.tick()
			return
		}
		if r.again(); r.waits() {
			r.repeatLater()
		}
	}
}

// again repeats what may have been lost: messages are not acknowledged (R12).
func (r *Replica) again() {
	r.others.tick()
	r.send(Everyone, r.state(r.lost() || r.lacks()))
	r.askedAgain()
	if r.final != nil {
		r.seek(r.final)
		return
	}
	r.repeat(Everyone)
	if r.proposed && r.proposal != nil {
		r.offerAgain()
	}
	r.seek(nil)
}

// repeat says again what was signed of the height, and why the member is where it is.
func (r *Replica) repeat(to Peer) {
	if !r.silent && r.safety.isOf(r.epoch(), r.next()) {
		if t := r.safety.Timeout; t != nil {
			r.send(to, t)
		}
		for _, v := range r.ownVotes() {
			r.send(to, v)
		}
	}
	if r.why != nil {
		r.send(to, r.why)
	}
	if c := r.safety.Certificate; c != nil {
		r.send(to, &Certified{*c})
	}
}

// offerAgain sends the proposal to those whose preparation is missing.
func (r *Replica) offerAgain() {
	t := r.tally(chain.Preparation, r.round)
	for p := range t.ballots {
		if Peer(p) != r.config.Me && t.ballots[p].vote == nil {
			r.send(Peer(p), r.proposal)
		}
	}
}
