package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// origin is the highest message that is known of a tree: the root, unless nobody says where that is.
type origin struct {
	at   *served // a chain here that has it, with how
	f    *found
	tree *foreign // else another node's word on it
}

// seek finds the origin of the tree that a message is part of: on a chain here, on one whose number is given, or on any other.
func (s *Server) seek(ctx context.Context, a *abroad, on chain.ID, id chain.MessageID) (o *origin, err error) {
	if one := s.get(on); one != nil {
		o, err = s.seekHere(ctx, one, id)
		if errors.Is(err, node.ErrUnknown) && a.left > 0 {
			o, err = s.search(ctx, a, id)
		}
	} else {
		var f *foreign
		if f, err = a.ask(ctx, on, id); err == nil {
			o = &origin{tree: f}
		}
	}
	if err != nil {
		return nil, err
	}
	return s.climb(ctx, a, o), nil
}

// seekHere is the highest message above one that the chains here have.
func (s *Server) seekHere(ctx context.Context, on *served, id chain.MessageID) (o *origin, err error) {
	err = on.histories.read(ctx, func() error {
		f, err := on.find(id)
		if err != nil {
			return err
		}
		at, top, err := on.top(f)
		if err == nil && top != id {
			f, err = at.find(top)
		}
		o = &origin{at: at, f: f}
		return err
	})
	return o, err
}

// search asks nodes of chains that aren't here for a message that no chain here knows.
func (s *Server) search(ctx context.Context, a *abroad, id chain.MessageID) (*origin, error) {
	list, err := s.known()
	if err != nil {
		return nil, err
	}
	if on := s.posted.chain(id); on != 0 {
		if f, err := a.ask(ctx, on, id); err == nil {
			return &origin{tree: f}, nil
		}
	}
	asked, silent := 0, false
	for _, c := range list {
		if c.Here {
			continue
		}
		if asked++; asked > abroadSearch {
			break
		}
		f, err := a.ask(ctx, c.Chain, id)
		if err == nil {
			return &origin{tree: f}, nil
		}
		silent = silent || !errors.Is(err, node.ErrUnknown)
	}
	words := "and nodes of the other chains don't know it"
	if asked > abroadSearch {
		words = fmt.Sprintf("and there are more than %d others: it was not looked for on all", abroadSearch)
	} else if silent {
		words = "and not all other chains have a node that answers"
	}
	return nil, &client.Error{
		Code: client.CodeUnknownMessage, Status: http.StatusNotFound, Message: fmt.Sprintf("message %s is not known here: %s, %s", id, s.runs(), words),
		Hint: "ask a node of the chain that it began on, or name that: /v1/chains/{chain}/trace/{id}. A message that left the mempool with a restart is submitted again",
	}
}

// sender is the chain and the id of the message that sent the highest one that is known; none if that is the root.
func (o *origin) sender() (chain.ID, chain.MessageID) {
	if o.tree != nil {
		return o.tree.Root.From.Chain(), o.tree.Root.Parent
	}
	switch {
	case o.f.in != nil:
		return o.f.in.Events[o.f.event].Message.From.Chain(), o.f.parent()
	case o.f.queued != nil:
		return o.f.queued.From.Chain(), o.f.parent()
	}
	return 0, chain.MessageID{}
}

func (o *origin) id() chain.MessageID {
	if o.tree != nil {
		return o.tree.Root.ID
	}
	return o.f.id
}

// climb goes from sender to sender, here and at other nodes, as far as they say. Whoever is said to have sent a message must say so, too.
// Who lies can lead it round: it takes some steps and no more.
func (s *Server) climb(ctx context.Context, a *abroad, o *origin) *origin {
	for range abroadQuestions {
		on, parent := o.sender()
		if parent == (chain.MessageID{}) {
			return o
		}
		one := s.get(on)
		if one != nil && o.tree != nil {
			up, err := s.seekHere(ctx, one, parent)
			if err != nil || !s.sent(ctx, one, parent, o.id()) {
				return o
			}
			o = up
			continue
		}
		if one != nil {
			return o // its chain lacks it, or top would have it
		}
		f, err := a.ask(ctx, on, parent)
		if err != nil || !f.sent(parent, o.id()) {
			return o
		}
		o = &origin{tree: f}
	}
	return o
}

// sent says whether a chain here handled a message so that it sent another one.
func (s *Server) sent(ctx context.Context, on *served, parent, id chain.MessageID) (is bool) {
	err := on.histories.read(ctx, func() error {
		f, err := on.find(parent)
		if err == nil && f.in != nil {
			for _, m := range f.in.Events[f.event].Sent {
				is = is || m.ID() == id
			}
		}
		return err
	})
	return is && err == nil
}

// sent says the same of what another node tells.
func (f *foreign) sent(parent, id chain.MessageID) (is bool) {
	f.Walk(func(n *client.TraceNode, _ int) { is = is || n.ID == id && n.Parent == parent })
	return is
}

// plant begins the tree.
func (o *origin) plant(s *Server) (*tree, *branch) {
	root := &branch{id: o.id()}
	if o.tree != nil {
		root.at, root.far = o.tree.Root.To.Chain(), true
	} else {
		root.at = o.at.node.Chain()
	}
	return s.newTree(root), root
}

// sprout puts what another node told of the root into the tree, once that has who is told of it.
func (o *origin) sprout(t *tree, root *branch) {
	if o.tree != nil {
		t.open = nil
		t.graft(root, o.tree.Root)
		t.truncated = t.truncated || o.tree.Truncated
	}
}
