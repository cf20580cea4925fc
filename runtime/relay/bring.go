package relay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Bring adds to a block in the making what the chains that are here have for it. What is refused is left out, with its fault in
// refused: it is carried again when it is right, or never.
func (c *Chains) Bring(a *block.Arrival) (refused []*block.Fault, err error) {
	b, err := c.looking(a)
	if err != nil {
		return nil, err
	}
	for _, part := range []func() error{b.allViews, b.facts, b.acks, b.imports} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return b.refused, nil
}

// Ready says whether Bring would add something that makes a block worth its while: relays, or facts. A credit is, if what may leave its
// branch has come to an end or is about to.
func (c *Chains) Ready(a *block.Arrival) (bool, error) {
	b, err := c.looking(a)
	if err != nil {
		return false, err
	}
	for _, l := range b.looks {
		if news, err := b.news(l, b.worth); news || err != nil {
			return news, err
		}
		if use, err := b.ofUse(l, relays); use || err != nil {
			return use, err
		}
		if frees, err := b.frees(l); frees || err != nil {
			return frees, err
		}
	}
	return false, nil
}

// looking asks the chain itself and its ancestors for what they have.
func (c *Chains) looking(a *block.Arrival) (*bringing, error) {
	b := &bringing{Chains: c, Arrival: a, self: a.Chain(), tree: a.Tree()}
	for _, top := range append([]chain.ID{b.self}, b.tree.Ancestors(b.self)...) {
		if err := b.look(top); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// bringing is a Bring under way.
type bringing struct {
	*Chains
	*block.Arrival
	self    chain.ID
	tree    chain.Tree
	looks   []*looked
	refused []*block.Fault
}

// looked is what one ancestor, or the chain itself, is asked for: all at one head (R2).
type looked struct {
	top   chain.ID
	is    Chain
	slots []exec.Slot
	facts []chain.Fact // of the first slots, in the order of a block
	ways  []wanted     // of the slots behind them
	shown *Shown
}

// wanted is a chain that is reached from top: for its relays, or for what it took in.
type wanted struct {
	chain  chain.ID
	relays bool
	first  uint64 // number of the first of them
	height uint64 // of the block with that
	acks   bool
	out    chain.Outward
	at     int // slot of the accumulator that leads there; what left that branch stands in the next, if it is a child's
	taken  int // slot of what top itself took in, if it is that
}

func (b *bringing) refuse(f *block.Fault) {
	if f != nil {
		b.refused = append(b.refused, f)
	}
}

// look asks top for all that is proven from it.
func (b *bringing) look(top chain.ID) error {
	l := &looked{top: top, is: b.Get(top)}
	if l.is == nil {
		return nil
	}
	l.askFacts(b.self, b.tree)
	if err := b.askChild(l); err != nil {
		return err
	}
	for _, limb := range b.tree {
		if limb.ID == b.self || b.tree.Common(b.self, limb.ID) != top {
			continue
		}
		w, err := b.want(limb.ID)
		if err != nil {
			return err
		}
		if !w.relays && !w.acks {
			continue
		}
		w.at, w.taken = len(l.slots), len(l.slots)+1
		l.slots = append(l.slots, b.slots(top, limb.ID)...)
		l.ways = append(l.ways, w)
	}
	if len(l.slots) == 0 {
		return nil
	}
	var err error
	if l.shown, err = l.is.Show(l.slots); err != nil {
		return fmt.Errorf("chain %d: %w", top, err)
	}
	if l.shown == nil {
		return nil
	}
	b.looks = append(b.looks, l)
	for i := range l.ways {
		w := &l.ways[i]
		left, err := l.left(w)
		if err != nil {
			return err
		}
		w.relays = w.relays && !b.isVain(b.self, w.chain, w.first, l.shown.Digest.Last().Height, left)
	}
	return nil
}

// left is what has left w's branch for the chain; zero if w is the ancestor itself.
func (l *looked) left(w *wanted) (a chain.Amount, err error) {
	if raw := l.shown.Values[w.taken]; w.chain != l.top && raw != nil {
		a, err = chain.DecodeAmount(raw)
	}
	return a, err
}

// slots are what top is asked for of another chain: the accumulator that leads there; and what left that branch for this chain, or what top
// itself took in.
func (b *bringing) slots(top, other chain.ID) []exec.Slot {
	if other == top {
		return []exec.Slot{accumulatorSlot(top, top), {Account: chain.SystemAddress(top), Key: chain.InKey(b.self)}}
	}
	child := b.tree.Toward(other, top)
	return []exec.Slot{accumulatorSlot(top, child), {Account: chain.DigestsAddress(top), Key: chain.LeftKey(child, b.self)}}
}

// askFacts asks for the facts that a chain takes over from top, those of the tree and the committee from the main chain alone.
func (l *looked) askFacts(self chain.ID, tree chain.Tree) {
	system := chain.SystemAddress(l.top)
	if l.top == chain.Main && self != chain.Main {
		l.ask(chain.FactTree, chain.Main, exec.Slot{Account: system, Key: chain.KeyTree})
	}
	if l.top == chain.Main {
		l.ask(chain.FactCharter, self, exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(self)})
	}
	for _, limb := range tree {
		if l.top != self && tree.Toward(limb.ID, self) != 0 {
			l.ask(chain.FactCredit, limb.ID, exec.Slot{Account: system, Key: chain.SentKey(limb.ID)})
		}
	}
}

// askChild asks for who certifies the ancestor under top, if nothing is known of it.
func (b *bringing) askChild(l *looked) error {
	child := b.tree.Toward(b.self, l.top)
	if l.top == b.self || child == b.self {
		return nil
	}
	known, err := b.Known(child)
	if err == nil && known.Committee == (chain.Hash{}) {
		l.ask(chain.FactChild, child, childCommittee(l.top, child))
	}
	return err
}

func (l *looked) ask(kind chain.FactKind, of chain.ID, slot exec.Slot) {
	l.facts = append(l.facts, chain.Fact{Kind: kind, From: l.top, Of: of})
	l.slots = append(l.slots, slot)
}

// want says whether something is to be fetched of a chain.
func (b *bringing) want(id chain.ID) (w wanted, err error) {
	w.chain = id
	is := b.Get(id)
	if is == nil {
		return w, nil
	}
	in, err := b.In(id)
	if err != nil {
		return w, err
	}
	if w.height, err = is.Departure(b.self, in); err != nil {
		return w, err
	}
	out, err := b.Out(id)
	w.relays, w.first, w.out = w.height > 0, in, out
	w.acks = out.Waiting() >= ackEvery || out.Waiting() > 0 && out.Load >= chain.BusyLoad
	if err == nil && !w.acks && out.Waiting() >= ackSoon {
		var latest chain.Anchor
		latest, err = b.Latest(b.tree, id)
		w.acks = latest.Load >= chain.BusyLoad
	}
	return w, err
}

// purpose is what a chain is reached for.
type purpose func(wanted) bool

func relays(w wanted) bool   { return w.relays }
func anything(w wanted) bool { return w.relays || w.acks }

// ofUse says whether the shown head covers something that is wanted.
func (b *bringing) ofUse(l *looked, is purpose) (bool, error) {
	for _, w := range l.ways {
		switch {
		case !is(w):
			continue
		case !w.relays:
			return true, nil
		}
		if way, err := b.way(l, w, w.height); way != nil || err != nil {
			return way != nil, err
		}
	}
	return false, nil
}

// allViews raises the views of ancestors, by chain: the order in which a block has them.
func (b *bringing) allViews() error {
	for _, l := range slices.SortedFunc(slices.Values(b.looks), func(x, y *looked) int { return cmp.Compare(x.top, y.top) }) {
		if err := b.views(l); err != nil {
			return err
		}
	}
	return nil
}

// views raises the view of the ancestor to the head that was shown, if something of it is of use.
func (b *bringing) views(l *looked) error {
	if l.top == b.self {
		return nil
	}
	news, err := b.news(l, anyNews)
	if err != nil {
		return err
	}
	if use, err := b.ofUse(l, anything); err != nil || !use && !news {
		return err
	}
	known, err := b.Known(l.top)
	if err != nil || known.Anchor.Height >= l.shown.Digest.Last().Height || known.Committee == (chain.Hash{}) {
		return err
	}
	return b.raise(l, known)
}

// raise adds the digests that lead from what is known to the head: one, unless the committee changed on the way.
func (b *bringing) raise(l *looked, known chain.Known) error {
	fault, err := raise(b.Arrival, l.is, &l.shown.Digest, known)
	b.refuse(fault)
	return err
}

// raise raises the view of an ancestor to its head, as far as its changes of committee are here.
func raise(a *block.Arrival, is Chain, to *chain.Digest, known chain.Known) (*block.Fault, error) {
	head := to.Last()
	there, fault, err := follow(a, is, known, head.Epoch, head.Height)
	if fault != nil || err != nil || !there {
		return fault, err
	}
	if known, err = a.Known(head.Chain); err != nil || known.Anchor.Height >= head.Height {
		return nil, err
	}
	return a.View(to)
}

// follow raises the view of an ancestor over its changes of committee up to an epoch, and says whether it came there. All blocks up to
// head are here.
func follow(a *block.Arrival, is Chain, known chain.Known, epoch, head uint64) (there bool, fault *block.Fault, err error) {
	for known.Epoch < epoch {
		d, err := handover(is, known, head)
		if err != nil || d == nil {
			return false, nil, err
		}
		if fault, err := a.View(d); fault != nil || err != nil {
			return false, fault, err
		}
		if known, err = a.Known(d.Last().Chain); err != nil {
			return false, nil, err
		}
	}
	return true, nil, nil
}

// handover is the digest of the block that ends the epoch which is known, up to the head; nil if that is not here. Epochs don't go back.
func handover(is Chain, known chain.Known, head uint64) (*chain.Digest, error) {
	first := known.Anchor.Height + 1
	if first > head {
		return nil, nil
	}
	var failed error
	later := sort.Search(int(head-first), func(i int) bool {
		h, err := is.Header(first + uint64(i))
		if err != nil {
			failed = errors.Join(failed, err)
			return true
		}
		return h.Epoch > known.Epoch
	})
	if errors.Is(failed, ErrNotHere) {
		return nil, nil
	}
	if later == 0 || failed != nil {
		return nil, failed
	}
	d, err := is.Run(first + uint64(later) - 1)
	if errors.Is(err, ErrNotHere) {
		return nil, nil
	}
	if err != nil || d == nil || len(d.Next.Seats) == 0 {
		return nil, err
	}
	return d, nil
}

// news says whether a fact of those that count differs from what the chain knows.
func (b *bringing) news(l *looked, counts func(*chain.Fact) (bool, error)) (bool, error) {
	for i := range l.facts {
		f := l.fact(i)
		if is, err := b.isNews(f); err != nil {
			return false, err
		} else if !is {
			continue
		}
		if is, err := counts(f); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

func anyNews(*chain.Fact) (bool, error) { return true, nil }

// worth says whether a fact is worth a block.
func (b *bringing) worth(f *chain.Fact) (bool, error) {
	if f.Kind != chain.FactCredit || b.isShort(b.self, b.tree.Toward(f.Of, b.self)) {
		return true, nil
	}
	return b.Needs(f)
}

// fact is the i-th of those that were asked for, without its proof. It has no value if there is no such entry.
func (l *looked) fact(i int) *chain.Fact {
	f := l.facts[i]
	f.Value = l.shown.Values[i]
	return &f
}

func (b *bringing) isNews(f *chain.Fact) (bool, error) {
	if f.Value == nil {
		return false, nil
	}
	return b.News(f)
}

// atHead says whether proofs from the shown head start from what the chain knows.
func (b *bringing) atHead(l *looked) (bool, error) {
	if l.top == b.self {
		return true, nil
	}
	known, err := b.Known(l.top)
	return err == nil && known.Anchor.Hash == l.shown.Digest.Last().Hash(), err
}

// facts brings those of all looks, by kind: of one kind and from one chain they are in order already.
func (b *bringing) facts() error {
	for kind := chain.FactTree; kind <= chain.FactChild; kind++ {
		for _, l := range slices.SortedFunc(slices.Values(b.looks), func(x, y *looked) int { return cmp.Compare(x.top, y.top) }) {
			if err := b.factsFrom(l, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bringing) factsFrom(l *looked, kind chain.FactKind) error {
	if at, err := b.atHead(l); !at || err != nil {
		return err
	}
	for i := range l.facts {
		f := l.fact(i)
		if f.Kind != kind || len(b.Arrived.Facts) >= chain.MaxFacts {
			continue
		}
		if news, err := b.isNews(f); err != nil {
			return err
		} else if !news {
			continue
		}
		if l.top != b.self {
			p := light.EntryProof{State: l.shown.Proofs[i]}
			f.Proof = p.Append(nil)
		}
		fault, err := b.Fact(f)
		if b.refuse(fault); err != nil {
			return err
		}
	}
	return nil
}

// reach calls f for all that is wanted, by chain: the order in which a block has it.
func (b *bringing) reach(f func(*looked, wanted) error) error {
	type place struct {
		l *looked
		w wanted
	}
	var list []place
	for _, l := range b.looks {
		at, err := b.atHead(l)
		if err != nil {
			return err
		}
		if !at {
			continue
		}
		for _, w := range l.ways {
			list = append(list, place{l, w})
		}
	}
	slices.SortFunc(list, func(x, y place) int { return int(x.w.chain) - int(y.w.chain) })
	for _, p := range list {
		if err := f(p.l, p.w); err != nil {
			return err
		}
	}
	return nil
}
