package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func TestInfo(t *testing.T) {
	r := start(t, setup{})
	in := r.info()
	g := genesis()
	if in.Name != g.Name || in.Network != g.Network() || in.Chain != chain.Main || in.Height != 0 || in.Pace != "manual" || in.Version != "test" ||
		!chain.Params(in.Params).Equal(g.Params) || in.GenesisMillis != g.TimeMillis || in.Finality != client.Final || in.Dev == nil || in.Dev.Seed != seed {
		t.Errorf("%+v", in)
	}
	r.submit(r.transfer("alice", "bob", 0), r.transfer("alice", "bob", 1))
	if w := r.info().Waiting; w != 2 {
		t.Errorf("%d wait", w)
	}
	r.mine(2)
	b, err := r.client.Latest(t.Context())
	if now := r.info(); err != nil || now.Waiting != 0 || now.Height != 2 || now.Block != b.Hash || now.StateRoot != b.Roots.State || now.StateRoot == in.StateRoot {
		t.Errorf("%+v, block %+v, %v", now, b, err)
	}
}

// The gas that a client computes from Info is what the chain asks for, to the unit.
func TestGasIsExact(t *testing.T) {
	g := api.GasTable()
	r := start(t, setup{})
	for _, n := range []int{0, 1, 100, 5000} {
		in := chain.CallInput{To: address("bob"), Method: strings.Repeat("m", 1+n%60), GasLimit: 50_000, Input: make([]byte, n)}
		m := &chain.Message{Kind: chain.External, Method: chain.MethodCall, Input: in.Encode()}
		if want := exec.ExternalGas(m); g.Least(m.Method, m.Input) != want {
			t.Errorf("least for %d bytes: %d, want %d", n, g.Least(m.Method, m.Input), want)
		}
		want := exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: in.Method, Input: in.Input}) + in.GasLimit + gas.Bounce
		if g.Call(in) != want {
			t.Errorf("call with %d bytes: %d, want %d", n, g.Call(in), want)
		}
	}
	transfer := r.transfer("alice", "bob", 0)
	if g.Transfer() != exec.TransferGas(transfer) {
		t.Errorf("transfer: %d, want %d", g.Transfer(), exec.TransferGas(transfer))
	}
	// At the chain: what is computed suffices, a unit less doesn't.
	call := func(less uint64) *chain.Message {
		in := chain.CallInput{To: address("bob"), Method: "hello", GasLimit: 50_000, Input: []byte("world")}
		return r.transfer("alice", "bob", less, func(m *chain.Message) {
			m.Method, m.Input, m.GasLimit = chain.MethodCall, in.Encode(), g.Call(in)-less
		})
	}
	enough, short := call(0), call(1)
	r.submit(enough, short)
	r.mine(1)
	if m := r.message(enough.ID()); m.Status != chain.StatusOK {
		t.Errorf("with all: %s %s", m.Status, m.Reason)
	}
	if m := r.message(short.ID()); m.Status != chain.StatusOutOfGas {
		t.Errorf("with a unit less: %s %s", m.Status, m.Reason)
	}
}

func TestAccount(t *testing.T) {
	r := start(t, setup{})
	r.submit(r.transfer("alice", "bob", 0))
	r.mine(1)
	r.submit(r.transfer("alice", "bob", 1), r.transfer("alice", "bob", 2))
	a, err := r.client.Account(t.Context(), address("alice"))
	if err != nil || !a.Exists || a.Nonce != 1 || a.NextNonce != 3 || a.Waiting != 2 || a.Height != 1 || a.Finality != client.Final || a.Proof != nil {
		t.Errorf("alice %+v, %v", a, err)
	}
	b, err := r.client.ProvenAccount(t.Context(), address("bob"))
	if err != nil || b.Balance != chain.NewAmount(balance+5) || b.Block != r.info().Block || b.Proof == nil {
		t.Errorf("bob %+v, %v", b, err)
	}
	p, err := r.client.ProvenAccount(t.Context(), address("alice"))
	if err != nil || p.Balance != a.Balance || p.NextNonce != 3 {
		t.Errorf("alice proven %+v, %v", p, err)
	}
	n, err := r.client.ProvenAccount(t.Context(), address("nobody"))
	if err != nil || n.Exists || !n.Balance.IsZero() {
		t.Errorf("nobody %+v, %v", n, err)
	}
	_, err = r.client.Account(t.Context(), chain.KeyAddress(2, key("alice").Public()))
	if !client.HasCode(err, client.CodeWrongChain) {
		t.Errorf("other chain: %v", err)
	}
}

func TestSigner(t *testing.T) {
	r := start(t, setup{})
	s := client.NewSigner(r.client, key("alice"))
	if a, err := s.Address(t.Context()); err != nil || a != address("alice") {
		t.Errorf("%s, %v", a, err)
	}
	var ids []chain.MessageID
	for i := range 3 { // nonces follow those that wait
		m, err := s.Transfer(t.Context(), address("bob"), chain.NewAmount(7))
		if err != nil {
			t.Fatal(err)
		}
		if m.Nonce != uint64(i) || m.GasLimit != exec.TransferGas(m) || m.GasPrice != 2 || m.ValidUntil != 1000 {
			t.Errorf("%+v", m)
		}
		r.submit(m)
		ids = append(ids, m.ID())
	}
	in := chain.CallInput{To: address("bob"), Method: "hello", GasLimit: 9999}
	m, err := s.Call(t.Context(), in, chain.NewAmount(1), client.WithNonce(9), client.WithGasPrice(4), client.WithGasLimit(300_000), client.WithValidUntil(77))
	if err != nil || m.Nonce != 9 || m.GasPrice != 4 || m.GasLimit != 300_000 || m.ValidUntil != 77 || m.Amount != chain.NewAmount(1) {
		t.Errorf("%+v, %v", m, err)
	}
	r.submit(m)
	if _, err := s.Message(t.Context(), strings.Repeat("m", 65), nil); err == nil {
		t.Error("a method of 65 bytes is signed")
	}
	if _, err := s.Message(t.Context(), "m", make([]byte, chain.MaxInputBytes+1)); err == nil {
		t.Error("an input that is too long is signed")
	}
	r.mine(1)
	for _, id := range ids {
		if m := r.message(id); m.Status != chain.StatusOK {
			t.Errorf("%+v", m)
		}
	}
}

func TestMessage(t *testing.T) {
	r := start(t, setup{})
	m := r.transfer("alice", "bob", 0)
	r.submit(m)
	if w := r.message(m.ID()); w.State != client.StateWaiting || w.ID != m.ID() || w.Place != nil {
		t.Errorf("%+v", w)
	}
	r.mine(1)
	f := r.message(m.ID())
	if f.State != client.StateFinal || f.Finality != client.Final || f.Kind != "external" || f.From != address("alice") || f.Method != "transfer" ||
		f.Amount != chain.NewAmount(5) || f.Status != chain.StatusOK || f.Place.Height != 1 || f.Place.Account != address("alice") || f.Place.Index != 0 ||
		f.Fee != chain.Mul(f.GasUsed, 2) || f.GasUsed == 0 || len(f.Sent) != 1 || f.Origin != m.ID() || !bytes.Equal(f.Input, m.Input) || f.InputBytes != len(m.Input) {
		t.Errorf("%+v", f)
	}
	add := r.message(f.Sent[0])
	if add.Kind != "relay" || add.Method != "add" || add.Parent != m.ID() || add.Origin != m.ID() || add.To != address("bob") || add.State != client.StateFinal {
		t.Errorf("%+v", add)
	}
	poor := r.transfer("alice", "bob", 1, func(m *chain.Message) { m.Amount = chain.MaxAmount })
	r.submit(poor)
	r.mine(1)
	if p := r.message(poor.ID()); p.Status != chain.StatusBalance || p.Reason == "" || len(p.Sent) != 0 {
		t.Errorf("%+v", p)
	}
	_, err := r.client.Message(t.Context(), chain.MessageID{1})
	if !client.HasCode(err, client.CodeUnknownMessage) {
		t.Error(err)
	}
}

func TestBlock(t *testing.T) {
	r := start(t, setup{})
	var ms []*chain.Message
	for i := range uint64(60) {
		for _, name := range client.DevNames() {
			ms = append(ms, r.transfer(name, "bob", i))
		}
	}
	r.submit(ms...)
	r.mine(1)
	b, err := r.client.Block(t.Context(), 1)
	if err != nil || b.Inputs != 600 || b.Events != 1200 || b.Accounts != 10 || b.Failed != 0 || len(b.Messages) != 1000 || b.Next != 1000 {
		t.Fatalf("%d inputs, %d events, %d accounts, page of %d, next %d, %v", b.Inputs, b.Events, b.Accounts, len(b.Messages), b.Next, err)
	}
	rest, err := r.client.BlockFrom(t.Context(), 1, b.Next)
	if err != nil || len(rest.Messages) != 200 || rest.From != 1000 || rest.Next != 0 {
		t.Fatalf("page of %d from %d, next %d, %v", len(rest.Messages), rest.From, rest.Next, err)
	}
	seen := map[chain.MessageID]bool{}
	for i, m := range append(b.Messages, rest.Messages...) {
		if seen[m.ID] = true; m.Place.Event != uint32(i) {
			t.Fatalf("message %d is event %d", i, m.Place.Event)
		}
	}
	for _, m := range ms {
		if !seen[m.ID()] {
			t.Fatalf("%s is missing", m.ID())
		}
	}
	raw, err := r.client.RawBlock(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	k, err := chain.DecodeBlock(raw)
	if err != nil || k.Header.Hash() != b.Hash || b.Bytes != len(raw) || k.Header.Roots.State != b.Roots.State {
		t.Errorf("raw block of %d bytes, %v", len(raw), err)
	}
	g, err := r.client.Block(t.Context(), 0)
	if err != nil || g.Hash != b.Parent || g.Events != 0 {
		t.Errorf("genesis: %+v, %v", g, err)
	}
	if _, err := r.client.Block(t.Context(), 2); !client.HasCode(err, client.CodeUnknownBlock) {
		t.Error(err)
	}
	if _, err := r.client.BlockFrom(t.Context(), 1, 1201); !client.HasCode(err, client.CodeBadRequest) {
		t.Error(err)
	}
}

// N1: what isn't there, and what can't be read, is an error with a code like any other.
func TestErrorsHaveCodes(t *testing.T) {
	r := start(t, setup{})
	id := strings.Repeat("ab", 32)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/", 404, client.CodeUnknownRoute},
		{"GET", "/v1/nothing", 404, client.CodeUnknownRoute},
		{"GET", "/v2/info", 404, client.CodeUnknownRoute},
		{"POST", "/v1/nothing", 404, client.CodeUnknownRoute},
		{"GET", "/debug/pprof/", 404, client.CodeUnknownRoute},
		{"POST", "/v1/info", 405, client.CodeMethod},
		{"GET", "/v1/messages", 405, client.CodeMethod},
		{"DELETE", "/v1/blocks/1", 405, client.CodeMethod},
		{"BREW", "/v1/info", 405, client.CodeMethod},
		{"GET", "/v1/accounts/tk1abc", 400, client.CodeBadRequest},
		{"GET", "/v1/accounts/" + address("bob").String() + "?proof=yes", 400, client.CodeBadRequest},
		{"GET", "/v1/messages/xyz", 400, client.CodeBadRequest},
		{"GET", "/v1/messages/" + id, 404, client.CodeUnknownMessage},
		{"GET", "/v1/messages/" + id + "?wait=1s", 404, client.CodeUnknownMessage},
		{"GET", "/v1/messages/" + id + "?wait=soon", 400, client.CodeBadRequest},
		{"GET", "/v1/messages/" + id + "?wait=-1s", 400, client.CodeBadRequest},
		{"GET", "/v1/messages/" + id + "/events", 404, client.CodeUnknownMessage},
		{"GET", "/v1/messages/" + id + "/events?after=x", 400, client.CodeBadCursor},
		{"GET", "/v1/trace/" + id, 404, client.CodeUnknownMessage},
		{"GET", "/v1/trace/xyz", 400, client.CodeBadRequest},
		{"GET", "/v1/blocks/one", 400, client.CodeBadRequest},
		{"GET", "/v1/blocks/-1", 400, client.CodeBadRequest},
		{"GET", "/v1/blocks/18446744073709551616", 400, client.CodeBadRequest},
		{"GET", "/v1/blocks/18446744073709551615", 404, client.CodeUnknownBlock},
		{"GET", "/v1/blocks/9/raw", 404, client.CodeUnknownBlock},
		{"GET", "/v1/blocks/0?from=x", 400, client.CodeBadRequest},
		{"GET", "/v1/blocks/0?from=-1", 400, client.CodeBadRequest},
		{"GET", "/v1/blocks?after=x", 400, client.CodeBadCursor},
		{"GET", "/v1/blocks?after=7", 404, client.CodeUnknownBlock},
		{"POST", "/v1/dev/mine?blocks=0", 400, client.CodeBadRequest},
		{"POST", "/v1/dev/mine?blocks=1001", 400, client.CodeBadRequest},
		{"POST", "/v1/dev/mine?blocks=x", 400, client.CodeBadRequest},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			status, body, header := r.send(c.method, c.path, "", nil)
			if e := r.refusal(body); e.Code != c.code || status != c.status || header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %+v", status, e)
			}
			if c.status == 405 && header.Get("Allow") == "" {
				t.Error("no Allow")
			}
		})
	}
}

func TestListAndHealthAndMetrics(t *testing.T) {
	r := start(t, setup{})
	status, body, _ := r.send("GET", "/v1/", "", nil)
	var list struct {
		Routes []struct{ Method, Path, What string }
	}
	r.decode(body, &list)
	if status != 200 || len(list.Routes) < 12 || !slices.ContainsFunc(list.Routes, func(x struct{ Method, Path, What string }) bool {
		return x.Path == "/v1/trace/{id}" && x.Method == "GET" && x.What != ""
	}) {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := r.send("GET", "/healthz", "", nil); status != 200 || !strings.Contains(body, `"height":0`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := r.send("HEAD", "/v1/info", "", nil); status != 200 || body != "" {
		t.Errorf("HEAD: %d %s", status, body)
	}
	r.mine(3)
	if h := r.gauge("thinkey_block_height"); h != "3" {
		t.Errorf("height %q", h)
	}
	if bytes, failures := r.gauge("thinkey_store_disk_bytes"), r.gauge("thinkey_store_background_failures"); bytes == "" || bytes == "0" || failures != "0" {
		t.Errorf("store of %q bytes, %q failures", bytes, failures)
	}
	if h := r.gauge(`thinkey_api_requests_total{route="/v1/dev/mine",status="200"}`); h != "1" {
		t.Errorf("requests %q", h)
	}
}

func TestProfiles(t *testing.T) {
	r := start(t, setup{api: func(c *api.Config) { c.Pprof = true }})
	if status, body, _ := r.send("GET", "/debug/pprof/goroutine?debug=1", "", nil); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("%d %.100s", status, body)
	}
}

// N7: a development network is for this machine.
func TestDevelopmentOnly(t *testing.T) {
	public := start(t, setup{public: true})
	if err := public.client.Mine(t.Context(), 1); !client.HasCode(err, client.CodeNotDev) {
		t.Error(err)
	}
	if in := public.info(); in.Dev != nil || in.Height != 0 {
		t.Errorf("%+v", in)
	}
	for _, listen := range []string{":0", "0.0.0.0:0", "192.0.2.1:7070", "nonsense"} {
		c := public.config
		c.Dev, c.Listen = &client.Dev{}, listen
		if s, err := api.New(c); err == nil {
			t.Errorf("listens on %s as %s", listen, s.Addr())
		}
	}
	r := start(t, setup{})
	for host, want := range map[string]int{"localhost:7070": 200, "127.0.0.1": 200, "[::1]:80": 200, "[::1]": 200, "evil.example": 403, "localhost.evil.example:80": 403, "192.0.2.1": 403} {
		q, _ := http.NewRequestWithContext(t.Context(), "GET", r.url+"/v1/info", nil)
		q.Host = host
		status, body, _ := r.do(q)
		if status != want || status == 403 && r.refusal(body).Code != client.CodeForbidden {
			t.Errorf("host %s: %d %s", host, status, body)
		}
	}
	q, _ := http.NewRequestWithContext(t.Context(), "POST", r.url+"/v1/dev/mine", nil)
	q.Header.Set("Origin", "https://evil.example")
	q.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, body, header := r.do(q); status != 403 || r.refusal(body).Code != client.CodeForbidden || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("cross origin: %d %s", status, body)
	}
	if in := r.info(); in.Height != 0 {
		t.Errorf("a page of another origin made block %d", in.Height)
	}
}

func TestListenTwice(t *testing.T) {
	r := start(t, setup{})
	if _, err := api.New(r.config); err == nil || !strings.Contains(err.Error(), r.server.Addr()) {
		t.Error(err)
	}
}

// N4: a panic answers 500, and the server goes on.
func TestPanic(t *testing.T) {
	r := start(t, setup{})
	w := &recorded{header: http.Header{}}
	q, _ := http.NewRequest("GET", r.url+"/", nil)
	r.server.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New("oops")) })).ServeHTTP(w, q)
	if e := r.refusal(w.body.String()); w.status != 500 || e.Code != client.CodeInternal || strings.Contains(w.body.String(), "oops") {
		t.Errorf("%d %s", w.status, w.body.String())
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("an answer that began ends with %v", p)
		}
	}()
	r.server.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		panic("oops")
	})).ServeHTTP(w, q)
}

type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(b []byte) (int, error) { return r.body.Write(b) }

// After the node has stopped, the answer is to try again.
func TestStoppedNode(t *testing.T) {
	c := node.Defaults()
	c.Genesis, c.Pace, c.Log = genesis(), node.Pace{Manual: true}, slog.New(slog.DiscardHandler)
	n, err := node.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := api.New(api.Config{Node: n, Listen: "127.0.0.1:0", Dev: &client.Dev{}})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	k := client.New(s.Addr(), client.WithTries(1))
	if err := k.Mine(t.Context(), 1); !client.HasCode(err, client.CodeStopping) {
		t.Error(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
