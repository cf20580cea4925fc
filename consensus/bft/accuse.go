package bft

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// said is a claim whose signature is looked at only if it matters: a pairing takes a thousand times as long as all else here.
type said struct {
	light.Claim
	part *committee.Part // nil if the signature is there
}

// accuse reports a member that signed both claims, once in a height, if no honest one does. It is the one place that decides
// so, by what a third party will ask.
func (r *Replica) accuse(from Peer, a, b said) {
	e := light.Evidence{First: a.Claim, Second: b.Claim}
	if r.others.accused[from] || r.others.charged[from] || !e.Contradicts() {
		return
	}
	e.First, e.Second = r.signature(a), r.signature(b)
	if _, err := r.config.Committee.Guilty(&e); err != nil {
		r.others.charged[from] = true // once a tick: it could say what it has not signed without end
		r.tickLater()
		return
	}
	r.others.accused[from] = true
	r.reject(from, "it signed what contradicts itself")
	r.out.Evidence = append(r.out.Evidence, Evidence{from, e})
	if a, b := e.First.Vote, e.Second.Vote; a != nil && b != nil && a.Step == chain.Preparation {
		r.twice = append(r.twice, chain.Equivocation{First: signed(&e.First), Second: signed(&e.Second)})
	}
}

func (r *Replica) claimVote(v *Vote) said {
	s := r.vote(v.Step, v.Height, v.Round, v.Block)
	return said{light.Claim{Vote: &s, Seats: v.Seats}, &v.Part}
}

func claimTimeout(t *Timeout) said {
	return said{light.Claim{Timeout: &t.Timeout, Seats: t.Seats}, &t.Part}
}

func claimCertificate(c *chain.Certificate) said {
	return said{light.ClaimOf(c), nil}
}

// signed is a claim of a vote as a certificate, of however many seats.
func signed(c *light.Claim) chain.Certificate {
	v := c.Vote
	return chain.Certificate{
		Step: v.Step, Network: v.Network, Chain: v.Chain, Epoch: v.Epoch, Height: v.Height, Round: v.Round, Block: v.Block,
		Signature: c.Signature, Bitmap: c.Seats,
	}
}

// equivocations are those of leaders at the head's height in rounds that have no record, by round (R13). Who led follows from the head.
func (r *Replica) equivocations(twice []chain.Equivocation) (list []chain.Equivocation) {
	h := &r.head.Header
	for i := range twice {
		e := &twice[i]
		leader := int(r.config.Leaders.From(h.Proposer, int64(e.Round())-int64(h.Round)))
		recorded := slices.ContainsFunc(r.failures, func(t chain.Timeouts) bool { _, round := t.Failed(); return round == e.Round() }) ||
			slices.ContainsFunc(list, func(o chain.Equivocation) bool { return o.Round() == e.Round() })
		if !recorded && e.First.Bitmap.Has(leader) && e.Second.Bitmap.Has(leader) {
			list = append(list, *e)
		}
	}
	slices.SortFunc(list, func(a, b chain.Equivocation) int { return cmp.Compare(a.Round(), b.Round()) })
	return list
}

// signature fills in the signature of a claim. If it is none it stays empty: the claim convicts nobody then.
func (r *Replica) signature(s said) light.Claim {
	switch {
	case s.part == nil:
	case s.Vote != nil:
		s.Signature, _ = r.compress(s.Vote.Domain(), s.Vote.Append(nil), s.part)
	default:
		s.Signature, _ = r.compress(keys.BLSTimeout, s.Timeout.Append(nil), s.part)
	}
	return s.Claim
}

// maxInvalid bounds the blocks of a height that are known to be invalid: whoever prepares one of them is told of.
const maxInvalid = 16

// condemn remembers that a block of the height is not valid, and tells of those who have prepared it.
func (r *Replica) condemn(block chain.BlockHash) {
	if len(r.invalid) == maxInvalid || slices.Contains(r.invalid, block) {
		return
	}
	r.invalid = append(r.invalid, block)
	for p := range r.members {
		for _, v := range r.votesOf(Peer(p)) {
			r.backs(Peer(p), v)
		}
	}
}

// backs tells of a vote if it is a preparation of a block that is known to be invalid. A signature that is none shows nothing.
func (r *Replica) backs(from Peer, v *Vote) {
	if v.Step != chain.Preparation || !slices.Contains(r.invalid, v.Block) {
		return
	}
	if c := r.signature(r.claimVote(v)); c.Signature != (keys.BLSSignature{}) {
		r.out.Backed = append(r.out.Backed, Backed{from, c})
	}
}

// votesOf are a member's votes of the height that are still here.
func (r *Replica) votesOf(p Peer) (list []*Vote) {
	for _, t := range r.tallies {
		if v := t.ballots[p].vote; v != nil {
			list = append(list, v)
		}
	}
	return list
}

// compare holds a certificate against the votes that its signers sent here: a leader that shows everyone another block is
// caught by the certificate of one of them.
func (r *Replica) compare(cert *chain.Certificate) {
	for p, seats := range r.members {
		if !seats.Overlaps(cert.Bitmap) {
			continue
		}
		for _, v := range r.votesOf(Peer(p)) {
			r.accuse(Peer(p), r.claimVote(v), claimCertificate(cert))
		}
	}
}
