package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// bad is a body that is refused: with which code and status.
type bad struct {
	name   string
	body   []byte
	kind   string
	code   string
	status int
}

// signedBy signs with another key than the account's.
func signedBy(m *chain.Message, k keys.PrivateKey) []byte { return m.Clone().Sign(k).Encode() }

// after changes an encoded message behind its signature's back.
func after(m *chain.Message, change func(*chain.Message)) []byte {
	c := m.Clone()
	change(c)
	return c.Encode()
}

// over is an encoded message, of the largest amount, with a byte more in it.
func over(encoded []byte) []byte {
	at := bytes.Index(encoded, chain.MaxAmount.Append(nil))
	return slices.Insert(bytes.Clone(encoded), at, 1)
}

// badMessages are messages that can't be taken while alice's next nonce is 1, and a message with it waits.
func badMessages(r *rig) []bad {
	good := r.transfer("bob", "charlie", 0)
	with := func(change func(*chain.Message)) []byte { return r.transfer("bob", "charlie", 0, change).Encode() }
	one := func(name string, body []byte, code string, status int) bad {
		return bad{name, body, client.TypeMessage, code, status}
	}
	stranger := address("nobody")
	return []bad{
		one("undecodable", []byte("hello"), "undecodable", 400),
		one("nothing", nil, "undecodable", 400),
		one("a message cut short", good.Encode()[:100], "undecodable", 400),
		one("a message with a byte behind it", append(good.Encode(), 0), "undecodable", 400),
		one("oversized", make([]byte, chain.MaxPublicationBytes+1), "too_large", 413),
		one("oversized for anything but a publication", with(func(m *chain.Message) { m.Input = make([]byte, chain.MaxMessageBytes) }), "too_large", 413),
		one("unsigned", after(good, func(m *chain.Message) { m.Proof = nil }), "unsigned", 422),
		one("half a signature", after(good, func(m *chain.Message) { m.Proof = m.Proof[:60] }), "unsigned", 422),
		one("signed with another key", signedBy(good, key("alice")), "wrong_key", 422),
		one("signature of something else", after(good, func(m *chain.Message) { m.Proof[70] ^= 1 }), "bad_signature", 422),
		one("changed after signing", after(good, func(m *chain.Message) { m.Amount = chain.NewAmount(6) }), "bad_signature", 422),
		one("an amount over 2^128", over(with(func(m *chain.Message) { m.Amount = chain.MaxAmount })), "undecodable", 400),
		one("wrong network", with(func(m *chain.Message) { m.Network[0] ^= 1 }), "wrong_network", 422),
		one("wrong chain", with(func(m *chain.Message) {
			a := chain.KeyAddress(2, key("bob").Public())
			m.From, m.To, m.Payer = a, a, a
		}), "wrong_chain", 422),
		one("a relay from outside", with(func(m *chain.Message) { m.Kind = chain.Relay }), "undecodable", 400),
		one("an unsigned relay from outside", after(good, func(m *chain.Message) { m.Kind, m.Proof = chain.Relay, nil }), "not_external", 422),
		one("to another account", with(func(m *chain.Message) { m.To = address("alice") }), "wrong_receiver", 422),
		one("paid by another account", with(func(m *chain.Message) { m.Payer = address("alice") }), "wrong_payer", 422),
		one("expired", with(func(m *chain.Message) { m.ValidUntil = 1 }), "expired", 422),
		one("nonce too low", r.transfer("alice", "bob", 0, func(m *chain.Message) { m.Amount = chain.NewAmount(9) }).Encode(), "nonce_used", 409),
		one("nonce far too high", with(func(m *chain.Message) { m.Nonce = 1000 }), "nonce_ahead", 422),
		one("nonce beyond reason", with(func(m *chain.Message) { m.Nonce = math.MaxUint64 }), "nonce_ahead", 422),
		one("nonce taken", r.transfer("alice", "bob", 1, func(m *chain.Message) { m.Amount = chain.NewAmount(9) }).Encode(), "nonce_taken", 409),
		one("gas over balance", with(func(m *chain.Message) { m.GasPrice = balance }), "gas_over_balance", 422),
		one("gas of 2^128", with(func(m *chain.Message) { m.GasPrice, m.GasLimit = math.MaxUint64, chain.MaxMessageGas }), "gas_over_balance", 422),
		one("gas below the minimum", with(func(m *chain.Message) { m.GasLimit = 100 }), "gas_limit_low", 422),
		one("gas above the maximum", with(func(m *chain.Message) { m.GasLimit = chain.MaxMessageGas + 1 }), "gas_limit_high", 422),
		one("gas price below the minimum", with(func(m *chain.Message) { m.GasPrice = 1 }), "gas_price_low", 422),
		one("unknown method", with(func(m *chain.Message) { m.Method = "mint" }), "unknown_method", 422),
		one("no method", with(func(m *chain.Message) { m.Method = "" }), "unknown_method", 422),
		one("input that is none of its method", with(func(m *chain.Message) { m.Input = m.Input[:5] }), "bad_input", 422),
		one("a setcode with an amount", with(func(m *chain.Message) { m.Method, m.Input = chain.MethodSetCode, make([]byte, 32) }), "bad_input", 422),
		one("an account that doesn't exist", func() []byte {
			return r.transfer("nobody", "bob", 0, func(m *chain.Message) { m.From, m.To, m.Payer = stranger, stranger, stranger }).Encode()
		}(), "no_account", 422),
	}
}

// badBodies are submissions that can't be read.
func badBodies(r *rig) []bad {
	good := r.transfer("bob", "charlie", 0).Encode()
	many := func(name string, body []byte, code string, status int) bad {
		return bad{name, body, client.TypeMessages, code, status}
	}
	return []bad{
		many("nothing", nil, "bad_request", 400),
		many("a length cut short", []byte{0, 0}, "truncated", 400),
		many("a message cut short", wire.AppendBytes(nil, good)[:50], "truncated", 400),
		many("a length beyond reason", []byte{255, 255, 255, 255, 1}, "truncated", 400),
		many("too many messages", make([]byte, 4*(client.MaxSubmission+1)), "too_many", 413),
		many("too many bytes", make([]byte, client.MaxSubmissionBytes+1), "too_large", 413),
		{"another content type", good, "application/json", "media_type", 415},
		{"no content type", good, "", "media_type", 415},
		{"a content type that can't be read", good, ";;", "media_type", 415},
	}
}

// Whatever is wrong with a message, its refusal says so with a code of its own, and nothing changes.
func TestBadInput(t *testing.T) {
	r := start(t, setup{})
	used := r.transfer("alice", "bob", 0)
	waits := r.transfer("alice", "bob", 1)
	r.submit(used)
	r.mine(1)
	r.submit(waits)
	before := r.state()
	for _, b := range append(badMessages(r), badBodies(r)...) {
		t.Run(b.name, func(t *testing.T) {
			status, body, _ := r.send(http.MethodPost, "/v1/messages", b.kind, b.body)
			if e := r.refusal(body); e.Code != b.code || status != b.status {
				t.Errorf("%d %+v, want %d %s", status, e, b.status, b.code)
			}
			if now := r.state(); now != before {
				t.Errorf("state was\n%s, and is now\n%s", before, now)
			}
		})
	}
	for _, m := range []*chain.Message{used, waits} { // replayed: known by its id, and not handled again
		status, body, _ := r.send(http.MethodPost, "/v1/messages", client.TypeMessage, m.Encode())
		if status != 200 || !strings.Contains(body, m.ID().String()) {
			t.Errorf("replayed: %d %s", status, body)
		}
		if now := r.state(); now != before {
			t.Errorf("state was\n%s, and is now\n%s", before, now)
		}
	}
	r.mine(1)
	if a, err := r.client.Account(t.Context(), address("alice")); err != nil || a.Nonce != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

// An amount over balance is no bad input: its handling fails in a block, and costs the gas alone.
func TestAmountOverBalance(t *testing.T) {
	r := start(t, setup{})
	amount := func(a chain.Amount) func(*chain.Message) { return func(m *chain.Message) { m.Amount = a } }
	list := []*chain.Message{
		r.transfer("alice", "bob", 0, amount(chain.NewAmount(balance))), // and its gas
		r.transfer("alice", "bob", 1, amount(chain.NewAmount(balance+1))),
		r.transfer("alice", "bob", 2, amount(chain.MaxAmount)),
	}
	r.submit(list...)
	r.mine(1)
	paid := chain.NewAmount(0)
	for i, m := range list {
		got := r.message(m.ID())
		if got.State != client.StateFinal || got.Status != chain.StatusBalance || len(got.Sent) > 0 || got.Fee.IsZero() {
			t.Errorf("message %d: %+v", i, got)
		}
		paid, _ = paid.Add(got.Fee)
	}
	alice, err := r.client.Account(t.Context(), address("alice"))
	if left, _ := alice.Balance.Add(paid); err != nil || alice.Nonce != 3 || left != chain.NewAmount(balance) {
		t.Errorf("%+v, %v, fees %s", alice, err, paid)
	}
	if bob, err := r.client.Account(t.Context(), address("bob")); err != nil || bob.Balance != chain.NewAmount(balance) {
		t.Errorf("%+v, %v", bob, err)
	}
}

// In a submission of many, each message has its own answer, and the bad don't hurt the good.
func TestBadAmongGood(t *testing.T) {
	r := start(t, setup{})
	used := r.transfer("alice", "bob", 0)
	r.submit(used)
	r.mine(1)
	r.submit(r.transfer("alice", "bob", 1))
	var body []byte
	list := badMessages(r)
	for _, b := range list {
		body = wire.AppendBytes(body, b.body)
	}
	good := []*chain.Message{r.transfer("charlie", "bob", 0), r.transfer("dave", "bob", 0)}
	for _, m := range good {
		body = wire.AppendBytes(body, m.Encode())
	}
	status, text, _ := r.send(http.MethodPost, "/v1/messages", client.TypeMessages, body)
	var out client.Submission
	r.decode(text, &out)
	if status != 200 || len(out.Messages) != len(list)+2 {
		t.Fatalf("%d, %d answers for %d", status, len(out.Messages), len(list)+2)
	}
	for i, b := range list {
		if s := out.Messages[i]; s.State != client.StateRefused || s.Error == nil || s.Error.Code != b.code {
			t.Errorf("%s: %+v %v", b.name, s, s.Error)
		}
	}
	for i, m := range good {
		if s := out.Messages[len(list)+i]; s.State != client.StateAccepted || s.ID != m.ID() || s.Error != nil {
			t.Errorf("good %d: %+v", i, s)
		}
	}
	if in := r.info(); in.Waiting != 3 {
		t.Errorf("%d wait", in.Waiting)
	}
}

// dial opens a bare connection.
func (r *rig) dial() net.Conn {
	r.Helper()
	c, err := net.Dial("tcp", r.server.Addr())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute)) // of the test
	return c
}

// answerOn reads an answer from a bare connection, and then its end.
func (r *rig) answerOn(c net.Conn) (int, string) {
	r.Helper()
	in := bufio.NewReader(c)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		r.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, in); n > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		r.Fatalf("the connection goes on: %d bytes, %v", n, err)
	}
	return answer.StatusCode, string(body)
}

func (r *rig) post(c net.Conn, headers string, body []byte) {
	r.Helper()
	text := "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + client.TypeMessages + "\r\n" + headers + "\r\n\r\n"
	if _, err := c.Write(append([]byte(text), body...)); err != nil {
		r.Fatal(err)
	}
}

// N3: who sends slowly, or without end, or less than announced, is answered and cut off, and holds nothing afterwards.
func TestSlowAndEndlessRequests(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Header: 50 * time.Millisecond, Request: 100 * time.Millisecond}})
	before := r.state()
	whole := wire.AppendBytes(nil, r.transfer("alice", "bob", 0).Encode())

	t.Run("drip", func(t *testing.T) {
		c := r.dial()
		r.post(c, fmt.Sprintf("Content-Length: %d", len(whole)), whole[:40]) // and then nothing
		if status, body := r.answerOn(c); status != 408 || r.refusal(body).Code != client.CodeSlow {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("drip of headers", func(t *testing.T) {
		c := r.dial()
		if _, err := c.Write([]byte("GET /v1/info HTTP/1.1\r\nHo")); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || len(b) > 0 && !bytes.HasPrefix(b, []byte("HTTP/1.1 4")) {
			t.Errorf("%s %v", b, err)
		}
	})
	t.Run("less than announced", func(t *testing.T) {
		c := r.dial()
		r.post(c, fmt.Sprintf("Content-Length: %d", len(whole)), whole[:40])
		_ = c.(*net.TCPConn).CloseWrite()
		if status, body := r.answerOn(c); status != 400 || r.refusal(body).Code != client.CodeTruncated {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("too much announced", func(t *testing.T) {
		c := r.dial() // refused for what it says: nothing else comes
		r.post(c, fmt.Sprintf("Content-Length: %d", client.MaxSubmissionBytes+1), nil)
		if status, body := r.answerOn(c); status != 413 || r.refusal(body).Code != client.CodeTooLarge {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("headers without end", func(t *testing.T) {
		c := r.dial()
		_, _ = c.Write([]byte("GET /v1/info HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("a", 1<<20)))
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil && answer.StatusCode != 431 {
			t.Errorf("%d", answer.StatusCode)
		}
	})
	r.until("all is as before", func() bool { return r.state() == before })
}

// N2: a body without end is refused where its limit is.
func TestEndlessBody(t *testing.T) {
	r := start(t, setup{})
	before := r.state()
	c := r.dial()
	go func() {
		piece := append([]byte("100000\r\n"), make([]byte, 1<<20+2)...)
		copy(piece[len(piece)-2:], "\r\n")
		text := "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + client.TypeMessages + "\r\nTransfer-Encoding: chunked\r\n\r\n"
		_, err := c.Write([]byte(text))
		for err == nil {
			_, err = c.Write(piece)
		}
	}()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 413 || r.refusal(string(body)).Code != client.CodeTooLarge {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	c.Close()
	r.until("all is as before", func() bool { return r.state() == before })
}
