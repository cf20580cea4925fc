package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

var errEnough = errors.New("enough")

// blocksAfter reads n blocks of a stream.
func (r *rig) blocksAfter(after uint64, n int) []client.Block {
	r.Helper()
	var got []client.Block
	err := r.client.Blocks(r.Context(), after, func(b client.Block) error {
		if got = append(got, b); len(got) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		r.Fatal(err)
	}
	return got
}

// N5: a stream of blocks can be taken up after each of them, and has the same contents whenever it is read.
func TestBlocksFromAnywhere(t *testing.T) {
	r := start(t, setup{})
	r.submit(r.transfer("alice", "bob", 0), r.call(1))
	r.mine(6)
	all := r.blocksAfter(0, 6)
	if all[0].Events != 5 || all[0].Failed != 1 || all[0].Inputs != 2 || all[0].Accounts != 2 || all[5].Hash != r.info().Block {
		t.Errorf("%+v", all[0])
	}
	for after := range 5 {
		if got := r.blocksAfter(uint64(after), 6-after); !reflect.DeepEqual(got, all[after:]) {
			t.Errorf("after %d: %+v", after, got)
		}
	}
	one, err := r.client.Block(t.Context(), 1)
	one.Messages = nil
	if err != nil || !reflect.DeepEqual(one, all[0]) {
		t.Errorf("%+v, %v", one, err)
	}
}

// A reader that was there all the time sees every block, also when the server was away for a while.
func TestBlocksOverRestarts(t *testing.T) {
	r := start(t, setup{})
	const blocks = 30
	var got []client.Block
	seen := make(chan uint64, blocks)
	done := make(chan error, 1)
	go func() {
		done <- client.New(r.url).Blocks(t.Context(), 0, func(b client.Block) error {
			got = append(got, b)
			seen <- b.Height
			if b.Height == blocks {
				return errEnough
			}
			return nil
		})
	}()
	for i := range uint64(blocks) {
		if i%10 == 5 { // while it is away, two blocks are made
			r.stop()
			for range 2 {
				if err := r.node.Mine(1); err != nil {
					t.Fatal(err)
				}
			}
			r.serve()
			continue
		}
		if r.node.Head().Header.Height < blocks {
			if err := r.node.Mine(1); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				for <-seen < r.node.Head().Header.Height {
				}
			}
		}
	}
	for r.node.Head().Header.Height < blocks {
		if err := r.node.Mine(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	for i, b := range got {
		if b.Height != uint64(i+1) || i > 0 && b.Parent != got[i-1].Hash {
			t.Fatalf("block %d came as number %d", b.Height, i+1)
		}
	}
}

// steps reads a tree's progress from a cursor on, as lines.
func (r *rig) steps(id chain.MessageID, after int) []string {
	r.Helper()
	status, body, header := r.send("GET", fmt.Sprintf("/v1/messages/%s/events?after=%d", id, after), "", nil)
	if status != 200 || header.Get("Content-Type") != "text/event-stream" {
		r.Fatalf("%d %s", status, body)
	}
	var out []string
	for part := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		if strings.HasPrefix(part, "event:") {
			out = append(out, part)
		}
	}
	return out
}

// N5: the steps of a tree have the same numbers and order whether it is followed while it grows or afterwards, from
// whichever of its messages, and from whichever step on.
func TestFollow(t *testing.T) {
	r := start(t, setup{limits: api.Limits{KeepAlive: 5 * time.Millisecond}})
	m := r.call(0)
	raw := halfway(t, m)
	r.submit(m)
	var live []string
	var done sync.WaitGroup
	accepted, first := make(chan struct{}), make(chan struct{})
	done.Go(func() {
		err := r.client.Follow(t.Context(), m.ID(), func(p client.Progress) error {
			live = append(live, fmt.Sprintf("%d %s %s", p.Number, p.Message.State, p.Message.ID))
			switch p.Number {
			case 1:
				close(accepted)
			case 3:
				close(first)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-accepted
	r.take(raw)
	<-first // hello is queued now, and the stream goes on
	r.mine(1)
	done.Wait()
	tree := r.trace(m.ID())
	hello := tree.Root.Children[0]
	bounce := hello.Children[0]
	want := []string{
		"1 accepted " + m.ID().String(), "2 final " + m.ID().String(), "3 accepted " + hello.ID.String(),
		"4 final " + hello.ID.String(), "5 accepted " + bounce.ID.String(), "6 final " + bounce.ID.String(),
	}
	if !reflect.DeepEqual(live, want) {
		t.Fatalf("live\n%s\nwant\n%s", strings.Join(live, "\n"), strings.Join(want, "\n"))
	}
	all := r.steps(m.ID(), 0)
	if len(all) != 7 || !strings.HasPrefix(all[6], "event: complete") {
		t.Fatalf("%d events:\n%s", len(all), strings.Join(all, "\n"))
	}
	for i, w := range want {
		number, rest, _ := strings.Cut(w, " ")
		state, id, _ := strings.Cut(rest, " ")
		if !strings.Contains(all[i], "\nid: "+number+"\n") || !strings.Contains(all[i], `"state":"`+state+`"`) || !strings.Contains(all[i], `"id":"`+id+`"`) {
			t.Errorf("step %s is %s", w, all[i])
		}
	}
	for _, id := range []chain.MessageID{m.ID(), hello.ID, bounce.ID} {
		for after := range 7 {
			if got := r.steps(id, after); !reflect.DeepEqual(got, all[after:]) {
				t.Errorf("from %s after %d:\n%s", id, after, strings.Join(got, "\n"))
			}
		}
	}
}

// A silent stream shows that it is alive, and outlasts what any other request may take.
func TestKeepAlive(t *testing.T) {
	limits := api.Limits{KeepAlive: 5 * time.Millisecond, Header: 50 * time.Millisecond, Request: 50 * time.Millisecond, Write: 100 * time.Millisecond}
	r := start(t, setup{limits: limits})
	began := time.Now()
	c := r.dial()
	if _, err := c.Write([]byte("GET /v1/blocks HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(answer.Body)
	for alive := 0; alive < 3 || time.Since(began) < 2*limits.Write; {
		if !in.Scan() {
			t.Fatal(in.Err())
		}
		if in.Text() == ": alive" {
			alive++
		}
	}
}

// pipes is a listener whose connections have no buffer: what isn't read isn't written.
type pipes struct {
	dialed chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialed:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.dialed <- far
	return near, nil
}

// N3: who doesn't read a stream loses it, and the place is free for others.
func TestSlowReaderIsDropped(t *testing.T) {
	r := start(t, setup{})
	r.mine(5)
	p := &pipes{dialed: make(chan net.Conn), closed: make(chan struct{})}
	c := r.config
	c.Limits = api.Limits{Streams: 1, Write: 50 * time.Millisecond}
	s := api.NewOn(p, c)
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	slow, _ := p.dial(t.Context(), "", "")
	if _, err := slow.Write([]byte("GET /v1/blocks?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(slow)
	answer, err := http.ReadResponse(in, nil)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	// From here on it reads nothing. The one place for a stream must come free.
	other := &http.Client{Transport: &http.Transport{DialContext: p.dial}}
	ctx, cancel := context.WithCancel(t.Context())
	r.until("the place is free", func() bool {
		q, _ := http.NewRequestWithContext(ctx, "GET", "http://localhost/v1/blocks?after=0", nil)
		answer, err := other.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode == 200
	})
	cancel()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	slow.Close()
}

// N2: answers that nobody takes are bounded together.
func TestUntakenAnswers(t *testing.T) {
	r := start(t, setup{node: func(c *node.Config) { c.Lane.Ahead, c.Lane.Messages = 400, 400 }})
	var ms []*chain.Message
	for i := range uint64(400) {
		ms = append(ms, r.transfer("alice", "bob", i))
	}
	r.submit(ms...)
	r.mine(1)
	raw, err := r.node.RawBlock(1)
	if err != nil {
		t.Fatal(err)
	}
	p := &pipes{dialed: make(chan net.Conn), closed: make(chan struct{})}
	c := r.config
	c.Limits = api.Limits{Answers: int64(len(raw))}
	s := api.NewOn(p, c)
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	other := &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
	get := func(path string) int {
		answer, err := other.Get("http://localhost" + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	slow, err := other.Get("http://localhost/v1/blocks/1/raw")
	if err != nil || slow.StatusCode != 200 {
		t.Fatal(slow, err)
	}
	if status := get("/v1/blocks/1/raw"); status != 503 {
		t.Errorf("a second long answer: %d", status)
	}
	if status := get("/v1/info"); status != 200 {
		t.Errorf("a short one: %d", status)
	}
	slow.Body.Close()
	r.until("there is room", func() bool { return get("/v1/blocks/1/raw") == 200 })
	other.CloseIdleConnections()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
