package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// What one submission may hold, and how messages are framed in it: each behind its length as uint32.
const (
	TypeMessage  = "application/octet-stream"
	TypeMessages = "application/vnd.thinkey.messages"
	// MaxSubmission is how many messages, and MaxSubmissionBytes how many bytes, one submission may have: enough for
	// signatures to be verified in full batches, little enough that one caller's doesn't hold up the others.
	MaxSubmission      = 4096
	MaxSubmissionBytes = 8 << 20
)

// pollFor is how long a node is asked to wait at a time.
const pollFor = 30 * time.Second

// Info is what the node says of itself and its chain.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var in Info
	if err := c.call(ctx, request{method: http.MethodGet, path: c.on("/info")}, &in); err != nil {
		return Info{}, err
	}
	if c.network != (chain.NetworkID{}) && in.Network != c.network {
		return Info{}, fmt.Errorf("%w: network %s at %s, and %s is asked for", ErrOtherChain, in.Network, c.Node(), c.network)
	}
	return in, nil
}

// Peers are the node and the others that it knows, by key.
func (c *Client) Peers(ctx context.Context) (Peers, error) {
	var in Peers
	return in, c.call(ctx, request{method: http.MethodGet, path: "/v1/peers"}, &in)
}

// Terms are what the node said when it was first asked: for what doesn't change, such as network, chain and gas table.
func (c *Client) Terms(ctx context.Context) (Info, error) {
	c.mu.Lock()
	known := c.terms
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	in, err := c.Info(ctx)
	if err != nil {
		return Info{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.terms = &in
	return in, nil
}

// Chains are the chains of the network, as the node knows them.
func (c *Client) Chains(ctx context.Context) (Chains, error) {
	var l Chains
	return l, c.call(ctx, request{method: http.MethodGet, path: "/v1/chains"}, &l)
}

// Chain is a chain, by number or name, with what the registry has of it.
func (c *Client) Chain(ctx context.Context, name string) (ChainShown, error) {
	var a ChainShown
	return a, c.call(ctx, request{method: http.MethodGet, path: "/v1/chains/" + url.PathEscape(name)}, &a)
}

// AskRelay asks the client's chain (WithChain) for what shows its blocks and relays to others, in the bytes of package runtime/relay.
func (c *Client) AskRelay(ctx context.Context, ask []byte) ([]byte, error) {
	return c.fetch(ctx, request{method: http.MethodPost, path: c.on("/relay"), body: ask, contentType: TypeMessage})
}

// Deliver brings an envelope of relays, or an acknowledgement, to a chain, by number or name.
func (c *Client) Deliver(ctx context.Context, to string, envelope []byte) (Delivered, error) {
	var d Delivered
	r := request{method: http.MethodPost, path: "/v1/chains/" + url.PathEscape(to) + "/envelopes", body: envelope, contentType: TypeMessage}
	return d, c.call(ctx, r, &d)
}

// Account is an account at the head; one that doesn't exist is answered as such.
func (c *Client) Account(ctx context.Context, address chain.Address) (Account, error) {
	var a Account
	return a, c.call(ctx, request{method: http.MethodGet, path: "/v1/accounts/" + address.String()}, &a)
}

// Submit hands signed messages to the node and returns what became of each; it doesn't wait for blocks. With one message,
// its refusal is the error too. More than MaxSubmission are sent in several calls.
func (c *Client) Submit(ctx context.Context, messages ...*chain.Message) ([]Submitted, error) {
	return c.submit(ctx, messages, 0)
}

// SubmitFinal is Submit that waits until every message that was taken in is final or dropped.
func (c *Client) SubmitFinal(ctx context.Context, messages ...*chain.Message) ([]Submitted, error) {
	list, err := c.submit(ctx, messages, pollFor)
	if err != nil {
		return list, err
	}
	for i := range list {
		s := &list[i]
		if s.State.IsSettled() {
			continue
		}
		m, err := c.Wait(ctx, s.ID)
		if err != nil {
			return list, err
		}
		s.State, s.Message = m.State, &m
	}
	return list, nil
}

func (c *Client) submit(ctx context.Context, messages []*chain.Message, wait time.Duration) ([]Submitted, error) {
	list := make([]Submitted, 0, len(messages))
	for len(messages) > 0 {
		n, body := frame(messages)
		r := request{method: http.MethodPost, path: "/v1/messages", body: body, contentType: TypeMessages, wait: wait}
		if wait > 0 {
			r.path += "?wait=final"
		}
		var answer Submission
		if err := c.call(ctx, r, &answer); err != nil {
			return list, err
		}
		if len(answer.Messages) != n {
			return list, &Error{Code: codeUnreadable, Message: fmt.Sprintf("%d answers for %d messages", len(answer.Messages), n)}
		}
		list = append(list, answer.Messages...)
		messages = messages[n:]
	}
	if len(list) == 1 && list[0].Error != nil {
		return list, list[0].Error
	}
	return list, nil
}

// frame puts as many messages as fit into one body.
func frame(messages []*chain.Message) (n int, body []byte) {
	for _, m := range messages[:min(len(messages), MaxSubmission)] {
		b := m.Encode()
		if n > 0 && len(body)+4+len(b) > MaxSubmissionBytes {
			break
		}
		body = wire.AppendBytes(body, b)
		n++
	}
	return n, body
}

// Message is where a message stands.
func (c *Client) Message(ctx context.Context, id chain.MessageID) (Message, error) {
	var m Message
	return m, c.call(ctx, request{method: http.MethodGet, path: "/v1/messages/" + id.String()}, &m)
}

// Wait returns when the message is final or dropped. What its handling sent may still be under way: see Follow.
func (c *Client) Wait(ctx context.Context, id chain.MessageID) (Message, error) {
	r := request{method: http.MethodGet, path: fmt.Sprintf("/v1/messages/%s?wait=%s", id, pollFor), wait: pollFor}
	for {
		var m Message
		if err := c.call(ctx, r, &m); err != nil || m.State.IsSettled() {
			return m, err
		}
	}
}

// Trace is the tree of messages that the message is part of, from its root, as far as it is known now.
func (c *Client) Trace(ctx context.Context, id chain.MessageID) (Trace, error) {
	var t Trace
	return t, c.call(ctx, request{method: http.MethodGet, path: "/v1/trace/" + id.String()}, &t)
}

// Block is the final block at a height with the first page of its messages.
func (c *Client) Block(ctx context.Context, height uint64) (Block, error) {
	return c.BlockFrom(ctx, height, 0)
}

// BlockFrom is Block with the page of its messages that begins with the given event.
func (c *Client) BlockFrom(ctx context.Context, height uint64, from int) (Block, error) {
	return c.fetchBlock(ctx, c.on(fmt.Sprintf("/blocks/%d?from=%d", height, from)))
}

// Latest is the last final block.
func (c *Client) Latest(ctx context.Context) (Block, error) {
	return c.fetchBlock(ctx, c.on("/blocks/latest"))
}

// RawBlock is the canonical encoding of the block at a height, for chain.DecodeBlock.
func (c *Client) RawBlock(ctx context.Context, height uint64) ([]byte, error) {
	return c.fetch(ctx, request{method: http.MethodGet, path: c.on(fmt.Sprintf("/blocks/%d/raw", height))})
}

// Mine makes a development network make blocks now, and returns when they are final.
func (c *Client) Mine(ctx context.Context, blocks int) error {
	var m Mined
	r := request{method: http.MethodPost, path: c.on(fmt.Sprintf("/dev/mine?blocks=%d", blocks)), wait: pollFor, once: true}
	return c.call(ctx, r, &m)
}
