package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	seed    = "api test"
	balance = 1_000_000_000_000
)

// setup is what a rig is made from; its zero value is a development network that makes blocks on demand.
type setup struct {
	auto   bool // blocks as soon as there is something for one
	public bool // no development network
	code   bool // its accounts can have the code of a teller
	limits api.Limits
	node   func(*node.Config)
	api    func(*api.Config)
}

// rig is a node in memory with its server on loopback and a client.
type rig struct {
	testing.TB
	node   *node.Node
	server *api.Server
	config api.Config
	client *client.Client
	url    string
	served chan error
}

func key(name string) keys.PrivateKey { return client.DevKey(seed, name) }

func address(name string) chain.Address { return chain.KeyAddress(chain.Main, key(name).Public()) }

// genesis gives the development accounts money, at a gas price of at least 2.
func genesis() *chain.Genesis {
	g := &chain.Genesis{Name: "api-test", Chain: chain.Main, TimeMillis: 1_700_000_000_000, Params: chain.DefaultParams()}
	g.Params.MinGasPrice = 2
	for _, name := range client.DevNames() {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: address(name), Balance: chain.NewAmount(balance)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	return g
}

func start(t testing.TB, s setup) *rig {
	t.Helper()
	c := node.Defaults()
	c.Genesis, c.Pace, c.Log = genesis(), node.Pace{Manual: !s.auto}, slog.New(slog.DiscardHandler)
	c.Fatal = func(err error) { t.Errorf("the node failed: %v", err) }
	if s.code {
		c.Engine = func(func(chain.CodeHash) ([]byte, error)) (node.Engine, error) { return teller{}, nil }
	}
	if s.node != nil {
		s.node(&c)
	}
	n, err := node.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{TB: t, node: n, config: api.Config{Node: n, Listen: "127.0.0.1:0", Version: "test", Limits: s.limits}}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	if !s.public {
		r.config.Dev = &client.Dev{Seed: seed, Names: client.DevNames()}
	}
	if s.api != nil {
		s.api(&r.config)
	}
	r.serve()
	t.Cleanup(r.stop)
	r.client = client.New(r.url, client.WithTries(1))
	return r
}

// serve starts a server for the node.
func (r *rig) serve() {
	r.Helper()
	s, err := api.New(r.config)
	if err != nil {
		r.Fatal(err)
	}
	r.server, r.url, r.served = s, "http://"+s.Addr(), make(chan error, 1)
	r.config.Listen = s.Addr() // a second one takes its place
	go func() { r.served <- s.Serve() }()
}

// stop ends the server.
func (r *rig) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := r.server.Close(ctx); err != nil {
		r.Error("close:", err)
	}
	if err := <-r.served; err != nil {
		r.Error("serve:", err)
	}
	r.served <- nil
}

func (r *rig) mine(blocks int) {
	r.Helper()
	if err := r.client.Mine(r.Context(), blocks); err != nil {
		r.Fatal(err)
	}
}

// transfer is a signed transfer of 5; change may turn it into another message before it is signed.
func (r *rig) transfer(from, to string, nonce uint64, change ...func(*chain.Message)) *chain.Message {
	a := address(from)
	m := &chain.Message{
		Network: genesis().Network(), Kind: chain.External, From: a, To: a, Payer: a, Nonce: nonce, ValidUntil: 1000,
		Amount: chain.NewAmount(5), GasLimit: api.GasTable().Transfer(), GasPrice: 2,
		Method: chain.MethodTransfer, Input: chain.TransferInput{To: address(to)}.Encode(),
	}
	for _, f := range change {
		f(m)
	}
	return m.Sign(key(from))
}

// submit hands messages in, which must be taken.
func (r *rig) submit(ms ...*chain.Message) {
	r.Helper()
	list, err := r.client.Submit(r.Context(), ms...)
	if err != nil {
		r.Fatal(err)
	}
	for i, s := range list {
		if s.State != client.StateAccepted || s.ID != ms[i].ID() {
			r.Fatalf("message %d: %+v", i, s)
		}
	}
}

func (r *rig) info() client.Info {
	r.Helper()
	in, err := r.client.Info(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	return in
}

func (r *rig) message(id chain.MessageID) client.Message {
	r.Helper()
	m, err := r.client.Message(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return m
}

func (r *rig) trace(id chain.MessageID) client.Trace {
	r.Helper()
	t, err := r.client.Trace(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return t
}

// send sends a request as it is, and returns status, body and headers.
func (r *rig) send(method, path, contentType string, body []byte) (int, string, http.Header) {
	r.Helper()
	q, err := http.NewRequestWithContext(r.Context(), method, r.url+path, bytes.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	return r.do(q)
}

func (r *rig) do(q *http.Request) (int, string, http.Header) {
	r.Helper()
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header
}

// refusal reads the error in a body; its absence fails the test (N1).
func (r *rig) refusal(body string) client.Error {
	r.Helper()
	var refused client.Refused
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&refused); err != nil || refused.Error == nil || refused.Error.Code == "" || refused.Error.Message == "" {
		r.Fatalf("not an error: %s (%v)", body, err)
	}
	return *refused.Error
}

// state is what a request that is refused must leave as it is.
func (r *rig) state() string {
	r.Helper()
	in := r.info()
	return fmt.Sprintf("waiting %d, height %d, block %s, state %s, bodies %d", in.Waiting, in.Height, in.Block, in.StateRoot, r.server.BodiesFree())
}

// until calls f, which makes a request, until it is true.
func (r *rig) until(what string, f func() bool) {
	r.Helper()
	for end := time.Now().Add(2 * time.Minute); !f(); {
		if time.Now().After(end) {
			r.Fatalf("not within two minutes: %s", what)
		}
	}
}

// gauge is the value of a metric.
func (r *rig) gauge(name string) string {
	r.Helper()
	_, body, _ := r.send(http.MethodGet, "/metrics", "", nil)
	for line := range strings.Lines(body) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (r *rig) decode(text string, v any) {
	r.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		r.Fatalf("%s: %v", text, err)
	}
}
