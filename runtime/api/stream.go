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
	f := fromWriter(w)
	if err := s.streams.enter(f); err != nil {
		return nil, nil, err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must pass events on as they come
	st := &stream{s, w, http.NewResponseController(w)}
	return st, func() { s.streams.leave(f) }, st.write(": thinkey\n\n")
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
