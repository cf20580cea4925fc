package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Client speaks to one node, or to one of several (WithOthers). Its methods may be called from many goroutines.
type Client struct {
	nodes    *nodes
	http     *http.Client
	timeout  time.Duration // of one try
	tries    int
	patience time.Duration
	network  chain.NetworkID // zero: any
	most     int64           // bytes of an answer
	trusted  *light.Committee
	chain    string // that is meant where an address or a message doesn't say it; empty for the node's default

	mu    sync.Mutex // guards terms
	terms *Info
}

// Option changes what New sets.
type Option func(*Client)

// WithTimeout bounds each try of a call, the time that the node is asked to wait beside; 15 s unless set. Streams have
// no bound.
func WithTimeout(d time.Duration) Option { return func(c *Client) { c.timeout = d } }

// WithTries is how often a call that may be repeated is tried while nobody listens, or the node is busy; 4 unless set.
func WithTries(n int) Option { return func(c *Client) { c.tries = max(n, 1) } }

// WithPatience is how long a stream that was cut off tries to go on before it gives up; 30 s unless set.
func WithPatience(d time.Duration) Option { return func(c *Client) { c.patience = d } }

// WithOthers names further nodes of the network: when the one that is asked can't be reached, doesn't answer in time, or is too busy,
// the next is, and stays it. What is asked for is the same at all of them, and a message that is submitted twice is processed once.
func WithOthers(more ...string) Option {
	return func(c *Client) {
		for _, node := range more {
			c.nodes.urls = append(c.nodes.urls, nodeURL(node))
		}
	}
}

// WithLongest refuses answers of more bytes; 256 MiB unless set. It is for asking nodes of which nothing is known but their address.
func WithLongest(bytes int64) Option { return func(c *Client) { c.most = bytes } }

// WithNetwork refuses the answers of a node of any other network with ErrOtherChain.
func WithNetwork(id chain.NetworkID) Option { return func(c *Client) { c.network = id } }

// WithCommittee takes blocks, and proofs of accounts, only with the certificate of the committee: the node need not be trusted
// (K6). The committee is that of the node's chain; DecodeCommittee of what an operator was given is one way to have it.
func WithCommittee(trusted *light.Committee) Option { return func(c *Client) { c.trusted = trusted } }

// WithChain asks for the blocks, events, committee and codes of one chain of those that the node runs, by number or name, instead of
// its default one. Accounts and messages are found on whichever chain they are.
func WithChain(name string) Option { return func(c *Client) { c.chain = name } }

// New is a client of the node at an address such as http://127.0.0.1:7070; it connects when it is used.
func New(node string, options ...Option) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64 // a load of many callers must not open a connection for each call
	c := &Client{
		nodes: &nodes{urls: []string{nodeURL(node)}}, timeout: 15 * time.Second, tries: 4, patience: 30 * time.Second, most: maxAnswerBytes,
		http: &http.Client{Transport: transport},
	}
	for _, o := range options {
		o(c)
	}
	return c
}

// On is a client of the same nodes that asks for another chain (WithChain). It shares the connections of c. A committee that c was told
// is that of its chain alone: the client returned trusts the node.
func (c *Client) On(name string) *Client {
	return &Client{nodes: c.nodes, http: c.http, timeout: c.timeout, tries: c.tries, patience: c.patience, network: c.network, most: c.most, chain: name}
}

// on is the path of what a chain is asked for.
func (c *Client) on(path string) string {
	if c.chain == "" {
		return "/v1" + path
	}
	return "/v1/chains/" + url.PathEscape(c.chain) + path
}

// Node is the address of the node that is asked now.
func (c *Client) Node() string {
	url, _ := c.nodes.now()
	return url
}

// Close drops connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is one call of the API.
type request struct {
	method      string
	path        string // with its query
	body        []byte
	contentType string
	cursor      string        // Last-Event-ID
	wait        time.Duration // that the node is asked to wait
	once        bool          // must not be repeated (K2)
}

// limit of an answer's length: a block of the largest size in hexadecimal, and more.
const maxAnswerBytes = 256 << 20

// call sends r and decodes the answer into out.
func (c *Client) call(ctx context.Context, r request, out any) error {
	body, err := c.fetch(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &Error{Code: codeUnreadable, Message: fmt.Sprintf("answer of %s: %v", r.path, err), Hint: "is the node of another version?"}
	}
	return nil
}

// fetch sends r, again if it may be and must, and returns the body of the answer.
func (c *Client) fetch(ctx context.Context, r request) ([]byte, error) {
	var body []byte
	err := c.retry(ctx, r, func() error {
		ctx, cancel := context.WithTimeout(ctx, c.timeout+r.wait)
		defer cancel()
		answer, err := c.send(ctx, r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if body, err = io.ReadAll(io.LimitReader(answer.Body, c.most+1)); int64(len(body)) > c.most {
			body = nil
			return &Error{Code: codeUnreadable, Message: fmt.Sprintf("answer of %s: longer than %d bytes", r.path, c.most), Hint: "is that a node of the network?"}
		}
		return c.transportError(err, answer.at)
	})
	return body, err
}

// answered is what a node answers.
type answered struct {
	*http.Response
	at place // which node it was
}

// send sends r once; the caller closes the answer's body.
func (c *Client) send(ctx context.Context, r request) (*answered, error) {
	base, at := c.nodes.now()
	q, err := http.NewRequestWithContext(ctx, r.method, base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("node address %q: %w", base, err)
	}
	if r.contentType != "" {
		q.Header.Set("Content-Type", r.contentType)
	}
	if r.cursor != "" {
		q.Header.Set("Last-Event-ID", r.cursor)
	}
	answer, err := c.http.Do(q)
	if err != nil {
		return nil, c.transportError(err, at)
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		if answer.StatusCode == http.StatusServiceUnavailable {
			c.nodes.leave(at)
		}
		return nil, readError(answer)
	}
	return &answered{answer, at}, nil
}

// transportError says that the node can't be reached, unless it was the caller who gave up. From now on the next is asked.
func (c *Client) transportError(err error, at place) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	c.nodes.leave(at)
	return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.nodes.url(at), err)
}

const firstPause = 50 * time.Millisecond

// retry calls f until it succeeds, fails for good, or was tried often enough.
func (c *Client) retry(ctx context.Context, r request, f func() error) error {
	pause, several := firstPause, len(c.nodes.urls)
	for try := 1; ; try++ {
		err := f()
		passing := isPassing(err) || several > 1 && errors.Is(err, ErrUnreachable)
		if err == nil || r.once || try >= max(c.tries, several) || !passing || ctx.Err() != nil {
			return err
		}
		if try%several > 0 {
			continue // the next may be well
		}
		if rest(ctx, pause) != nil {
			return err
		}
		pause *= 3
	}
}

// isPassing says whether the same call may succeed soon: nobody listens yet, or the node is busy (K2).
func isPassing(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Status == http.StatusServiceUnavailable
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// rest waits, or returns why ctx ended.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
