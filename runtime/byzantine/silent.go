package byzantine

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// silent takes part in nothing.
func silent(m *Member, _ bft.Send) []bft.Send {
	m.Deviates()
	return nil
}

// halfRound prepares, and never confirms.
func halfRound(m *Member, s bft.Send) []bft.Send {
	if v, ok := s.Message.(*bft.Vote); ok && v.Step == chain.Confirmation {
		m.Deviates()
		return nil
	}
	return []bft.Send{s}
}

// selective sends each message to some of the others.
func selective(m *Member, s bft.Send) (list []bft.Send) {
	m.Deviates()
	for p := range m.Peers() {
		if (s.To == bft.Everyone || s.To == bft.Peer(p)) && m.Rand.IntN(2) == 0 {
			list = append(list, bft.Send{To: bft.Peer(p), Message: s.Message})
		}
	}
	return list
}
