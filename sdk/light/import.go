package light

import (
	"errors"
	"fmt"
	"math"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// What can be wrong with relays beside their proof. The committee of a chain that they come from or through is rotten then.
var (
	// ErrAlien: a relay says of itself what its source can't vouch for: another network, a sender or a receiver elsewhere. It can't
	// be taken in, nor can what stands behind it.
	ErrAlien = errors.New("does not belong to its source and destination")
	// ErrOverLeft: relays from a branch carry more than its digests said would leave it. They can't be taken in before more has left.
	ErrOverLeft = errors.New("is more than has left its branch")
)

// ImportProof shows relays of one block of a chain (SPEC 8.2).
type ImportProof struct {
	Steps []Step
	// Left is what has left each branch on the way for the destination: one for each step to a child if the relays carry value, none
	// otherwise.
	Left []Left
	// Places are the relays' in the block's outbox.
	Places merkle.MultiProof
}

// Left shows the entry LeftKey of a branch, in the state that the step to it starts from. No value has no entry.
type Left struct {
	Value chain.Amount
	State merkle.StateProof
}

// Inflow is what relays bring with them, to be counted where they are taken in (L10).
type Inflow struct {
	Carried chain.Amount
	Through []Outflow // of the branches that it comes through, from above; none if nothing is carried
}

// Outflow is the value that has left a chain and all under it for the destination.
type Outflow struct {
	Branch chain.ID
	Left   chain.Amount
}

// Taken is the value that came from the branch of f.Through[i] so far, f included; before is the destination's entry TakenKey for it.
func (f *Inflow) Taken(i int, before chain.Amount) (chain.Amount, error) {
	b := &f.Through[i]
	after, err := before.Add(f.Carried)
	if err != nil || b.Left.Less(after) {
		return chain.Amount{}, fmt.Errorf("%s from chain %d on top of %s %w, %s", f.Carried, b.Branch, before, ErrOverLeft, b.Left)
	}
	return after, nil
}

// OutboxLeaf is the leaf of a relay in the outbox of its block: the chain that it goes to, its number among those for that chain,
// and its id.
func OutboxLeaf(to chain.ID, number uint64, id chain.MessageID) merkle.Hash {
	return merkle.LeafHash(wire.AppendU32(nil, uint32(to)), wire.AppendU64(nil, number), id[:])
}

// Verify says whether the messages of im stand in the outbox of a block of its source, for the chain to, with the numbers from
// im.First on, and what they bring (L7 to L9). The start is a block of the lowest common ancestor. The caller holds that im.First is
// the number it expects, and that each Inflow.Taken is right.
//
// What the source's committee can still lie about, the destination must cope with by itself: gas below what a bounce takes or above
// what a block holds, depth, method, input, a payer anywhere, a parent or an origin that never was, an id that came before. It runs
// such a relay, or consumes and bounces it.
func (p *ImportProof) Verify(s *Start, to chain.ID, im *chain.Import) (Inflow, error) {
	f, err := p.check(s, to, im)
	if err != nil {
		return Inflow{}, fmt.Errorf("relays from chain %d, from number %d on: %w", im.Source, im.First, err)
	}
	return f, nil
}

func (p *ImportProof) check(s *Start, to chain.ID, im *chain.Import) (f Inflow, err error) {
	if n := uint64(len(im.Messages)); im.First > math.MaxUint64-n {
		return f, fmt.Errorf("%d messages: %w", n, merkle.ErrIndex)
	}
	if err := s.between(im.Source, to); err != nil {
		return f, err
	}
	leaves := make([]merkle.Hash, len(im.Messages))
	for i, m := range im.Messages {
		carried, err := belongs(m, s.Network, im.Source, to)
		if err == nil {
			f.Carried, err = f.Carried.Add(carried)
		}
		if err != nil {
			return f, fmt.Errorf("message %d: %w", i, err)
		}
		leaves[i] = OutboxLeaf(to, im.First+uint64(i), m.ID())
	}
	anchor, err := s.walkTo(im.Source, p.Steps)
	if err != nil {
		return f, err
	}
	if err := p.Places.Verify(anchor.Outbox, leaves); err != nil {
		return f, fmt.Errorf("outbox: %w", err)
	}
	return f, p.through(s, to, &f)
}

// belongs holds L9, and returns what m carries.
func belongs(m *chain.Message, network chain.NetworkID, source, to chain.ID) (chain.Amount, error) {
	if m.Kind == chain.Relay && m.Network == network && m.From.Chain() == source && m.To.Chain() == to {
		return m.Carried()
	}
	return chain.Amount{}, fmt.Errorf("kind %d, network %s, from %s to %s %w, chains %d and %d of network %s",
		m.Kind, m.Network, m.From, m.To, ErrAlien, source, to, network)
}

// through fills in the branches that the steps lead into, with what has left them.
func (p *ImportProof) through(s *Start, to chain.ID, f *Inflow) error {
	at, state := s.Chain, s.Anchor.State
	left := p.Left
	for i := range p.Steps {
		step := &p.Steps[i]
		if step.Chain != at && !f.Carried.IsZero() {
			if len(left) == 0 {
				return fmt.Errorf("what has left chain %d: %w", step.Chain, merkle.ErrForm)
			}
			e := Entry{Account: chain.DigestsAddress(at), Key: chain.LeftKey(step.Chain, to)}
			if !left[0].Value.IsZero() {
				e.Value = chain.EncodeAmount(left[0].Value)
			}
			if err := e.verify(state, &left[0].State); err != nil {
				return fmt.Errorf("what has left chain %d: %w", step.Chain, err)
			}
			f.Through, left = append(f.Through, Outflow{step.Chain, left[0].Value}), left[1:]
		}
		at, state = step.Chain, step.Anchor.State
	}
	if len(left) > 0 {
		return fmt.Errorf("%d branches too many: %w", len(left), merkle.ErrForm)
	}
	return nil
}

const (
	importProofVersion = 1
	leftBytes          = 16 + 2
)

// Append writes the canonical encoding.
func (p *ImportProof) Append(b []byte) []byte {
	b = appendSteps(append(b, importProofVersion), p.Steps)
	b = wire.AppendU32(b, uint32(len(p.Left)))
	for i := range p.Left {
		b = p.Left[i].State.Append(p.Left[i].Value.Append(b))
	}
	return p.Places.Append(b)
}

// DecodeImportProof reads what Append writes.
func DecodeImportProof(b []byte) (ImportProof, error) {
	if len(b) > chain.MaxImportProof {
		return ImportProof{}, fmt.Errorf("proof of relays of %d bytes (limit %d) %w", len(b), chain.MaxImportProof, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	r.Version("proof of relays", importProofVersion)
	p := ImportProof{Steps: readSteps(r)}
	for range r.Count("branches", MaxSteps, leftBytes) {
		p.Left = append(p.Left, Left{chain.ReadAmount(r, "left"), merkle.ReadStateProof(r)})
	}
	p.Places = merkle.ReadMultiProof(r, chain.MaxImported)
	if err := r.Done(); err != nil {
		return ImportProof{}, fmt.Errorf("proof of relays: %w", err)
	}
	return p, nil
}
