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
	// Knows and Of are the first block that the chain then came to know, and that isn't there, and whose it is.
	Of    chain.ID `json:"of"`
	Knows uint64   `json:"knows"`
}

// cut takes chains back to heights where none knows a block of another one that is not looked at. One for which there are no records
// stays, and what it knows is found later.
func (t *tree) cut() error {
	cuts := map[chain.ID]*Cut{}
	for moved := true; moved; {
		moved = false
		for _, id := range t.ids() {
			s := t.sides[id]
			for t.ctx.Err() == nil {
				of, knows := t.ahead(s)
				if of == 0 || !s.back() {
					break
				}
				cuts[id], moved = &Cut{id, s.height, s.report.Height, of, knows}, true
			}
		}
	}
	for _, id := range t.ids() {
		if c := cuts[id]; c != nil && t.ctx.Err() == nil {
			t.report.Cuts = append(t.report.Cuts, *c)
			if err := t.sides[id].stand(); err != nil {
				t.skip(fmt.Sprintf("chain %d can't be looked at as it was at block %d: %v", id, c.Height, err), Crossings, Total)
			}
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

// back takes a chain to the block before, and says whether it could.
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
