package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Many wait at once, for the same message and for others; each is told.
func TestManyWait(t *testing.T) {
	r := start(t, setup{})
	var ms []*chain.Message
	for i := range uint64(10) {
		ms = append(ms, r.transfer("alice", "bob", i))
	}
	r.submit(ms...)
	const waits = 60
	var done sync.WaitGroup
	for i := range waits {
		done.Go(func() {
			m, err := r.client.Wait(t.Context(), ms[i%len(ms)].ID())
			if err != nil || m.State != client.StateFinal || m.ID != ms[i%len(ms)].ID() || m.Status != chain.StatusOK {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	r.until("all wait", func() bool { return r.gauge("thinkey_api_polls") == fmt.Sprint(waits) })
	r.mine(1)
	done.Wait()
	r.until("nobody waits", func() bool { return r.gauge("thinkey_api_polls") == "0" })
}

func TestSubmitFinal(t *testing.T) {
	r := start(t, setup{auto: true})
	good, next := r.transfer("alice", "bob", 0), r.transfer("alice", "bob", 1)
	gap := r.transfer("bob", "alice", 1, func(m *chain.Message) { m.ValidUntil = 1 })
	far := r.transfer("alice", "bob", 999)
	list, err := r.client.SubmitFinal(t.Context(), gap, good, far, next)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []client.State{client.StateDropped, client.StateFinal, client.StateRefused, client.StateFinal} {
		if s := list[i]; s.State != want || (s.Message != nil) != (want != client.StateRefused) || s.Message != nil && s.Message.State != want {
			t.Errorf("message %d: %+v", i, s)
		}
	}
	one, err := r.client.SubmitFinal(t.Context(), far)
	if !client.HasCode(err, "nonce_ahead") || len(one) != 1 {
		t.Errorf("%+v, %v", one, err)
	}
}

// What waits for a message that was dropped learns why.
func TestDropped(t *testing.T) {
	r := start(t, setup{})
	late := r.transfer("alice", "bob", 1, func(m *chain.Message) { m.ValidUntil = 1 }) // behind a gap
	first := r.transfer("bob", "alice", 0)
	better := r.transfer("bob", "alice", 0, func(m *chain.Message) { m.GasPrice = 4 })
	r.submit(late, first)
	var done sync.WaitGroup
	for id, code := range map[chain.MessageID]string{late.ID(): "expired", first.ID(): "replaced"} {
		done.Go(func() {
			m, err := r.client.Wait(t.Context(), id)
			if err != nil || m.State != client.StateDropped || m.Dropped == nil || m.Dropped.Code != code {
				t.Errorf("%s: %+v %v, %v", code, m, m.Dropped, err)
			}
		})
	}
	r.until("both wait", func() bool { return r.gauge("thinkey_api_polls") == "2" })
	r.submit(better)
	r.mine(2)
	done.Wait()
	tree := r.trace(first.ID())
	if !tree.Complete || tree.Root.State != client.StateDropped || tree.Root.Dropped.Code != "replaced" {
		t.Errorf("%+v", tree.Root)
	}
	var steps []string
	err := r.client.Follow(t.Context(), first.ID(), func(p client.Progress) error {
		steps = append(steps, fmt.Sprint(p.Number, p.Message.State))
		return nil
	})
	if err != nil || strings.Join(steps, " ") != "1accepted 2dropped" {
		t.Errorf("%v, %v", steps, err)
	}
}

// Who is told that the node is busy has not been served by half: no message was taken.
func TestBusyTakesNothing(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Polls: 1}})
	first, second := r.transfer("alice", "bob", 0), r.transfer("bob", "alice", 0)
	r.submit(first)
	var done sync.WaitGroup
	done.Go(func() { r.send("GET", "/v1/messages/"+first.ID().String()+"?wait=10s", "", nil) })
	r.until("one waits", func() bool { return r.gauge("thinkey_api_polls") == "1" })
	status, body, _ := r.send("POST", "/v1/messages?wait=final", client.TypeMessage, second.Encode())
	if status != 503 || r.info().Waiting != 1 {
		t.Errorf("%d %s, and %d wait", status, body, r.info().Waiting)
	}
	if err := r.node.Mine(1); err != nil {
		t.Error(err)
	}
	done.Wait()
}

// A wait that is longer than a request may take to arrive is not cut off, and ends with what is known.
func TestWaitOutlastsTheRequest(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Header: 100 * time.Millisecond, Request: 150 * time.Millisecond, Write: 200 * time.Millisecond}})
	m := r.transfer("alice", "bob", 0)
	r.submit(m)
	began := time.Now()
	status, body, _ := r.send("GET", "/v1/messages/"+m.ID().String()+"?wait=600ms", "", nil)
	if time.Since(began) < 600*time.Millisecond || status != 200 || !strings.Contains(body, `"waiting"`) {
		t.Errorf("%d %s", status, body)
	}
	status, body, _ = r.send("POST", "/v1/messages?wait=600ms", client.TypeMessage, m.Encode())
	if status != 200 || !strings.Contains(body, `"waiting"`) {
		t.Errorf("%d %s", status, body)
	}
}

// N2: over the bound the answer is busy, and a place that is left is free again.
func TestBoundedWaitsAndStreams(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Polls: 2, Streams: 1}})
	m := r.transfer("alice", "bob", 0)
	r.submit(m)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	for range 2 {
		done.Go(func() {
			if _, err := r.client.Wait(ctx, m.ID()); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	done.Go(func() {
		if err := r.client.Blocks(ctx, 0, nil); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	r.until("all are there", func() bool {
		return r.gauge("thinkey_api_polls") == "2" && r.gauge("thinkey_api_streams") == "1"
	})
	if _, err := r.client.Wait(t.Context(), m.ID()); !client.HasCode(err, client.CodeBusy) {
		t.Errorf("third wait: %v", err)
	}
	if err := r.client.Mine(t.Context(), 1); !client.HasCode(err, client.CodeBusy) {
		t.Errorf("mining beside two waits: %v", err)
	}
	status, body, header := r.send("GET", "/v1/blocks", "", nil)
	if e := r.refusal(body); status != 503 || e.Code != client.CodeBusy || e.Hint == "" || header.Get("Retry-After") == "" {
		t.Errorf("second stream: %d %s", status, body)
	}
	if status, _, _ := r.send("GET", "/v1/messages/"+m.ID().String(), "", nil); status != 200 {
		t.Errorf("without waiting: %d", status)
	}
	cancel()
	done.Wait()
	r.until("all are gone", func() bool {
		return r.gauge("thinkey_api_polls") == "0" && r.gauge("thinkey_api_streams") == "0"
	})
}

// N2: bodies on their way in are bounded together, and only by bytes that came.
func TestBoundedBodies(t *testing.T) {
	const most = 1 << 20
	r := start(t, setup{limits: api.Limits{Bodies: most}})
	var held []net.Conn
	for range 3 { // announce all, send nothing
		c := r.dial()
		r.post(c, fmt.Sprintf("Content-Length: %d", client.MaxSubmissionBytes), nil)
		held = append(held, c)
	}
	r.submit(r.transfer("alice", "bob", 0))
	c := r.dial()
	r.post(c, fmt.Sprintf("Content-Length: %d", 2*most), make([]byte, 2*most))
	if status, body := r.answerOn(c); status != 503 || r.refusal(body).Code != client.CodeBusy {
		t.Errorf("%d %s", status, body)
	}
	for _, c := range held {
		c.Close()
	}
	r.until("all bytes are free", func() bool { return r.server.BodiesFree() == most })
}

// N6: what waits has memory of its own.
func TestSplitCopies(t *testing.T) {
	body := wire.AppendBytes(wire.AppendBytes(nil, []byte("first")), []byte("second"))
	list, err := api.Split(body)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	clear(body)
	if string(list[0]) != "first" || string(list[1]) != "second" || cap(list[0]) > 2*len("second")+8 {
		t.Errorf("%q", list)
	}
}

// N2: connections above the bound are told so and closed; of the machine itself there may be some more, so that who runs the node can ask it.
func TestBoundedConnections(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Connections: 64}})
	asked := func() (net.Conn, string) {
		t.Helper()
		c := r.dial()
		if _, err := c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Minute))
		q, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Body.Close()
		body, _ := io.ReadAll(q.Body)
		return c, fmt.Sprint(q.StatusCode, string(body))
	}
	var open []net.Conn
	for n := range 64 + 1 {
		c, got := asked()
		if !strings.HasPrefix(got, "200") {
			t.Fatalf("connection %d: %s", n, got)
		}
		open = append(open, c)
	}
	if _, got := asked(); !strings.HasPrefix(got, "503") || !strings.Contains(got, "it has as many connections as it may have") {
		t.Fatal(got)
	}
	open[0].Close()
	r.until("there is a place again", func() bool { _, got := asked(); return strings.HasPrefix(got, "200") })
}

// Closing the server ends waits and streams at once, with an answer or a clean end.
func TestCloseEndsWaits(t *testing.T) {
	r := start(t, setup{})
	m := r.transfer("alice", "bob", 0)
	r.submit(m)
	var done sync.WaitGroup
	done.Go(func() {
		if _, err := client.New(r.url, client.WithTries(1)).Wait(t.Context(), m.ID()); !errors.Is(err, client.ErrUnreachable) && !client.HasCode(err, client.CodeStopping) {
			t.Error(err)
		}
	})
	done.Go(func() {
		c := client.New(r.url, client.WithTries(1), client.WithPatience(time.Millisecond))
		if err := c.Blocks(t.Context(), 0, nil); !errors.Is(err, client.ErrUnreachable) {
			t.Error(err)
		}
	})
	r.until("both are there", func() bool {
		return r.gauge("thinkey_api_polls") == "1" && r.gauge("thinkey_api_streams") == "1"
	})
	began := time.Now()
	r.stop()
	done.Wait()
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
}
