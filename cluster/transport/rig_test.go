package transport

import (
	"bufio"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// network is hosts on loopback, of which some keys are registered.
type network struct {
	*testing.T
	mu      sync.Mutex
	members map[keys.PublicKey]bool
}

func newNetwork(t *testing.T) *network {
	return &network{T: t, members: map[keys.PublicKey]bool{}}
}

func testKey(n byte) keys.PrivateKey { return keys.FromSeed([32]byte{n, 1}) }

func (n *network) isMember(k keys.PublicKey) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.members[k]
}

func (n *network) setMember(k keys.PublicKey, is bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.members[k] = is
}

// events of a host: one for each change of a peer.
type event struct {
	node keys.PublicKey
	up   bool
}

// host is a Host with its events.
type host struct {
	*Host
	events chan event
}

func (n *network) host(key byte, change ...func(*Config)) *host {
	n.Helper()
	h := &host{events: make(chan event, 1024)}
	c := Config{
		Key: testKey(key), Listen: "127.0.0.1:0", Network: chain.NetworkID{1}, Software: "test", Member: n.isMember,
		Beat: 50 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Changed: func(node keys.PublicKey, up bool) { h.events <- event{node, up} },
	}
	n.setMember(c.Key.Public(), true)
	for _, f := range change {
		f(&c)
	}
	var err error
	if h.Host, err = Listen(c); err != nil {
		n.Fatal(err)
	}
	n.Cleanup(h.Close)
	return h
}

func (h *host) open(t testing.TB, id uint32, c ChannelConfig) (*Channel, chan letter) {
	t.Helper()
	ch, err := h.Open(id, c)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan letter, 4096)
	ch.Receive(func(from keys.PublicKey, raw []byte) { got <- letter{from: from, raw: raw} })
	return ch, got
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// next waits for something from a channel.
func next[T any](t testing.TB, what string, from chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(2 * time.Minute):
		t.Fatalf("never: %s", what)
	}
	return v
}

// connect lets one host reach another, and waits until both know, and know each other's channels.
func connect(t testing.TB, a, b *host, channel *Channel, other *Channel) {
	t.Helper()
	if err := a.Reach(b.Key(), b.Addr()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both have the channel of the other", func() bool {
		return len(channel.Peers()) > 0 && len(other.Peers()) > 0
	})
}

// raw is a node that does what the test wants, from the handshake on.
type raw struct {
	testing.TB
	*tls.Conn
	reader *bufio.Reader
	buf    []byte
}

// dialRaw connects and says hello; it reads the other's.
func (n *network) dialRaw(h *host, key byte, change ...func(*Hello)) *raw {
	n.Helper()
	r, err := n.tryRaw(h, key, change...)
	if err != nil {
		n.Fatal(err)
	}
	return r
}

func (n *network) tryRaw(h *host, key byte, change ...func(*Hello)) (*raw, error) {
	mine, err := certificate(testKey(key))
	if err != nil {
		return nil, err
	}
	socket, err := net.Dial("tcp", h.Addr())
	if err != nil {
		return nil, err
	}
	_ = socket.(*net.TCPConn).SetReadBuffer(64 << 10)
	n.Cleanup(func() { socket.Close() })
	r := &raw{TB: n, Conn: tls.Client(socket, secured(mine)), buf: make([]byte, maxFrameBytes)}
	r.reader = bufio.NewReader(r.Conn)
	hello := Hello{OldestVersion, NewestVersion, chain.NetworkID{1}, uint64(key), "raw"}
	for _, f := range change {
		f(&hello)
	}
	if _, err := r.Write(appendFrame(nil, hello)); err != nil {
		return nil, err
	}
	_, _, err = readHello(r.reader, hello)
	return r, err
}

// send writes frames.
func (r *raw) send(frames ...frame) {
	r.Helper()
	var b []byte
	for _, f := range frames {
		b = appendFrame(b, f)
	}
	if _, err := r.Write(b); err != nil {
		r.Fatal(err)
	}
}

// frame reads one.
func (r *raw) frame() (frame, error) {
	_ = r.SetReadDeadline(time.Now().Add(2 * time.Minute))
	b, err := readFrame(r.reader, r.buf)
	if err != nil {
		return nil, err
	}
	return decodeFrame(b)
}

// room reads until the other end has given credit for a class.
func (r *raw) room(c Class) *raw {
	r.Helper()
	for {
		f, err := r.frame()
		if err != nil {
			r.Fatal(err)
		}
		if f, ok := f.(credit); ok && f.class == c {
			return r
		}
	}
}

// ends reads until the connection ends.
func (r *raw) ends() {
	r.Helper()
	for {
		if _, err := r.frame(); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				r.Fatal("the connection goes on")
			}
			return
		}
	}
}
