package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// silent takes part in nothing.
func silent(n *node, _ bft.Send) []bft.Send {
	n.deviates()
	return nil
}

// halfRound prepares, and never confirms.
func halfRound(n *node, s bft.Send) []bft.Send {
	if v, ok := s.Message.(*bft.Vote); ok && v.Step == chain.Confirmation {
		n.deviates()
		return nil
	}
	return []bft.Send{s}
}

// selective sends each message to some of the others.
func selective(n *node, s bft.Send) (list []bft.Send) {
	n.deviates()
	for p := range n.w.plan.Nodes {
		if (s.To == bft.Everyone || s.To == bft.Peer(p)) && n.w.random.evil.IntN(2) == 0 {
			list = append(list, bft.Send{To: bft.Peer(p), Message: s.Message})
		}
	}
	return list
}
