package bft

import (
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
)

// tally counts the votes of one step in one round: the first of each member (R1).
type tally struct {
	step    chain.Step
	round   uint32
	ballots []ballot // by peer
	summed  int      // seats in the last certificate made of it
}

type ballot struct {
	vote    *Vote // nil if none was cast
	checked bool
}

// tally is that of a step and a round, nil if the round is too far off to be counted here. Who is that far will tell why.
func (r *Replica) tally(step chain.Step, round uint32) *tally {
	for _, t := range r.tallies {
		if t.step == step && t.round == round {
			return t
		}
	}
	if round+1 < r.round || round > r.round+1 {
		return nil
	}
	t := &tally{step: step, round: round, ballots: make([]ballot, len(r.members))}
	r.tallies = append(r.tallies, t)
	return t
}

// count takes a vote of the height from the member whose seats it is of. Two that differ are evidence.
func (r *Replica) count(from Peer, v *Vote, checked bool) {
	t := r.tally(v.Step, v.Round)
	if t == nil {
		return
	}
	b := &t.ballots[from]
	switch {
	case b.vote == nil:
		if !checked && r.others.suspect[from] && !r.validVote(from, v) {
			r.reject(from, "a vote's signature is none, again")
			return
		}
		*b = ballot{v, checked || r.others.suspect[from]}
		r.backs(from, v)
	case b.vote.Block != v.Block:
		r.accuse(from, r.claimVote(b.vote), r.claimVote(v))
	}
}

// certify makes the certificates that the votes allow (R3, R7).
func (r *Replica) certify() bool {
	if r.final != nil {
		return false
	}
	for _, t := range r.tallies {
		those, seats := r.most(t)
		if seats < t.wanted(&r.quorums) {
			continue
		}
		parts := make([]committee.Part, len(those))
		for i, p := range those {
			parts[i] = t.ballots[p].vote.Part
		}
		v := r.vote(t.step, r.next(), t.round, t.ballots[those[0]].vote.Block)
		cert, bad := committee.Collect(r.config.Committee, &v, parts)
		if len(bad) > 0 {
			r.strike(t, those, bad)
			return true
		}
		t.summed = seats
		r.use(&cert)
		return true
	}
	return false
}

// wanted is how many seats make the next certificate of the votes; more than there are when nothing more can come.
func (t *tally) wanted(q *chain.Quorums) int {
	switch {
	case t.summed < q.Certificate:
		return q.Certificate
	case t.step == chain.Preparation && t.summed < q.Early:
		return q.Early
	}
	return q.Seats + 1
}

// most are the members that voted for the block with most votes, and how many seats they have.
func (r *Replica) most(t *tally) (those []Peer, seats int) {
	for i := range t.ballots {
		v := t.ballots[i].vote
		if v == nil || len(those) > 0 && v.Block == t.ballots[those[0]].vote.Block {
			continue
		}
		var same []Peer
		n := 0
		for j := i; j < len(t.ballots); j++ {
			if w := t.ballots[j].vote; w != nil && w.Block == v.Block {
				same = append(same, Peer(j))
				n += w.Seats.Count()
			}
		}
		if n > seats {
			those, seats = same, n
		}
	}
	return those, seats
}

// strike removes votes that are none, and remembers whose they were.
func (r *Replica) strike(t *tally, those []Peer, bad []int) {
	for _, i := range bad {
		p := those[i]
		t.ballots[p] = ballot{}
		r.others.suspect[p] = true
		r.reject(p, "a vote's signature is none")
	}
}

// use takes a certificate of the height that was checked or made here.
func (r *Replica) use(cert *chain.Certificate) {
	r.compare(cert)
	if r.isFinal(cert) && r.final == nil {
		// A preparation certificate of all seats is also the highest one: those who can't see all confirm with it.
		r.final = cert
	}
	if cert.Step != chain.Preparation {
		return
	}
	if high := r.safety.Certificate; r.safety.isOf(r.epoch(), r.next()) && (high == nil || high.Round < cert.Round) {
		r.safety.Certificate = cert
	}
	if cert.Round > r.round && r.final == nil {
		r.advance(cert.Round, nil) // its signers had the justification (R6)
	}
}

// isFinal says whether enough seats stand in a certificate to make its block final: confirmations, or the preparations of the
// early quorum (SPEC 5.3).
func (r *Replica) isFinal(c *chain.Certificate) bool {
	n, q := c.Bitmap.Count(), r.quorums
	if by := r.certifier(c.Height); by != r.config.Committee {
		q = by.Quorums()
	}
	return c.Step == chain.Confirmation && n >= q.Certificate || c.Step == chain.Preparation && n >= q.Early
}
