package relay

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// way leads from the shown head of an ancestor down to a block of a chain under it, or back in its own history. Left is what has left
// each branch on it for the chain that it is made for.
type way struct {
	steps []light.Step
	left  []light.Left
}

// accumulatorSlot is where a chain keeps the blocks of list: its own history, or what it recorded of a child.
func accumulatorSlot(at, list chain.ID) exec.Slot {
	if at == list {
		return exec.Slot{Account: chain.SystemAddress(at), Key: chain.KeyHistory}
	}
	return exec.Slot{Account: chain.DigestsAddress(at), Key: chain.AccumulatorKey(list)}
}

// way finds the way to the block of w's chain at a height. Nil if the ancestor's head doesn't cover it yet, or a chain on the way
// is not here. It begins at the block: which block of the parent recorded it, which of the parent's parent that, and so on.
func (b *bringing) way(l *looked, w wanted, height uint64) (*way, error) {
	r, err := b.wayTo(l, w, height)
	if errors.Is(err, ErrNotHere) { // others show it
		return nil, nil
	}
	return r, err
}

func (b *bringing) wayTo(l *looked, w wanted, height uint64) (*way, error) {
	covered, err := b.covered(l, w)
	if err != nil {
		return nil, err
	}
	r := &way{}
	id, at := w.chain, height
	for id != l.top && b.tree.Parent(id) != l.top {
		parent := b.tree.Parent(id)
		by := b.Get(parent)
		if by == nil {
			return nil, nil
		}
		recorded, err := b.recorded(by, id, at, covered[parent])
		if err != nil || recorded == nil {
			return nil, err
		}
		left, ok := recorded.Left[b.self]
		if !ok {
			left = light.Left{} // nothing of value left for there
		}
		if err := b.step(r, parent, id, at, recorded.Entry, recorded.State, left); err != nil {
			return nil, err
		}
		id, at = parent, recorded.Height
	}
	if there, err := b.fromTop(r, l, w, id, at); !there || err != nil {
		return nil, err
	}
	slices.Reverse(r.steps)
	slices.Reverse(r.left)
	return r, nil
}

// recorded shows that a child's block is recorded, by the last of the parent's blocks up to a height that recorded something for this
// chain. The first that recorded the block may not do: what came through the branch meanwhile, of other chains in it, counts against
// what had left the branch (SPEC 8.7), and that was less then. Nor may it be through the child's valve yet.
func (b *bringing) recorded(by Chain, child chain.ID, height, most uint64) (*Recorded, error) {
	released, err := b.released(by, child, height, most)
	if err != nil {
		return nil, err
	}
	last, err := by.LastRecorded(child, most)
	for err == nil && last > height {
		var r *Recorded
		if r, err = by.Recorded(child, last); r == nil || err != nil {
			break
		}
		if released != nil && released.Height > r.Height {
			break
		}
		if _, ok := r.Left[b.self]; ok {
			return r, nil
		}
		last = r.First - 1
	}
	if err != nil || released != nil {
		return released, err
	}
	return by.Recorded(child, height)
}

// released is the last release of a child's value for this chain in the parent's blocks up to a height, after the child's block was
// recorded; nil if there was none.
func (b *bringing) released(by Chain, child chain.ID, height, most uint64) (*Recorded, error) {
	for {
		r, err := by.Released(child, most)
		if r == nil || err != nil || r.Entry.Count < height {
			return nil, err
		}
		if _, ok := r.Left[b.self]; ok {
			return r, nil
		}
		most = r.Height - 1
	}
}

// covered is, for each chain on the way from the shown head to w's chain, a height up to which its blocks are covered: all that are,
// if it is a child of top. It ends where nothing is.
func (b *bringing) covered(l *looked, w wanted) (map[chain.ID]uint64, error) {
	list := map[chain.ID]uint64{}
	value := l.shown.Values[w.at]
	if value == nil {
		return list, nil
	}
	entry, err := merkle.DecodeAccumulator(value)
	if err != nil {
		return nil, fmt.Errorf("accumulator in the state of chain %d: %w", l.top, err)
	}
	if w.chain == l.top {
		list[l.top] = entry.Count
		return list, nil
	}
	id := b.tree.Toward(w.chain, l.top)
	for at := entry.Count; at > 0; {
		list[id] = at
		by := b.Get(id)
		if id == w.chain || by == nil {
			break
		}
		next := b.tree.Toward(w.chain, id)
		if at, err = by.LastRecorded(next, at); err != nil {
			return nil, err
		}
		id = next
	}
	return list, nil
}

// fromTop adds the step from the shown head to the block of chain id, which is the ancestor itself or a child of it.
func (b *bringing) fromTop(r *way, l *looked, w wanted, id chain.ID, at uint64) (covered bool, err error) {
	if id == l.top && at == l.shown.Digest.Last().Height {
		return true, nil // the head needs no step
	}
	value := l.shown.Values[w.at]
	if value == nil {
		return false, nil
	}
	entry, err := merkle.DecodeAccumulator(value)
	if err != nil {
		return false, fmt.Errorf("accumulator in the state of chain %d: %w", l.top, err)
	}
	if index(l.top, id, at) >= entry.Count {
		return false, nil
	}
	var left light.Left
	if id != l.top {
		left.State = l.shown.Proofs[w.at+1]
		if left.Value, err = chain.DecodeAmount(l.shown.Values[w.at+1]); err != nil {
			return false, err
		}
	}
	return true, b.step(r, l.top, id, at, entry, l.shown.Proofs[w.at], left)
}

// step adds the step from a block of chain from to the block of chain to at a height.
func (b *bringing) step(r *way, from, to chain.ID, height uint64, entry merkle.Accumulator, state merkle.StateProof, left light.Left) error {
	h, err := b.Get(to).Header(height)
	if err != nil {
		return err
	}
	place, err := b.Get(from).Place(to, entry.Count, index(from, to, height))
	if err != nil {
		return err
	}
	r.steps = append(r.steps, light.Step{Chain: to, Entry: entry, State: state, Place: place, Anchor: h.Anchor()})
	if from != to {
		r.left = append(r.left, left)
	}
	return nil
}

// index is the place of the block at a height in an accumulator: children's begin with height 1.
func index(at, list chain.ID, height uint64) uint64 {
	if at == list {
		return height
	}
	return height - 1
}
