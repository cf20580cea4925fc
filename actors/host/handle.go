package host

import (
	"fmt"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// relay handles a relay of the block under way, unless it is left: then its sender's record says that it was sent, and it is
// carried out.
func (w *worker) relay(b *mailbox, d *exec.Delivery) {
	p := w.host.production
	w.handleCarried(b)
	done := 1
	if !p.leaves(b, d) && w.ready(b, d.Message) && w.gives(b, d.Message) {
		if done = w.handleGroup(b, d); done == 0 {
			w.handleRelay(b, d)
			done = 1
		}
	}
	p.countdown.done(int64(done))
}

// leaves says that d is not handled in this block; nor is then what its sender sends to the same account behind it (H4).
func (p *production) leaves(b *mailbox, d *exec.Delivery) bool {
	return p.stopped.Load() || b.later == p.number || p.held != nil && p.held[pair{d.Message.From, b.address}]
}

// ready says whether b's account can handle m now. Behind a relay that it can't it handles no relay more in this block (H4).
func (w *worker) ready(b *mailbox, m *chain.Message) bool {
	p := w.host.production
	relay := m.Kind == chain.Relay
	if !relay || b.unready != p.number {
		ok, err := w.host.ready(p, b.account.Now(p.Tag), m)
		if err != nil {
			w.host.fail(fmt.Errorf("account %s: what message %s needs: %w", b.address, m.ID(), err))
		}
		if ok || !relay || err != nil {
			return ok && err == nil
		}
	}
	b.unready = p.number
	w.led = append(w.led, m.Origin)
	return false
}

// gives reserves what b's hook loads for nothing when it handles m. Where the block has given too much already, m waits for the next one,
// and all relays to the account that come behind it (H4).
func (w *worker) gives(b *mailbox, m *chain.Message) bool {
	if m.Method != chain.MethodBounce {
		return true
	}
	p := w.host.production
	now := b.account.Now(p.Tag)
	loads := &exec.Loads{Had: now.Code}
	if o := b.account.Overlay(p.Tag); o != nil {
		loads = &o.Loads
	}
	gift, err := p.Context.Gift(loads, now.Code, m)
	switch {
	case err != nil:
		w.host.fail(fmt.Errorf("account %s: what message %s loads: %w", b.address, m.ID(), err))
	case p.give(gift):
		return true
	default:
		b.later = p.number
	}
	return false
}

// handleGroup handles d and those of its method that wait right behind it as one, if the account's code lets it (SPEC 9.2);
// 0 says that it doesn't. What was tried in vain is not tried again with fewer: nobody pays for that.
func (w *worker) handleGroup(b *mailbox, d *exec.Delivery) int {
	if b.alone > 0 {
		b.alone--
		return 0
	}
	p := w.host.production
	w.group = append(w.group[:0], d)
	for n := b.rest; n != nil && n.task == nil && n.delivery.Message.Method == d.Message.Method && len(w.group) < chain.MaxJoined; n = n.next {
		if p.leaves(b, &n.delivery) {
			break
		}
		w.group = append(w.group, &n.delivery)
	}
	if w.group = p.affordable(w.group); len(w.group) < 2 {
		return 0
	}
	program, err := p.Context.Group(b.account.Address(), b.account.Now(p.Tag), d.Message.Method)
	if program == nil && err == nil {
		return 0
	}
	ok := false
	if err == nil {
		ok, err = p.together(&b.account, w.group)
	}
	switch {
	case err != nil:
		w.host.fail(fmt.Errorf("account %s: handle %d messages like %s as one: %w", b.account.Address(), len(w.group), d.Message.ID(), err))
	case !ok:
		b.alone = len(w.group) - 1
		return 0
	default:
		w.sendGroup(b, len(w.group))
	}
	for range len(w.group) - 1 {
		n := b.rest
		b.rest, n.next = n.next, nil
	}
	return len(w.group)
}

// affordable is as much of a group as the block can afford to try in vain.
func (p *production) affordable(group []*exec.Delivery) []*exec.Delivery {
	for len(group) > 1 && int64(exec.MostTogether(group)) > p.vain.Load() {
		group = group[:len(group)/2]
	}
	return group
}

// together handles a group as one, if that is possible, and if the block can afford to find out that it isn't.
func (p *production) together(a *account.Account, group []*exec.Delivery) (bool, error) {
	most := int64(exec.MostTogether(group))
	if p.vain.Add(-most) < 0 {
		p.vain.Add(most)
		return false, nil
	}
	ok, wasted, err := a.HandleGroup(p.Context, p.Tag, group)
	p.vain.Add(most - int64(wasted))
	return ok, err
}

// sendGroup sends what came of the last n events, which were handled as one.
func (w *worker) sendGroup(b *mailbox, n int) {
	p := w.host.production
	o := b.account.Overlay(p.Tag)
	if len(o.Events) == n {
		w.touched = append(w.touched, touched{b, o})
	}
	events := o.Events[len(o.Events)-n:]
	left := uint64(0)
	for i := range events {
		left += w.sendAll(&events[i], b.account.Address())
	}
	p.gas.Add(int64(left))
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
	p.gas.Add(int64(w.sendAll(handled, a.Address())))
	return nil
}

// sendAll sends all that handled sent, and returns the gas that is free again.
func (w *worker) sendAll(handled *exec.Handled, from chain.Address) (left uint64) {
	left = handled.Outcome.GasLeft
	if sent := handled.Outcome.Sent; len(sent) > 0 {
		handled.Sent = make([]*exec.Delivery, len(sent))
		for i := range sent {
			left += w.send(handled, i, from)
		}
	}
	return left
}

// send sends relay number i of handled. The gas of one that leaves the chain can't be used in this block: it is returned.
func (w *worker) send(handled *exec.Handled, i int, from chain.Address) (gas uint64) {
	p := w.host.production
	m := handled.Outcome.Sent[i].Relay(from, handled.Received.Message, uint32(i))
	n := w.node(m)
	handled.Sent[i] = &n.delivery
	to, here := p.Context.Receiver(m.To, m.Method)
	if !here {
		return treeGas(m)
	}
	p.countdown.left.Add(1)
	w.host.post(w, to, n)
	return 0
}
