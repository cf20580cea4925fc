package api

import (
	"net/http"

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
	head := s.node.Head().Header
	t := &client.Trace{Origin: f.root(), Asked: id, Chain: head.Chain, Height: head.Height}
	if f.in == nil && f.queued == nil { // the root itself, and nothing descends from it yet
		t.Root = &client.TraceNode{Message: f.describe(brief), Asked: true}
		t.Messages, t.Complete = 1, t.Root.State.IsSettled()
		return t, nil
	}
	return t, s.draw(t)
}

// draw fills in the tree of t.Origin, which is final.
func (s *served) draw(t *client.Trace) error {
	root := &branch{id: t.Origin, node: &client.TraceNode{}}
	tree := newTree(s, root)
	tree.final = func(b *branch, m client.Message) {
		m.Logs = s.node.LogsOf(b.id)
		b.node.Message, b.node.Asked = m, b.id == t.Asked
		t.GasUsed += m.GasUsed
		sum, err := t.Fee.Add(m.Fee)
		assert.NoError(err, "fees of a tree")
		t.Fee = sum
	}
	tree.sent = func(from, b *branch) {
		b.node = &client.TraceNode{Message: sentMessage(b.message, client.StateQueued, brief), Asked: b.id == t.Asked}
		from.node.Children = append(from.node.Children, b.node)
	}
	if err := tree.advance(t.Height); err != nil {
		return err
	}
	t.Root, t.Messages, t.Truncated = root.node, tree.count, tree.truncated
	t.Complete = len(tree.open) == 0 && !tree.truncated
	return nil
}
