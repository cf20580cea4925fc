package host

import (
	"fmt"
	"sync"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Offer asks the accounts that signed ms, whose form and signatures are verified, to let them wait for a block. It returns
// when all have answered: nil for a message that waits, else a *account.Refusal, or *Busy. Messages of one account are
// offered in the order of ms.
func (h *Host) Offer(c *exec.Context, ms []*chain.Message) []error {
	answers := make([]error, len(ms))
	offers := make([]offer, len(ms))
	nodes := make([]node, len(ms))
	all := newCountdown()
	for i, m := range ms {
		if answers[i] = h.reserve(m); answers[i] != nil {
			continue
		}
		offers[i] = offer{c, m, &answers[i], all}
		nodes[i].task = &offers[i]
		all.left.Add(1)
		h.post(nil, m.From, &nodes[i])
	}
	if err := all.wait(h); err != nil {
		answers = make([]error, len(ms)) // a worker may still be writing to the others
		for i := range answers {
			answers[i] = err
		}
	}
	return answers
}

// reserve takes one of the places for messages that wait (H6).
func (h *Host) reserve(m *chain.Message) error {
	switch {
	case h.ended.Load():
		return h.cause
	case m.Kind != chain.External || m.From.Chain() != h.config.Chain:
		return &account.Refusal{Kind: account.NotAdmitted, Words: fmt.Sprintf("an external message from an account of chain %d is expected here", h.config.Chain)}
	}
	l := account.LoadOf(m)
	if busy := over(h.waiting.add(l), h.total(), ""); busy != nil {
		h.free(l)
		return busy
	}
	return nil
}

// offer is one message on its way to its lane.
type offer struct {
	context *exec.Context
	message *chain.Message
	answer  *error
	all     *countdown
}

func (o *offer) run(w *worker, b *mailbox, _ *node) {
	a := &b.account
	before := a.Load()
	replaced, err := o.ask(w.host, a)
	if replaced != nil {
		w.host.drop(replaced, account.ReplacedBy(o.message))
	}
	w.host.free(account.LoadOf(o.message).Minus(a.Load().Minus(before))) // all if it was refused, or is there already
	b.showLane()
	*o.answer = err
	o.all.done(1)
}

// ask offers the message to its lane, unless it would wait behind a missing nonce and too many do (H6).
func (o *offer) ask(h *Host, a *account.Account) (replaced *chain.Message, err error) {
	if a.Trails(o.message) {
		if busy := over(h.apart.now().Plus(account.LoadOf(o.message)), h.mostApart(), behindGap); busy != nil {
			return nil, busy
		}
	}
	return a.Offer(o.context, o.message)
}

const behindGap = " behind a missing nonce"

// Expire drops what a block with context c can't hold any more. Produce does it for the accounts whose turn comes; a node
// that doesn't produce calls Expire after each block.
func (h *Host) Expire(c *exec.Context) error {
	boxes := h.lanes.take()
	all := newCountdown()
	h.give(boxes, expire{c.Height, all}, all)
	h.lanes.putFront(boxes)
	return all.wait(h)
}

// give posts t to those of the boxes that are still in memory.
func (h *Host) give(boxes []*mailbox, t task, all *countdown) {
	nodes := make([]node, len(boxes))
	for i, b := range boxes {
		nodes[i].task = t
		all.left.Add(1)
		if !b.post(nil, &nodes[i]) {
			all.left.Add(-1)
		}
	}
}

type expire struct {
	height uint64
	all    *countdown
}

func (e expire) run(w *worker, b *mailbox, _ *node) {
	w.expire(b, e.height)
	e.all.done(1)
}

func (w *worker) expire(b *mailbox, height uint64) {
	for _, m := range b.account.Expire(height) {
		w.host.lose(m, account.ExpiredAt(m, height))
	}
	b.showLane()
}

// lanes are the mailboxes whose accounts may have messages waiting, in the order of their turns.
type lanes struct {
	mu   sync.Mutex // guards list
	list []*mailbox
}

// showLane tells the others what its lane needs, and lists b if that isn't empty. A mailbox is either listed when its lane
// fills, or take sees that it isn't empty: both write one word and then read the other.
func (b *mailbox) showLane() {
	b.countApart()
	need := uint64(0)
	if b.account.Waiting() > 0 {
		need = 1
		if m := b.account.Next(); m != nil {
			need = m.GasLimit
		}
	}
	b.need.Store(need)
	if need > 0 && b.listed.CompareAndSwap(false, true) {
		b.host.lanes.mu.Lock()
		b.host.lanes.list = append(b.host.lanes.list, b)
		b.host.lanes.mu.Unlock()
	}
}

// countApart counts what waits in b's lane behind a missing nonce. If the message before it was dropped and there are too
// many of its kind now, it is dropped too: to lose the first must not be a way around the bound on offers.
func (b *mailbox) countApart() {
	before := b.apart
	b.apart = b.account.Apart()
	if b.apart == before {
		return
	}
	all := b.host.apart.add(b.apart.Minus(before))
	if over(b.apart, before, "") == nil || over(all, b.host.mostApart(), "") == nil {
		return
	}
	for _, m := range b.account.DropApart() {
		b.host.lose(m, account.Strand(m))
	}
	b.host.apart.add(account.Load{}.Minus(b.apart))
	b.apart = account.Load{}
}

// take takes the list out, but for those whose lanes are empty. The caller puts it back.
func (l *lanes) take() []*mailbox {
	l.mu.Lock()
	list := l.list
	l.list = nil
	l.mu.Unlock()
	kept := list[:0]
	for _, b := range list {
		b.listed.Store(false)
		if b.need.Load() > 0 && b.listed.CompareAndSwap(false, true) {
			kept = append(kept, b)
		}
	}
	clear(list[len(kept):])
	return kept
}

// putFront puts boxes before what was listed meanwhile.
func (l *lanes) putFront(boxes []*mailbox) {
	l.mu.Lock()
	l.list = append(boxes, l.list...)
	l.mu.Unlock()
}
