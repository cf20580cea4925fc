package weather

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"
)

// rig is a proxy between two nodes that are sockets of the test.
type rig struct {
	*testing.T
	*Proxy
	listeners []*net.TCPListener
	sockets   []*net.UDPConn
}

// patience is for what must happen; soon for what must not.
const (
	patience = 20 * time.Second
	soon     = 100 * time.Millisecond
)

func newRig(t *testing.T) *rig {
	r := &rig{T: t}
	var nodes []Node
	for i := range 2 {
		n := Node{From: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)})}
		for _, kind := range Kinds() {
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: n.From.AsSlice()})
			if err != nil {
				t.Skipf("this system has no loopback address %s: %v", n.From, err)
			}
			t.Cleanup(func() { _ = l.Close() })
			inside := l.Addr().(*net.TCPAddr).AddrPort()
			if kind == Links {
				r.listeners = append(r.listeners, l)
			} else {
				u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(inside))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = u.Close() })
				r.sockets = append(r.sockets, u)
			}
			free, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			n.Ports = append(n.Ports, Port{kind, free.Addr().(*net.TCPAddr).AddrPort(), inside})
			if err := free.Close(); err != nil {
				t.Fatal(err)
			}
		}
		nodes = append(nodes, n)
	}
	var err error
	if r.Proxy, err = Open(nodes); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// dial connects node 0 with node 1 as far as the proxy.
func (r *rig) dial() *net.TCPConn {
	r.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: r.nodes[0].From.AsSlice()}}
	c, err := d.DialContext(r.Context(), "tcp", r.nodes[1].Ports[0].Outside.String())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// taken is the connection as node 1 has it; nil if none comes in time.
func (r *rig) taken(within time.Duration) *net.TCPConn {
	r.Helper()
	_ = r.listeners[1].SetDeadline(time.Now().Add(within))
	c, err := r.listeners[1].AcceptTCP()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = c.Close() })
	return c
}

func (r *rig) connection() (a, b *net.TCPConn) {
	r.Helper()
	a = r.dial()
	if b = r.taken(patience); b == nil {
		r.Fatal("no connection comes about")
	}
	return a, b
}

func (r *rig) says(c *net.TCPConn, words string) {
	r.Helper()
	if _, err := c.Write([]byte(words)); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) hears(c *net.TCPConn, words string) {
	r.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(words))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != words {
		r.Fatalf("heard %q (%v), want %q", got, err, words)
	}
}

func (r *rig) silent(c *net.TCPConn) {
	r.Helper()
	_ = c.SetReadDeadline(time.Now().Add(soon))
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		r.Fatalf("%d bytes arrive, %v", n, err)
	}
}

func (r *rig) set(list ...Over) {
	r.Helper()
	if err := r.Set(list); err != nil {
		r.Fatal(err)
	}
}

// A node is told of as the one that dialed, not as the proxy.
func TestWhoDials(t *testing.T) {
	r := newRig(t)
	a, b := r.connection()
	if got := b.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(); got != r.nodes[0].From {
		t.Errorf("the connection comes from %s, want %s", got, r.nodes[0].From)
	}
	r.says(a, "there")
	r.hears(b, "there")
	r.says(b, "back")
	r.hears(a, "back")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the other end is closed, and read says %v", err)
	}
	stranger, err := net.Dial("tcp", r.nodes[1].Ports[0].Outside.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	if _, err := stranger.Read(make([]byte, 1)); err == nil || r.taken(soon) != nil {
		t.Errorf("who is no node comes through (%v)", err)
	}
}

// P2: what is cut one way goes on the other way, and what was sent meanwhile comes when the link is there again.
func TestCutOneWay(t *testing.T) {
	r := newRig(t)
	a, b := r.connection()
	cut := Over{0, 1, Links, Air{Cut: true}}
	r.set(cut)
	r.says(a, "late")
	r.silent(b)
	r.says(b, "back")
	r.hears(a, "back")
	r.dial()
	if r.taken(soon) != nil {
		t.Error("a connection comes about over a link that is cut")
	}
	if got := r.Air(); len(got) != 1 || got[0] != cut {
		t.Errorf("the air is %v", got)
	}
	r.set()
	r.hears(b, "late")
	if r.taken(patience) == nil {
		t.Error("the connection never comes about")
	}
}

// A connection needs both ways, and who gave up waiting for one is not connected later.
func TestCutBack(t *testing.T) {
	r := newRig(t)
	r.set(Over{1, 0, Links, Air{Cut: true}})
	c := r.dial()
	if r.taken(soon) != nil {
		t.Error("a connection comes about although no answer can")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(r.streams) == 0 })
	r.set()
	if r.taken(soon) != nil {
		t.Error("a connection comes about that nobody waits for")
	}
}

func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for late := time.After(patience); !is(); {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("it never comes")
		}
	}
}

// P1: whatever the delay and the losses, a stream is what was sent.
func TestStreamKeepsOrder(t *testing.T) {
	r := newRig(t)
	r.set(Over{0, 1, Links, Air{Delay: 20 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: 0.05}})
	a, b := r.connection()
	sent := make([]byte, 4<<20)
	for i := range sent {
		sent[i] = byte(rand.Uint32())
	}
	wrote := make(chan error, 1)
	began := time.Now()
	go func() {
		var err error
		for part := range slices.Chunk(sent, 10_000) {
			if _, err = a.Write(part); err != nil {
				break
			}
		}
		wrote <- errors.Join(err, a.CloseWrite())
	}()
	_ = b.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(b)
	if err := errors.Join(err, <-wrote); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes arrived of %d, not as sent: %v", len(got), len(sent), err)
	}
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("it took %s, and the delay is 20 ms", took)
	}
	if r.Counts()["lost on streams"] == 0 {
		t.Error("nothing was lost")
	}
	r.says(b, "back") // the other way is open still
	r.hears(a, "back")
}

func TestReset(t *testing.T) {
	r := newRig(t)
	a, b := r.connection()
	r.set(Over{0, 1, Links, Air{Reset: 1}})
	r.says(a, "x")
	_ = b.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(b); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection ends with %v, not as one that broke", err)
	}
}

func (r *rig) gossip(from int, words string) {
	r.Helper()
	if _, err := r.sockets[from].WriteToUDPAddrPort([]byte(words), r.nodes[1-from].Ports[1].Outside); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) heard(at int, within time.Duration) (string, netip.AddrPort) {
	r.Helper()
	buf := make([]byte, 100)
	_ = r.sockets[at].SetReadDeadline(time.Now().Add(within))
	n, from, err := r.sockets[at].ReadFromUDPAddrPort(buf)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		r.Fatal(err)
	}
	return string(buf[:n]), from
}

// Gossip can be cut while links are there: datagrams are lost then, not late.
func TestGossipCut(t *testing.T) {
	r := newRig(t)
	r.gossip(0, "one")
	if got, from := r.heard(1, patience); got != "one" || from != r.nodes[0].Ports[1].Outside {
		t.Fatalf("heard %q from %s, want it from the address that others know", got, from)
	}
	r.set(Over{0, 1, Gossip, Air{Cut: true}})
	r.gossip(0, "two")
	if got, _ := r.heard(1, soon); got != "" {
		t.Errorf("heard %q over a link that is cut", got)
	}
	r.gossip(1, "back")
	if got, _ := r.heard(0, patience); got != "back" {
		t.Errorf("heard %q", got)
	}
	a, b := r.connection()
	r.says(a, "links")
	r.hears(b, "links")
	r.set(Over{0, 1, Gossip, Air{Delay: soon}})
	began := time.Now()
	r.gossip(0, "three")
	if got, _ := r.heard(1, patience); got != "three" || time.Since(began) < soon {
		t.Errorf("heard %q after %s, want it after %s", got, time.Since(began), soon)
	}
}

// A proxy is told by others what the air is, and refuses what can't be.
func TestControl(t *testing.T) {
	r := newRig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Control(ctx, l) }()
	want := []Over{{0, 1, Links, Air{Delay: time.Second, Loss: 0.5}}, {1, 0, Gossip, Air{Cut: true}}}
	if s, err := Ask(ctx, l.Addr().String(), &want); err != nil || !slices.Equal(s.Air, want) {
		t.Fatalf("%v, %v", s, err)
	}
	for _, bad := range []Over{{0, 2, Links, Air{}}, {-1, 0, Links, Air{}}, {0, 1, "post", Air{}}, {0, 1, Links, Air{Loss: 2}}, {0, 1, Links, Air{Delay: -1}}, {0, 1, Links, Air{Jitter: 2 * MaxDelay}}} {
		if _, err := Ask(ctx, l.Addr().String(), &[]Over{bad}); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	junk, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := junk.Write([]byte("{{{\n")); err != nil {
		t.Fatal(err)
	}
	if s, err := Ask(ctx, l.Addr().String(), nil); err != nil || !slices.Equal(s.Air, want) {
		t.Errorf("%v, %v: it was changed by what was refused", s, err)
	}
	stop()
	if err := errors.Join(<-ended, junk.Close()); err != nil {
		t.Error(err)
	}
}
