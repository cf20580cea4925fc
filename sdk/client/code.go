package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Question is a view to be run: a method of an account's code, with its encoded input.
type Question struct {
	Method string `json:"method"`
	Input  Hex    `json:"input,omitempty"`
	// GasLimit bounds what it may use; 0 for the most that the node allows.
	GasLimit uint64 `json:"gas_limit,omitempty"`
}

// Answer is what a view answered, from the state at a height. It says the node's word: it carries no proof.
type Answer struct {
	Status   chain.Status    `json:"status"`
	Reason   string          `json:"reason,omitempty"`
	Output   Hex             `json:"output,omitempty"`
	GasUsed  uint64          `json:"gas_used"`
	Logs     []string        `json:"logs,omitempty"`
	Height   uint64          `json:"height"`
	Block    chain.BlockHash `json:"block"`
	Finality Finality        `json:"finality"`
}

// Query runs a view of the account's code at the node, without a message, a fee or a block (SPEC 3.5).
func (c *Client) Query(ctx context.Context, account chain.Address, q Question) (Answer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	r := request{method: http.MethodPost, path: "/v1/accounts/" + account.String() + "/query", body: body, contentType: "application/json"}
	return a, c.call(ctx, r, &a)
}

// Code is published code.
type Code struct {
	Hash      chain.CodeHash `json:"hash"`
	Bytes     int            `json:"bytes"`
	Immutable bool           `json:"immutable"`
	Height    uint64         `json:"height"`   // of the block with its publication
	Callable  uint64         `json:"callable"` // the first height at which an account can be given it
	// LoadGas is what a message pays beside all else if the code has not run lately; Warm says that it has, so that one in the next
	// block doesn't.
	LoadGas uint64 `json:"load_gas"`
	Warm    bool   `json:"warm"`
	// Schema is what the module says of its methods (package sdk/schema); empty if it says nothing, or what SchemaError names
	// as wrong.
	Schema      json.RawMessage `json:"schema,omitempty"`
	SchemaError string          `json:"schema_error,omitempty"`
}

// Code is what the node knows of the code with this hash.
func (c *Client) Code(ctx context.Context, hash chain.CodeHash) (Code, error) {
	var k Code
	return k, c.call(ctx, request{method: http.MethodGet, path: c.on("/codes/" + hash.String())}, &k)
}

// RawCode is the module itself, held to its hash.
func (c *Client) RawCode(ctx context.Context, hash chain.CodeHash) ([]byte, error) {
	k, err := c.Code(ctx, hash)
	if err != nil {
		return nil, err
	}
	raw, err := c.fetch(ctx, request{method: http.MethodGet, path: c.on("/codes/"+hash.String()) + "/raw"})
	if err != nil {
		return nil, err
	}
	if got := (chain.PublishInput{Immutable: k.Immutable, Code: raw}).Hash(); got != hash {
		return nil, fmt.Errorf("%w: the code that it sent has the hash %s, not %s", ErrProof, got, hash)
	}
	return raw, nil
}

// Event is something that a contract told the outside, with where.
type Event struct {
	Height  uint64          `json:"height"`
	Index   uint32          `json:"index"` // among the block's events, from 0
	Account chain.Address   `json:"account"`
	Message chain.MessageID `json:"message"`
	ContractEvent
}

// Cursor names the place of an event in a stream: those behind it have greater ones.
func (e *Event) Cursor() uint64 { return e.Height<<eventBits | uint64(e.Index) }

// BehindBlock is the cursor behind all events of the block at a height.
func BehindBlock(height uint64) uint64 { return height<<eventBits | (1<<eventBits - 1) }

// CursorHeight is the height of the block that a cursor is in.
func CursorHeight(cursor uint64) uint64 { return cursor >> eventBits }

// eventBits hold the number of an event in its block: chain.MaxBlockEvents messages of chain.MaxEvents each.
const eventBits = 28

// EventFilter chooses events; a zero field chooses all.
type EventFilter struct {
	Account chain.Address
	Topic   string
}

func (f EventFilter) query() url.Values {
	v := url.Values{}
	if f.Account != (chain.Address{}) {
		v.Set("account", f.Account.String())
	}
	if f.Topic != "" {
		v.Set("topic", f.Topic)
	}
	return v
}

// EventPage are events that were found behind a cursor. Next is the cursor behind which to go on; Complete says that the
// head was reached.
type EventPage struct {
	Events   []Event `json:"events"`
	Next     uint64  `json:"next,string"`
	Complete bool    `json:"complete"`
	Height   uint64  `json:"height"` // of the head
}

// Events are those of the final blocks behind a cursor, as many as the node looks for at once.
func (c *Client) Events(ctx context.Context, filter EventFilter, after uint64) (EventPage, error) {
	v := filter.query()
	v.Set("after", strconv.FormatUint(after, 10))
	var p EventPage
	return p, c.call(ctx, request{method: http.MethodGet, path: c.on("/events?" + v.Encode())}, &p)
}

// FollowEvents calls f with every event above the height after, in order, as blocks are made. It returns f's error, ctx's,
// or why it can't go on: a stream that is cut off is taken up again by itself, in the middle of a block too (K3).
func (c *Client) FollowEvents(ctx context.Context, filter EventFilter, after uint64, f func(Event) error) error {
	return c.FollowEventsBehind(ctx, filter, BehindBlock(after), f)
}

// FollowEventsBehind is FollowEvents behind a cursor, such as that of the last event that was dealt with.
func (c *Client) FollowEventsBehind(ctx context.Context, filter EventFilter, cursor uint64, f func(Event) error) error {
	r := request{method: http.MethodGet, path: c.on("/events/stream?" + filter.query().Encode()), cursor: strconv.FormatUint(cursor, 10)}
	return c.follow(ctx, r, func(e event) error {
		if e.name != EventContract {
			return nil
		}
		var v Event
		if err := json.Unmarshal([]byte(e.data), &v); err != nil {
			return &Error{Code: codeUnreadable, Message: fmt.Sprintf("event in a stream: %v", err)}
		}
		return f(v)
	})
}
