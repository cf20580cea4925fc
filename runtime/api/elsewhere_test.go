package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// bridge is the way from one server to another, without a network between.
type bridge struct {
	to     *grove
	err    error
	change func([]byte) []byte
	passed int
	ends   time.Time // of the last submission
	lags   int       // so many questions for a message come to a node that doesn't know it yet
}

func (b *bridge) Account(_ context.Context, a chain.Address) (node.AccountAt, error) {
	if b.err != nil {
		return node.AccountAt{}, b.err
	}
	return b.to.process.Node(a.Chain()).Account(a)
}

func (b *bridge) Submit(ctx context.Context, id chain.ID, raws [][]byte) ([]ingress.Answer, error) {
	if b.err != nil {
		return nil, b.err
	}
	b.ends, _ = ctx.Deadline()
	return b.to.process.Node(id).Submit(raws), nil
}

func (b *bridge) Route(ctx context.Context, id chain.ID, _ uint32, request []byte) ([]byte, error) {
	b.passed++
	if b.err != nil {
		return nil, b.err
	}
	if before, id, is := bytes.Cut(request, []byte("/messages/")); is && b.lags > 0 {
		b.lags--
		request = slices.Concat(before, []byte("/messages/"), bytes.Repeat([]byte("0"), 64), id[64:])
	}
	answer, err := b.to.server.AnswerRoute(ctx, id, request)
	if err == nil && b.change != nil {
		answer = b.change(answer)
	}
	return answer, err
}

// elsewhere is a server of chains 1 and 2 that reaches all others at another server.
func elsewhere(t *testing.T) (here, there *grove, way *bridge) {
	there = startTree(t, false)
	way = &bridge{to: there}
	here = &grove{TB: t, process: there.process}
	here.serve(api.Config{Node: there.process.Node(2), Others: []*node.Node{there.process.Node(1)}, Elsewhere: way})
	return here, there, way
}

// What is asked of a chain that is elsewhere is answered as it is there, byte for byte; what can't be is refused.
func TestElsewhere(t *testing.T) {
	here, there, way := elsewhere(t)
	ctx := t.Context()
	alice := address("alice").On(3).String()
	for _, path := range []string{
		"/v1/chains/b/blocks/0", "/v1/chains/b/blocks/0/raw", "/v1/chains/3/committee", "/v1/chains/b/events", "/v1/accounts/" + alice + "?proof=1",
		"/v1/accounts/" + alice, "/v1/chains/b/accounts/" + alice, "/v1/chains/b/blocks/7", "/v1/chains/b/messages/junk", "/v1/accounts/" + alice + "?proof=2",
	} {
		a, b := get(t, here, path), get(t, there, path)
		if a != b {
			t.Errorf("%s:\n%s\n%s", path, a, b)
		}
	}
	if way.passed == 0 {
		t.Fatal("nothing is passed on")
	}
	in, err := here.client.On("b").Info(ctx)
	if err != nil || in.Chain != 3 {
		t.Errorf("%+v, %v", in, err)
	}
	before := way.passed
	for _, path := range []string{"/v1/chains/b/blocks", "/v1/chains/b/evidence", "/v1/chains/b/events/stream"} {
		if got := get(t, here, path); !strings.Contains(got, client.CodeWrongChain) {
			t.Errorf("%s: %s", path, got)
		}
	}
	if way.passed != before {
		t.Error("a stream is passed on")
	}
}

// Whatever another node says that its users want: streams, what carries relays, and other routes of the server are not for it.
func TestPassedOnAlone(t *testing.T) {
	_, there, _ := elsewhere(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	ask := func(method, target, body string) string {
		raw := wire.AppendBytes(wire.AppendShort(nil, method), []byte(target))
		raw = wire.AppendBytes(wire.AppendShort(raw, ""), []byte(body))
		answer, err := there.server.AnswerRoute(ctx, 3, raw)
		if err != nil {
			t.Errorf("%s %s: %v", method, target, err)
		}
		return string(answer)
	}
	if got := ask("GET", "/info", ""); !strings.Contains(got, "application/json") || strings.Contains(got, client.CodeForbidden) {
		t.Error(got)
	}
	for _, what := range []string{"GET /blocks", "GET /events/stream", "POST /envelopes", "POST /relay", "POST /messages", "POST /dev/mine", "GET /evidence"} {
		method, target, _ := strings.Cut(what, " ")
		if got := ask(method, target, "x"); !strings.Contains(got, client.CodeForbidden) {
			t.Errorf("%s: %q", what, got)
		}
	}
	for _, target := range []string{"/../../metrics", "/%2e%2e/%2e%2e/metrics", "/..%2f..%2fmetrics"} {
		if got := ask("GET", target, ""); strings.Contains(got, "thinkey_") {
			t.Errorf("%s: %q", target, got)
		}
	}
}

// Messages for a chain that is elsewhere are taken there, beside others for a chain that is here, and can be asked for here.
func TestSubmitElsewhere(t *testing.T) {
	here, there, way := elsewhere(t)
	ctx := t.Context()
	transfer := func(to string, nonce uint64) *chain.Message {
		s := client.NewSigner(there.client.On("b"), key("alice"))
		m, err := s.Transfer(ctx, address(to).On(3), chain.NewAmount(5))
		if err != nil {
			t.Fatal(err)
		}
		m.Nonce = nonce
		return m.Sign(key("alice"))
	}
	m := transfer("bob", 0)
	way.lags = 2
	list, err := here.client.SubmitFinal(ctx, m)
	if err != nil || len(list) != 1 || list[0].ID != m.ID() || !list[0].State.IsSettled() || list[0].Message == nil || list[0].Message.Place == nil {
		t.Fatalf("%+v, %v", list, err)
	}
	if left := time.Until(way.ends); way.ends.IsZero() || left > time.Minute {
		t.Errorf("chains elsewhere, one after the other, may take %v", left)
	}
	got, err := here.client.Message(ctx, m.ID())
	if err != nil || got.Place == nil || got.Place.Height != list[0].Message.Place.Height {
		t.Errorf("%+v, %v", got, err)
	}
	way.lags = 3
	if got, err := here.client.Message(ctx, m.ID()); err != nil || got.Place == nil || way.lags > 0 {
		t.Errorf("nodes that know it later: %+v, %v, %d to come", got, err, way.lags)
	}
	again := transfer("charlie", 0)
	if _, err := here.client.Submit(ctx, again); !client.HasCode(err, "nonce_used") {
		t.Error(err)
	}
	way.err = placement.ErrSilent
	if _, err := here.client.Submit(ctx, transfer("bob", 1)); !client.HasCode(err, client.CodeElsewhere) {
		t.Error(err)
	}
}

// Whatever becomes of a question to another node, there is an answer that says so.
func TestElsewhereFails(t *testing.T) {
	here, _, way := elsewhere(t)
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{placement.ErrNowhere, http.StatusNotFound, client.CodeWrongChain}, {placement.ErrBusy, http.StatusServiceUnavailable, client.CodeBusy},
		{placement.ErrSilent, http.StatusGatewayTimeout, client.CodeElsewhere}, {placement.ErrClosed, http.StatusServiceUnavailable, client.CodeStopping},
		{&placement.Failure{Words: "no"}, http.StatusGatewayTimeout, client.CodeElsewhere}, {errors.New("x"), http.StatusGatewayTimeout, client.CodeElsewhere},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, client.CodeBusy},
	} {
		way.err = c.err
		for _, path := range []string{"/v1/chains/b/info", "/v1/accounts/" + address("alice").On(3).String()} {
			if got := get(t, here, path); !strings.Contains(got, c.code) || !strings.HasPrefix(got, http.StatusText(c.status)) {
				t.Errorf("%v: %s", c.err, got)
			}
		}
	}
	way.err = nil
	for name, change := range map[string]func([]byte) []byte{
		"a page": func(b []byte) []byte {
			return slices.Concat(b[:4], []byte("\x09text/html"), b[5+len("application/json"):])
		},
		"no JSON":    func(b []byte) []byte { b[len(b)-3] = '{'; return b },
		"no status":  func(b []byte) []byte { copy(b, "\x00\x00\x00\x07"); return b },
		"cut short":  func(b []byte) []byte { return b[:len(b)-1] },
		"too much":   func(b []byte) []byte { return append(b, 0) },
		"nothing":    func(b []byte) []byte { return nil },
		"a redirect": func(b []byte) []byte { copy(b, "\x00\x00\xff\xff"); return b },
	} {
		way.change = change
		if got := get(t, here, "/v1/chains/b/info"); !strings.Contains(got, client.CodeElsewhere) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// get is the answer to a request, with its status before it.
func get(t *testing.T, g *grove, path string) string {
	t.Helper()
	answer, err := http.Get(g.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return http.StatusText(answer.StatusCode) + " " + string(body)
}
