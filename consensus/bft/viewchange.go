package bft

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// giveUp signs the timeout of a round: of this one if its timer ran out, of a later one if f + 1 seats have timed out of
// rounds that are not before it (R10).
func (r *Replica) giveUp() bool {
	round, give := r.round, r.late
	if dragged, ok := r.dragged(); ok && dragged >= round {
		round, give = dragged, true
	}
	if !give || r.final != nil || !r.maySign(round) {
		return false
	}
	r.late = false
	c := r.config.Committee
	t := &Timeout{Certificate: r.safety.Certificate, Timeout: chain.Timeout{
		Network: c.Network(), Chain: c.Chain(), Epoch: c.Epoch(), Height: r.next(), Round: round, Last: r.safety.Prepared,
	}}
	if cert := r.safety.Certificate; cert != nil {
		t.Highest = chain.Mark{Round: cert.Round, Block: cert.Block}
	}
	t.Part = r.config.Sign(keys.BLSTimeout, t.Timeout.Append(nil))
	r.safety.Timeout = t
	r.persist()
	r.timeouts[r.config.Me] = t
	r.send(Everyone, t)
	r.run()
	return true
}

// dragged is the latest round such that f + 1 seats have timed out of it or of a later one: one of them is honest.
func (r *Replica) dragged() (round uint32, ok bool) {
	var rounds []uint32
	for _, t := range r.timeouts {
		if t != nil {
			for range t.Seats.Count() {
				rounds = append(rounds, t.Round)
			}
		}
	}
	if len(rounds) < r.quorums.Join {
		return 0, false
	}
	slices.Sort(rounds)
	return rounds[len(rounds)-r.quorums.Join], true
}

// enter begins the round after one that enough seats timed out of (R11).
func (r *Replica) enter() bool {
	if r.final != nil {
		return false
	}
	for _, t := range r.timeouts {
		if t != nil && t.Round >= r.round {
			if j := r.justify(t.Round); j != nil {
				r.pass(j)
				return true
			}
		}
	}
	return false
}

// justify puts the timeouts of a round together; nil if there are too few. Each was checked, and still some may say nothing together:
// those of members whose keys cancel out. None of them keeps the rules, so they are not heard any more.
func (r *Replica) justify(round uint32) *Justification {
	var parts []committee.TimeoutPart
	var from []Peer
	seats := 0
	var cert *chain.Certificate
	for p, t := range r.timeouts {
		if t == nil || t.Round != round {
			continue
		}
		parts, from = append(parts, committee.TimeoutPart{Timeout: t.Timeout, Part: t.Part}), append(from, Peer(p))
		seats += t.Seats.Count()
		if c := t.Certificate; c != nil && (cert == nil || c.Round > cert.Round) {
			cert = c
		}
	}
	if seats < r.quorums.Timeouts {
		return nil
	}
	all, bad := committee.CollectTimeouts(r.config.Committee, parts)
	if len(bad) == 0 {
		return &Justification{all, cert}
	}
	for _, i := range bad {
		r.timeouts[from[i]], r.others.cancels[from[i]] = nil, true
		r.reject(from[i], "a timeout under a key that cancels another's out")
	}
	return r.justify(round)
}

// pass enters the round that a checked justification opens, and passes it on.
func (r *Replica) pass(j *Justification) {
	_, round := j.Failed()
	r.advance(round+1, j)
	r.send(Everyone, j)
}

// timedOut takes a member's timeout. The last one of each is kept.
func (r *Replica) timedOut(from Peer, t *Timeout) {
	old := r.timeouts[from]
	switch {
	case old != nil && old.Round > t.Round, r.final != nil, r.others.cancels[from]:
		return
	case old != nil && old.Round == t.Round:
		if old.Timeout != t.Timeout {
			r.accuse(from, claimTimeout(old), claimTimeout(t))
		}
		return
	case !r.look(from):
		return // it is sent again
	case !r.sound(from, t):
		r.reject(from, "a timeout's signature or certificate is none")
		return
	}
	r.timeouts[from] = t
	for _, v := range r.votesOf(from) {
		r.accuse(from, claimTimeout(t), r.claimVote(v))
	}
	if t.Certificate != nil {
		r.use(t.Certificate)
	}
}

// sound checks what a timeout of the height carries: signature, and the certificate that it names.
func (r *Replica) sound(from Peer, t *Timeout) bool {
	c := r.config.Committee
	return t.Network == c.Network() && t.Timeout.Chain == c.Chain() && t.Epoch == c.Epoch() &&
		t.Last.Round <= t.Round && r.names(from, t.Highest, t.Certificate) &&
		r.hear(from, func() bool { return r.valid(keys.BLSTimeout, t.Timeout.Append(nil), &t.Part) })
}

// names says whether a mark names this preparation certificate of the height, and the certificate is one; or neither is there.
func (r *Replica) names(from Peer, m chain.Mark, c *chain.Certificate) bool {
	if c == nil {
		return m.IsZero()
	}
	return c.Step == chain.Preparation && c.Height == r.next() && m == (chain.Mark{Round: c.Round, Block: c.Block}) && r.genuine(from, c)
}

// genuine checks a certificate of the height, or of the one before, once.
func (r *Replica) genuine(from Peer, c *chain.Certificate) bool {
	id := chain.Hash(wire.Sum(wire.TagConsensus, c.Append(nil)))
	if r.checked[id] {
		return true
	}
	if c.Height != r.next() && c.Height+1 != r.next() {
		return false
	}
	by := r.certifier(c.Height)
	holds := func() bool {
		return (c.Step != chain.Preparation || by.Prepared(c) == nil) && (c.Step != chain.Confirmation || by.Final(c) == nil)
	}
	if !r.hear(from, holds) {
		return false
	}
	r.remember(id)
	return true
}

// remember keeps what was checked: what enough rounds of a height bring, and then all is checked again.
func (r *Replica) remember(id chain.Hash) {
	if len(r.checked) > 16*len(r.members)+64 {
		clear(r.checked)
	}
	r.checked[id] = true
}

// justified checks a justification of the height: timeouts of one round by enough seats, and the certificate that the highest
// of them names. A round that was entered with the same is not checked again.
func (r *Replica) justified(from Peer, j *Justification) bool {
	height, round := j.Failed()
	if height != r.next() {
		return false
	}
	id := chain.Hash(wire.Sum(wire.TagConsensus, j.append(nil)))
	if r.checked[id] {
		return true
	}
	for i := range j.Said {
		if t := &j.Said[i].Timeout; t.Highest.Round > round || t.Last.Round > round {
			return false
		}
	}
	if !r.names(from, j.highest(), j.Certificate) ||
		!r.hear(from, func() bool { return r.config.Committee.TimedOut(&j.Timeouts, height, round) == nil }) {
		return false
	}
	r.remember(id)
	return true
}
