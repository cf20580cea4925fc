package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/thinkey/thinkey/sdk/client"
)

// stream writes server-sent events. Each has its time to be taken (N3).
type stream struct {
	server *served
	w      http.ResponseWriter
	out    *http.ResponseController
}

// stream begins a stream; the caller calls the returned function when it has ended.
func (s *served) stream(w http.ResponseWriter) (*stream, func(), error) {
	if err := s.streams.enter(); err != nil {
		return nil, nil, err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must pass events on as they come
	st := &stream{s, w, http.NewResponseController(w)}
	return st, s.streams.leave, st.write(": thinkey\n\n")
}

// send writes an event; without an id it can't be resumed after.
func (st *stream) send(name, id string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	return st.write(fmt.Sprintf("event: %s\n%sdata: %s\n\n", name, id, body))
}

func (st *stream) write(text string) error {
	if err := st.out.SetWriteDeadline(time.Now().Add(st.server.Limits.Write)); err != nil {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.out.Flush()
}

// until waits for something, and shows now and then that the stream is alive.
func (st *stream) until(ctx context.Context, wait func(context.Context) error) error {
	for {
		c, cancel := context.WithTimeout(ctx, st.server.Limits.KeepAlive)
		err := wait(c)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if err := st.write(": alive\n\n"); err != nil {
			return err
		}
	}
}

// cursor is the number of the event after which the stream goes on: of Last-Event-ID, which a browser sends by itself when
// it connects again, else of ?after=.
func cursor(q *http.Request) (after uint64, given bool, err error) {
	text := q.Header.Get("Last-Event-ID")
	if text == "" {
		text = q.URL.Query().Get("after")
	}
	if text == "" {
		return 0, false, nil
	}
	after, err = strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, false, &client.Error{
			Code: client.CodeBadCursor, Status: http.StatusBadRequest, Message: fmt.Sprintf("cursor %q: it must be the id of an event", clip(text)),
			Hint: "leave it out to begin anew",
		}
	}
	return after, true, nil
}

// streamBlocks sends every final block above the cursor, and then each as it is made; without a cursor only those.
func (s *served) streamBlocks(w http.ResponseWriter, q *http.Request) error {
	after, given, err := cursor(q)
	if err != nil {
		return err
	}
	head := s.node.Head().Header.Height
	if !given {
		after = head
	}
	if after > head {
		return unknownBlock(after, head)
	}
	st, leave, err := s.stream(w)
	if leave == nil {
		return err
	}
	defer leave()
	for err == nil {
		if err = st.until(q.Context(), func(ctx context.Context) error { return s.node.AwaitAbove(ctx, after) }); err != nil {
			break
		}
		after++
		err = s.sendBlock(q.Context(), st, after)
	}
	s.streamEnded(q, err)
	return nil
}

func (s *served) sendBlock(ctx context.Context, st *stream, height uint64) error {
	var b client.Block
	err := s.histories.read(ctx, func() error {
		k, err := s.blockAt(height)
		if err == nil {
			b = k.summary()
		}
		return err
	})
	if err != nil {
		return err
	}
	return st.send(client.EventBlock, strconv.FormatUint(height, 10), b)
}

// streamEnded notes why a stream could not go on, unless its reader went away, was too slow, or the server is closing.
func (s *served) streamEnded(q *http.Request, err error) {
	if e := asError(err); err != nil && e.Code == client.CodeInternal {
		s.Log.Debug("stream ended", "path", q.URL.Path, "error", err)
	}
}

// streamTree sends every step of the tree that a message is part of: each message when it is accepted, and when it is
// final.
func (s *served) streamTree(w http.ResponseWriter, q *http.Request) error {
	id, err := messageID(q)
	if err != nil {
		return err
	}
	after, _, err := cursor(q)
	if err != nil {
		return err
	}
	var f *found
	err = s.histories.read(q.Context(), func() error {
		f, err = s.find(id)
		return err
	})
	if err != nil {
		return err
	}
	st, leave, err := s.stream(w)
	if leave == nil {
		return err
	}
	defer leave()
	if err == nil {
		p := &progress{stream: st, after: after}
		err = p.follow(q.Context(), f)
	}
	s.streamEnded(q, err)
	return nil
}

// progress sends the steps of a tree, numbered from 1, those up to after left out (N5).
type progress struct {
	*stream
	after  uint64
	number uint64
	ready  []client.Progress // steps found while blocks were read, sent afterwards
}

func (p *progress) step(m client.Message) {
	if p.number++; p.number > p.after {
		p.ready = append(p.ready, client.Progress{Number: int(p.number), Message: m})
	}
}

// flush sends what is ready.
func (p *progress) flush() error {
	for _, r := range p.ready {
		if err := p.send(client.EventProgress, strconv.Itoa(r.Number), r); err != nil {
			return err
		}
	}
	p.ready = nil
	return nil
}

// follow sends the tree of f until all of it is final.
func (p *progress) follow(ctx context.Context, f *found) error {
	root := f.root()
	p.step(client.Message{ID: root, State: client.StateAccepted})
	if err := p.flush(); err != nil {
		return err
	}
	if f.in == nil && f.queued == nil {
		m, err := p.settled(ctx, f)
		if err != nil {
			return err
		}
		if m.State == client.StateDropped {
			p.step(m)
			return p.end(client.EventComplete)
		}
	}
	t := newTree(p.server, &branch{id: root})
	t.final = func(_ *branch, m client.Message) { p.step(m) }
	t.sent = func(_, b *branch) { p.step(sentMessage(b.message, client.StateAccepted, brief)) }
	return p.grow(ctx, t)
}

// settled waits for the root.
func (p *progress) settled(ctx context.Context, f *found) (m client.Message, err error) {
	err = p.until(ctx, func(ctx context.Context) error {
		if m, err = p.server.await(ctx, f.id); err == nil && !m.State.IsSettled() {
			return ctx.Err()
		}
		return err
	})
	return m, err
}

// grow follows the tree from block to block.
func (p *progress) grow(ctx context.Context, t *tree) error {
	for {
		head := p.server.node.Head().Header.Height
		err := p.server.histories.read(ctx, func() error { return t.advance(head) })
		if err != nil {
			return err
		}
		if err := p.flush(); err != nil {
			return err
		}
		if len(t.open) == 0 {
			if t.truncated {
				return p.end(client.EventTruncated)
			}
			return p.end(client.EventComplete)
		}
		if err := p.until(ctx, func(ctx context.Context) error { return p.server.node.AwaitAbove(ctx, head) }); err != nil {
			return err
		}
	}
}

// end sends what is ready and the last event.
func (p *progress) end(name string) error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.send(name, "", struct{}{})
}
