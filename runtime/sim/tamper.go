package sim

import (
	"errors"
	"math"
	"slices"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// unready says whether there is no envelope yet, for no fault of anybody's.
func unready(err error) bool {
	return errors.Is(err, relay.ErrNotSent) || errors.Is(err, relay.ErrNotCovered)
}

// tamper makes another envelope of one, which shows nothing; nil if it can't.
func tamper(s *stage, e *light.Envelope) *light.Envelope {
	r := s.wires
	f := *e
	p, err := light.DecodeImportProof(e.Import.Proof)
	if err != nil || len(e.Import.Messages) == 0 {
		return nil
	}
	f.Import.Messages = slices.Clone(e.Import.Messages)
	switch []int{0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12, 13}[r.IntN(18)] {
	case 0: // more money than was sent
		m := f.Import.Messages[0].Clone()
		m.Amount, _ = m.Amount.Add(chain.NewAmount(1))
		f.Import.Messages[0] = m.Seal()
	case 1: // to somebody else
		m := f.Import.Messages[0].Clone()
		m.To = walletsOf(m.To.Chain())[r.IntN(mostWallets)].address
		f.Import.Messages[0] = m.Seal()
	case 2: // another number
		f.Import.First += 1 + r.Uint64N(3)
	case 3: // the same once more, under the numbers that follow
		f.Import.First += uint64(len(f.Import.Messages))
	case 4: // from another chain
		f.Import.Source = s.worlds[r.IntN(len(s.worlds))].id
	case 5: // the last one left out, the proof as it was
		f.Import.Messages = f.Import.Messages[:len(f.Import.Messages)-1]
	case 6: // a step that leads into an outbox of its own making, or a path that starts from a block that nobody certified
		if f.Import.First%2 > 0 && unfinalView(&f) {
			s.census.add("forged: unfinal view")
			break
		}
		if len(p.Steps) == 0 {
			return nil
		}
		p.Steps[len(p.Steps)-1].Anchor.Outbox = chain.Hash(merkle.Root(nil))
		s.census.add("forged: unfinal root")
	case 7: // more has left the branch than did
		if len(p.Left) == 0 {
			return nil
		}
		p.Left[0].Value = chain.MaxAmount
	case 9: // in another order
		if len(f.Import.Messages) < 2 {
			return nil
		}
		slices.Reverse(f.Import.Messages)
	case 8: // a step too few
		if len(p.Steps) == 0 {
			return nil
		}
		p.Steps = p.Steps[1:]
	default:
		if !tamperPlaces(s, &f, &p) {
			return nil
		}
	}
	f.Import.Proof = p.Append(nil)
	return &f
}

// unfinalView lets the last view end with a block that follows, has the same state, and was never agreed on.
func unfinalView(f *light.Envelope) bool {
	if len(f.Views) == 0 {
		return false
	}
	f.Views = slices.Clone(f.Views)
	d := &f.Views[len(f.Views)-1]
	h := *d.Last()
	if h.Next != h.Committee {
		return false
	}
	h.Parent, h.Height = d.Last().Hash(), h.Height+1
	d.Headers = append(slices.Clone(d.Headers), h)
	d.Certificate.Height, d.Certificate.Block = h.Height, h.Hash()
	return true
}

// tamperPlaces lies about where something stands in a tree, and says whether there was a tree to lie about.
func tamperPlaces(s *stage, f *light.Envelope, p *light.ImportProof) bool {
	at := slices.IndexFunc(p.Steps, func(x light.Step) bool { return len(x.Place.Path) > 0 })
	switch what := s.wires.IntN(4); {
	case what == 0 && p.Places.Count > 1: // a leaf as the node above all
		p.Places = merkle.MultiProof{Count: 1, Indexes: []uint32{0}}
		f.Import.Messages = f.Import.Messages[:1]
		s.census.add("forged: leaf as node")
	case what == 1 && at >= 0: // a node as leaf: the path begins above it
		place := &p.Steps[at].Place
		place.Index, place.Path = place.Index/2, place.Path[1:]
		s.census.add("forged: leaf as node")
	case what == 2 && at >= 0: // what is on the left on the right
		p.Steps[at].Place.Index ^= 1
		s.census.add("forged: wrong side")
	case what == 3 && len(p.Steps) > 0 && s.wires.IntN(2) == 0: // beyond all there is: round to where it was, in as many bits
		p.Steps[len(p.Steps)-1].Place.Index |= 1 << 63
		s.census.add("forged: index overflow")
	case what != 3:
		return false
	default:
		f.Import.First = math.MaxUint64 - uint64(len(f.Import.Messages)) + 1
		s.census.add("forged: index overflow")
	}
	return true
}
