package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// equivocate proposes two blocks in a round, and votes for both and for what was never proposed: one half of the members sees
// the one, one half the other.
func equivocate(n *node, s bft.Send) []bft.Send {
	switch m := s.Message.(type) {
	case *bft.Vote:
		v := *m
		v.Block[0] ^= 1
		n.sign(&v)
		return n.halves(m, &v)
	case *bft.Proposal:
		k, err := chain.DecodeBlock(m.Raw)
		if err != nil || k.Header.Round != m.Vote.Round {
			break
		}
		k.Header.TimeMillis++
		p := *m
		p.Raw, p.Vote.Block = k.Append(nil), k.Header.Hash()
		n.sign(&p.Vote)
		return n.halves(m, &p)
	}
	return []bft.Send{s}
}

// amnesia tells one half of the members timeouts that forget what it has prepared, and what certificate it has.
func amnesia(n *node, s bft.Send) []bft.Send {
	m, ok := s.Message.(*bft.Timeout)
	if !ok {
		return []bft.Send{s}
	}
	t := *m
	t.Certificate, t.Highest, t.Last = nil, chain.Mark{}, chain.Mark{}
	t.Part = n.signature(keys.BLSTimeout, t.Timeout.Append(nil))
	return n.halves(m, &t)
}

// sign makes a vote this node's own again.
func (n *node) sign(v *bft.Vote) {
	h := &n.w.origin.header
	s := chain.Vote{Step: v.Step, Network: h.Network, Chain: h.Chain, Epoch: n.epoch.Seats.Epoch, Height: v.Height, Round: v.Round, Block: v.Block}
	v.Part = n.signature(s.Domain(), s.Append(nil))
}

// halves sends one message to the even members and another to the odd ones.
func (n *node) halves(even, odd bft.Message) (list []bft.Send) {
	n.deviates()
	for p := range n.w.plan.Nodes {
		list = append(list, bft.Send{To: bft.Peer(p), Message: []bft.Message{even, odd}[p%2]})
	}
	return list
}
