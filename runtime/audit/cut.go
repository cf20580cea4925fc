package audit

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Copies that were made one after the other, or of processes that stopped at different times, are no consistent cut at their heads: one may have
// taken in what another one hadn't sent yet. All that crosses is proved by a block of an ancestor, which the header names, or of a child, which
// the state has as recorded. So a chain is taken back, block by block, until all blocks that it knows are there; and so are those who
// know of what was taken back. What they held then is made of the stored state and the undo records.
//
//	chain 2   … ── 40 ── 41 ── 42        its copy ends here
//	chain 3   … ── 17 ── 18 │ 19 ── 20   19 is the first block that knows one of chain 2 behind 42: looked at up to 18
//	                        cut

// Cut is a chain that is looked at up to a block before its head, when it is held to others.
type Cut struct {
	Chain chain.ID `json:"chain"`
	// Height is the block, Head the last one that is there.
	Height uint64 `json:"height"`
	Head   uint64 `json:"head"`
	// Knows and Of are the block that the chain then came to know, and that isn't looked at, and whose it is.
	Of    chain.ID `json:"of"`
	Knows uint64   `json:"knows"`
}

// cut takes chains back to heights where none knows a block of another one that is not looked at. One for which there are no records
// stays, which is a finding.
func (t *tree) cut() error {
	cuts, heads := map[chain.ID]*Cut{}, map[chain.ID]uint64{}
	for id, s := range t.sides { // any order: each by itself
		heads[id] = s.height
	}
	for moved := true; moved; {
		moved = false
		for _, id := range t.ids() {
			for t.ctx.Err() == nil {
				of, knows := t.ahead(t.sides[id])
				if of == 0 || !t.back(id) {
					break
				}
				cuts[id], moved = &Cut{id, t.sides[id].height, heads[id], of, knows}, true
			}
		}
	}
	for _, id := range t.ids() {
		c, s := cuts[id], t.sides[id]
		if of, knows := t.ahead(s); of != 0 {
			t.add(Recorded, knows, "chain %d knows block %d of chain %d, which is looked at up to block %d here: take a later copy of it", id, knows, of, t.sides[of].height)
		}
		if c == nil || t.ctx.Err() != nil {
			continue
		}
		t.report.Cuts = append(t.report.Cuts, *c)
		if s.height == s.report.Height { // that is where another copy of it ends
			continue
		}
		if err := s.stand(); err != nil {
			s.lost = true
			t.skip(fmt.Sprintf("chain %d can't be looked at as it was at block %d: %v", id, c.Height, err), Crossings, Total)
		}
	}
	return t.ctx.Err()
}

// ahead is a block of another chain that a chain knows, and that is not looked at; 0 if there is none.
func (t *tree) ahead(s *side) (of chain.ID, height uint64) {
	list := headers(s.at(s.height))
	if len(list) == 0 {
		return 0, 0
	}
	for _, v := range list[0].Views {
		if o := t.sides[v.Chain]; o != nil && v.Height > o.height {
			return v.Chain, v.Height
		}
	}
	for _, id := range t.ids() {
		if h := s.children[id]; h > t.sides[id].height {
			return id, h
		}
	}
	return 0, 0
}

// back takes a chain to the block before, and says whether it could. A copy that began later, or that has no older records, makes way for the one
// that has what came before.
func (t *tree) back(id chain.ID) bool {
	s := t.sides[id]
	if s.back() {
		return true
	}
	if s.below == nil {
		return false
	}
	t.sides[id] = s.below
	return true
}

func (s *side) back() bool {
	record, err := s.raw.Undo(s.report.Chain, s.height)
	if err != nil || s.height <= s.report.Base {
		return false
	}
	before := map[chain.ID]uint64{}
	err = store.DecodeUndo(record, func(slot exec.Slot, value []byte) {
		if id, is := s.child(slot); is {
			before[id] = 0
			if c, err := chain.DecodeChild(value); value != nil && err == nil {
				before[id] = c.Anchor.Height
			}
		}
	})
	if err != nil {
		return false
	}
	for id, height := range before { // any order: each by itself
		s.children = with(s.children, id, height)
	}
	s.height--
	return true
}

func (s *side) child(slot exec.Slot) (chain.ID, bool) {
	id, is := childEntry(slot.Key)
	return id, is && slot.Account == chain.DigestsAddress(s.report.Chain)
}

// stand makes what the chain held, and what it said of others, at the height up to which it is looked at.
func (s *side) stand() (err error) {
	var at *state
	err = guard(func() (err error) { at, err = rewind(s.raw, s.report.Chain, s.height, s.report.Height); return err })
	if err != nil {
		return err
	}
	list := headers(s.at(s.height))
	if len(list) == 0 || list[0].Roots.State != at.root() {
		return errors.New("the stored state and the undo records don't lead to the root in its header")
	}
	children := s.children
	s.border, s.held, err = at.holds(s.report.Chain)
	s.children = children
	return err
}
