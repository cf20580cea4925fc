package kit

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Trace is the tree of messages that one external message led to, on all chains, and what came of each (SPEC 2.4). One that was
// sent inside of Together, Explore or Replay is empty until it has run; in an exploration it shows the order that was run last.
// While relays are held, what is under way stands in it as such, and moves on when it does.
type Trace struct {
	chain   *Chain
	message *chain.Message
	story   *chapter
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

	UnderWay bool         // it has left its chain and has not come to To's
	Status   chain.Status // 0 if it was not let in, as Reason says, or is under way
	Reason   string
	Chain    *Chain // whose block it is in: of At
	Height   uint64
	Place    int    // in what the account processed in the block, from 0 on
	Label    string // names it among what its receiver processes, as an Order does: bid#2
	GasUsed  uint64
	// GasLimit was for its handling and all that descends from it.
	GasLimit uint64
	Events   []Event
	Logs     []string

	Parent *Message   // nil for the external message
	Sent   []*Message // in the order sent

	chain *Chain
	index uint32 // among what Parent sent
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

// chapter is the last of the blocks since nothing was under way. It never changes but for what it remembers.
type chapter struct {
	before *chapter
	ran    *ran
	posts  int                          // external messages so far
	nodes  map[chain.MessageID]*Message // made when one is looked at
}

// and is the story with one more block.
func (c *chapter) and(r *ran, posts int) *chapter { return &chapter{before: c, ran: r, posts: posts} }

// parcel finds a message that was sent in a block of the story.
func (c *chapter) parcel(id chain.MessageID) *parcel {
	for ; c != nil; c = c.before {
		if p := c.ran.scene.messages[id]; p != nil {
			return p
		}
	}
	return nil
}

// label names a message of the story.
func (c *chapter) label(id chain.MessageID) string {
	if p := c.parcel(id); p != nil {
		return p.label()
	}
	return id.String()[:8]
}

// node finds a message of the story.
func (c *chapter) node(id chain.MessageID) *Message {
	if c.nodes == nil {
		var list []*ran
		for at := c; at != nil; at = at.before {
			list = append(list, at.ran)
		}
		c.nodes = make(map[chain.MessageID]*Message)
		for _, r := range slices.Backward(list) {
			r.tell(c.nodes)
		}
		for _, r := range list {
			r.underWay(c.nodes)
		}
		for _, n := range c.nodes { // any order: each sorts its own
			slices.SortFunc(n.Sent, func(a, b *Message) int { return cmp.Compare(a.index, b.index) })
		}
	}
	return c.nodes[id]
}

// tell makes the nodes of a block.
func (r *ran) tell(nodes map[chain.MessageID]*Message) {
	places := make(map[chain.Address]int)
	for l, d := range r.happenings() {
		n := r.place(nodes, d)
		n.At, n.Chain, n.Height = r.scene.chain.At(l.account), r.scene.chain, r.height
		if l.handled == nil {
			n.Reason = l.refused.Error()
			continue
		}
		n.Place = places[l.account]
		places[l.account]++
		r.outcome(n, l)
	}
}

// underWay makes nodes of what the block sent to other chains and has not come there yet.
func (r *ran) underWay(nodes map[chain.MessageID]*Message) {
	for l := range r.happenings() {
		if l.handled == nil {
			continue
		}
		for _, d := range l.handled.Sent {
			if nodes[d.Message.ID()] == nil {
				r.place(nodes, d).UnderWay = true
			}
		}
	}
}

// place makes the node of a message below the one that sent it.
func (r *ran) place(nodes map[chain.MessageID]*Message, d *exec.Delivery) *Message {
	m, k := d.Message, r.scene.chain
	n := &Message{
		ID: m.ID(), From: k.At(m.From), To: k.At(m.To), External: m.Kind == chain.External, Method: m.Method, Input: m.Input,
		Amount: m.Amount, Label: r.scene.label(d), GasLimit: m.GasLimit, chain: k, index: m.Index,
	}
	nodes[n.ID] = n
	if n.Parent = nodes[m.Parent]; m.Kind == chain.Relay && n.Parent != nil { // gas that a chain sends back has none
		n.Parent.Sent = append(n.Parent.Sent, n)
	}
	return n
}

func (r *ran) outcome(n *Message, l *life) {
	o := &l.handled.Outcome
	n.Status, n.Reason, n.GasUsed = o.Status, o.Reason, o.GasUsed
	for _, e := range o.Events {
		n.Events = append(n.Events, Event{e.Topic, e.Body, n.chain.eventText(n.To, e)})
	}
	for _, line := range o.Logs() {
		n.Logs = append(n.Logs, string(line))
	}
}

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
	t.chain.check(t.story != nil, "this trace is empty: what is sent inside of Together, Explore or Replay runs when that function has returned")
	return t.story.node(t.message.ID())
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

// Failed are the messages that failed, or were not let in. What is under way has not failed.
func (t *Trace) Failed() (list []*Message) {
	t.chain.t.Helper()
	for m := range t.All() {
		if !m.OK() && !m.UnderWay {
			list = append(list, m)
		}
	}
	return list
}

// UnderWay are the messages that have left a chain and not come to another yet: they are held.
func (t *Trace) UnderWay() (list []*Message) {
	t.chain.t.Helper()
	for m := range t.All() {
		if m.UnderWay {
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

// label names a message of the scene.
func (s *scene) label(d *exec.Delivery) string { return s.messages[d.Message.ID()].label() }

// label names a message among those that its receiver processes: its method, and the number of the external message that it
// comes from. That and what it sends first have no more to it; others say by which place among what was sent: add#2.1.3.
func (p *parcel) label() string {
	m := p.Message
	text := fmt.Sprintf("%s#%d", m.Method, p.post)
	if len(p.path) == 1 && p.path[0] == 1 && m.To != m.From {
		return text
	}
	for _, i := range p.path {
		text += fmt.Sprintf(".%d", i)
	}
	return text
}
