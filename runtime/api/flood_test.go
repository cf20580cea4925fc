package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/sdk/client"
)

// flooding are connections from one address that take as long as they can.
type flooding struct {
	*rig
	kept    []net.Conn
	refused int
}

// slowKinds is what they ask for: headers that don't end, a body that doesn't come, an answer that isn't read, a stream that isn't read.
var slowKinds = []string{
	"GET /v1/info HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
	"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + client.TypeMessages + "\r\nContent-Length: 1000000\r\n\r\n",
	"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET /v1/blocks?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}

// open opens so many, of all kinds in turn, from an address. Those that are refused must be told why.
func (f *flooding) open(n int, address string) {
	f.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	for i := range n {
		c, err := d.DialContext(f.Context(), "tcp", f.server.Addr())
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { c.Close() })
		if len(f.kept) < floodShare {
			if _, err := c.Write([]byte(slowKinds[i%len(slowKinds)])); err != nil {
				f.Fatal(err)
			}
			f.kept = append(f.kept, c)
			continue
		}
		_ = c.SetDeadline(time.Now().Add(2 * time.Minute)) // of the test
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil && f.refused < 64 || err == nil && answer.StatusCode != http.StatusServiceUnavailable {
			f.Fatalf("connection %d of an address: %v %v", i, answer, err)
		}
		f.refused++
		c.Close()
	}
}

// trickle sends a byte more of each request that isn't whole.
func (f *flooding) trickle() {
	for i, c := range f.kept {
		if i%len(slowKinds) < 2 {
			_, _ = c.Write([]byte{'x'})
		}
	}
}

// floodShare is how many connections one address may have (Limits.Address).
const floodShare = 256

// N2: a thousand slow connections from one address. As many are kept as one address may have, the others are told so and counted, and who comes
// from elsewhere is served as before: its requests, its streams, and what it submits.
func TestFloodOfConnections(t *testing.T) {
	r := start(t, setup{auto: true, limits: api.Limits{Header: time.Minute, Request: time.Minute}}) // none is ended for being slow
	f := &flooding{rig: r}
	f.open(1000, "127.0.0.2")
	if f.refused != 1000-floodShare || r.gauge("thinkey_api_connections_refused_total") != fmt.Sprint(f.refused) {
		t.Errorf("%d are refused, and %s counted", f.refused, r.gauge("thinkey_api_connections_refused_total"))
	}
	r.until("all streams of the address are there", func() bool { return r.gauge("thinkey_api_streams") == fmt.Sprint(floodShare/len(slowKinds)) })
	for nonce := range uint64(30) {
		f.trickle()
		m := r.transfer("alice", "bob", nonce)
		r.submit(m)
		if got, err := r.client.Wait(t.Context(), m.ID()); err != nil || got.State != client.StateFinal {
			t.Fatalf("payment %d: %+v, %v", nonce, got, err)
		}
	}
	c := r.dial()
	if _, err := c.Write([]byte(slowKinds[3])); err != nil {
		t.Fatal(err)
	}
	if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("a stream of another address: %v %v", answer, err)
	}
	if open, err := strconv.Atoi(r.gauge("thinkey_api_connections")); err != nil || open < floodShare || open > floodShare+10 { // and the test's own
		t.Errorf("%d connections are open, %v", open, err)
	}
	for _, c := range f.kept {
		c.Close()
	}
	r.until("the address has its share again", func() bool { return r.gauge("thinkey_api_streams") == "1" })
}

// N2: streams of one address leave some to others.
func TestStreamShare(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Address: 4}})
	status := func(address string) int {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		c, err := d.DialContext(t.Context(), "tcp", r.server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write([]byte(slowKinds[3])); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode
	}
	for _, x := range []struct {
		address string
		status  int
	}{{"127.0.0.2", 200}, {"127.0.0.2", 503}, {"127.0.0.3", 200}, {"127.0.0.2", 503}} {
		if got := status(x.address); got != x.status {
			t.Errorf("a stream from %s: %d", x.address, got)
		}
	}
}

// N3: each is ended when its time is over, and counted; a connection that is idle between two requests isn't.
func TestSlowAreCounted(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Header: 50 * time.Millisecond, Request: 50 * time.Millisecond, Idle: 50 * time.Millisecond}})
	if r.info().Height != 0 {
		t.Fatal("a chain that stands still is wanted")
	}
	slow := func() string { return r.gauge(`thinkey_api_slow_total{what="request"}`) }
	before := slow()
	idle := r.dial()
	if _, err := idle.Write([]byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(idle).ReadString(0); err == nil { // up to its end
		t.Error("it goes on")
	}
	if got := slow(); got != before {
		t.Errorf("an idle connection is counted as slow: %s", got)
	}
	f := &flooding{rig: r}
	f.open(2, "127.0.0.2")
	r.until("both are ended", func() bool { return slow() == "2" })
}

// N2: however small the share of an address is, the longest submission is taken: to see that it ends takes a byte more.
func TestShareTakesLongest(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Address: 1}})
	answer, err := http.Post("http://"+r.server.Addr()+"/v1/messages", client.TypeMessages, struct{ io.Reader }{bytes.NewReader(make([]byte, client.MaxSubmissionBytes))}) // of no announced length
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge { // too many messages: it was read
		t.Errorf("a submission of %d bytes: %s", client.MaxSubmissionBytes, answer.Status)
	}
}
