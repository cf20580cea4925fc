package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// postMessages takes messages in. The answer has an entry for each; a single one that is refused is the error itself.
func (s *served) postMessages(w http.ResponseWriter, q *http.Request) error {
	wait, err := s.wait(q)
	if err != nil {
		return err
	}
	if wait > 0 { // before a message is taken: who is told that the node is busy must know that nothing has happened
		if err := s.polls.enter(""); err != nil {
			w.Header().Set("Connection", "close")
			return err
		}
		defer s.polls.leave("")
	}
	answers, at, err := s.submission(q)
	if err != nil {
		w.Header().Set("Connection", "close") // what is left of the body is not worth reading
		return err
	}
	if mediaType(q) == client.TypeMessage && answers[0].Refused != nil {
		return answers[0].Refused
	}
	list := make([]client.Submitted, len(answers))
	for i, a := range answers {
		list[i] = client.Submitted{ID: a.ID, State: client.StateAccepted}
		if a.Refused != nil {
			list[i].State, list[i].Error = client.StateRefused, asError(a.Refused)
		}
	}
	if wait > 0 {
		if err := awaitAll(q, at, list, wait); err != nil {
			return err
		}
	}
	s.answer(w, http.StatusOK, client.Submission{Messages: list})
	return nil
}

// submission reads the body and hands its messages in: to the chain that the path names, else to that of each. It returns which that
// was, too.
func (s *served) submission(q *http.Request) ([]ingress.Answer, []taker, error) {
	body := body{budget: s.bodies, from: fromAddr(q.RemoteAddr)}
	defer body.free()
	switch mediaType(q) {
	case client.TypeMessage:
		if err := body.read(q, chain.MaxPublicationBytes); err != nil {
			return nil, nil, err
		}
		answers, at := s.hand(q, [][]byte{bytes.Clone(body.bytes)})
		return answers, at, nil
	case client.TypeMessages:
		if err := body.read(q, client.MaxSubmissionBytes); err != nil {
			return nil, nil, err
		}
		messages, err := split(body.bytes)
		if err != nil {
			return nil, nil, err
		}
		answers, at := s.hand(q, messages)
		return answers, at, nil
	}
	return nil, nil, &client.Error{
		Code: client.CodeMediaType, Status: http.StatusUnsupportedMediaType,
		Message: fmt.Sprintf("content type %q is not one of messages", clip(q.Header.Get("Content-Type"))),
		Hint:    "send one encoded message as " + client.TypeMessage + ", or several, each behind its length of four bytes, as " + client.TypeMessages,
	}
}

// taker is a chain, here or elsewhere, that messages are handed to.
type taker interface {
	submit(ctx context.Context, raws [][]byte) []ingress.Answer
	await(ctx context.Context, id chain.MessageID) (client.Message, error)
}

// hand gives messages to the chains that they are for. What belongs to none that is known goes to the default one, which says what is
// wrong.
func (s *served) hand(q *http.Request, raws [][]byte) ([]ingress.Answer, []taker) {
	at := make([]taker, len(raws))
	of := make(map[taker][]int)
	far := map[chain.ID]taker{}
	for i, raw := range raws {
		at[i] = s.taker(q, raw, far)
		of[at[i]] = append(of[at[i]], i)
	}
	answers := make([]ingress.Answer, len(raws))
	ctx, cancel := context.WithTimeout(q.Context(), routeTime) // for all of them: one request names as many chains as it has messages
	defer cancel()
	for there, places := range of { // any order: chains have nothing to do with each other
		part := make([][]byte, len(places))
		for j, i := range places {
			part[j] = raws[i]
		}
		for j, a := range there.submit(ctx, part) {
			answers[places[j]] = a
		}
	}
	return answers, at
}

// taker is who takes a message: the chain that the path names, else its own. Those elsewhere are kept in far.
func (s *served) taker(q *http.Request, raw []byte, far map[chain.ID]taker) taker {
	id := chain.MessageChain(raw)
	if name := q.PathValue("chain"); name != "" {
		id, _ = s.meant(name) // it was read before
	}
	if there := s.get(id); there != nil {
		return there
	}
	if s.Elsewhere == nil || isPassed(q) || !s.all()[0].node.Tree().Has(id) {
		return s
	}
	if far[id] == nil {
		far[id] = &remote{Server: s.Server, id: id, by: fromAddr(q.RemoteAddr)}
	}
	return far[id]
}

// submit implements taker.
func (s *served) submit(_ context.Context, raws [][]byte) []ingress.Answer {
	return s.node.Submit(raws)
}

func mediaType(q *http.Request) string {
	kind, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type")) // what can't be read is none of ours
	return kind
}

// split takes a submission apart, each message into memory of its own: one that waits must not hold on to the body (N6).
func split(body []byte) ([][]byte, error) {
	var messages [][]byte
	r := wire.NewReader(body)
	for r.Left() > 0 {
		m := r.Bytes(fmt.Sprintf("message %d", len(messages)), client.MaxSubmissionBytes)
		if err := r.Err(); err != nil {
			return nil, &client.Error{
				Code: client.CodeTruncated, Status: http.StatusBadRequest, Message: fmt.Sprintf("submission of %d bytes: %v", len(body), err),
				Hint: "write each message behind its length of four bytes, the highest first",
			}
		}
		if len(messages) == client.MaxSubmission {
			return nil, &client.Error{
				Code: client.CodeTooMany, Status: http.StatusRequestEntityTooLarge,
				Message: fmt.Sprintf("submission of more than %d messages", client.MaxSubmission), Hint: "submit them in several requests",
			}
		}
		messages = append(messages, bytes.Clone(m))
	}
	if len(messages) == 0 {
		return nil, badRequest("the submission holds no message")
	}
	return messages, nil
}

// awaitAll waits until every message that was taken in is settled, or the time is up.
func awaitAll(q *http.Request, at []taker, list []client.Submitted, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(q.Context(), wait)
	defer cancel()
	for i := range list {
		if list[i].State == client.StateRefused {
			continue
		}
		m, err := at[i].await(ctx, list[i].ID)
		if errors.Is(err, node.ErrUnknown) { // dropped, and the reason is forgotten since
			continue
		}
		if err != nil {
			return err
		}
		list[i].State, list[i].Message = m.State, &m
	}
	return nil
}

// body is what was read of a request. Its bytes are paid for from the budget as they come, so that who only announces many
// takes nothing from others.
type body struct {
	budget *budget
	from   from
	paid   int
	bytes  []byte
}

const firstRead = 4 << 10

// read reads all of the request's body, of at most limit bytes.
func (b *body) read(q *http.Request, limit int) error {
	if q.ContentLength > int64(limit) {
		return tooLarge(limit)
	}
	for {
		if len(b.bytes) == cap(b.bytes) {
			if err := b.grow(q.ContentLength, limit); err != nil {
				return err
			}
		}
		n, err := q.Body.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		switch {
		case len(b.bytes) > limit:
			return tooLarge(limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return readFault(err)
		}
	}
}

// grow makes four times as much room, up to a byte more than limit, or than the length that was announced, negative for none.
func (b *body) grow(announced int64, limit int) error {
	if announced >= 0 {
		limit = int(announced)
	}
	size := min(max(firstRead, 4*cap(b.bytes)), limit+1)
	if err := b.budget.take(b.from, size-b.paid); err != nil {
		return err
	}
	b.paid = size
	b.bytes = append(make([]byte, 0, size), b.bytes...)
	return nil
}

func (b *body) free() { b.budget.give(b.from, b.paid) }

func tooLarge(limit int) *client.Error {
	return &client.Error{
		Code: client.CodeTooLarge, Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("body of more than %d bytes, which is the limit", limit), Hint: "send several requests; a message has at most 64 KiB, a publication of code 4.5 MiB",
	}
}

// readFault is why a body did not arrive whole.
func readFault(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &client.Error{Code: client.CodeSlow, Status: http.StatusRequestTimeout, Message: "the request took too long to arrive", Hint: "send it at once"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &client.Error{Code: client.CodeTruncated, Status: http.StatusBadRequest, Message: "the body ended before the length that was announced"}
	}
	return badRequest("body: %v", err)
}
