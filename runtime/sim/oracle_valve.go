package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// valves holds SPEC 8.7 for what the valve of a chain lets through. Of each branch it knows what the headers that the parent recorded let out of
// it, what the parent's state says has left it, and what others took in. It counts in heights of the parent:
//
//   - what others took in from a branch is no more than had left it;
//   - what has left is no more than was let out by blocks that were recorded the delay before, whatever the branch's committee says;
//   - there are windows, each begun so many heights after the one before at least, in each of which no more than the limit leaves;
//   - the parent has a valve that was registered.
//
// Nothing is asked of a parent that is rotten: who is above it asks that of its own branch.
type valves struct {
	*crossing
	of map[chain.ID]*valve
}

// valve is what is known of one.
type valve struct {
	parent *World
	now    chain.Valve
	since  uint64                    // when that was registered, in milliseconds; zero for the genesis's
	left   map[chain.ID]chain.Amount // by destination, as the parent's state has it
	ripe   map[chain.ID]chain.Amount // that may have left, by destination
	young  []letOut
	spans  []span
	last   uint64 // height at which something left
}

// letOut is what a block let out for a chain, until the delay is over.
type letOut struct {
	height uint64
	delay  uint32 // the least since then
	to     chain.ID
	amount chain.Amount
}

// span is a window that may be open: since when, and what has left in it.
type span struct {
	opened uint64
	passed chain.Amount
}

func newValves(o *crossing) *valves {
	v := &valves{o, map[chain.ID]*valve{}}
	for _, b := range o.whole.Branches {
		v.of[b.ID] = &valve{parent: o.world(b.Parent), now: b.Has.Valve, left: map[chain.ID]chain.Amount{}, ripe: map[chain.ID]chain.Amount{}, spans: []span{{}}}
	}
	return v
}

// recorded takes blocks of a child that its parent has recorded.
func (v *valves) recorded(child *World, height uint64, r *exec.Recorded) {
	b := v.of[child.id]
	for _, a := range r.Anchors {
		var leaving []chain.Leaving
		if blocks := child.final.blocks; a.Height < uint64(len(blocks)) && blocks[a.Height].header.Hash() == a.Hash {
			leaving = blocks[a.Height].header.Leaving
		} else if child.liar != nil {
			leaving = child.liar.said[a.Hash]
		} // of another one crossing says what is wrong with it
		for _, l := range leaving {
			if !v.tree.Below(l.Chain, child.id) {
				b.young = append(b.young, letOut{height, b.now.Delay, l.Chain, l.Amount})
			}
		}
	}
}

// final looks at what a block makes of the valves of the chain's children, behind what it records.
func (v *valves) final(w *World, res *block.Result) {
	if w.rotten {
		return
	}
	for _, id := range v.tree.Children(w.id) {
		v.child(w, id, res)
	}
}

// child does so for one of them.
func (v *valves) child(w *World, id chain.ID, res *block.Result) {
	b, height := v.of[id], res.Block.Header.Height
	before, sum := b.now, chain.Amount{}
	var changed []chain.ID
	for _, c := range res.Changes {
		if c.Account != chain.DigestsAddress(w.id) {
			continue
		}
		if c.Key == chain.GateKey(id) {
			v.set(w, id, c.After)
		}
		if to := v.leftFor(id, c.Key); to != 0 {
			left, err := chain.DecodeAmount(c.After)
			more, bad := left.Sub(b.left[to])
			if err != nil || bad != nil {
				v.violate("8.7 valve", nil, "block %d of chain %d says that %s has left chain %d for chain %d, and it was %s", height, w.id, left, id, to, b.left[to])
				return
			}
			b.left[to], sum, changed = left, v.add(sum, more), append(changed, to)
		}
	}
	had := []chain.Valve{b.now}
	if b.now != before { // others may have come and gone within the block
		had = v.ever(id)
	} else { // also where it ended with the one that it began with
		had = append(had, v.unseen(id)...)
	}
	v.ripen(b, height, had)
	for _, to := range changed {
		if b.ripe[to].Less(b.left[to]) {
			v.violate("8.7 valve", nil, "after block %d of chain %d %s has left chain %d for chain %d, and no more than %s may have with a delay of %d blocks", height, w.id, b.left[to], id, to, b.ripe[to], b.now.Delay)
		}
	}
	if !b.pass(height, sum, had) {
		v.violate("8.7 valve", nil, "%s leaves chain %d in block %d of chain %d, more than %s within %d blocks", sum, id, height, w.id, b.now.Limit, b.now.Window)
	}
}

// leftFor is the chain for which an entry says what has left a branch; 0 for another entry.
func (v *valves) leftFor(id chain.ID, key string) chain.ID {
	for _, x := range v.worlds {
		if key == chain.LeftKey(id, x.id) {
			return x.id
		}
	}
	return 0
}

// set takes the valve that a parent has of a child from now on.
func (v *valves) set(w *World, id chain.ID, raw []byte) {
	var g chain.Gate
	if raw != nil {
		var err error
		if g, err = chain.DecodeGate(raw); err != nil {
			v.violate("8.7 valve", nil, "chain %d: gate of chain %d: %v", w.id, id, err)
			return
		}
		if len(g.Waiting) > 0 {
			v.census.add("value waits at a valve")
		}
	}
	b := v.of[id]
	if g.Valve == b.now {
		return
	}
	if !slices.Contains(v.ever(id), g.Valve) {
		v.violate("8.7 valve", nil, "chain %d has a valve of %v for chain %d, which was never registered", w.id, g.Valve, id)
	}
	v.census.add("valve changed")
	b.now = g.Valve
	for _, r := range v.registered(id) {
		if r.Valve == b.now {
			b.since = max(b.since, r.At)
		}
	}
}

// registered are the changes of a chain that may be registered by now.
func (v *valves) registered(id chain.ID) (list []Renewal) {
	for _, r := range v.whole.Renewals {
		if r.Chain == id && r.At*millis <= v.now {
			list = append(list, r)
		}
	}
	return list
}

// unseen are the valves that a chain may have had for a part of a block: registered after the last one that a state showed.
func (v *valves) unseen(id chain.ID) (list []chain.Valve) {
	for _, r := range v.registered(id) {
		if r.At > v.of[id].since {
			list = append(list, r.Valve)
		}
	}
	return list
}

// ever are the valves that a chain has had, as far as they may be registered by now: one that another takes the place of in the same block
// is seen in no state.
func (v *valves) ever(id chain.ID) (list []chain.Valve) {
	for _, b := range v.whole.Branches {
		if b.ID == id {
			list = append(list, b.Has.Valve)
		}
	}
	for _, r := range v.registered(id) {
		list = append(list, r.Valve)
	}
	return list
}

// ripen counts what may have left at a height, whose block had these valves.
func (v *valves) ripen(b *valve, height uint64, had []chain.Valve) {
	delay := b.now.Delay
	for _, x := range had {
		delay = min(delay, x.Delay)
	}
	var rest []letOut
	for _, l := range b.young {
		if l.delay = min(l.delay, delay); height-l.height < uint64(l.delay) {
			rest = append(rest, l)
			continue
		}
		b.ripe[l.to] = v.add(b.ripe[l.to], l.amount)
	}
	b.young = rest
}

// unlimited says whether one of the valves that a block had lets everything out. A window that was open then has let out nothing that counts.
func (b *valve) unlimited(had []chain.Valve) bool {
	if !slices.ContainsFunc(had, func(x chain.Valve) bool { return x.Limit.IsZero() }) {
		return false
	}
	first := b.spans[0].opened
	for _, s := range b.spans {
		first = min(first, s.opened)
	}
	b.spans, b.last = []span{{opened: first}}, 0
	return true
}

// pass says whether so much may leave at a height: there are windows, among all that may be open, in which it does. Where the block had several
// valves the widest counts, and a window may begin between what leaves, or where nothing does.
func (b *valve) pass(height uint64, amount chain.Amount, had []chain.Valve) bool {
	if b.unlimited(had) || amount.IsZero() && len(had) == 1 {
		return true
	}
	limit, window := b.now.Limit, b.now.Window
	for _, x := range had {
		if window = min(window, x.Window); limit.Less(x.Limit) {
			limit = x.Limit
		}
	}
	var next []span
	may := func(s span) { // unless another one that may be lets through no less, and no later
		if !slices.ContainsFunc(next, func(o span) bool { return o.opened <= s.opened && !s.passed.Less(o.passed) }) {
			next = append(next, s)
		}
	}
	open := slices.Clone(b.spans)
	for _, s := range b.spans {
		// The earliest other window that has begun since something left last.
		if first := max(s.opened+uint64(window), b.last+1); first <= height {
			open = append(open, span{opened: first})
		}
	}
	for _, s := range open {
		if sum, err := s.passed.Add(amount); err == nil && (amount.IsZero() || !limit.Less(sum)) {
			may(span{s.opened, sum})
		}
		if len(had) > 1 && s.opened+uint64(window) <= height {
			room, _ := limit.Sub(s.passed)
			if rest, _ := amount.Sub(room); !limit.Less(rest) {
				may(span{height, rest})
			}
		}
	}
	if !amount.IsZero() {
		b.last = height
	}
	if len(next) == 0 {
		return false
	}
	b.spans = next
	return true
}

// within holds for all branches that a chain is in that others took in no more than what has left them.
func (v *valves) within(from, to chain.ID) {
	for root := from; root != chain.Main && root != 0 && !v.tree.Below(to, root); root = v.tree.Parent(root) {
		var came chain.Amount
		for _, w := range v.worlds {
			if v.tree.Below(w.id, root) {
				came = v.add(came, v.moved[pairOf{w.id, to}])
			}
		}
		if b := v.of[root]; !b.parent.rotten && b.left[to].Less(came) {
			v.violate("8.7 valve", nil, "chain %d took in %s from chain %d and those under it, and %s has left there for it", to, came, root, b.left[to])
		}
	}
}
