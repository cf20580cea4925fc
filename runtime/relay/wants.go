package relay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// A chain's node sees in the state of the ancestors, which it follows, that something is on its way to the chain from one beside it, and not
// what: that has who runs the other chain. So it asks (SPEC 8.4):
//
//	here                                                         a node that runs the other chain
//	left its branch for us > taken in from it ──Wants──► ask ──────► Give: envelopes from that number on
//	many of ours under way, new blocks recorded ─Wants──► ask ──────► Give: an acknowledgement
//	                    Gave: judged, kept, told ◄───────── answer ◄──────┘
//
// When which node is asked decides Errands.

// Goods are what is asked for.
type Goods uint8

const (
	// Relays are those that the other chain sent, Taken is what it took in of those that were sent to it.
	Relays Goods = 1
	Taken  Goods = 2
)

// Errand is what one chain is to have of another one.
type Errand struct {
	To, Of chain.ID
	What   Goods
}

// Compare orders errands.
func (e Errand) Compare(x Errand) int {
	return cmp.Or(cmp.Compare(e.To, x.To), cmp.Compare(e.Of, x.Of), cmp.Compare(e.What, x.What))
}

// Want is what a chain that is here lacks of one that is not.
type Want struct {
	Errand
	Top chain.ID // the lowest above both: nodes of both follow it
	// From is the number of the first relay; or of what was taken in the least that is worth its proof.
	From uint64
	// At is up to which block of its the branch that the other chain is in is recorded: once that is more, there may be more to be had.
	At uint64
	// Seen says that the ancestor's state shows that there is something. Relays that carry no value are not seen.
	Seen bool
	// Wait is how many milliseconds it is left to the chain's other members.
	Wait uint64
}

// Read reads the last final state of a chain that is here; nothing where there is nothing.
type Read func(at chain.ID, slot exec.Slot) ([]byte, error)

// Wants is what the chain of an arrival lacks, which has nothing in it yet, of chains that are not here. What waits in the bag it has.
func (b *Bag) Wants(a *block.Arrival, read Read) (list []Want, err error) {
	w := &wanting{Bag: b, a: a, read: read, waiting: b.waiting(), branches: map[chain.ID]branch{}}
	self, tree := a.Chain(), a.Tree()
	full, err := w.full()
	if err != nil {
		return nil, err
	}
	for _, limb := range tree {
		if b.chains.Get(limb.ID) != nil {
			continue
		}
		top := tree.Common(self, limb.ID)
		if top == 0 || top == limb.ID || b.chains.Get(top) == nil {
			continue
		}
		br, err := w.branch(top, tree.Toward(limb.ID, top))
		if err != nil {
			return nil, err
		}
		if br.at == 0 {
			continue // nothing of it is recorded
		}
		if !full {
			from, err := w.next(limb.ID)
			if err != nil {
				return nil, err
			}
			list = append(list, Want{Errand: Errand{self, limb.ID, Relays}, Top: top, From: from, At: br.at, Seen: br.due})
		}
		out, err := a.Out(limb.ID)
		if err != nil {
			return nil, err
		}
		step, err := b.ackStep(a, limb.ID, out)
		if err != nil {
			return nil, err
		}
		if out.Waiting() >= step && !b.hasAck(limb.ID, out.Consumed+step) {
			list = append(list, Want{Errand: Errand{self, limb.ID, Taken}, Top: top, From: out.Consumed + step, At: br.at, Seen: true})
		}
	}
	return list, nil
}

// wanting is a Wants under way.
type wanting struct {
	*Bag
	a        *block.Arrival
	read     Read
	waiting  []*held
	branches map[chain.ID]branch
}

// branch is a child of an ancestor with all under it, as the ancestor has it.
type branch struct {
	at  uint64 // up to which block of the child it is recorded
	due bool   // more value has left it for the chain than the chain has taken in
}

func (w *wanting) branch(top, child chain.ID) (br branch, err error) {
	if br, known := w.branches[child]; known {
		return br, nil
	}
	raw, err := w.read(top, exec.Slot{Account: chain.DigestsAddress(top), Key: chain.ChildKey(child)})
	if err != nil {
		return br, err
	}
	if raw != nil {
		is, err := chain.DecodeChild(raw)
		if err != nil {
			return br, fmt.Errorf("what chain %d knows of chain %d: %w", top, child, err)
		}
		br.at = is.Anchor.Height
	}
	self := w.a.Chain()
	left, err := w.amount(top, exec.Slot{Account: chain.DigestsAddress(top), Key: chain.LeftKey(child, self)})
	if err != nil {
		return br, err
	}
	taken, err := w.a.Taken(child)
	if err != nil {
		return br, err
	}
	br.due = taken.Less(left)
	w.branches[child] = br
	return br, nil
}

func (w *wanting) amount(at chain.ID, slot exec.Slot) (chain.Amount, error) {
	raw, err := w.read(at, slot)
	if err != nil {
		return chain.Amount{}, err
	}
	n, err := chain.DecodeAmount(raw)
	if err != nil {
		return n, fmt.Errorf("%q in the state of chain %d: %w", slot.Key, at, err)
	}
	return n, nil
}

// full says whether no more can be kept of what others give: what can't be next makes room (put).
func (w *wanting) full() (bool, error) {
	var told []*held
	for _, e := range w.waiting {
		if e.told {
			told = append(told, e)
		}
	}
	if len(told) < maxBag {
		return false, nil
	}
	can, err := coming(w.a, told)
	return len(can) >= maxBag, err
}

// next is the number of the first relay of a chain that is neither taken in nor waits.
func (w *wanting) next(source chain.ID) (uint64, error) {
	next, err := w.a.In(source)
	if err != nil {
		return 0, err
	}
	for _, e := range w.waiting { // by chain and number
		if e.Import.Source == source && has(e.Envelope, next) {
			next = end(e.Envelope)
		}
	}
	return next, nil
}

// hasAck says whether an acknowledgement of a chain waits that shows as much as a number.
func (b *Bag) hasAck(of chain.ID, number uint64) bool {
	return slices.ContainsFunc(b.waitingAcks(), func(h *heldAck) bool { return h.Ack.Chain == of && h.next >= number })
}

const (
	// MaxGiven is how many envelopes one answer holds: half of those that can wait where it goes.
	MaxGiven = maxBag / 2
	// GivenBytes is how long they are together, but for a single one.
	GivenBytes = 1 << 20
)

// Give is what there is here of what somebody wants, of a length together, and whether there is more than that. A single envelope may be longer,
// by a relay. That there is nothing is no error.
func (c *Chains) Give(tree chain.Tree, w *Want, most int) (raws [][]byte, more bool, err error) {
	if w.What == Taken {
		raw, err := c.giveAck(tree, w)
		if raw == nil || err != nil {
			return nil, false, err
		}
		return [][]byte{raw}, false, nil
	}
	for next := w.From; ; {
		room := Room{min(envelopeRoom.Bytes, most-pathRoom), envelopeRoom.Gas}
		if len(raws) == MaxGiven || len(raws) > 0 && room.Bytes <= 0 {
			return raws, true, nil
		}
		e, err := c.envelope(tree, w.Of, w.To, next, room)
		if errors.Is(err, ErrNotSent) || errors.Is(err, ErrNotCovered) {
			return raws, false, nil
		}
		if err != nil {
			return raws, false, err
		}
		raw := e.Encode()
		if len(raw) > MaxTold || len(raws) > 0 && len(raw) > most {
			return raws, len(raws) > 0, nil
		}
		raws, most, next = append(raws, raw), most-len(raw), end(e)
	}
}

func (c *Chains) giveAck(tree chain.Tree, w *Want) ([]byte, error) {
	e, err := c.Acknowledgement(tree, w.Of, w.To)
	if errors.Is(err, ErrNotCovered) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := light.DecodeAckProof(e.Ack.Proof)
	if err != nil || p.Next < w.From {
		return nil, err
	}
	return e.Encode(), nil
}

// ErrNotWanted: what somebody gave is not what it was asked for.
var ErrNotWanted = errors.New("is not what it was asked for")

// Gave is called with what somebody gave of what it was asked for, and says how many of its parts are kept: as Told does with what other members
// tell of, and the other members are told of it at once. ErrNotWanted is the fault of who gave it, a block.Fault may be.
func (b *Bag) Gave(fresh Arrivals, w *Want, from Teller, raws [][]byte, now uint64) (kept int, fault *block.Fault, err error) {
	next := w.From
	for _, raw := range raws {
		if next, err = w.follows(raw, next); err != nil {
			return kept, nil, err
		}
		is, fault, err := b.hears(fresh, from, raw, telling{due: now}, now)
		if errors.Is(err, ErrNotTold) {
			err = fmt.Errorf("%w: %w", ErrNotWanted, err)
		}
		if fault != nil || err != nil {
			return kept, fault, err
		}
		if is {
			kept++
		}
	}
	return kept, nil, nil
}

// follows says which number follows what was given: the relays that are next, in order, or an acknowledgement that is worth its bytes. What else it
// shows is judged afterwards.
func (w *Want) follows(raw []byte, next uint64) (uint64, error) {
	if len(raw) > MaxTold {
		return 0, fmt.Errorf("%d bytes, more than %d: it %w", len(raw), MaxTold, ErrNotWanted)
	}
	if w.What == Taken {
		e, err := light.DecodeAcknowledgement(raw)
		if err != nil || e.To != w.To || e.Ack.Chain != w.Of {
			return 0, fmt.Errorf("an acknowledgement of chain %d for chain %d: it %w: %v", w.Of, w.To, ErrNotWanted, err)
		}
		return next, nil
	}
	e, err := light.DecodeEnvelope(raw)
	if err != nil || e.Import.Source != w.Of || !has(&e, next) {
		return 0, fmt.Errorf("relay %d of chain %d for chain %d: it %w: %v", next, w.Of, w.To, ErrNotWanted, err)
	}
	return end(&e), nil
}
