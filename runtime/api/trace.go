package api

import (
	"errors"
	"net/http"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (s *served) getTrace(w http.ResponseWriter, q *http.Request) error {
	id, err := messageID(q)
	if err != nil {
		return err
	}
	var t *client.Trace
	err = s.histories.read(q.Context(), func() error {
		t, err = s.trace(id)
		return err
	})
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, t)
	return nil
}

// trace draws the tree that a message is part of; call it inside of histories.read.
func (s *served) trace(id chain.MessageID) (*client.Trace, error) {
	f, err := s.find(id)
	if err != nil {
		return nil, err
	}
	upto := s.heads()
	t := &client.Trace{Origin: f.root(), Asked: id}
	at, top, err := s.top(f)
	if err != nil {
		return nil, err
	}
	t.Chain, t.Height = at.node.Chain(), upto[at.node.Chain()]
	if len(upto) > 1 {
		t.Heights = upto
	}
	if f.in == nil && f.queued == nil { // the root itself, and nothing descends from it yet
		t.Root = &client.TraceNode{Message: f.describe(brief), Asked: true}
		t.Messages, t.Complete = 1, t.Root.State.IsSettled()
		return t, nil
	}
	return t, at.draw(t, top, upto)
}

// top is the highest message of the tree that the chains here have, with the chain that has it: the root, unless that is elsewhere.
func (s *served) top(f *found) (*served, chain.MessageID, error) {
	at, id := s, f.id
	for {
		next := f.root()
		on, err := s.holder(next)
		if on == nil && err == nil && f.parent() != (chain.MessageID{}) {
			next = f.parent()
			on, err = s.holder(next)
		}
		if err != nil || on == nil || next == id {
			return at, id, err
		}
		at, id = on, next
		if id == f.root() {
			return at, id, nil
		}
		if f, err = at.find(id); err != nil {
			return at, id, err
		}
	}
}

// holder is a chain that has handled the message; nil if none here has.
func (s *Server) holder(id chain.MessageID) (*served, error) {
	for _, one := range s.all() {
		m, err := one.node.Message(id)
		if err == nil && (m.Final != nil || m.Waits || m.Dropped != nil) {
			return one, nil
		}
		if err != nil && !errors.Is(err, node.ErrUnknown) {
			return nil, err
		}
	}
	return nil, nil
}

// draw fills in the tree from the message top on, which is final.
func (s *served) draw(t *client.Trace, top chain.MessageID, upto heads) error {
	root := &branch{id: top, node: &client.TraceNode{}}
	tree, levels := newTree(s, root), s.levels()
	var fault error
	tree.final = func(b *branch, m client.Message) {
		m.Logs = s.get(b.at).node.LogsOf(b.id)
		level, err := levels.of(spot{b.at, m.Place.Height})
		fault = errors.Join(fault, err)
		b.node.Message, b.node.Asked, b.node.Finality = m, b.id == t.Asked, level
		t.GasUsed += m.GasUsed
		sum, err := t.Fee.Add(m.Fee)
		assert.NoError(err, "fees of a tree")
		t.Fee = sum
	}
	tree.sent = func(from, b *branch) {
		b.node = &client.TraceNode{Message: sentMessage(b.message, client.StateQueued, brief), Asked: b.id == t.Asked}
		from.node.Children = append(from.node.Children, b.node)
	}
	if err := tree.advance(upto); err != nil {
		return err
	}
	for _, b := range tree.open {
		if b.message != nil {
			fault = errors.Join(fault, levels.underWay(b))
		}
	}
	t.Root, t.Messages, t.Truncated = root.node, tree.count, tree.truncated
	t.Complete = len(tree.open) == 0 && !tree.truncated
	return fault
}

// underWay says of a relay what it waits for, and whether its receiver can count on it.
func (l *levels) underWay(b *branch) (err error) {
	m := &b.node.Message
	if m.Waits, err = l.waits(b); err != nil {
		return err
	}
	if m.Finality, err = l.of(b.sentIn); err == nil {
		m.Confirmed = b.message.Method == chain.MethodAdd || b.message.CannotFail()
	}
	return err
}
