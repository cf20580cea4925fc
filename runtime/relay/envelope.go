package relay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Why there is no envelope.
var (
	// ErrNotSent: the source has not sent a relay with that number to the destination.
	ErrNotSent = errors.New("was not sent")
	// ErrNotHere: it is of blocks before the state that a chain began with in this process. Others have it.
	ErrNotHere = errors.New("not kept here")
	// ErrNotCovered: the ancestor's head doesn't cover the source's block yet: carry digests first. Or a chain between is not here.
	ErrNotCovered = errors.New("is not covered by the head of the chain above both")
)

// envelopeRoom is how much of a block's relays an envelope holds: no more than any chain can take in with one block, as an envelope is
// taken in whole.
var envelopeRoom = Room{Bytes: 1 << 20, Gas: chain.MaxMessageGas}

// Envelope is relays from source to another chain, from a number on, with all that shows them. It is a file for somebody else to carry
// (SPEC 8.2); all chains on the way must be here, the destination need not.
func (c *Chains) Envelope(tree chain.Tree, source, to chain.ID, first uint64) (*light.Envelope, error) {
	return c.envelope(tree, source, to, first, envelopeRoom)
}

func (c *Chains) envelope(tree chain.Tree, source, to chain.ID, first uint64, room Room) (*light.Envelope, error) {
	what := fmt.Sprintf("relay %d from chain %d to chain %d", first, source, to)
	top := tree.Common(source, to)
	if source == to || top == 0 || c.Get(source) == nil || c.Get(top) == nil {
		return nil, fmt.Errorf("%s: chains %d and %d must be two of the tree, and chains %d and %d here: it %w", what, source, to, source, top, ErrNotCovered)
	}
	d, err := c.Get(source).Departed(to, first, room)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fmt.Errorf("%s %w", what, ErrNotSent)
	}
	b := &bringing{Chains: c, self: to, tree: tree}
	l := &looked{top: top, is: c.Get(top), slots: b.slots(top, source)}
	if l.shown, err = l.is.Show(l.slots); err != nil {
		return nil, err
	}
	var w *way
	if l.shown != nil {
		if w, err = b.way(l, wanted{chain: source}, d.Header.Height); err != nil {
			return nil, err
		}
	}
	if w == nil {
		return nil, fmt.Errorf("%s: its block %d %w, %d", what, d.Header.Height, ErrNotCovered, top)
	}
	p := light.ImportProof{Steps: w.steps, Places: d.Places}
	if light.Carry(d.Messages) {
		p.Left = w.left
	}
	return &light.Envelope{
		Views: []chain.Digest{l.shown.Digest}, Import: chain.Import{Source: source, First: first, Proof: p.Append(nil), Messages: d.Messages},
	}, nil
}

// Bag holds envelopes and acknowledgements that somebody brought until a block takes them in. All methods may be called from many goroutines.
type Bag struct {
	chains  *Chains // whose lock guards list, acks and tellers
	list    []*held
	acks    []*heldAck // one of a chain, by chain
	tellers tellers
	turn    atomic.Uint32         // of the chains, the envelopes or the acknowledgements
	before  atomic.Pointer[start] // which of the envelopes was first last
}

// held is an envelope that waits. When others are told of it is guarded like the list.
type held struct {
	*light.Envelope
	told bool // by another member; else it was brought here
	telling
}

// maxBag bounds the envelopes that wait: of those that were brought here, and of those that others told of.
const maxBag = 16

// ErrBag: too many envelopes wait.
var ErrBag = errors.New("too many envelopes wait")

// NewBag is empty. What the chains bring goes before it.
func NewBag(c *Chains) *Bag { return &Bag{chains: c, tellers: tellers{}} }

// Put keeps an envelope that was brought here. A fault says why none of it can be taken in: it is not kept, and displaces nothing. One with
// the same beginning is replaced, unless it has more that can be taken in still.
func (b *Bag) Put(fresh Arrivals, e *light.Envelope) (fault *block.Fault, err error) {
	spent, fault, err := b.judge(fresh, e)
	if spent || fault != nil || err != nil {
		return fault, err
	}
	if more, err := b.hasMore(fresh, e, false); more || err != nil {
		return nil, err
	}
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	return nil, b.put(fresh(), &held{Envelope: e})
}

// hasMore says whether an envelope waits that came by the same way, begins as e does, and has more relays, some of which can be taken in still:
// pieces of it, which anybody can make, don't displace it.
func (b *Bag) hasMore(fresh Arrivals, e *light.Envelope, told bool) (bool, error) {
	for _, x := range b.waiting() {
		if x.told == told && x.Import.Source == e.Import.Source && x.Import.First == e.Import.First && len(x.Import.Messages) > len(e.Import.Messages) {
			spent, fault, err := b.judge(fresh, x.Envelope)
			return !spent && fault == nil, err
		}
	}
	return false, nil
}

// put keeps one among those that came by the same way. Where too many of them wait, those make room that are not next at the arrival's
// chain, nor behind one that is: else a few that never can be would keep out all others. The caller holds the lock.
func (b *Bag) put(a *block.Arrival, e *held) (err error) {
	var list, rest []*held
	for _, x := range b.list {
		switch {
		case x.told != e.told:
			rest = append(rest, x)
		case x.Import.Source != e.Import.Source || x.Import.First != e.Import.First:
			list = append(list, x)
		}
	}
	if len(list) == maxBag {
		if list, err = coming(a, list); err != nil {
			return err
		}
	}
	if len(list) == maxBag {
		return fmt.Errorf("%w: %d", ErrBag, maxBag)
	}
	list = append(append(list, e), rest...)
	slices.SortStableFunc(list, func(x, y *held) int {
		return cmp.Or(cmp.Compare(x.Import.Source, y.Import.Source), cmp.Compare(x.Import.First, y.Import.First))
	})
	b.list = list
	return nil
}

// coming are those of a list, by chain and number, that can be taken in one after the other from what is expected on.
func coming(a *block.Arrival, list []*held) (can []*held, err error) {
	var next uint64
	for i, e := range list {
		if i == 0 || list[i-1].Import.Source != e.Import.Source {
			if next, err = a.In(e.Import.Source); err != nil {
				return nil, err
			}
		}
		if has(e.Envelope, next) {
			can, next = append(can, e), end(e.Envelope)
		}
	}
	return can, nil
}

// end is the number behind an envelope's relays; has says whether one with a number is among them.
func end(e *light.Envelope) uint64              { return e.Import.First + uint64(len(e.Import.Messages)) }
func has(e *light.Envelope, number uint64) bool { return e.Import.First <= number && number < end(e) }

// waiting are the envelopes that wait, by chain and number.
func (b *Bag) waiting() []*held {
	b.chains.mu.RLock()
	defer b.chains.mu.RUnlock()
	return b.list
}

// replace puts an envelope in the place of another one; nil for none.
func (b *Bag) replace(e *held, by *light.Envelope) {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	list := slices.Clone(b.list)
	switch i := slices.Index(list, e); {
	case i < 0: // somebody brought another one meanwhile
		return
	case by == nil:
		list = slices.Delete(list, i, i+1)
	default:
		list[i] = &held{by, e.told, e.telling}
	}
	b.list = list
}

// Ready says whether Bring would add something.
func (b *Bag) Ready(a *block.Arrival) (bool, error) {
	if next, err := b.next(a); next || err != nil {
		return next, err
	}
	if frees, err := b.freesAck(a); frees || err != nil {
		return frees, err
	}
	return b.chains.Ready(a)
}

// next says whether an envelope waits that can be taken in now.
func (b *Bag) next(a *block.Arrival) (bool, error) {
	for _, e := range b.waiting() {
		if in, err := a.In(e.Import.Source); err != nil || has(e.Envelope, in) {
			return err == nil, err
		}
	}
	return false, nil
}

// Bring is that of the chains, what one block can take of the envelopes, or the acknowledgements that wait; where several have something they
// take turns. What was taken in before is dropped. Of what is refused, what stands before the relay at fault is taken in, and then the rest is
// dropped: nothing behind it can be, unless another envelope of the block was in its way.
func (b *Bag) Bring(a *block.Arrival) (refused []*block.Fault, err error) {
	next, err := b.next(a)
	if err != nil {
		return nil, err
	}
	due, err := b.dueAcks(a)
	if err != nil {
		return nil, err
	}
	if !next && !due {
		return b.chains.Bring(a)
	}
	turn := int(b.turn.Add(1))
	if due && turn%ackTurns == 0 {
		return b.bringAcks(a)
	}
	var have []func(*block.Arrival) ([]*block.Fault, error)
	if ready, err := b.chains.Ready(a); err != nil {
		return nil, err
	} else if ready {
		have = append(have, b.chains.Bring)
	}
	if next {
		have = append(have, b.bringAll)
	}
	if len(have) == 0 {
		return b.bringAcks(a)
	}
	return have[turn%len(have)](a)
}

// ackTurns is how many blocks there are to one of acknowledgements alone, while there are relays to take in.
const ackTurns = 4

// bringAll takes the relays of as many sources as start from one block of an ancestor, as that of the first does, and as there is room for. They
// take turns at being the first.
func (b *Bag) bringAll(a *block.Arrival) (refused []*block.Fault, err error) {
	first, err := b.firstSource(a)
	if err != nil {
		return nil, err
	}
	var all *origin // that all of this block start from
	for _, e := range b.waiting() {
		if e.Import.Source < first { // relays stand in a block by their source
			continue
		}
		in, err := a.In(e.Import.Source)
		if err != nil {
			return nil, err
		}
		if !has(e.Envelope, in) {
			if in >= end(e.Envelope) {
				b.replace(e, nil)
			}
			continue
		}
		from := b.originOf(a, e.Envelope)
		if all != nil && from != *all {
			continue // in a later block
		}
		fault, err := b.bring(a, e, in)
		if err != nil {
			return nil, err
		}
		if fault != nil && all != nil {
			continue // maybe for another of this block: it is tried again, and no block but drops one
		}
		all = &from // whether or not the relays were taken in: the view is raised
		if fault != nil {
			b.replace(e, nil)
			refused = append(refused, fault)
		}
	}
	return refused, nil
}

// start is where the relays of a source start from.
type start struct {
	source chain.ID
	origin
}

// firstSource is the source whose turn it is in this block, of those that have the relay which is next. Where another one starts from an earlier
// block of the same ancestor, which isn't here, that goes before, once: nothing leads on from there when the view is raised.
func (b *Bag) firstSource(a *block.Arrival) (chain.ID, error) {
	var list []start
	for _, e := range b.waiting() {
		in, err := a.In(e.Import.Source)
		if err != nil {
			return 0, err
		}
		if has(e.Envelope, in) && (len(list) == 0 || list[len(list)-1].source != e.Import.Source) {
			list = append(list, start{e.Import.Source, b.originOf(a, e.Envelope)})
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	turn, before := list[a.Height()%uint64(len(list))], b.before.Load()
	for _, other := range list {
		if other.chain == turn.chain && other.height < turn.height && (before == nil || other != *before) {
			turn = other
		}
	}
	b.before.Store(&turn)
	return turn.source, nil
}

// origin is where the proofs of envelopes start that can come in one block: a block of the ancestor, or its head if it is here.
type origin struct {
	chain  chain.ID
	height uint64          // zero for the head
	block  chain.BlockHash // the same
}

func (b *Bag) originOf(a *block.Arrival, e *light.Envelope) (o origin) {
	o.chain = a.Tree().Common(a.Chain(), e.Import.Source)
	if len(e.Views) == 0 {
		return o // from the block that is known: no other one is earlier
	}
	if last := e.Views[len(e.Views)-1].Last(); b.chains.Get(o.chain) == nil {
		o.height, o.block = last.Height, last.Hash()
	}
	return o
}

// bring adds an envelope's views that are new, and of its relays from number in on as many as there is room for. What is left of them
// stays in the bag.
func (b *Bag) bring(a *block.Arrival, e *held, in uint64) (*block.Fault, error) {
	till, fault, err := b.take(a, e.Envelope, in)
	if fault != nil || err != nil || till == 0 {
		return fault, err
	}
	return nil, b.keep(e, till)
}

// open adds an envelope's views that are new. It returns the envelope, which may start from a later block now.
func (b *Bag) open(a *block.Arrival, e *light.Envelope) (*light.Envelope, *block.Fault, error) {
	led, fault, err := b.lead(a, e)
	if led == nil && fault == nil && err == nil {
		led = e
		fault, err = b.raiseViews(a, e.Views)
	}
	return led, fault, err
}

// take adds an envelope's views that are new, and of its relays from number in on as many as there is room for. It returns the place behind
// the last of them; 0 if there was no room for any. Those must be proven all the same: else what is forged would wait before what is not for as long
// as a chain is loaded.
func (b *Bag) take(a *block.Arrival, e *light.Envelope, in uint64) (till int, fault *block.Fault, err error) {
	led, fault, err := b.open(a, e)
	if fault != nil || err != nil {
		return 0, fault, err
	}
	first, all := int(in-e.Import.First), len(e.Import.Messages)
	for n := all - first; ; n /= 2 {
		part, err := led.Part(first, first+n)
		if err != nil {
			return 0, &block.Fault{Part: block.PartImports, Got: fmt.Sprintf("envelope of chain %d: %v", e.Import.Source, err)}, nil
		}
		fits, err := fits(a, part)
		if err != nil {
			return 0, nil, err
		}
		var fault *block.Fault
		switch {
		case fits:
			fault, err = a.Import(&part.Import)
		case n == 1:
			fault, err = a.Shows(&part.Import)
		}
		if err != nil {
			return 0, nil, err
		}
		switch {
		case fits && fault == nil:
			return first + n, nil, nil
		case n == 1:
			return 0, fault, nil // none where there is no room: it waits
		}
	}
}

// keep keeps what is left of an envelope whose first relays are taken in.
func (b *Bag) keep(e *held, from int) error {
	if from == len(e.Import.Messages) {
		b.replace(e, nil)
		return nil
	}
	rest, err := e.Part(from, len(e.Import.Messages))
	if err == nil {
		b.replace(e, rest)
	}
	return err
}

// fits says whether a block has room for an envelope's relays.
func fits(a *block.Arrival, e *light.Envelope) (bool, error) {
	bytes, gas, err := a.Left()
	var bought uint64
	for _, m := range e.Import.Messages {
		bought += block.ImportGas(m)
	}
	return len(e.Import.Append(nil)) <= bytes && bought <= gas, err
}

// raiseViews raises the views that an envelope or an acknowledgement shows. Who made it didn't know what the chain knows of the ancestor: if that is here, the
// changes of committee in between are brought from here.
func (b *Bag) raiseViews(a *block.Arrival, views []chain.Digest) (*block.Fault, error) {
	for i := range views {
		last := views[i].Last()
		if last.Chain == a.Chain() {
			continue
		}
		known, err := a.Known(last.Chain)
		if err != nil {
			return nil, err
		}
		if last.Height <= known.Anchor.Height {
			continue
		}
		if fault, err := b.goOver(a, last, known); fault != nil || err != nil {
			return fault, err
		}
		if fault, err := a.View(&views[i]); fault != nil || err != nil {
			return fault, err
		}
	}
	return nil, nil
}

// goOver raises the view of an ancestor that is here over the changes of committee before one of its blocks.
func (b *Bag) goOver(a *block.Arrival, to *chain.Header, known chain.Known) (*block.Fault, error) {
	is := b.chains.Get(to.Chain)
	if is == nil || known.Epoch >= to.Epoch {
		return nil, nil
	}
	shown, err := is.Show(nil)
	if err != nil || shown == nil {
		return nil, err
	}
	_, fault, err := follow(a, is, known, to.Epoch, min(to.Height, shown.Digest.Last().Height))
	return fault, err
}
