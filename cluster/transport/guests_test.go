package transport

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/entrance"
)

// idleFor lets a stranger have asked for nothing for as long.
func (n *network) idleFor(h *host, key byte, age time.Duration) {
	p := h.peer(testKey(key).Public())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn.asked = time.Now().Add(-age)
}

// Where strangers have taken all places, another one takes that of who has asked for nothing for the longest, if that is long.
func TestIdleStrangers(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Strangers = 2 })
	_, got := a.open(t, 8, ChannelConfig{Public: true})
	first, second := n.dialRaw(a, 60).room(Rest), n.dialRaw(a, 61).room(Rest)
	refused := func() {
		t.Helper()
		if f, err := n.dialRaw(a, 62).frame(); err != nil || f != (bye{ErrFull.Error()}) {
			t.Errorf("%v, %v", f, err)
		}
	}
	refused()
	n.idleFor(a, 60, 2*strangerIdle)
	n.idleFor(a, 61, 3*strangerIdle)
	second.send(begin{Rest, 8, 5, []byte("hello")}, ping{1})
	next(t, "a question", got)
	third := n.dialRaw(a, 63).room(Rest)
	goes := func(r *raw) {
		t.Helper()
		for {
			f, err := r.frame()
			if f == (bye{errIdle.Error()}) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	goes(first)
	refused() // nobody has been idle for long
	n.idleFor(a, 61, 2*strangerIdle)
	n.idleFor(a, 63, 3*strangerIdle)
	third.send(ping{1}) // that asks for nothing
	n.dialRaw(a, 64).room(Rest)
	goes(third)
	eventually(t, "the others have their places", func() bool { return guests(a) == 2 && connections(a) == 2 && a.peer(testKey(61).Public()) != nil })
	eventually(t, "all four are counted", func() bool { return a.Counts()[CountStrangers] == 4 })
	second.Close()
	eventually(t, "a place is free", func() bool { return guests(a) == 1 })
}

// at is a connection from an address.
type at struct {
	net.Conn
	addr net.Addr
}

func (c at) RemoteAddr() net.Addr { return c.addr }

// come is a connection that has a place among the peers, if it gets one, and that nobody serves.
func come(h *host, key byte, ip string) error {
	near, far := net.Pipe()
	far.Close()
	c := at{near, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}
	return h.register(&conn{Conn: c, raw: c, wake: make(chan struct{}, 1), ended: make(chan struct{}), asked: time.Now()}, testKey(key).Public())
}

// One place is taken once, however many come before the connection that had it has ended.
func TestPlacesAreTakenOnce(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Strangers = 2 })
	for i, want := range []error{nil, nil, nil, nil, ErrFull} {
		if err := come(a, byte(70+i), "192.0.2.1"); !errors.Is(err, want) {
			t.Errorf("number %d: %v, want %v", i, err, want)
		}
		if i < 2 {
			n.idleFor(a, byte(70+i), 2*strangerIdle)
		}
	}
	if n := guests(a); n != 2 {
		t.Errorf("%d have a place", n)
	}
}

// N6: who has the first half of an IPv6 address has one share, and a node that is dialed is expected behind its half; an IPv4 address is one however it is
// written.
func TestHalves(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) {
		c.Strangers, c.StrangersEach = 3, 2
		c.Dial = func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody is there") }
	})
	for i, c := range []struct {
		ip   string
		want error
	}{{"2001:db8::1", nil}, {"2001:db8::2", nil}, {"2001:db8::3", ErrFull}, {"2001:db8:0:1::1", nil}, {"192.0.2.1", ErrFull}} {
		if err := come(a, byte(70+i), c.ip); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.ip, err, c.want)
		}
	}
	n.idleFor(a, 70, 2*strangerIdle) // of an address that has its share it frees none
	if err := come(a, 75, "2001:db8::5"); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	for _, c := range []struct{ dialed, from string }{{"[2001:db8:2::1]:5", "2001:db8:2::2"}, {"[::ffff:192.0.2.7]:5", "192.0.2.7"}} {
		if err := a.Reach(testKey(80).Public(), c.dialed); err != nil {
			t.Fatal(err)
		}
		if !a.expects(entrance.Host(c.from)) || len(a.expected) != 1 {
			t.Errorf("%s is dialed, and nobody expected from %s: %v", c.dialed, c.from, a.expected)
		}
	}
	a.Forget(testKey(80).Public())
	if len(a.expected) != 0 {
		t.Errorf("%v", a.expected)
	}
}
