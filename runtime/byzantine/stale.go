package byzantine

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
)

// stale says again what it said before, of other heights and rounds too, as if it were new.
func stale(b *Member, s bft.Send) []bft.Send {
	const kept = 256
	if len(b.said) == kept {
		b.said[b.Rand.IntN(kept)] = s
	} else {
		b.said = append(b.said, s)
	}
	b.Deviates()
	return []bft.Send{s, b.said[b.Rand.IntN(len(b.said))]}
}

// future says, with good signatures, what is about heights and rounds that are far away.
func future(b *Member, s bft.Send) []bft.Send {
	list := []bft.Send{s}
	if m, ok := s.Message.(*bft.Vote); ok {
		r := b.Rand
		v := *m
		v.Height += uint64(r.IntN(3)) * 1000
		v.Round += uint32(1 + r.IntN(5))
		b.sign(&v)
		list = append(list, bft.Send{To: s.To, Message: &v})
		b.Deviates()
	}
	return list
}

// lie claims heads that it hasn't, and serves blocks that somebody changed.
func lie(b *Member, s bft.Send) []bft.Send {
	r := b.Rand
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
		for _, block := range m.Blocks {
			block.Raw = spoil(block.Raw)
			f.Blocks = append(f.Blocks, block)
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
	b.Deviates()
	return []bft.Send{s}
}
