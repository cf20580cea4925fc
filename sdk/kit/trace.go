package kit

import (
	"fmt"
	"iter"
	"slices"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Trace is the tree of messages that one external message led to, and what came of each (SPEC 2.4). One that was sent inside
// of Together, Explore or Replay is empty until it has run; in an exploration it shows the order that was run last.
type Trace struct {
	chain   *Chain
	message *chain.Message
	ran     *ran
}

// Message is a message of a trace with what came of it.
type Message struct {
	ID       chain.MessageID
	From, To *Account
	At       *Account // who processed it: To, or the chain's own account where the chain of To does not exist
	External bool     // signed outside, and processed by the account that signed it
	Method   string
	Input    []byte
	Amount   chain.Amount

	Status  chain.Status // 0 if it was not let in, as Reason says
	Reason  string
	Height  uint64
	Place   int    // in what the account processed in the block, from 0 on
	Label   string // names it among what its receiver processes, as an Order does: bid#2
	GasUsed uint64
	// GasLimit was for its handling and all that descends from it.
	GasLimit uint64
	Events   []Event
	Logs     []string

	Parent *Message   // nil for the external message
	Sent   []*Message // in the order sent

	chain *Chain
}

// Event is something that a contract told the outside.
type Event struct {
	Topic string
	Body  []byte
	text  string
}

// OK says whether the message did what it was sent for.
func (m *Message) OK() bool { return m.Status == chain.StatusOK }

// ran is a run that came to its end: in which order accounts processed what.
type ran struct {
	scene  *scene
	turns  []order.Turn[*exec.Delivery]
	height uint64
	nodes  map[chain.MessageID]*Message // made when one is looked at
}

// show lets the traces tell of the run.
func (r *ran) show(traces []*Trace) {
	for _, t := range traces {
		t.ran = r
	}
}

// happenings are the events of the run: what was processed, where, and what came of it.
func (r *ran) happenings() iter.Seq2[*life, *exec.Delivery] {
	return func(yield func(*life, *exec.Delivery) bool) {
		at := make(map[uint32]*life)
		for _, t := range r.turns {
			l := at[t.Account]
			if l == nil {
				l = r.scene.roots[t.Account]
			}
			at[t.Account] = l.next[t.Message]
			if !yield(at[t.Account], t.Message) {
				return
			}
		}
	}
}

// node finds a message of the run.
func (r *ran) node(id chain.MessageID) *Message {
	if r.nodes == nil {
		r.nodes = make(map[chain.MessageID]*Message)
		places := make(map[chain.Address]int)
		for l, d := range r.happenings() {
			m := r.message(l, d)
			if l.handled != nil {
				m.Place = places[l.account]
				places[l.account]++
			}
		}
	}
	return r.nodes[id]
}

// message makes the node of an event, below the one that sent it.
func (r *ran) message(l *life, d *exec.Delivery) *Message {
	m, k := d.Message, r.scene.chain
	n := &Message{
		ID: m.ID(), From: k.At(m.From), To: k.At(m.To), At: k.At(l.account), External: m.Kind == chain.External, Method: m.Method, Input: m.Input,
		Amount: m.Amount, Height: r.height, Label: r.scene.label(d), GasLimit: m.GasLimit, chain: k,
	}
	r.nodes[n.ID] = n
	if m.Kind == chain.Relay {
		n.Parent = r.nodes[m.Parent]
		n.Parent.Sent = append(n.Parent.Sent, n)
		slices.SortFunc(n.Parent.Sent, func(a, b *Message) int { return r.index(a) - r.index(b) })
	}
	if l.handled == nil {
		n.Reason = l.refused.Error()
		return n
	}
	o := &l.handled.Outcome
	n.Status, n.Reason, n.GasUsed = o.Status, o.Reason, o.GasUsed
	for _, e := range o.Events {
		n.Events = append(n.Events, Event{e.Topic, e.Body, k.eventText(n.To, e)})
	}
	for _, line := range o.Logs() {
		n.Logs = append(n.Logs, string(line))
	}
	return n
}

func (r *ran) index(m *Message) int { return int(r.scene.messages[m.ID].Message.Index) }

func (k *Chain) eventText(of *Account, e chain.ContractEvent) string {
	if of.code != nil && of.code.schema != nil {
		for _, s := range of.code.schema.Events {
			if s.Topic == e.Topic {
				return k.text(of.code.schema, s.Body, e.Body)
			}
		}
	}
	return plainText(e.Body)
}

// Root is the external message. The test ends if it has not run yet.
func (t *Trace) Root() *Message {
	t.chain.t.Helper()
	t.chain.check(t.ran != nil, "this trace is empty: what is sent inside of Together, Explore or Replay runs when that function has returned")
	return t.ran.node(t.message.ID())
}

// All are the messages of the tree, each before what it sent.
func (t *Trace) All() iter.Seq[*Message] {
	t.chain.t.Helper()
	root := t.Root()
	return func(yield func(*Message) bool) { root.walk(yield) }
}

func (m *Message) walk(yield func(*Message) bool) bool {
	if !yield(m) {
		return false
	}
	for _, s := range m.Sent {
		if !s.walk(yield) {
			return false
		}
	}
	return true
}

// Failed are the messages that failed, or were not let in.
func (t *Trace) Failed() (list []*Message) {
	t.chain.t.Helper()
	for m := range t.All() {
		if !m.OK() {
			list = append(list, m)
		}
	}
	return list
}

// OK says whether nothing failed.
func (t *Trace) OK() bool {
	t.chain.t.Helper()
	return len(t.Failed()) == 0
}

// GasUsed is what all messages of the tree used.
func (t *Trace) GasUsed() (gas uint64) {
	t.chain.t.Helper()
	for m := range t.All() {
		gas += m.GasUsed
	}
	return gas
}

// Traces are those of the last block with messages: of what Send, Together or Replay ran, or of the order that an invariant
// of Explore looks at.
func (k *Chain) Traces() []*Trace { return slices.Clone(k.last) }

// lastTraces are the same, drawn behind a failure.
func (k *Chain) lastTraces() string {
	text := ""
	for _, t := range k.last {
		text += "\n" + t.String()
	}
	return text
}

// label names a message among those that its receiver processes: its method, and the number of the external message that it
// comes from. That and what it sends first have no more to it; others say by which place among what was sent: add#2.1.3.
func (s *scene) label(d *exec.Delivery) string {
	p := s.messages[d.Message.ID()]
	text := fmt.Sprintf("%s#%d", d.Message.Method, p.post)
	if len(p.path) == 1 && p.path[0] == 1 && d.Message.To != d.Message.From {
		return text
	}
	for _, i := range p.path {
		text += fmt.Sprintf(".%d", i)
	}
	return text
}
