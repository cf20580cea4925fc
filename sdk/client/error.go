package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Error is an error of the API: a code for programs, what was wrong with the value and what is allowed, and what to do.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// RetryMillis is in how many milliseconds it may be tried again; 0 if that is not known.
	RetryMillis int64 `json:"retry_after_millis,omitempty"`
	// Status is that of the HTTP answer; 0 for a message in an answer about several.
	Status int `json:"-"`
}

// Error is message and hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// Refused is the body of every answer that is an error.
type Refused struct {
	Error *Error `json:"error"`
}

// Codes of the API beside those of messages that were refused (package ingress and the account's lane).
const (
	CodeBadRequest      = "bad_request"       // a path, query or body that can't be read
	CodeUnknownRoute    = "unknown_route"     // nothing is there
	CodeMethod          = "method"            // something is there, but not for this HTTP method
	CodeMediaType       = "media_type"        // the body is of another content type
	CodeTooLarge        = "too_large"         // the body, or a message, is too long
	CodeTooMany         = "too_many"          // more messages in one body than are allowed
	CodeSlow            = "slow_request"      // the request took too long to arrive
	CodeTruncated       = "truncated"         // the body ended early
	CodeBusy            = "busy"              // too many streams, waits or submissions at once: try again
	CodeStopping        = "stopping"          // the node is stopping: try again
	CodeUnknownMessage  = "unknown_message"   // the node knows no such message
	CodeUnknownBlock    = "unknown_block"     // no such block yet
	CodeUnknownCode     = "unknown_code"      // no such code is published
	CodeUnknownEvidence = "unknown_evidence"  // the node keeps no such evidence
	CodeUnknownAccount  = "unknown_account"   // no such account, of which something was asked
	CodeNoCode          = "no_code"           // the account has no code to be asked
	CodeWrongChain      = "wrong_chain"       // the account or message is on another chain
	CodeBadEnvelope     = "bad_envelope"      // none of its relays can be taken in
	CodeUnknownChain    = "unknown_chain"     // no such chain is known
	CodeElsewhere       = "elsewhere"         // the chain is at other nodes, and none of them answers
	CodeNotDev          = "not_dev"           // only a development network does that
	CodeAgreed          = "agreed"            // a committee makes the blocks, and not on demand
	CodeForbidden       = "forbidden"         // not from there
	CodeInternal        = "internal"          // the node's own fault; its log says more
	CodeBadCursor       = "bad_cursor"        // the cursor of a stream is not one
	codeUnreadable      = "unreadable_answer" // the answer is not of this API
)

// Errors that are not the API's.
var (
	// ErrUnreachable: nobody listens at the node's address, or it doesn't answer. Start it, or use another address.
	ErrUnreachable = errors.New("no node answers")
	// ErrProof: what the node answered does not follow from its proof. Don't use the answer; ask another node.
	ErrProof = errors.New("the node's answer is not proven")
	// ErrOtherChain: what the node answers doesn't continue what it answered before, or is of another network than the one
	// asked for: it was reset, or is another node.
	ErrOtherChain = errors.New("the node is on another chain")
)

// HasCode says whether err is an *Error with the code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// maxErrorBytes bounds the body of an error.
const maxErrorBytes = 64 << 10

// readError reads the body of an answer that is not a success.
func readError(r *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxErrorBytes))
	var refused Refused
	if err == nil && json.Unmarshal(body, &refused) == nil && refused.Error != nil && refused.Error.Code != "" {
		refused.Error.Status = r.StatusCode
		return refused.Error
	}
	return &Error{
		Code: codeUnreadable, Status: r.StatusCode,
		Message: fmt.Sprintf("HTTP status %d, %q", r.StatusCode, strings.TrimSpace(string(body[:min(len(body), 200)]))),
		Hint:    "is this a node's address?",
	}
}
