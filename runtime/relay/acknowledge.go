package relay

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// A chain's nodes follow its ancestors alone (SPEC 7.1), so who sends to a chain beside it may not have that: nobody here can ask it how many
// relays it has taken in, and at chain.MaxUnconsumed all would bounce for ever. So that is brought, as relays are, and waits in the same Bag:
//
//	there: Acknowledgement ──an answer, or a file──► Put ──judged──► waits ──► the next block, if it shows ackSoon relays more to be taken in
//	                                                              └──told──► the other members, with the envelopes
//
// One waits of each chain, that which shows most. A block is made for it when one is for a chain that is here (ackWorth).

// Acknowledgement shows a chain what another one has taken in of its relays. The other one and all chains on the way must be here, the
// sender need not.
func (c *Chains) Acknowledgement(tree chain.Tree, of, to chain.ID) (*light.Acknowledgement, error) {
	what := fmt.Sprintf("what chain %d has taken in of chain %d's relays", of, to)
	top := tree.Common(of, to)
	if of == to || top == 0 || c.Get(of) == nil || c.Get(top) == nil {
		return nil, fmt.Errorf("%s: chains %d and %d must be two of the tree, and chains %d and %d here: it %w", what, to, of, of, top, ErrNotCovered)
	}
	b := &bringing{Chains: c, self: to, tree: tree}
	l := &looked{top: top, is: c.Get(top), slots: b.slots(top, of)}
	var err error
	if l.shown, err = l.is.Show(l.slots); err != nil {
		return nil, err
	}
	var p *light.AckProof
	if l.shown != nil {
		if p, err = b.ack(l, wanted{chain: of, taken: 1}); err != nil {
			return nil, err
		}
	}
	if p == nil {
		return nil, fmt.Errorf("%s %w, %d", what, ErrNotCovered, top)
	}
	return &light.Acknowledgement{Views: []chain.Digest{l.shown.Digest}, To: to, Ack: chain.Ack{Chain: of, Proof: p.Append(nil)}}, nil
}

// heldAck is an acknowledgement that waits. When others are told of it is guarded like the list.
type heldAck struct {
	*light.Acknowledgement
	raw  []byte
	next uint64
	told bool // by another member; else it was brought here
	telling
}

// PutAck keeps an acknowledgement that was brought here, and says whether it does: not where the chain knows about as much. A fault says what
// is wrong with it.
func (b *Bag) PutAck(fresh Arrivals, e *light.Acknowledgement) (kept bool, fault *block.Fault, err error) {
	h := &heldAck{Acknowledgement: e, raw: e.Encode()}
	useful, fault, err := b.judgeAck(fresh, h)
	if !useful || fault != nil || err != nil {
		return false, fault, err
	}
	return b.keepAck(h)
}

// keepAck keeps one that can be taken in, unless one of the same chain that waits shows as much.
func (b *Bag) keepAck(h *heldAck) (kept bool, fault *block.Fault, err error) {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	list := slices.Clone(b.acks)
	i, known := slices.BinarySearchFunc(list, h.Ack.Chain, func(x *heldAck, id chain.ID) int { return cmp.Compare(x.Ack.Chain, id) })
	switch {
	case known && list[i].next >= h.next:
		return false, nil, nil
	case known:
		list[i] = h
	case len(list) == maxBag:
		return false, nil, fmt.Errorf("%w: %d acknowledgements", ErrBag, maxBag)
	default:
		list = slices.Insert(list, i, h)
	}
	b.acks = list
	return true, nil, nil
}

// judgeAck says whether an acknowledgement is of use, and what is wrong with one that seems to be.
func (b *Bag) judgeAck(fresh Arrivals, h *heldAck) (useful bool, fault *block.Fault, err error) {
	p, bad := light.DecodeAckProof(h.Ack.Proof)
	if bad != nil {
		return false, refusedAck(h, bad), nil
	}
	h.next = p.Next
	fault, err = fresh.steady(func(a *block.Arrival) (fault *block.Fault, err error) {
		if useful, err = isUseful(a, h); !useful || err != nil {
			return nil, err
		}
		return b.takeAck(a, h)
	})
	return useful && fault == nil, fault, err
}

func refusedAck(h *heldAck, why error) *block.Fault {
	return &block.Fault{Part: block.PartAcks, Got: fmt.Sprintf("chain %d: %v", h.Ack.Chain, why)}
}

// isUseful says whether an acknowledgement shows enough more than is known to be worth its bytes.
func isUseful(a *block.Arrival, h *heldAck) (bool, error) {
	out, err := a.Out(h.Ack.Chain)
	return err == nil && h.next >= out.Consumed+ackSoon, err
}

// ackStep is how many relays more a chain that is not here must have taken in before an acknowledgement is asked for: few if it is
// loaded, as what is let in to it follows what it takes in.
func (b *Bag) ackStep(a *block.Arrival, of chain.ID, out chain.Outward) (uint64, error) {
	if out.Load >= chain.BusyLoad {
		return ackSoon, nil
	}
	if out.Waiting() < ackSoon {
		return ackEvery, nil
	}
	latest, err := b.Latest(a.Tree(), of)
	if err == nil && latest.Load >= chain.BusyLoad {
		return ackSoon, nil
	}
	return ackEvery, err
}

// takeAck adds an acknowledgement with its views, led on to the ancestor's head where that is here.
func (b *Bag) takeAck(a *block.Arrival, h *heldAck) (*block.Fault, error) {
	p, bad := light.DecodeAckProof(h.Ack.Proof)
	if bad != nil {
		return refusedAck(h, bad), nil
	}
	led, fault, err := b.leadOn(a, h.Views, p.Steps, nil)
	if !led && fault == nil && err == nil {
		fault, err = b.raiseViews(a, h.Views)
	}
	if fault != nil || err != nil {
		return fault, err
	}
	return a.Ack(&chain.Ack{Chain: h.Ack.Chain, Proof: p.Append(nil)})
}

// waitingAcks are those that wait, by chain.
func (b *Bag) waitingAcks() []*heldAck {
	b.chains.mu.RLock()
	defer b.chains.mu.RUnlock()
	return b.acks
}

func (b *Bag) dropAck(h *heldAck) {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	if i := slices.Index(b.acks, h); i >= 0 { // else a newer one has come
		b.acks = slices.Delete(slices.Clone(b.acks), i, i+1)
	}
}

// dueAcks says whether an acknowledgement waits that is of use. Those that are not any more are dropped.
func (b *Bag) dueAcks(a *block.Arrival) (due bool, err error) {
	for _, h := range b.waitingAcks() {
		useful, err := isUseful(a, h)
		if err != nil {
			return false, err
		}
		if due = due || useful; !useful {
			b.dropAck(h)
		}
	}
	return due, nil
}

// freesAck says whether one that waits is worth a block of its own (SPEC 5.7).
func (b *Bag) freesAck(a *block.Arrival) (bool, error) {
	for _, h := range b.waitingAcks() {
		out, err := a.Out(h.Ack.Chain)
		if err != nil || frees(out, h.next) {
			return err == nil, err
		}
	}
	return false, nil
}

// bringAcks adds what waits, by chain. One that is refused is dropped, unless another one was in its way.
func (b *Bag) bringAcks(a *block.Arrival) (refused []*block.Fault, err error) {
	for _, h := range b.waitingAcks() {
		alone := len(a.Arrived.Views)+len(a.Arrived.Acks) == 0
		fault, err := b.takeAck(a, h)
		if err != nil {
			return nil, err
		}
		if fault != nil && alone {
			b.dropAck(h)
			refused = append(refused, fault)
		}
	}
	return refused, nil
}

// againAcks are those of which to tell the other members now.
func (b *Bag) againAcks(fresh Arrivals, now uint64) (raws [][]byte, err error) {
	room := tellBytes
	for _, h := range b.waitingAcks() {
		b.chains.mu.RLock()
		due := h.due <= now
		b.chains.mu.RUnlock()
		if room -= len(h.raw); !due || room < 0 && len(raws) > 0 {
			continue
		}
		useful, fault, err := b.judgeAck(fresh, &heldAck{Acknowledgement: h.Acknowledgement})
		if err != nil {
			return raws, err
		}
		if !useful || fault != nil {
			b.dropAck(h)
			continue
		}
		raws = append(raws, h.raw)
		b.chains.mu.Lock()
		h.pause(now)
		b.chains.mu.Unlock()
	}
	return raws, nil
}

// toldAck is Told of an acknowledgement. Known says that one which shows as much was told of before.
func (b *Bag) toldAck(fresh Arrivals, raw []byte, again telling) (kept, known bool, fault *block.Fault, err error) {
	e, bad := light.DecodeAcknowledgement(raw)
	switch at := fresh().Chain(); {
	case bad != nil:
		return false, false, nil, fmt.Errorf("it %w: %w", ErrNotTold, bad)
	case e.To != at:
		return false, false, nil, fmt.Errorf("it is for chain %d: it %w", e.To, ErrNotTold)
	}
	for _, x := range b.waitingAcks() {
		if x.Ack.Chain == e.Ack.Chain {
			known = known || x.told
			if bytes.Equal(x.raw, raw) {
				return false, true, nil, nil
			}
		}
	}
	h := &heldAck{Acknowledgement: &e, raw: raw, told: true, telling: again}
	useful, fault, err := b.judgeAck(fresh, h)
	if !useful || fault != nil || err != nil {
		return false, known, fault, err
	}
	kept, fault, err = b.keepAck(h)
	return kept, known, fault, err
}
