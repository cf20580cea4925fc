package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// What one trace, or one look of a stream, may cost other nodes and this one (N8).
const (
	abroadQuestions = 16              // of which each has a subtree for its answer
	abroadTime      = 6 * time.Second // for all of them
	abroadEach      = 3 * time.Second // for one: half of it for the first node that is asked
	abroadBytes     = 4 << 20         // of all answers
	abroadAnswer    = 1 << 20         // of one
	abroadObjects   = 8 << 10         // JSON objects in all of them: an empty one of 3 bytes takes hundreds when it is read
	abroadSearch    = 8               // chains on which a message is looked for whose chain nobody says
	abroadAtOnce    = 32              // answers for which others are asked
	abroadPerCaller = 8               // of those for one address
	abroadSoon      = time.Second     // between the looks of a stream while answers bring something
	abroadLate      = 8 * time.Second // while they don't
)

var (
	// errNotAsked: the questions, or their time, are used up, or who was asked didn't answer a moment ago.
	errNotAsked = errors.New("other nodes were not asked")
	errNoTree   = errors.New("not a tree with that message")
)

// abroad asks other nodes for the parts of trees that are on chains that aren't here, for one answer. Whatever they say is their word: it is
// marked so, and must look like a part of that tree. What the blocks here show isn't taken from it.
type abroad struct {
	*Server
	from   from
	inside bool // the gate of those who ask
	left   int
	bytes  int
	things int // JSON objects
	ends   time.Time
	silent map[chain.ID]bool
	said   map[chain.MessageID]*foreign // what was answered
	done   map[chain.MessageID]bool     // of these no more will be said
}

// abroad is for one answer to a request: none of another node's, or two that lack a chain would ask each other for ever.
func (s *Server) abroad(q *http.Request) *abroad {
	a := &abroad{Server: s, from: fromAddr(q.RemoteAddr), bytes: abroadBytes, things: abroadObjects, ends: time.Now().Add(abroadTime), silent: map[chain.ID]bool{}, said: map[chain.MessageID]*foreign{}, done: map[chain.MessageID]bool{}}
	if s.Elsewhere != nil && !isPassed(q) {
		a.left = abroadQuestions
	}
	return a
}

// foreign is a tree that another node tells of, from the highest message that it has, with the one that it was asked for.
type foreign struct {
	*client.Trace
	on  chain.ID // whose nodes were asked
	its *client.TraceNode
}

// ask asks for the tree that a message on a chain is part of. node.ErrUnknown: the chain has not taken it in.
func (a *abroad) ask(ctx context.Context, on chain.ID, id chain.MessageID) (*foreign, error) {
	if f := a.said[id]; f != nil {
		return f, nil
	}
	if a.left == 0 || a.silent[on] || !time.Now().Before(a.ends) {
		return nil, errNotAsked
	}
	if !a.inside {
		if err := a.asking.enter(a.from); err != nil {
			return nil, err
		}
		a.inside = true
	}
	a.left--
	ctx, cancel := context.WithDeadline(ctx, a.ends)
	defer cancel()
	ctx, cancelThis := context.WithTimeout(ctx, abroadEach)
	defer cancelThis()
	r, err := a.Server.askFor(ctx, id, on, passed{method: http.MethodGet, target: "/trace/" + id.String()}, 0)
	var f *foreign
	switch {
	case err != nil:
	case unknown(&r):
		return nil, fmt.Errorf("message %s: %w", id, node.ErrUnknown)
	case r.status != http.StatusOK:
		err = unable(on, fmt.Sprintf("answers with status %d", r.status))
	default:
		if f, err = a.read(on, id, r.body); err != nil {
			a.Log.Warn("a node tells of a tree what can't be", "chain", on, "error", err)
			err = unable(on, "answers what can't be one")
		}
	}
	if err != nil {
		a.silent[on] = true
		return nil, err
	}
	a.said[id] = f
	return f, nil
}

func hasCode(body []byte, code string) bool {
	var r client.Refused
	return json.Unmarshal(body, &r) == nil && r.Error != nil && r.Error.Code == code
}

// end is called when the answer is there.
func (a *abroad) end() {
	if a.inside {
		a.asking.leave(a.from)
		a.inside = false
	}
}

// read reads an answer of another node.
func (a *abroad) read(on chain.ID, id chain.MessageID, body []byte) (*foreign, error) {
	things := bytes.Count(body, []byte("{"))
	if len(body) > min(abroadAnswer, a.bytes) || things > a.things {
		return nil, fmt.Errorf("%w, but %d bytes with %d objects; at most %d with %d are read", errNoTree, len(body), things, min(abroadAnswer, a.bytes), a.things)
	}
	a.bytes, a.things = a.bytes-len(body), a.things-things
	f := &foreign{Trace: &client.Trace{}, on: on}
	if err := json.Unmarshal(body, f.Trace); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoTree, err)
	}
	if f.Root == nil {
		return nil, errNoTree
	}
	seen := map[chain.MessageID]*client.TraceNode{}
	if err := sound(f.Root, 0, seen); err != nil {
		return nil, err
	}
	if f.its = seen[id]; f.its == nil {
		return nil, fmt.Errorf("%w: %s", errNoTree, id)
	}
	return f, nil
}

// sound checks that n is a tree of messages, and cleans it of what no answer has.
func sound(n *client.TraceNode, depth int, seen map[chain.MessageID]*client.TraceNode) error {
	m := &n.Message
	handled := m.State == client.StateFinal
	switch {
	case depth > chain.MaxDepth || seen[m.ID] != nil:
		return fmt.Errorf("%w: message %s is too deep, or there twice", errNoTree, m.ID)
	case handled != (m.Place != nil) || handled && m.Place.Chain != m.To.Chain() || !handled && len(n.Children) > 0:
		return fmt.Errorf("%w: message %s is %s, but not where it must be", errNoTree, m.ID, clip(string(m.State)))
	case handled && m.Fee != chain.Mul(m.GasUsed, m.GasPrice):
		return fmt.Errorf("%w: message %s has a fee that isn't its own", errNoTree, m.ID)
	case !handled && m.State != client.StateQueued && m.State != client.StateWaiting && m.State != client.StateDropped:
		return fmt.Errorf("%w: message %s is %q", errNoTree, m.ID, clip(string(m.State)))
	}
	seen[m.ID] = n
	m.Elsewhere = true
	if !slices.Contains([]client.Finality{client.Final, client.Anchored, client.Rooted}, m.Finality) {
		m.Finality = ""
	}
	if !isWaits(m.Waits) {
		m.Waits = nil // also that the other node doesn't know: this one asks further itself
	}
	for _, c := range n.Children {
		if c == nil || c.Parent != m.ID || c.Origin != m.Origin || c.Depth != m.Depth+1 || c.Kind != client.KindRelay {
			return fmt.Errorf("%w: what message %s sent is not of it", errNoTree, m.ID)
		}
		if err := sound(c, depth+1, seen); err != nil {
			return err
		}
	}
	return nil
}

// isWaits says whether a message may wait for that at a node that knows.
func isWaits(w *client.Waits) bool {
	return w != nil && slices.Contains([]string{client.WaitsDigest, client.WaitsIntake, client.WaitsQueue}, w.For)
}

// inquire asks for branches and puts what is said into the tree; it says whether that grew.
func (a *abroad) inquire(ctx context.Context, t *tree, list []*branch) bool {
	grown := false
	for _, b := range list {
		if a.done[b.id] {
			continue
		}
		f, err := a.ask(ctx, b.at, b.id)
		switch {
		case errors.Is(err, node.ErrUnknown):
			b.word = &client.Message{State: client.StateQueued, Waits: &client.Waits{For: client.WaitsIntake, On: b.at}, Elsewhere: true}
			a.done[b.id] = true
			t.last(b)
		case err != nil:
			b.word = nil
		case b.message != nil && !b.isOf(&f.its.Message):
			a.silent[b.at], b.word = true, nil
		default:
			t.open = slices.DeleteFunc(t.open, func(o *branch) bool { return o == b })
			t.graft(b, f.its)
			t.truncated = t.truncated || f.Truncated
			grown = grown || f.its.State == client.StateFinal
			for _, o := range t.open { // what its own node says of them is the answer
				a.done[o.id] = a.done[o.id] || o == b || o.far && o.at == b.at && o.sentIn.chain == b.at
			}
		}
	}
	return grown
}

// last makes others be asked for before b.
func (t *tree) last(b *branch) {
	t.open = append(slices.DeleteFunc(t.open, func(o *branch) bool { return o == b }), b)
}

// isOf says whether another node's word on a message is of that which a block here sent.
func (b *branch) isOf(m *client.Message) bool {
	is := b.message
	return m.From == is.From && m.To == is.To && m.Method == is.Method && m.Amount == is.Amount && m.Parent == is.Parent && m.Origin == is.Root() &&
		m.Depth == is.Depth && m.GasLimit == is.GasLimit && m.GasPrice == is.GasPrice && m.Kind == client.KindRelay
}

// graft puts another node's word into the tree: n on the message of b, with what descends from it. Messages on chains that are here are
// left to the blocks here.
func (t *tree) graft(b *branch, n *client.TraceNode) {
	b.word = &n.Message
	if !n.State.IsSettled() {
		t.open = append(t.open, b)
		return
	}
	t.final(b, b.told())
	for _, c := range n.Children {
		if !t.take(c.ID) {
			continue
		}
		child := &branch{id: c.ID, at: c.To.Chain(), sentIn: spot{b.at, n.Place.Height}, word: &c.Message, far: true}
		t.sent(b, child)
		if t.has(child.at) {
			t.open = append(t.open, child)
		} else {
			t.graft(child, c)
		}
	}
}

// told is a message that another node says was settled; what a block here showed of it stays.
func (b *branch) told() client.Message {
	m := *b.word
	if b.message != nil {
		d := describe(b.message, brief)
		m.Nonce, m.ValidUntil, m.Payer, m.Input, m.InputBytes, m.Index = d.Nonce, d.ValidUntil, d.Payer, d.Input, d.InputBytes, d.Index
	}
	return m
}

// describe is the message as it was sent.
func (b *branch) describe(state client.State) client.Message {
	if b.message != nil {
		return sentMessage(b.message, state, brief)
	}
	w := b.word
	return client.Message{
		ID: w.ID, State: state, Kind: w.Kind, From: w.From, To: w.To, Method: w.Method, Amount: w.Amount, GasLimit: w.GasLimit, GasPrice: w.GasPrice,
		Payer: w.Payer, Input: w.Input, InputBytes: w.InputBytes, Parent: w.Parent, Index: w.Index, Origin: w.Origin, Depth: w.Depth, Elsewhere: true,
	}
}

// said is what another node says that a message waits for; that nobody says where it stands, if nobody does.
func (b *branch) said() *client.Waits {
	if b.word != nil && b.word.Waits != nil {
		return b.word.Waits
	}
	return &client.Waits{For: client.WaitsElsewhere, On: b.at}
}

// unasked are the open branches that only other nodes can know of: those on chains that aren't here, but for those of which the digests
// that are recorded here say that they can't have arrived. Of very many some are enough.
func (t *tree) unasked(l *levels) (list []*branch, err error) {
	for _, b := range t.open {
		if len(list) == 4*abroadQuestions {
			break
		}
		if t.has(b.at) {
			continue
		}
		w, err := l.waits(b)
		if err != nil {
			return nil, err
		}
		if w.For != client.WaitsDigest || b.word != nil && w == b.word.Waits {
			list = append(list, b)
		}
	}
	return list, nil
}
