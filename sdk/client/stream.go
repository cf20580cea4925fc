package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// The events of streams, as the server names them.
const (
	EventBlock    = "block"
	EventProgress = "progress"
	// EventContract is what a contract told.
	EventContract = "event"
	// EventWaiting is told while a message of a tree is under way; it can't be resumed after.
	EventWaiting = "waiting"
	// EventComplete ends a tree: nothing will come any more.
	EventComplete = "complete"
	// EventTruncated ends a stream of a tree with more messages than can be followed.
	EventTruncated = "truncated"
)

// maxEventBytes bounds one line of a stream: the longest message with all its events.
const maxEventBytes = 16 << 20

// event is one of a stream of server-sent events.
type event struct{ id, name, data string }

// Blocks calls f with every final block above the height after, in order, as they are made. It returns f's error, ctx's,
// or why it can't go on: a stream that is cut off is taken up again by itself (K3).
func (c *Client) Blocks(ctx context.Context, after uint64, f func(Block) error) error {
	var last Block
	next := request{method: http.MethodGet, path: c.on("/blocks"), cursor: strconv.FormatUint(after, 10)}
	return c.follow(ctx, next, func(e event) error {
		if e.name != EventBlock {
			return nil
		}
		var b Block
		if err := json.Unmarshal([]byte(e.data), &b); err != nil {
			return &Error{Code: codeUnreadable, Message: fmt.Sprintf("block in a stream: %v", err)}
		}
		if b.Height != after+1 || last.Height > 0 && b.Parent != last.Hash {
			return fmt.Errorf("%w: block %d with parent %s came after block %d, %s", ErrOtherChain, b.Height, b.Parent, after, last.Hash)
		}
		if err := c.checkBlock(&b); err != nil {
			return err
		}
		after, last = b.Height, b
		return f(b)
	})
}

// Follow calls f with every step of the tree that the message is part of, from its root on, until all of it is final. Each
// message is accepted when it is sent, and final when it is handled.
func (c *Client) Follow(ctx context.Context, id chain.MessageID, f func(Progress) error) error {
	return c.FollowWaiting(ctx, id, f, func(Waiting) error { return nil })
}

// FollowWaiting is Follow that also calls w with what a message under way waits for, whenever that changes; after a stream was cut
// off maybe once more.
func (c *Client) FollowWaiting(ctx context.Context, id chain.MessageID, f func(Progress) error, w func(Waiting) error) error {
	err := c.follow(ctx, request{method: http.MethodGet, path: "/v1/messages/" + id.String() + "/events"}, func(e event) error {
		switch e.name {
		case EventComplete:
			return io.EOF
		case EventTruncated:
			return fmt.Errorf("tree of message %s: it has more messages than can be followed", id)
		case EventProgress:
			var p Progress
			if err := json.Unmarshal([]byte(e.data), &p); err != nil {
				return &Error{Code: codeUnreadable, Message: fmt.Sprintf("progress in a stream: %v", err)}
			}
			return f(p)
		case EventWaiting:
			var waiting Waiting
			if err := json.Unmarshal([]byte(e.data), &waiting); err != nil {
				return &Error{Code: codeUnreadable, Message: fmt.Sprintf("waiting in a stream: %v", err)}
			}
			return w(waiting)
		}
		return nil
	})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// errCut: a stream ended before its end.
var errCut = errors.New("stream was cut off")

// follow reads a stream, and takes it up again after its last event when it is cut off. It ends with the first error of
// take, of ctx, or one that doesn't pass.
func (c *Client) follow(ctx context.Context, r request, take func(event) error) error {
	cutOff := time.Time{} // when it was, zero while events come
	pause := firstPause
	for {
		err := c.stream(ctx, r, func(e event) error {
			cutOff, pause = time.Time{}, firstPause
			if e.data != "" {
				if err := take(e); err != nil {
					return stopped{err}
				}
			}
			if e.id != "" {
				r.cursor = e.id
			}
			return nil
		})
		var s stopped
		switch {
		case errors.As(err, &s):
			return s.error
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, errCut) && !isPassing(err) && !(len(c.nodes.urls) > 1 && errors.Is(err, ErrUnreachable)):
			return err
		case cutOff.IsZero():
			cutOff = time.Now()
		case time.Since(cutOff) > c.patience:
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// stopped is an error of who takes the events.
type stopped struct{ error }

// stream reads one connection's events.
func (c *Client) stream(ctx context.Context, r request, take func(event) error) error {
	answer, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return &Error{Code: codeUnreadable, Message: fmt.Sprintf("%s is %q and not a stream of events", r.path, kind)}
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxEventBytes)
	var e event
	for lines.Scan() {
		line := lines.Text()
		if line != "" {
			e.take(line)
			continue
		}
		if e.data != "" || e.id != "" { // an id alone moves the cursor past what was left out
			if err := take(e); err != nil {
				return err
			}
		}
		e = event{}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return &Error{Code: codeUnreadable, Message: fmt.Sprintf("a line of a stream has more than %d bytes", maxEventBytes)}
	}
	c.nodes.leave(answer.at)
	return errCut
}

// take adds a line to the event.
func (e *event) take(line string) {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.id = value
	case "event":
		e.name = value
	case "data":
		e.data += value
	}
}
