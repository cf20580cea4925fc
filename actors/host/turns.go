package host

import (
	"slices"
)

// turns are the lanes that wait for gas in a block.
type turns struct {
	denied []denial // none of the lane's messages is in the block
	again  []denial // some are
}

// denial is a lane whose next message needs more gas than there was.
type denial struct {
	box  *mailbox
	need uint64
}

// add moves what is in o to t.
func (t *turns) add(o *turns) {
	t.denied = append(t.denied, o.denied...)
	t.again = append(t.again, o.again...)
	*o = turns{}
}

// deny notes that b, which is at work, can't have the gas that it needs.
func (t *turns) deny(b *mailbox, need uint64) {
	if b.served {
		t.again = append(t.again, denial{b, need})
	} else {
		t.denied = append(t.denied, denial{b, need})
	}
}

// fitting takes out those whose messages fit into what gas is left together, and reserves it for them: those first that
// have none in the block.
func (t *turns) fitting(p *production) (boxes []*mailbox) {
	fits := func(d denial) bool {
		if !p.buy(d.need) {
			return false
		}
		d.box.reserved = d.need
		boxes = append(boxes, d.box)
		return true
	}
	t.denied = slices.DeleteFunc(t.denied, fits)
	t.again = slices.DeleteFunc(t.again, fits)
	return boxes
}

// order is in which order the lanes that had their turns in order have them in the next block: those first that were not
// served in this one. So a lane that is full can't keep others out for longer than a block.
func order(boxes []*mailbox) []*mailbox {
	list := make([]*mailbox, 0, len(boxes))
	for _, b := range boxes {
		if !b.served {
			list = append(list, b)
		}
	}
	for _, b := range boxes {
		if b.served {
			b.served = false
			list = append(list, b)
		}
	}
	return list
}

// laneTurn lets an account handle one external message, and then stand in line again behind what was sent to it meanwhile.
type laneTurn struct{}

func (t laneTurn) run(w *worker, b *mailbox, n *node) {
	if b.rest != nil || b.word.Load() != busy { // somebody sent it something first
		n.task = dueTurn{}
		b.post(w, n)
		return
	}
	dueTurn{}.run(w, b, n)
}

// dueTurn is a laneTurn that let what had been sent before it go first.
type dueTurn struct{}

func (t dueTurn) run(w *worker, b *mailbox, n *node) {
	p := w.host.production
	w.handleCarried(b)
	a := &b.account
	if a.Overlay(p.Tag) == nil {
		w.expire(b, p.Context.Height)
	}
	m := a.Next()
	reserved := b.reserved
	b.reserved = 0
	if reserved > 0 && (m == nil || m.GasLimit != reserved) { // another message than it was reserved for
		p.giveBack(reserved)
		reserved = 0
	}
	switch {
	case p.stopped.Load() || m == nil:
	case p.Without[b.address]:
		p.unready.Store(true)
		p.giveBack(reserved)
	case !w.ready(b, m):
		p.giveBack(reserved)
	case reserved == 0 && !p.buy(m.GasLimit):
		w.turns.deny(b, m.GasLimit)
	default:
		b.served = true
		w.external(b, m)
		n.task = laneTurn{}
		b.post(w, n)
		return
	}
	p.countdown.done(1)
}

// buy reserves the gas of an external message with all it leads to (H3).
func (p *production) buy(gas uint64) bool {
	need := int64(gas)
	if p.fresh.Add(-need) < 0 {
		p.fresh.Add(need)
		return false
	}
	if p.gas.Add(-need) < 0 {
		p.giveBack(gas)
		return false
	}
	return true
}

// giveBack undoes buy.
func (p *production) giveBack(gas uint64) {
	p.gas.Add(int64(gas))
	p.fresh.Add(int64(gas))
}

// carriedTurn lets an account handle what was laid before it, if nothing made it do so before.
type carriedTurn struct{}

func (carriedTurn) run(w *worker, b *mailbox, _ *node) {
	w.handleCarried(b)
	w.host.production.countdown.done(1)
}
