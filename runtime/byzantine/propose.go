package byzantine

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// usurp proposes in rounds that others lead: beside the vote that it owes it sends a block of its own.
func usurp(b *Member, s bft.Send) []bft.Send {
	v, ok := s.Message.(*bft.Vote)
	if !ok || v.Step != chain.Preparation || !b.At(v.Height, v.Round) {
		return []bft.Send{s}
	}
	p := b.Another(v.Round)
	if p == nil || v.Round > 0 {
		return []bft.Send{s}
	}
	b.Deviates()
	return []bft.Send{{To: bft.Everyone, Message: p}, s}
}

// unbound proposes, in a round whose justification demands a block, one of its own: with the justification as it is, or with
// one from which the demand is gone.
func unbound(b *Member, s bft.Send) []bft.Send {
	m, ok := s.Message.(*bft.Proposal)
	if !ok || m.Why == nil {
		return []bft.Send{s}
	}
	p := b.Another(m.Vote.Round)
	if p == nil {
		return []bft.Send{s}
	}
	why := *m.Why
	if b.Rand.IntN(2) == 0 {
		why.Said, why.Certificate = slices.Clone(why.Said), nil
		for i := range why.Said {
			why.Said[i].Timeout.Last, why.Said[i].Timeout.Highest = chain.Mark{}, chain.Mark{}
		}
	}
	p.Why = &why
	b.Deviates()
	return []bft.Send{{To: s.To, Message: p}}
}
