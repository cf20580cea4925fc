package block

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// run is a block while it is put together or taken apart: its messages by number, and what every account did.
type run struct {
	before  *Before
	rules   Rules
	context *exec.Context
	queue   chain.Queue

	carried  int              // messages 0 … carried-1 are carried in
	arrival  *Arrival         // whose relays follow, and are imported
	failed   []chain.Timeouts // records of rounds at the parent's height
	twice    []chain.Equivocation
	inputs   []chain.Input    // the external messages behind them
	messages []*exec.Delivery // by number
	history  bool             // the block is final: σ says where its relays went
	accounts []*exec.Overlay  // by address
	order    chain.Order      // the same accounts
	sequence order.Result     // what the order check found
	epoch    uint64           // of the block
	outbox   []Outgoing
	header   chain.Header
}

// firstInput is the number of the first external message, firstSent that of the first message that was sent in the block.
func (r *run) firstInput() int { return r.carried + len(r.arrival.Messages) }
func (r *run) firstSent() int  { return r.firstInput() + len(r.inputs) }

// take lists the accounts that did something by address. One whose only message was refused did nothing: it has no σ_i.
func (r *run) take(accounts []*exec.Overlay) {
	type named struct { // with the address at hand: who sorts touches no overlay
		address chain.Address
		*exec.Overlay
	}
	list := make([]named, 0, len(accounts))
	for _, a := range accounts {
		if len(a.Events) > 0 {
			list = append(list, named{a.Account, a})
		}
	}
	slices.SortFunc(list, func(a, b named) int { return a.address.Compare(b.address) })
	r.accounts = make([]*exec.Overlay, len(list))
	for i, a := range list {
		assert.That(i == 0 || list[i-1].address != a.address, "one account, one σ_i")
		r.accounts[i] = a.Overlay
	}
}

// number gives every message of what the live actors did its place in the block, and writes σ with these numbers: carried
// in, imported, externals by account and place, sent by account, place and index (package chain).
func (r *run) number(carried []*exec.Delivery) {
	r.carried = len(carried)
	r.messages = slices.Concat(carried, r.arrival.Messages)
	var sent []*exec.Delivery
	for _, a := range r.accounts {
		for i := range a.Events {
			e := &a.Events[i]
			if e.Received.Message.Kind == chain.External {
				r.inputs = append(r.inputs, chain.Input{Message: e.Received.Message})
				r.messages = append(r.messages, e.Received)
			}
			assert.That(len(e.Sent) == len(e.Outcome.Sent), "every message that was sent is on its way")
			sent = append(sent, e.Sent...)
		}
	}
	r.messages = append(r.messages, sent...)
	for n, d := range r.messages {
		d.Number = uint32(n)
	}
	r.order = make(chain.Order, len(r.accounts))
	for i, a := range r.accounts {
		q := chain.Sequence{Account: a.Account, Events: make([]chain.Event, len(a.Events))}
		for j := range a.Events {
			q.Events[j] = chain.Event{Received: a.Events[j].Received.Number, Joined: a.Events[j].Joined, Sent: a.Events[j].Outcome.Sent}
		}
		r.order[i] = q
	}
}

// check asks package order whether σ is a possible order, and keeps what it found (SPEC 4.4 c, d).
func (r *run) check() *Fault {
	t := newTranslation(r)
	messages, sigma := t.translate()
	result, fault := order.Checker{Accounts: t.accounts(), CarryOut: order.Allowed}.Check(messages, sigma)
	if fault == nil {
		fault = t.signers()
	}
	if fault != nil {
		return r.orderFault(fault, t)
	}
	r.sequence = result
	return nil
}

// signers holds σ to SPEC 2.2: an external message is handled by the account that signed it. Package order doesn't ask who
// signed. It needs at of every input, which the order check has found to be processed.
func (t *translation) signers() *order.Fault {
	for i := range t.inputs {
		n := uint32(t.firstInput() + i)
		m := t.inputs[i].Message
		if by := t.at[n]; m.Kind == chain.External && t.order[by].Account != m.To {
			return &order.Fault{Kind: order.WrongAccount, Messages: []uint32{n}, Accounts: []uint32{by, t.account(m.To)}}
		}
	}
	return nil
}

// translation turns addresses into the dense numbers of package order: accounts of σ by their place, others behind them.
type translation struct {
	*run
	others map[chain.Address]uint32
	at     []uint32 // by message: the account of σ that processed it, or none
}

const none = ^uint32(0)

func newTranslation(r *run) *translation {
	return &translation{run: r, others: make(map[chain.Address]uint32)}
}

func (t *translation) accounts() int { return len(t.order) + len(t.others) }

// account is the number of an address.
func (t *translation) account(a chain.Address) uint32 {
	i, found := slices.BinarySearchFunc(t.order, a, func(q chain.Sequence, a chain.Address) int { return q.Account.Compare(a) })
	if found {
		return uint32(i)
	}
	n, ok := t.others[a]
	if !ok {
		n = uint32(len(t.order) + len(t.others))
		t.others[a] = n
	}
	return n
}

// receiver is the number of the account that handles message n sent to address to. Mostly it is the one that did, and no
// search is needed.
func (t *translation) receiver(n int, to chain.Address) uint32 {
	if i := t.at[n]; i != none && t.order[i].Account == to {
		return i
	}
	return t.account(to)
}

func (t *translation) translate() ([]order.Message, []order.Sequence) {
	total := t.firstSent()
	for i := range t.order {
		for j := range t.order[i].Events {
			total += len(t.order[i].Events[j].Sent)
		}
	}
	t.at = make([]uint32, total)
	for n := range t.at {
		t.at[n] = none
	}
	for i := range t.order {
		for j := range t.order[i].Events {
			if n := t.order[i].Events[j].Received; int(n) < total {
				t.at[n] = uint32(i)
			}
		}
	}
	messages := make([]order.Message, 0, total)
	for n := range t.firstSent() {
		messages = append(messages, t.fromOutside(n))
	}
	return t.sent(messages)
}

// fromOutside is a message that was there before the block: carried in or an input.
func (t *translation) fromOutside(n int) order.Message {
	m := t.messages[n].Message
	to := t.receiver(n, t.context.Home(m.To))
	switch {
	case n < t.carried:
		return order.Message{Class: order.Carried, From: t.account(m.From), To: to}
	case n < t.firstInput():
		return order.Message{Class: order.Imported, From: t.account(m.From), To: to}
	}
	return order.Message{Class: order.External, From: to, To: to}
}

// route says where message n, which was sent in the block, is handled, as Context.Receiver does. What a chain knew of others when
// it made an old block is not known: there σ says it.
func (t *translation) route(n int, s *chain.Sent) (chain.Address, bool) {
	if t.run.history && s.To.Chain() != t.context.Chain {
		return t.context.Home(s.To), t.at[n] != none
	}
	return t.context.Receiver(s.To, s.Method)
}

// sent lists the messages that were sent in the block, and σ in numbers.
func (t *translation) sent(messages []order.Message) ([]order.Message, []order.Sequence) {
	sigma := make([]order.Sequence, len(t.order))
	numbers := make([]uint32, cap(messages)-len(messages))
	for i := range numbers {
		numbers[i] = uint32(len(messages) + i)
	}
	for i := range t.order {
		events := make([]order.Event, len(t.order[i].Events))
		for j := range events {
			e := &t.order[i].Events[j]
			for k := range e.Sent {
				n := len(messages)
				account, here := t.route(n, &e.Sent[k])
				if !here {
					messages = append(messages, order.Message{Class: order.Leaving})
					continue
				}
				messages = append(messages, order.Message{Class: order.Internal, To: t.receiver(n, account)})
			}
			events[j] = order.Event{Received: e.Received, Sent: numbers[:len(e.Sent):len(e.Sent)]}
			numbers = numbers[len(e.Sent):]
		}
		sigma[i] = order.Sequence{Account: uint32(i), Events: events}
	}
	return messages, sigma
}

// carriedIn is how many carried-in messages were processed: a prefix of the queue, as the order check knows.
func (r *run) carriedIn() int {
	left, _ := slices.BinarySearch(r.sequence.CarriedOut, uint32(r.carried))
	return r.carried - left
}
