package host

import "github.com/thinkey/thinkey/sdk/chain"

// turns is what became of the turns that lanes had in a block.
type turns struct {
	cut    []*mailbox // came after Stop
	denied []denial   // the gas didn't suffice
	ended  []*mailbox // nothing more could be handled
}

// denial is a lane whose next message needs more gas than there was.
type denial struct {
	box  *mailbox
	need uint64
}

// add moves what is in o to t.
func (t *turns) add(o *turns) {
	t.cut = append(t.cut, o.cut...)
	t.denied = append(t.denied, o.denied...)
	t.ended = append(t.ended, o.ended...)
	*o = turns{}
}

// fitting takes out those of the denied whose messages fit into the gas together, first come first served.
func (t *turns) fitting(gas, fresh int64) (boxes []*mailbox) {
	kept := t.denied[:0]
	for _, d := range t.denied {
		if need := int64(d.need); need <= gas && need <= fresh {
			gas -= need
			fresh -= need
			boxes = append(boxes, d.box)
		} else {
			kept = append(kept, d)
		}
	}
	t.denied = kept
	return boxes
}

// order is in which order the lanes have their turns in the next block: those first that had none in this one.
func (t *turns) order() []*mailbox {
	list := t.cut
	for _, d := range t.denied {
		list = append(list, d.box)
	}
	return append(list, t.ended...)
}

// laneTurn lets an account handle one external message, and then stand in line again behind what was sent to it meanwhile.
type laneTurn struct{}

func (t laneTurn) run(w *worker, b *mailbox, n *node) {
	p := w.host.production
	w.handleCarried(b)
	a := &b.account
	if a.Overlay(p.Tag) == nil {
		w.expire(b, p.Context.Height)
	}
	m := a.Next()
	switch {
	case p.stopped.Load():
		w.turns.cut = append(w.turns.cut, b)
	case m == nil:
		w.turns.ended = append(w.turns.ended, b)
	case !p.buy(m.GasLimit):
		w.turns.denied = append(w.turns.denied, denial{b, m.GasLimit})
	default:
		w.external(b, m)
		b.post(w, n)
		return
	}
	p.countdown.done(1)
}

// buy reserves the gas of an external message with all it leads to (H3).
func (p *production) buy(gas uint64) bool {
	if gas > chain.MaxMessageGas {
		return true // to be refused at its place
	}
	need := int64(gas)
	if p.fresh.Add(-need) < 0 {
		p.fresh.Add(need)
		return false
	}
	if p.gas.Add(-need) < 0 {
		p.gas.Add(need)
		p.fresh.Add(need)
		return false
	}
	return true
}

// carriedTurn lets an account handle what was laid before it, if nothing made it do so before.
type carriedTurn struct{}

func (carriedTurn) run(w *worker, b *mailbox, _ *node) {
	w.handleCarried(b)
	w.host.production.countdown.done(1)
}
