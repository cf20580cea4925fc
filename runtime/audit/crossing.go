package audit

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// What goes from one chain to another is looked at from the side of the chain that took it in, block by block, against what
// is kept on the side of the chain that sent it. What each keeps is held to its own blocks by its own audit. At a consistent
// cut (cut.go) all that was taken in stands in the blocks of its source: what then left and was not taken in is under way.

// between makes the checks that need several chains.
func (t *tree) between() error {
	for _, id := range t.ids() {
		for _, step := range []func(chain.ID) error{t.recorded, t.taken, t.underWay} {
			if err := t.damageOnly(step(id)); err != nil {
				return err
			}
			if err := t.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return t.total()
}

// damageOnly notes what can't be read. Other errors end the audit.
func (t *tree) damageOnly(err error) error {
	if err == nil || !errors.Is(err, store.ErrDamaged) {
		return err
	}
	t.skip(err.Error(), Recorded, Crossings, Total)
	return nil
}

// recorded holds the blocks that a chain knows of others to theirs: of children the list that it keeps, of ancestors what the
// last header says.
func (t *tree) recorded(id chain.ID) error {
	s := t.sides[id]
	if list := headers(s.at(s.height)); len(list) > 0 {
		for _, v := range list[0].Views {
			t.sees(id, v.Chain, v.Height, func(other *chain.Header) bool { return other.Hash() == v.Hash })
		}
	}
	var err error
	for c := s; c != nil && err == nil; c = c.below {
		err = c.raw.Nodes(id, func(list chain.ID, n merkle.Node, damage error) error {
			if list != id && n.Level == 0 && damage == nil && n.Index < s.children[list] { // the first block that is recorded is that of height 1
				t.sees(id, list, n.Index+1, func(other *chain.Header) bool { return light.AnchorLeaf(other.Anchor()) == n.Hash })
			}
			return t.ctx.Err()
		})
	}
	return err
}

// sees holds a block of another chain that a chain says there is to the one that is.
func (t *tree) sees(id, other chain.ID, height uint64, is func(*chain.Header) bool) {
	s := t.sides[other]
	if s == nil { // together says so
		return
	}
	t.looked(Recorded, 1)
	if height > s.height { // cut says so
		return
	}
	if list := headers(s.at(height)); len(list) > 0 && !is(list[0]) {
		t.add(Recorded, height, "chain %d knows another block %d of chain %d than is here", id, height, other)
	}
}

// outboxes reads what left a chain, where its directory says that it stands.
type outboxes struct {
	*side
	height uint64 // of the outbox that was read last; 0 for none
	outbox []block.Outgoing
}

// errBefore: a relay left in a block that no directory has.
var errBefore = errors.New("it left before the state that the chain begins with here")

// place is where a relay is said to stand; store.ErrNotFound if nothing says it.
func (s *side) place(to chain.ID, number uint64) (store.Place, error) {
	at, err := s.raw.Departure(s.report.Chain, to, number)
	switch {
	case !errors.Is(err, store.ErrNotFound):
		return at, err
	case s.below != nil:
		return s.below.place(to, number)
	case number < s.began.out[to].Next:
		return at, errBefore
	}
	return at, err
}

// relay is the one with a number to a chain; nil if it is not kept, errBefore if it can't be.
func (o *outboxes) relay(to chain.ID, number uint64) (*chain.Message, error) {
	at, err := o.place(to, number)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if at.Height > o.side.height {
		return nil, nil
	}
	if o.height != at.Height {
		k := o.at(at.Height)
		if o.outbox, err = block.DecodeOutbox(k.Outbox); err != nil {
			o.outbox = nil // its own audit says so
		}
		o.height = at.Height
	}
	if int(at.Event) >= len(o.outbox) || o.outbox[at.Event].To != to || o.outbox[at.Event].Number != number {
		return nil, nil
	}
	return o.outbox[at.Event].Message, nil
}

// taken follows what a chain took in, over all its blocks.
func (t *tree) taken(id chain.ID) error {
	s := t.sides[id]
	if s.lost {
		return nil
	}
	next := map[chain.ID]uint64{}
	maps.Copy(next, s.start().in)
	sources := map[chain.ID]*outboxes{}
	err := s.blocks(func(k *store.Kept) error {
		if k.Block == nil || s.tree == nil || k.Height > s.height {
			return t.ctx.Err()
		}
		b, err := chain.DecodeBlock(k.Block)
		if err != nil {
			return t.ctx.Err() // its own audit says so
		}
		for i := range b.Arrived.Imports {
			im := &b.Arrived.Imports[i]
			if sources[im.Source] == nil {
				sources[im.Source] = &outboxes{side: t.sides[im.Source]}
			}
			if err := t.imported(id, k.Height, im, next, sources[im.Source]); err != nil {
				return err
			}
		}
		return t.ctx.Err()
	})
	if err != nil {
		return err
	}
	for _, from := range slices.Sorted(maps.Keys(s.in)) {
		if s.in[from] != next[from] {
			t.add(Crossings, 0, "chain %d expects relay %d of chain %d, and its blocks took in those before %d", id, s.in[from], from, next[from])
		}
	}
	return nil
}

// imported holds what a block took in to what left the source.
func (t *tree) imported(id chain.ID, height uint64, im *chain.Import, next map[chain.ID]uint64, source *outboxes) error {
	t.looked(Crossings, len(im.Messages))
	for i, m := range im.Messages {
		number, want := im.First+uint64(i), next[im.Source]
		switch {
		case number < want:
			t.add(Crossings, height, "chain %d, block %d: relay %d of chain %d is taken in again: message %s", id, height, number, im.Source, m.ID())
			continue
		case number > want:
			t.add(Crossings, height, "chain %d, block %d: relay %d of chain %d is taken in, and %d is the next", id, height, number, im.Source, want)
		}
		next[im.Source] = number + 1
		if source.side == nil {
			continue
		}
		sent, err := source.relay(id, number)
		switch {
		case errors.Is(err, errBefore):
		case err != nil:
			return err
		case sent == nil:
			t.add(Crossings, height, "chain %d, block %d: relay %d of chain %d is taken in, and did not leave there up to block %d",
				id, height, number, im.Source, source.side.height)
		case sent.ID() != m.ID():
			t.add(Crossings, height, "chain %d, block %d: relay %d of chain %d is taken in as message %s, and left as %s", id, height, number, im.Source, m.ID(), sent.ID())
		}
	}
	return nil
}

// underWay adds up what left a chain and was not taken in.
func (t *tree) underWay(id chain.ID) error {
	s := t.sides[id]
	for _, to := range slices.Sorted(maps.Keys(s.out)) {
		other := t.sides[to]
		if other == nil || s.lost || other.lost {
			continue
		}
		c := Crossing{From: id, To: to, Sent: s.out[to].Next, Taken: other.in[id]}
		if c.Taken < s.out[to].Consumed {
			t.add(Crossings, 0, "chain %d knows that chain %d took in %d of its relays, and that has taken in %d here: take a later copy of it", id, to, s.out[to].Consumed, c.Taken)
		}
		source := &outboxes{side: s}
		for number := c.Taken; number < c.Sent; number++ {
			m, err := source.relay(to, number)
			if errors.Is(err, errBefore) { // so it is with all that had left by then, however many an untrue state says
				t.skip(fmt.Sprintf("relay %d of chain %d to chain %d is under way, and left before block %d, with whose state the chain begins in its directory: "+
					"add one that has all blocks", number, id, to, s.report.From), Total)
				number = s.start().out[to].Next - 1
				continue
			}
			if err != nil {
				return err
			}
			t.looked(Crossings, 1)
			if m == nil {
				t.add(Crossings, 0, "relay %d of chain %d to chain %d is under way, and is not kept", number, id, to)
				break // the number may be any
			}
			if c.UnderWay, err = c.UnderWay.Add(exec.Value(m)); err != nil {
				t.add(Total, 0, "what is under way from chain %d to chain %d: %v", id, to, err)
				break
			}
		}
		t.report.Crossings = append(t.report.Crossings, c)
	}
	return nil
}

// total adds up all chains.
func (t *tree) total() error {
	r := &t.report
	var errs error
	add := func(sum *chain.Amount, a chain.Amount) {
		s, err := sum.Add(a)
		*sum, errs = s, errors.Join(errs, err)
	}
	for _, id := range t.ids() {
		add(&r.Issued, t.sides[id].report.Issued)
		add(&r.Held, t.sides[id].held)
	}
	for i := range r.Crossings {
		add(&r.UnderWay, r.Crossings[i].UnderWay)
	}
	t.looked(Total, len(t.sides))
	if !t.whole || slices.ContainsFunc(t.ids(), func(id chain.ID) bool { return t.sides[id].lost }) {
		return nil
	}
	sum := r.Held
	add(&sum, r.UnderWay)
	switch {
	case errs != nil:
		t.add(Total, 0, "all chains hold more than 2^128-1: %v", errs)
	case sum != r.Issued:
		t.add(Total, 0, "all chains hold %s and %s is under way, which is %s; %s was issued", r.Held, r.UnderWay, sum, r.Issued)
	}
	return nil
}
