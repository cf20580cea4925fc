package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// messageID reads {id}.
func messageID(q *http.Request) (chain.MessageID, error) {
	id, err := chain.ParseMessageID(q.PathValue("id"))
	if err != nil {
		return id, badRequest("message id: %v", err)
	}
	return id, nil
}

func (s *served) getMessage(w http.ResponseWriter, q *http.Request) error {
	id, err := messageID(q)
	if err != nil {
		return err
	}
	wait, err := s.wait(q)
	if err != nil {
		return err
	}
	from, err := provenFrom(q)
	if err != nil {
		return err
	}
	m, err := s.awaitFor(q, id, wait)
	if err != nil {
		return err
	}
	if isPassed(q) {
		m.Logs = nil // they are of who was asked alone
	}
	if from != 0 {
		if err := s.proveHandled(q.Context(), &m, from); err != nil {
			return err
		}
	}
	s.answer(w, http.StatusOK, m)
	return nil
}

// wait reads ?wait=: final, or a duration.
func (s *served) wait(q *http.Request) (time.Duration, error) {
	switch text := q.URL.Query().Get("wait"); text {
	case "":
		return 0, nil
	case "final":
		return min(defaultWait, s.Limits.Poll), nil
	default:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, badRequest("wait=%q: it must be final, or a duration of at most %s such as 30s", clip(text), s.Limits.Poll)
		}
		return min(d, s.Limits.Poll), nil
	}
}

// awaitFor is where the message stands when it is settled, or the time is up.
func (s *served) awaitFor(q *http.Request, id chain.MessageID, wait time.Duration) (client.Message, error) {
	if wait == 0 {
		return s.message(q.Context(), id)
	}
	if err := s.polls.enter(""); err != nil {
		return client.Message{}, err
	}
	defer s.polls.leave("")
	ctx, cancel := context.WithTimeout(q.Context(), wait)
	defer cancel()
	return s.await(ctx, id)
}

// await returns where the message stands when it is settled, or ctx ends.
func (s *served) await(ctx context.Context, id chain.MessageID) (client.Message, error) {
	for {
		head := s.node.Head().Header.Height
		// Looking takes no time that counts, and its answer is due also when the time is up; but not where all look who share its address.
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limits.Request)
		m, err := s.message(look, id)
		cancel()
		if err != nil || m.State.IsSettled() || ctx.Err() != nil {
			return m, err
		}
		if m.State == client.StateWaiting {
			_, err = s.node.Await(ctx, id)
		} else {
			err = s.node.AwaitAbove(ctx, head)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, node.ErrUnknown) {
			return m, err
		}
	}
}

// message is where a message stands now.
func (s *served) message(ctx context.Context, id chain.MessageID) (m client.Message, err error) {
	err = s.histories.read(ctx, func() error {
		found, err := s.find(id)
		if err != nil {
			return err
		}
		m = found.describe(whole)
		m.Logs = s.node.LogsOf(id)
		if m.Place != nil {
			m.Finality, err = s.levels().of(spot{s.node.Chain(), m.Place.Height})
		}
		return err
	})
	return m, err
}

// found is a message that the node knows, in one of four ways.
type found struct {
	id      chain.MessageID
	in      *kept // final: its block and event there
	event   uint32
	queued  *chain.Message
	dropped error
}

// find looks a message up; call it inside of histories.read. The head is taken first: what is in the queue that it left
// may be final by now, but nothing falls between.
func (s *served) find(id chain.MessageID) (*found, error) {
	head := s.node.Head().Header.Height
	stands, err := s.node.Message(id)
	switch {
	case errors.Is(err, node.ErrUnknown):
		k, err := s.blockAt(head)
		if err != nil {
			return nil, err
		}
		if m := k.queued(id); m != nil {
			return &found{id: id, queued: m}, nil
		}
		return nil, fmt.Errorf("message %s: %w", id, node.ErrUnknown)
	case err != nil:
		return nil, err
	case stands.Final == nil:
		return &found{id: id, dropped: stands.Dropped}, nil
	}
	k, err := s.histories.get(stands.Final.Height)
	if err != nil {
		return nil, err
	}
	if n := stands.Final.Event; int(n) >= len(k.Events) || k.Events[n].Message.ID() != id {
		return nil, fmt.Errorf("message %s is not event %d of block %d", id, n, stands.Final.Height)
	}
	return &found{id: id, in: k, event: stands.Final.Event}, nil
}

// root is the id of the message at the root of its tree.
func (f *found) root() chain.MessageID {
	switch {
	case f.in != nil:
		return f.in.Events[f.event].Message.Root()
	case f.queued != nil:
		return f.queued.Root()
	}
	return f.id // only external messages wait or are dropped
}

// parent is the id of the message that sent it; none if nobody did, or that is not known.
func (f *found) parent() chain.MessageID {
	switch {
	case f.in != nil:
		return f.in.Events[f.event].Message.Parent
	case f.queued != nil:
		return f.queued.Parent
	}
	return chain.MessageID{}
}

func (f *found) describe(cut length) client.Message {
	switch {
	case f.in != nil:
		return f.in.final(int(f.event), cut)
	case f.queued != nil:
		return sentMessage(f.queued, client.StateQueued, cut)
	case f.dropped != nil:
		return client.Message{ID: f.id, State: client.StateDropped, Dropped: asError(f.dropped)}
	}
	return client.Message{ID: f.id, State: client.StateWaiting}
}

func sentMessage(m *chain.Message, state client.State, cut length) client.Message {
	d := describe(m, cut)
	d.State = state
	return d
}
