package host

import (
	"fmt"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// relay handles a relay of the block under way, unless time is over: then its sender's record says that it was sent, and
// it is carried out.
func (w *worker) relay(b *mailbox, d *exec.Delivery) {
	p := w.host.production
	w.handleCarried(b)
	if !p.stopped.Load() {
		w.handleRelay(b, d)
	}
	p.countdown.done(1)
}

// handleCarried handles what was laid before the account, before anything else (H2).
func (w *worker) handleCarried(b *mailbox) {
	carried := b.carried
	if carried == nil {
		return
	}
	b.carried = nil
	for _, d := range carried {
		w.handleRelay(b, d)
	}
}

func (w *worker) handleRelay(b *mailbox, d *exec.Delivery) {
	refusal := w.handle(b, d)
	assert.That(refusal == nil, "relay refused: %v", refusal)
}

// external handles m, the next of the account's lane, whose gas is reserved. One that is refused at its place leaves
// the lane.
func (w *worker) external(b *mailbox, m *chain.Message) {
	refusal := w.handle(b, w.delivery(m))
	if refusal == nil {
		return
	}
	w.host.production.giveBack(m.GasLimit)
	b.account.Drop(m)
	w.host.lose(m, account.FromExec(refusal))
	b.showLane()
}

// handle lets the account handle d, which appends to its σ_i, and sends what comes of it.
func (w *worker) handle(b *mailbox, d *exec.Delivery) *exec.Refusal {
	p := w.host.production
	a := &b.account
	handled, refusal, err := a.Handle(p.Context, p.Tag, d)
	if err != nil {
		w.host.fail(fmt.Errorf("account %s: handle message %s: %w", a.Address(), d.Message.ID(), err))
		return nil
	}
	if refusal != nil {
		return refusal
	}
	if o := a.Overlay(p.Tag); len(o.Events) == 1 {
		w.touched = append(w.touched, touched{b, o})
	}
	left := handled.Outcome.GasLeft
	if sent := handled.Outcome.Sent; len(sent) > 0 {
		handled.Sent = make([]*exec.Delivery, len(sent))
		for i := range sent {
			left += w.send(handled, i, a.Address())
		}
	}
	p.gas.Add(int64(left))
	return nil
}

// send sends relay number i of handled. The gas of one that leaves the chain can't be used in this block: it is returned.
func (w *worker) send(handled *exec.Handled, i int, from chain.Address) (gas uint64) {
	p := w.host.production
	m := handled.Outcome.Sent[i].Relay(from, handled.Received.Message, uint32(i))
	n := w.node(m)
	handled.Sent[i] = &n.delivery
	to, here := p.Context.Receiver(m.To)
	if !here {
		gas, _ = treeGas(m)
		return gas
	}
	p.countdown.left.Add(1)
	w.host.post(w, to, n)
	return 0
}
