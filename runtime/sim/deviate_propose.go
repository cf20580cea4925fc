package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// usurp proposes in rounds that others lead: beside the vote that it owes it sends a block of its own.
func usurp(n *node, s bft.Send) []bft.Send {
	v, ok := s.Message.(*bft.Vote)
	if !ok || v.Step != chain.Preparation || v.Round != n.driver.Replica().Round() || n.driver.Replica().Head().Header.Height+1 != v.Height {
		return []bft.Send{s}
	}
	p := n.another(v.Round)
	if p == nil || v.Round > 0 {
		return []bft.Send{s}
	}
	n.deviates()
	return []bft.Send{{To: bft.Everyone, Message: p}, s}
}

// unbound proposes, in a round whose justification demands a block, one of its own: with the justification as it is, or with
// one from which the demand is gone.
func unbound(n *node, s bft.Send) []bft.Send {
	m, ok := s.Message.(*bft.Proposal)
	if !ok || m.Why == nil {
		return []bft.Send{s}
	}
	p := n.another(m.Vote.Round)
	if p == nil {
		return []bft.Send{s}
	}
	why := *m.Why
	if n.w.random.evil.IntN(2) == 0 {
		why.Said, why.Certificate = slices.Clone(why.Said), nil
		for i := range why.Said {
			why.Said[i].Timeout.Last, why.Said[i].Timeout.Highest = chain.Mark{}, chain.Mark{}
		}
	}
	p.Why = &why
	n.deviates()
	return []bft.Send{{To: s.To, Message: p}}
}

// another is a proposal of a block that this node has made just now; nil if it can't.
func (n *node) another(round uint32) *bft.Proposal {
	own := slices.Collect(n.epoch.Own.Ascending())
	head := n.driver.Replica().Head()
	if len(own) == 0 || head.Hash != n.ledger.head.Hash || n.ledger.discard() != nil {
		return nil
	}
	raw, err := n.ledger.build(bft.Build{Parent: head.Hash, Height: head.Header.Height + 1, Round: round, Proposer: uint32(own[0]), Demanded: true})
	if err != nil || raw == nil {
		return nil
	}
	h, err := chain.DecodeBlockHeader(raw)
	if err != nil {
		return nil
	}
	p := &bft.Proposal{Raw: raw, Parent: head.Certificate, Vote: bft.Vote{Step: chain.Preparation, Height: h.Height, Round: round, Block: h.Hash()}}
	n.sign(&p.Vote)
	return p
}
