package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (s *served) getTrace(w http.ResponseWriter, q *http.Request) error {
	return s.traceOn(w, q, s.node.Chain())
}

// traceOn answers with the tree of a message that the caller says is on a chain, maybe one that other nodes have.
func (s *Server) traceOn(w http.ResponseWriter, q *http.Request, on chain.ID) error {
	id, err := messageID(q)
	if err != nil {
		return err
	}
	a := s.abroad(q)
	defer a.end()
	o, err := s.seek(q.Context(), a, on, id)
	if err != nil {
		return err
	}
	t, err := s.trace(q.Context(), a, o, id)
	if err != nil {
		return err
	}
	s.answer(w, http.StatusOK, t)
	return nil
}

// trace draws the tree that a message is part of, from its origin on.
func (s *Server) trace(ctx context.Context, a *abroad, o *origin, id chain.MessageID) (*client.Trace, error) {
	t := &client.Trace{Asked: id}
	if o.tree != nil {
		t.Origin, t.Chain, t.Height = o.tree.Root.Origin, o.tree.Root.To.Chain(), o.tree.Height
	} else {
		t.Origin, t.Chain = o.f.root(), o.at.node.Chain()
	}
	if o.f != nil && o.f.in == nil && o.f.queued == nil { // the root itself, and nothing descends from it yet
		t.Root = &client.TraceNode{Message: o.f.describe(brief), Asked: true}
		t.Messages, t.Complete = 1, t.Root.State.IsSettled()
		o.upTo(t, s.heads())
		return t, nil
	}
	d := s.drawing(t, o)
	for more := true; more; {
		var list []*branch
		err := s.main.histories.read(ctx, func() (err error) {
			list, err = d.grow()
			return err
		})
		if err != nil {
			return nil, err
		}
		more = len(list) > 0 && a.inquire(ctx, d.tree, list)
	}
	return t, s.main.histories.read(ctx, d.finish)
}

// top is the highest message above one, from sender to sender, that the chains here have, with the chain that has it: so the tree from there on
// has the one.
func (s *served) top(f *found) (*served, chain.MessageID, error) {
	at, id := s, f.id
	for f.parent() != (chain.MessageID{}) {
		on, err := s.holder(f.parent())
		if err != nil || on == nil {
			return at, id, err
		}
		at, id = on, f.parent()
		if f, err = at.find(id); err != nil {
			return at, id, err
		}
	}
	return at, id, nil
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

// drawing is a trace while its tree is followed.
type drawing struct {
	*client.Trace
	*levels
	of      *origin
	tree    *tree
	foreign bool // another node's word is in it
	fault   error
}

func (s *Server) drawing(t *client.Trace, o *origin) *drawing {
	tree, root := o.plant(s)
	d := &drawing{Trace: t, levels: s.levels(), of: o, tree: tree}
	root.node = &client.TraceNode{}
	t.Root = root.node
	tree.final = d.final
	tree.sent = func(from, b *branch) {
		b.node = &client.TraceNode{Message: b.describe(client.StateQueued), Asked: b.id == t.Asked}
		from.node.Children = append(from.node.Children, b.node)
	}
	o.sprout(tree, root)
	return d
}

// final is a message that was handled: by a block here, or as another node says.
func (d *drawing) final(b *branch, m client.Message) {
	if !m.Elsewhere {
		m.Logs = d.get(b.at).node.LogsOf(b.id)
		level, err := d.levels.of(spot{b.at, m.Place.Height})
		d.fault, m.Finality = errors.Join(d.fault, err), level
	}
	b.node.Message, b.node.Asked = m, b.id == d.Asked
	d.GasUsed += m.GasUsed
	d.foreign = d.foreign || m.Elsewhere
	sum, err := d.Fee.Add(m.Fee)
	if err == nil {
		d.Fee = sum
	} else if !d.foreign { // who told of others may have made up its numbers
		assert.NoError(err, "fees of a tree")
	}
}

// grow follows the tree as far as the chains here go, and returns the branches that only other nodes can know more of; call it inside of
// histories.read.
func (d *drawing) grow() ([]*branch, error) {
	upto := d.heads()
	d.of.upTo(d.Trace, upto)
	d.levels = d.Server.levels()
	if err := d.tree.advance(upto); err != nil {
		return nil, err
	}
	return d.tree.unasked(d.levels)
}

// upTo notes up to which blocks the tree was followed.
func (o *origin) upTo(t *client.Trace, upto heads) {
	if o.tree == nil {
		t.Height = upto[t.Chain]
	}
	if len(upto) > 1 {
		t.Heights = upto
	}
}

// finish says what is under way; call it inside of histories.read.
func (d *drawing) finish() error {
	for _, b := range d.tree.open {
		switch {
		case b.sentIn.chain != 0:
			d.fault = errors.Join(d.fault, d.underWay(b))
		case b.word != nil:
			b.node.Message = *b.word
		}
	}
	d.Messages, d.Truncated = d.tree.count, d.tree.truncated
	d.Complete = len(d.tree.open) == 0 && !d.tree.truncated
	return d.fault
}

// underWay says of a relay what it waits for, and whether its receiver can count on it.
func (l *levels) underWay(b *branch) (err error) {
	m := &b.node.Message
	if m.Waits, err = l.waits(b); err != nil {
		return err
	}
	if b.word != nil && l.get(b.at) == nil {
		m.Elsewhere = true
	}
	if l.get(b.sentIn.chain) == nil {
		m.Finality = client.Final
	} else if m.Finality, err = l.of(b.sentIn); err != nil {
		return err
	}
	m.Confirmed = m.Method == chain.MethodAdd || m.Method == chain.MethodBounce || m.Method == chain.MethodRefund
	return nil
}
