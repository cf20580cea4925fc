package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// K2: a busy node is asked again, but not for what must happen once.
func TestBusyNodeIsAskedAgain(t *testing.T) {
	var asked atomic.Int64
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if asked.Add(1) < 3 {
			answer(w, http.StatusServiceUnavailable, client.Refused{Error: &client.Error{Code: client.CodeBusy, Message: "busy"}})
			return
		}
		answer(w, http.StatusOK, client.Info{Height: 5})
	})
	if in, err := client.New(url).Info(t.Context()); err != nil || in.Height != 5 || asked.Load() != 3 {
		t.Fatalf("%+v, %v after %d tries", in, err, asked.Load())
	}
	asked.Store(0)
	err := client.New(url).Mine(t.Context(), 1)
	if !client.HasCode(err, client.CodeBusy) || asked.Load() != 1 {
		t.Fatalf("mine: %v after %d tries", err, asked.Load())
	}
	asked.Store(-10)
	if _, err := client.New(url, client.WithTries(2)).Info(t.Context()); !client.HasCode(err, client.CodeBusy) || asked.Load() != -8 {
		t.Fatalf("two tries: %v, %d", err, asked.Load())
	}
}

// A node that is just being started is waited for; one that isn't there is named.
func TestRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, err = client.New(addr, client.WithTries(2)).Info(t.Context())
	if !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), addr) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.New(addr).Info(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// K1: every answer that is not a success is an *Error, also one that is not of this API.
func TestErrors(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/v1/accounts") {
			answer(w, http.StatusConflict, client.Refused{Error: &client.Error{Code: "some_code", Message: "what", Hint: "do"}})
			return
		}
		http.Error(w, "<html>proxy</html>", http.StatusBadGateway)
	})
	c := client.New(url)
	_, err := c.Account(t.Context(), address("alice"))
	var e *client.Error
	if !errors.As(err, &e) || *e != (client.Error{Code: "some_code", Message: "what", Hint: "do", Status: 409}) || err.Error() != "what; do" {
		t.Errorf("%#v", err)
	}
	if _, err = c.Info(t.Context()); !errors.As(err, &e) || e.Status != 502 || !strings.Contains(err.Error(), "proxy") {
		t.Errorf("%#v", err)
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	url := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	_, err := client.New(url, client.WithTimeout(20*time.Millisecond)).Info(t.Context())
	if !errors.Is(err, client.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestOtherNetworkIsRefused(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, q *http.Request) { answer(w, 200, client.Info{Network: chain.NetworkID{1}}) })
	if _, err := client.New(url, client.WithNetwork(chain.NetworkID{2})).Info(t.Context()); !errors.Is(err, client.ErrOtherChain) {
		t.Fatal(err)
	}
	if _, err := client.New(url, client.WithNetwork(chain.NetworkID{1})).Info(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// K4: no number loses bits in a reader whose numbers are floats, and none above its range is taken.
func TestLargeNumbers(t *testing.T) {
	b, err := json.Marshal(client.Message{Amount: chain.MaxAmount, GasPrice: 1<<64 - 1, ValidUntil: 1<<64 - 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"amount":"340282366920938463463374607431768211455"`, `"gas_price":"18446744073709551615"`, `"valid_until":"18446744073709551615"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s has no %s", b, want)
		}
	}
	var m client.Message
	if err := json.Unmarshal(b, &m); err != nil || m.Amount != chain.MaxAmount || m.GasPrice != 1<<64-1 {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, amount := range []string{`"340282366920938463463374607431768211456"`, `"-1"`, `"1.5"`, `""`, `5`, `"0x10"`} {
		if err := json.Unmarshal([]byte(`{"amount":`+amount+`}`), &m); err == nil {
			t.Errorf("amount %s is taken", amount)
		}
	}
	if _, err := chain.ParseAmount("340282366920938463463374607431768211456"); !errors.Is(err, chain.ErrOverflow) {
		t.Errorf("2^128: %v", err)
	}
}

// A submission of any length arrives whole and in order, in bodies that a node takes.
func TestSubmitSplits(t *testing.T) {
	var got []chain.MessageID
	bodies := 0
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		bodies++
		if q.ContentLength > client.MaxSubmissionBytes || q.Header.Get("Content-Type") != client.TypeMessages {
			t.Errorf("body of %d bytes, %s", q.ContentLength, q.Header.Get("Content-Type"))
		}
		body := make([]byte, q.ContentLength)
		for n := 0; n < len(body); {
			k, err := q.Body.Read(body[n:])
			if n += k; err != nil && n < len(body) {
				t.Error(err)
				return
			}
		}
		var out client.Submission
		for r := wire.NewReader(body); r.Left() > 0; {
			m, err := chain.DecodeMessage(r.Bytes("message", chain.MaxMessageBytes))
			if err != nil {
				t.Error(err)
				return
			}
			got = append(got, m.ID())
			out.Messages = append(out.Messages, client.Submitted{ID: m.ID(), State: client.StateAccepted})
		}
		if len(out.Messages) > client.MaxSubmission {
			t.Errorf("%d messages in a body", len(out.Messages))
		}
		answer(w, 200, out)
	})
	for _, c := range []struct{ messages, input, bodies int }{{1, 10, 1}, {client.MaxSubmission + 1, 10, 2}, {300, 60_000, 3}} {
		got, bodies = nil, 0
		list := make([]*chain.Message, c.messages)
		for i := range list {
			a := address("alice")
			list[i] = (&chain.Message{Kind: chain.External, From: a, To: a, Payer: a, Nonce: uint64(i), Method: "m", Input: make([]byte, c.input)}).Sign(client.DevKey("test", "alice"))
		}
		out, err := client.New(url).Submit(t.Context(), list...)
		if err != nil || len(out) != len(list) || len(got) != len(list) || bodies != c.bodies {
			t.Fatalf("%d messages: %d answers of %d arrived in %d bodies, %v", c.messages, len(out), len(got), bodies, err)
		}
		for i := range list {
			if out[i].ID != list[i].ID() || got[i] != list[i].ID() {
				t.Fatalf("message %d of %d is another", i, c.messages)
			}
		}
	}
}

// A node that answers for fewer messages than it was given is not believed.
func TestSubmitCountsAnswers(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, q *http.Request) { answer(w, 200, client.Submission{}) })
	m := (&chain.Message{Kind: chain.External, From: address("alice")}).Sign(client.DevKey("test", "alice"))
	if _, err := client.New(url).Submit(t.Context(), m); err == nil {
		t.Fatal("no error")
	}
}

func TestDevKeys(t *testing.T) {
	want := keys.FromSeed(wire.Sum(wire.TagSeed, []byte("thinkey"), []byte{0}, []byte("alice"))).Public()
	if client.DevKey("thinkey", "alice").Public() != want {
		t.Error("the key of alice is another")
	}
	seen := map[keys.PublicKey]string{}
	for _, seed := range []string{"thinkey", "thinke"} {
		for _, name := range append(client.DevNames(), "yalice") {
			if other, ok := seen[client.DevKey(seed, name).Public()]; ok {
				t.Errorf("%s and %s share a key", name, other)
			}
			seen[client.DevKey(seed, name).Public()] = seed + name
		}
	}
}
