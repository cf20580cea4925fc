package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// stale says again what it said before, of other heights and rounds too, as if it were new.
func stale(n *node, s bft.Send) []bft.Send {
	const kept = 256
	if len(n.said) == kept {
		n.said[n.w.random.evil.IntN(kept)] = s
	} else {
		n.said = append(n.said, s)
	}
	n.deviates()
	return []bft.Send{s, n.said[n.w.random.evil.IntN(len(n.said))]}
}

// future says, with good signatures, what is about heights and rounds that are far away.
func future(n *node, s bft.Send) []bft.Send {
	list := []bft.Send{s}
	if m, ok := s.Message.(*bft.Vote); ok {
		r := n.w.random.evil
		v := *m
		v.Height += uint64(r.IntN(3)) * 1000
		v.Round += uint32(1 + r.IntN(5))
		n.sign(&v)
		list = append(list, bft.Send{To: s.To, Message: &v})
		n.deviates()
	}
	return list
}

// lie claims heads that it hasn't, and serves blocks that somebody changed.
func lie(n *node, s bft.Send) []bft.Send {
	r := n.w.random.evil
	spoil := func(raw []byte) []byte {
		raw = slices.Clone(raw)
		raw[len(raw)-1-r.IntN(min(len(raw), 64))] ^= 1
		return raw
	}
	switch m := s.Message.(type) {
	case *bft.Status:
		t := *m
		t.Head += uint64(r.IntN(3))
		s.Message = &t
	case *bft.Finals:
		f := &bft.Finals{}
		for _, b := range m.Blocks {
			b.Raw = spoil(b.Raw)
			f.Blocks = append(f.Blocks, b)
		}
		s.Message = f
	case *bft.Fetched:
		s.Message = &bft.Fetched{Raw: spoil(m.Raw)}
	case *bft.Proposal:
		p := *m
		p.Raw = spoil(p.Raw)
		s.Message = &p
	default:
		return []bft.Send{s}
	}
	n.deviates()
	return []bft.Send{s}
}

// censor leaves out the messages of every second account.
func censor(m *chain.Message) bool { return m.From[len(m.From)-1]%2 == 0 }
