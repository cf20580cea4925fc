package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/client"
)

// answer writes v as JSON.
func (s *Server) answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.Log.Error("answer does not encode", "error", err)
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"the answer does not encode"}}`)
	}
	s.answerBytes(w, status, "application/json", append(body, '\n'))
}

// answerBytes writes an answer within the time that its reader has for it (N3). Long ones must fit into the budget with
// those that others are slow to take (N2).
func (s *Server) answerBytes(w http.ResponseWriter, status int, kind string, body []byte) {
	if len(body) > smallAnswer {
		if err := s.answers.take(fromWriter(w), len(body)); err != nil {
			w.Header().Set("Retry-After", "1")
			s.answer(w, http.StatusServiceUnavailable, client.Refused{Error: asError(err)})
			return
		}
		defer s.answers.give(fromWriter(w), len(body))
	}
	w.Header().Set("Content-Type", kind)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.Limits.Write))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who doesn't take it is gone
}

// refuse answers with an error (N1).
func (s *Server) refuse(w http.ResponseWriter, q *http.Request, err error) {
	e := asError(err)
	if e.Code == client.CodeInternal && err != error(e) {
		s.Log.Error("request failed", "path", q.URL.Path, "error", err)
	}
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.FormatInt(max(1, (e.RetryMillis+999)/1000), 10))
	}
	s.answer(w, e.Status, client.Refused{Error: e})
}

// asError is err as callers see it. What isn't known here is the node's own fault: its words go to the log alone.
func asError(err error) *client.Error {
	var (
		known   *client.Error
		refusal *ingress.Refusal
		lane    *account.Refusal
		full    *host.Busy
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		return &client.Error{
			Code: refusal.Code, Message: refusal.Words, RetryMillis: refusal.After.Milliseconds(), Status: statusOf(refusal.Code),
			Hint: cmp.Or(refusal.Hint, hints[account.Kind(refusal.Code)]), // a lane's, at another node, has none
		}
	case errors.As(err, &lane):
		code := string(lane.Kind)
		return &client.Error{Code: code, Message: "message refused: " + lane.Words, Hint: hints[lane.Kind], Status: statusOf(code)}
	case errors.As(err, &full):
		return busy("%v", full)
	case errors.Is(err, node.ErrStopped), errors.Is(err, host.ErrClosed), errors.Is(err, context.Canceled):
		return &client.Error{Code: client.CodeStopping, Message: "the node is stopping", Hint: "try again later", Status: http.StatusServiceUnavailable}
	case errors.Is(err, node.ErrUnknown):
		return &client.Error{
			Code: client.CodeUnknownMessage, Status: http.StatusNotFound, Message: err.Error(),
			Hint: "it was never submitted here, or left the mempool with a restart: submit it again",
		}
	}
	return internal()
}

func internal() *client.Error {
	return &client.Error{
		Code: client.CodeInternal, Status: http.StatusInternalServerError,
		Message: "the node could not answer, which is its own fault", Hint: "its log says more",
	}
}

// statusOf is the HTTP status of a message that was refused: 422 unless another says more.
func statusOf(code string) int {
	switch code {
	case ingress.CodeUndecodable:
		return http.StatusBadRequest
	case ingress.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case ingress.CodeStopped, ingress.CodeBusy, ingress.CodeChainLoaded:
		return http.StatusServiceUnavailable
	case string(account.NonceUsed), string(account.NonceTaken), ingress.CodePublished:
		return http.StatusConflict
	case string(account.LaneFull):
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// hints say what to do about what a lane refuses.
var hints = map[account.Kind]string{
	account.NonceUsed:      "sign it again with the account's next nonce, which GET /v1/accounts/{address} tells",
	account.NonceAhead:     "send the messages that are missing before it first",
	account.NonceTaken:     "sign it again with next_nonce of GET /v1/accounts/{address}, or with a higher gas price to replace the other",
	account.Expired:        "sign it again with a later valid-until height",
	account.NoAccount:      "check the key, or pay the account first",
	account.NotWriter:      "ask the chain's owner, who lists the keys: thinkey chain params CHAIN --writers",
	account.GasPriceLow:    "sign it again with the min_gas_price of GET /v1/info",
	account.GasLimitLow:    "GET /v1/info tells the gas table",
	account.GasLimitHigh:   "split the work over several messages",
	account.GasOverBalance: "lower the gas limit, wait for the messages before it, or pay the account",
	account.Stranded:       "send the messages that are missing before it, then this one again",
	account.LaneFull:       "wait until some are final",
}

func badRequest(format string, args ...any) *client.Error {
	return &client.Error{Code: client.CodeBadRequest, Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

// decodeStrictly reads one JSON value with nothing behind it, and no field that v doesn't have: a mistyped one would be
// ignored in silence.
func decodeStrictly(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something stands behind the value")
	}
	return nil
}

// clip shortens foreign text that goes into an answer.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
