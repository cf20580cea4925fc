package sim

import (
	"errors"
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
	switch []int{0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9}[r.IntN(14)] {
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
	case 6: // a step that leads into an outbox of its own making
		if len(p.Steps) == 0 {
			return nil
		}
		p.Steps[len(p.Steps)-1].Anchor.Outbox = chain.Hash(merkle.Root(nil))
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
	}
	f.Import.Proof = p.Append(nil)
	return &f
}
