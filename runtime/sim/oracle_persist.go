package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// persisted holds SPEC 5.6 for honest members: when a vote leaves, it is durable, and with a confirmation the certificate; when
// a timeout leaves, it is. A record of a later height will do: with it nothing is signed at this one.
type persisted struct{ blind }

func (o *persisted) sent(n *node, m bft.Message) {
	switch m := m.(type) {
	case *bft.Vote:
		o.vote(n, m)
	case *bft.Proposal:
		o.vote(n, &m.Vote)
	case *bft.Timeout:
		if s := o.durable(n); s.Height < m.Height || s.Height == m.Height && (s.Timeout == nil || s.Timeout.Timeout != m.Timeout) {
			o.w.violate("5.6 durable first", n, "its timeout of height %d, round %d leaves, and is not durable", m.Height, m.Round)
		}
	}
}

// durable is what n would come back with.
func (o *persisted) durable(n *node) bft.Safety {
	s, err := n.disk.safety()
	if err != nil {
		o.w.violate("5.6 durable first", n, "its record can't be read: %v", err)
	}
	return s
}

func (o *persisted) vote(n *node, v *bft.Vote) {
	s := o.durable(n)
	mark := s.Prepared
	if v.Step == chain.Confirmation {
		mark = s.Confirmed
	}
	now := s.Height == v.Height
	switch {
	case s.Height < v.Height || now && mark != chain.Mark{Round: v.Round, Block: v.Block}:
		o.w.violate("5.6 durable first", n, "its vote in step %d of height %d, round %d leaves, and is not durable", v.Step, v.Height, v.Round)
	case now && v.Step == chain.Confirmation && (s.Certificate == nil || s.Certificate.Round < v.Round):
		o.w.violate("5.6 durable first", n, "it confirms in round %d of height %d, and the certificate is not durable", v.Round, v.Height)
	}
}
