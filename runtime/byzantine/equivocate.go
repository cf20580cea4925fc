package byzantine

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// equivocate proposes two blocks in a round, and votes for both and for what was never proposed: one half of the members sees
// the one, one half the other.
func equivocate(b *Member, s bft.Send) []bft.Send {
	switch m := s.Message.(type) {
	case *bft.Vote:
		v := *m
		v.Block[0] ^= 1
		b.sign(&v)
		return b.halves(m, &v)
	case *bft.Proposal:
		k, err := chain.DecodeBlock(m.Raw)
		if err != nil || k.Header.Round != m.Vote.Round {
			break
		}
		k.Header.TimeMillis++
		p := *m
		p.Raw, p.Vote.Block = k.Append(nil), k.Header.Hash()
		b.sign(&p.Vote)
		return b.halves(m, &p)
	}
	return []bft.Send{s}
}

// amnesia tells one half of the members timeouts that forget what it has prepared, and what certificate it has.
func amnesia(b *Member, s bft.Send) []bft.Send {
	m, ok := s.Message.(*bft.Timeout)
	if !ok {
		return []bft.Send{s}
	}
	t := *m
	t.Certificate, t.Highest, t.Last = nil, chain.Mark{}, chain.Mark{}
	t.Part = b.Sign(keys.BLSTimeout, t.Timeout.Append(nil))
	return b.halves(m, &t)
}

// sign makes a vote this node's own again.
func (m *Member) sign(v *bft.Vote) {
	e := &m.Epoch().Seats
	s := chain.Vote{Step: v.Step, Network: m.Network, Chain: e.Chain, Epoch: e.Epoch, Height: v.Height, Round: v.Round, Block: v.Block}
	v.Part = m.Sign(s.Domain(), s.Append(nil))
}

// halves sends one message to the even members and another to the odd ones.
func (m *Member) halves(even, odd bft.Message) (list []bft.Send) {
	m.Deviates()
	for p := range m.Peers() {
		list = append(list, bft.Send{To: bft.Peer(p), Message: []bft.Message{even, odd}[p%2]})
	}
	return list
}
