package light

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrPath: steps don't lead where they should: they leave the tree of chains, take a way round, or end at another chain. Ask for a
// proof that starts from the chain in question; if the tree is out of date, take over the new one first.
var ErrPath = errors.New("is not the way through the tree of chains")

// MaxSteps bounds a path: the history of the chain that it starts from, and then down the tree from child to child.
const MaxSteps = 1 + chain.MaxViews

// Start is where a proof starts: what its reader knows and trusts before it looks at the proof.
type Start struct {
	Network chain.NetworkID
	// Tree is which chains are under which. It is never taken from the chains on the way: one whose committee is rotten can record
	// digests of a child that it doesn't have (L8).
	Tree chain.Tree
	// Chain is the one that the path starts from, Anchor a final block of it.
	Chain  chain.ID
	Anchor chain.Anchor
}

// Step leads from a block to an earlier one of the same chain, or to one of a child that it records.
type Step struct {
	Chain chain.ID // that it leads to
	// Entry is an accumulator in the state of the block that the step starts from: of the chain's own blocks, or of those of the
	// child. State shows that it is there, Place that the Anchor is in it.
	Entry  merkle.Accumulator
	State  merkle.StateProof
	Place  merkle.Place
	Anchor chain.Anchor
}

// AnchorLeaf is the leaf of a block in the accumulators that hold it.
func AnchorLeaf(a chain.Anchor) merkle.Hash { return merkle.LeafHash(a.Append(nil)) }

// Walk takes the steps and returns where they lead: to a block that is as final as the one that they start from. Only the first
// step may go back in its own chain's history: every recorded block of a child has a place of its own, so that further ones would
// be a way round.
func Walk(s *Start, steps []Step) (chain.ID, chain.Anchor, error) {
	at, from := s.Chain, s.Anchor
	for i := range steps {
		step := &steps[i]
		var err error
		switch {
		case at == 0 || step.Chain == at && i > 0:
			err = fmt.Errorf("chain %d again %w", at, ErrPath)
		case step.Chain == at:
			err = step.check(from.State, chain.SystemAddress(at), chain.KeyHistory, step.Anchor.Height)
		case s.Tree.Parent(step.Chain) != at:
			err = fmt.Errorf("chain %d is not under chain %d: that %w", step.Chain, at, ErrPath)
		default: // a child's block 0 is nowhere: 0-1 is past the end of every accumulator
			err = step.check(from.State, chain.DigestsAddress(at), chain.AccumulatorKey(step.Chain), step.Anchor.Height-1)
		}
		if err != nil {
			return 0, chain.Anchor{}, fmt.Errorf("step %d, from block %d of chain %d to block %d of chain %d: %w",
				i, from.Height, at, step.Anchor.Height, step.Chain, err)
		}
		at, from = step.Chain, step.Anchor
	}
	return at, from, nil
}

// check says whether the accumulator stands in the state, and the anchor at its index in it.
func (s *Step) check(state chain.Hash, account chain.Address, key string, index uint64) error {
	if s.Place.Index != index {
		return fmt.Errorf("place %d, want %d: %w", s.Place.Index, index, merkle.ErrIndex)
	}
	if err := s.State.Verify(state, merkle.SlotPath(account, []byte(key)), merkle.ValueHash(s.Entry.Encode())); err != nil {
		return fmt.Errorf("accumulator: %w", err)
	}
	if err := s.Entry.Verify(s.Place, AnchorLeaf(s.Anchor)); err != nil {
		return fmt.Errorf("place: %w", err)
	}
	return nil
}

// walkTo is Walk to a certain chain.
func (s *Start) walkTo(want chain.ID, steps []Step) (chain.Anchor, error) {
	at, anchor, err := Walk(s, steps)
	if err == nil && at != want {
		err = fmt.Errorf("a path from chain %d to chain %d instead of chain %d %w", s.Chain, at, want, ErrPath)
	}
	return anchor, err
}

// between says whether the path starts from the lowest chain that both are below or are.
func (s *Start) between(a, b chain.ID) error {
	if common := s.Tree.Common(a, b); a == b || common == 0 || common != s.Chain {
		return fmt.Errorf("a path from chain %d %w: what chains %d and %d share is chain %d", s.Chain, ErrPath, a, b, common)
	}
	return nil
}

// A step is some hundred bytes at least; one over the largest accumulator of 2^64 leaves is below maxEntry beside its proofs.
const (
	stepBytes = 4 + 4 + 9 + 2 + 12 + 108
	maxEntry  = 1 + 8 + 64*32
)

func appendSteps(b []byte, steps []Step) []byte {
	b = wire.AppendU32(b, uint32(len(steps)))
	for i := range steps {
		s := &steps[i]
		b = wire.AppendBytes(wire.AppendU32(b, uint32(s.Chain)), s.Entry.Encode())
		b = s.Anchor.Append(s.Place.Append(s.State.Append(b)))
	}
	return b
}

func readSteps(r *wire.Reader) []Step {
	n := r.Count("steps", MaxSteps, stepBytes)
	var steps []Step
	for range n {
		steps = append(steps, readStep(r))
		if r.Err() != nil {
			return nil
		}
	}
	return steps
}

func readStep(r *wire.Reader) Step {
	s := Step{Chain: chain.ID(r.U32("chain"))}
	entry := r.Bytes("accumulator", maxEntry)
	if r.Err() != nil {
		return s
	}
	var err error
	if s.Entry, err = merkle.DecodeAccumulator(entry); err != nil {
		r.Fail("accumulator: "+err.Error(), wire.ErrValue)
	}
	s.State, s.Place, s.Anchor = merkle.ReadStateProof(r), merkle.ReadPlace(r), chain.ReadAnchor(r)
	if r.Err() == nil && s.Chain == 0 {
		r.Fail("chain 0", wire.ErrValue)
	}
	return s
}
