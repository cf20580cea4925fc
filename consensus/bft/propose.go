package bft

import "github.com/thinkey/thinkey/sdk/chain"

// bound is the block that a justification demands of the next proposal (R8): the one that enough seats prepared last, each
// in a later round than the highest certificate; else that of the highest certificate; else none.
func (r *Replica) bound(j *Justification) (block chain.BlockHash, bound bool) {
	if j == nil {
		return block, false
	}
	high := j.highest()
	for i := range j.Said {
		last, seats := j.Said[i].Timeout.Last, 0
		for k := range j.Said {
			if l := j.Said[k].Timeout.Last; l.Block == last.Block && (high.IsZero() || l.Round > high.Round) {
				seats += j.Said[k].Seats.Count()
			}
		}
		if !last.IsZero() && seats >= r.quorums.Adoption {
			return last.Block, true
		}
	}
	return high.Block, !high.IsZero()
}

// highest is the mark of the highest certificate among the timeouts; zero for none.
func (j *Justification) highest() (high chain.Mark) {
	for i := range j.Said {
		if m := j.Said[i].Timeout.Highest; !m.IsZero() && (high.IsZero() || m.Round > high.Round) {
			high = m
		}
	}
	return high
}

// due: a block is wanted.
func (r *Replica) due() {
	r.isDue = true
	r.run()
}

// propose makes this node's proposal if it leads the round (R2): the block that the justification demands, or a new one.
func (r *Replica) propose() bool {
	seat := r.leader(r.round, r.head.Certificate)
	if r.proposed || r.final != nil || !r.maySign(r.round) || !r.seatsOf(r.config.Me).Has(seat) || r.round == 0 && !r.isDue || r.round > 0 && r.why == nil {
		return false
	}
	block, bound := r.bound(r.why)
	if p := r.safety.Prepared; r.voted(p) {
		block, bound = p.Block, true // before a crash: there is no second proposal in a round
	}
	if !bound {
		return r.make(seat)
	}
	b := r.known(block)
	switch {
	case b == nil:
		if r.fetch.asked == 0 {
			r.seek(nil)
		}
		return false
	case !b.votable(bound):
		r.replay(b)
		return false
	}
	r.offer(b)
	return true
}

// make proposes what was built for the round, or has it built.
func (r *Replica) make(seat int) bool {
	switch {
	case r.built != nil:
		header, err := chain.DecodeBlockHeader(r.built)
		if err != nil {
			r.out.Halt = &Halt{Reason: "what was built here is no block: " + err.Error()}
			return false
		}
		b := r.learn(r.config.Me, header, header.Hash(), r.built)
		b.verdict = Valid // it is what the live accounts did
		r.offer(b)
		return true
	case !r.building:
		r.building = true
		r.out.Build = &Build{Parent: r.head.Hash, Height: r.next(), Round: r.round, Proposer: uint32(seat), Failed: r.failures, Equivocations: r.doubles, Demanded: r.round > 0}
	}
	return false
}

// made takes what was built, if it is still wanted.
func (r *Replica) made(ev Built) {
	if ev.Parent != r.head.Hash || ev.Round != r.round || !r.building {
		return
	}
	r.building = false
	if ev.Raw == nil {
		r.isDue = false
		return
	}
	r.built = ev.Raw
}

// offer sends a block as the proposal of the round. What makes it this node's is its preparation, which is durable first,
// like any (R4).
func (r *Replica) offer(b *body) {
	r.proposed = true
	if !r.voted(r.safety.Prepared) {
		r.markPrepared(b)
	}
	v := r.sign(chain.Preparation, r.round, b.hash)
	r.proposal = &Proposal{Raw: b.raw, Parent: r.head.Certificate, Why: r.why, Vote: *v}
	r.send(Everyone, r.proposal)
	r.count(r.config.Me, v, true)
	r.run()
}

// voted says whether a vote of this round, or a later one, was signed.
func (r *Replica) voted(m chain.Mark) bool { return !m.IsZero() && m.Round >= r.round }

// maySign says whether anything may be signed for a round of the height under way: R5, R9.
func (r *Replica) maySign(round uint32) bool {
	return r.config.Me != Outside && !r.silent && r.safety.isOf(r.epoch(), r.next()) && !r.safety.gone(round)
}

func (r *Replica) sign(step chain.Step, round uint32, block chain.BlockHash) *Vote {
	s := r.vote(step, r.next(), round, block)
	return &Vote{step, r.next(), round, block, r.config.Sign(s.Domain(), s.Append(nil))}
}

func (r *Replica) markPrepared(b *body) {
	r.safety.Prepared = chain.Mark{Round: r.round, Block: b.hash}
	r.persist()
	r.out.Body = &Body{b.hash, b.raw}
}

func (r *Replica) persist() {
	r.safety.Why = r.why
	s := r.safety
	r.out.Persist = &s
}

// prepare votes for the proposal of the round once it is replayed (R4).
func (r *Replica) prepare() bool {
	p := r.proposal
	if p == nil || r.final != nil || !r.maySign(r.round) || r.voted(r.safety.Prepared) {
		return false
	}
	b := r.known(p.Vote.Block)
	if b == nil {
		return false
	}
	if _, bound := r.bound(p.Why); !b.votable(bound) {
		r.replay(b)
		return false
	}
	r.markPrepared(b)
	r.cast(chain.Preparation, b.hash)
	return true
}

// confirm votes for the block of the preparation certificate of the round (R6). The block need not be here: enough of those
// who prepared it have it.
func (r *Replica) confirm() bool {
	cert := r.safety.Certificate
	if cert == nil || cert.Round != r.round || !r.maySign(r.round) || r.voted(r.safety.Confirmed) {
		return false
	}
	r.safety.Confirmed = chain.Mark{Round: r.round, Block: cert.Block}
	r.persist()
	r.cast(chain.Confirmation, cert.Block)
	return true
}

func (r *Replica) cast(step chain.Step, block chain.BlockHash) {
	v := r.sign(step, r.round, block)
	r.count(r.config.Me, v, true)
	r.send(Everyone, v)
}

// ownVotes are the last votes that were signed for the height, as they were: a signature is always the same.
func (r *Replica) ownVotes() (list []*Vote) {
	if m := r.safety.Prepared; !m.IsZero() {
		list = append(list, r.sign(chain.Preparation, m.Round, m.Block))
	}
	if m := r.safety.Confirmed; !m.IsZero() {
		list = append(list, r.sign(chain.Confirmation, m.Round, m.Block))
	}
	return list
}
