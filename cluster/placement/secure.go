package placement

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/thinkey/thinkey/cluster/entrance"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Errors with which a connection is refused.
var (
	ErrStranger = errors.New("the key is not registered, or shut out for a while")
	ErrBusy     = errors.New("too much is under way: try again in a second")
	errAddress  = errors.New("the node there has another key than the one that said it is there")
)

const (
	// handshakes is how many may be under way with addresses of nodes that are known, and as many with all others; handshakesEach how many of them
	// with one address.
	handshakes, handshakesEach = 64, 16
	// connectionsEach is how many connections a node may have: one, and the one that takes its place.
	connectionsEach = 2
)

// secure is gRPC's view of the TLS between nodes (P2, P4).
type secure struct {
	p   *Placement
	tls *tls.Config
}

// shownKey is what a connection has shown.
type shownKey struct {
	credentials.CommonAuthInfo
	key keys.PublicKey
}

// AuthType implements credentials.AuthInfo.
func (shownKey) AuthType() string { return "node" }

func shown(k keys.PublicKey) shownKey {
	return shownKey{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}, k}
}

// ClientHandshake implements credentials.TransportCredentials: the node at an address is one that said that it is there.
func (s *secure) ClientHandshake(ctx context.Context, address string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, s.p.config.Patience)
	defer cancel()
	c := tls.Client(raw, s.tls)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	key, err := transport.NodeOf(c.ConnectionState())
	if err == nil && s.p.config.Member(key) && s.p.known.Load().claims[key] == address && s.p.proven.put(address, key) {
		s.p.Changed()
	}
	if err == nil && (!s.p.known.Load().isAt(key, address) || !s.p.config.Member(key)) {
		s.p.counts.add(CountAddress)
		err = errAddress
	}
	if err != nil {
		return nil, nil, err
	}
	return c, shown(key), nil
}

// ServerHandshake implements credentials.TransportCredentials.
func (s *secure) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if s.p.doors.isClosed() {
		s.p.counts.add(CountBusy)
		return nil, nil, ErrBusy
	}
	leave, ok := s.p.entrance.Enter(entrance.From(raw))
	if !ok {
		s.p.counts.add(CountBusy)
		return nil, nil, ErrBusy
	}
	defer leave()
	ctx, cancel := context.WithTimeout(context.Background(), s.p.config.Patience)
	defer cancel()
	c := tls.Server(raw, s.tls)
	if err := c.HandshakeContext(ctx); err != nil {
		s.p.counts.add(CountHandshake)
		return nil, nil, fmt.Errorf("handshake: %w", err)
	}
	key, err := transport.NodeOf(c.ConnectionState())
	if err == nil && (!s.p.config.Member(key) || s.p.bans.has(key)) {
		s.p.counts.add(CountStranger)
		err = ErrStranger
	}
	if err != nil {
		return nil, nil, err
	}
	return s.p.doors.open(c, key), shown(key), nil
}

// Info implements credentials.TransportCredentials.
func (s *secure) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone implements credentials.TransportCredentials.
func (s *secure) Clone() credentials.TransportCredentials { return &secure{s.p, s.tls.Clone()} }

// OverrideServerName implements credentials.TransportCredentials: no name counts here.
func (s *secure) OverrideServerName(string) error { return nil }

// doors are the connections that others make.
type doors struct {
	mu     sync.Mutex                    // guards the rest
	of     map[keys.PublicKey][]*doorway // oldest first
	closed bool
}

// doorway is a connection that a node made.
type doorway struct {
	net.Conn
	doors *doors
	key   keys.PublicKey
	once  sync.Once
}

// let opens them: what frames are held to is known.
func (d *doors) let() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = false
}

func (d *doors) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// open gives a connection its place; the oldest of the node's that is one too many ends.
func (d *doors) open(c net.Conn, key keys.PublicKey) net.Conn {
	way := &doorway{Conn: c, doors: d, key: key}
	d.mu.Lock()
	list := append(d.of[key], way)
	var extra *doorway
	if len(list) > connectionsEach {
		extra, list = list[0], list[1:]
	}
	d.of[key] = list
	d.mu.Unlock()
	if extra != nil {
		_ = extra.Conn.Close() // gRPC closes it once more, when it sees that
	}
	return way
}

// Close implements net.Conn.
func (w *doorway) Close() error {
	w.once.Do(func() {
		d := w.doors
		d.mu.Lock()
		defer d.mu.Unlock()
		list := d.of[w.key][:0:0]
		for _, other := range d.of[w.key] {
			if other != w {
				list = append(list, other)
			}
		}
		if d.of[w.key] = list; len(list) == 0 {
			delete(d.of, w.key)
		}
	})
	return w.Conn.Close()
}

// bans are the nodes that are shut out, until when. Only registered keys get there: there are few.
type bans struct {
	mu    sync.Mutex // guards until
	until map[keys.PublicKey]time.Time
}

// banTime is how long: a mended node is back soon, and one that isn't costs a handshake in this time.
const banTime = 10 * time.Second

func (b *bans) add(k keys.PublicKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for old, until := range b.until {
		if now.After(until) {
			delete(b.until, old)
		}
	}
	b.until[k] = now.Add(banTime)
}

func (b *bans) has(k keys.PublicKey) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Before(b.until[k])
}
