package byzantine

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// forge signs what it sends with something that is no signature.
func forge(b *Member, s bft.Send) []bft.Send {
	switch m := s.Message.(type) {
	case *bft.Vote:
		v := *m
		v.Point[b.Rand.IntN(len(v.Point))] ^= 1
		s.Message = &v
	case *bft.Timeout:
		t := *m
		t.Last = chain.Mark{Round: t.Round, Block: chain.BlockHash{9}} // signed was something else
		s.Message = &t
	case *bft.Proposal:
		p := *m
		p.Vote.Round++
		s.Message = &p
	default:
		return []bft.Send{s}
	}
	b.Deviates()
	return []bft.Send{s}
}

// forgeBitmaps puts seats into certificates and justifications that did not sign, takes some out, or votes with others' seats.
func forgeBitmaps(b *Member, s bft.Send) []bft.Send {
	r := b.Rand
	seat := r.IntN(len(b.Epoch().Seats.Seats) + 2)
	flip := func(seats chain.Seats) chain.Seats {
		seats = slices.Clone(seats).With(seat) // canonical: the last byte is not zero
		if r.IntN(2) == 0 {
			return seats
		}
		c := slices.Clone(seats)
		if c[0]&(c[0]-1) != 0 {
			c[0] &= c[0] - 1
		}
		return c
	}
	switch m := s.Message.(type) {
	case *bft.Vote:
		v := *m
		v.Seats = flip(v.Seats)
		s.Message = &v
	case *bft.Certified:
		c := *m
		c.Certificate.Bitmap = flip(c.Certificate.Bitmap)
		s.Message = &c
	case *bft.Justification:
		j := *m
		j.Said = slices.Clone(j.Said)
		j.Said[0].Seats = flip(j.Said[0].Seats)
		if r.IntN(4) == 0 {
			j.Said = append(j.Said, j.Said[0])
		}
		s.Message = &j
	case *bft.Status:
		if m.Certificate == nil {
			return []bft.Send{s}
		}
		t, c := *m, *m.Certificate
		c.Bitmap = flip(c.Bitmap)
		t.Certificate = &c
		s.Message = &t
	default:
		return []bft.Send{s}
	}
	b.Deviates()
	return []bft.Send{s}
}
