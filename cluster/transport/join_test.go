package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

func connections(h *host) (n int) {
	for _, p := range h.Peers() {
		if p.Connected {
			n++
		}
	}
	return n
}

// guests are the places that strangers have: one is free a moment after its connection is gone.
func guests(h *host) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.guests[""]
}

// N3: two nodes that dial each other at once end up with one connection, the same at both ends, that works both ways.
func TestOneConnection(t *testing.T) {
	n := newNetwork(t)
	for round := range byte(10) {
		a, b := n.host(10+2*round), n.host(11+2*round)
		aCh, aGot := a.open(t, 7, ChannelConfig{})
		bCh, bGot := b.open(t, 7, ChannelConfig{})
		go a.Reach(b.Key(), b.Addr())
		go b.Reach(a.Key(), a.Addr())
		one := func(h *host, of keys.PublicKey) *conn {
			p := h.peer(of)
			if p == nil {
				return nil
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.conn
		}
		same := func() bool {
			x, y := one(a, b.Key()), one(b, a.Key())
			return x != nil && y != nil && x.LocalAddr().String() == y.RemoteAddr().String() && len(aCh.Peers()) == 1 && len(bCh.Peers()) == 1
		}
		eventually(t, "both have the same connection", same)
		// The other one may still come, and take its place: what is under way then is lost, and what is said after that is not.
		eventually(t, "both are heard", func() bool {
			aCh.Send(b.Key(), []byte("there"))
			bCh.Send(a.Key(), []byte("back"))
			return len(bGot) > 0 && len(aGot) > 0
		})
		if x, y := next(t, "there", bGot), next(t, "back", aGot); string(x.raw) != "there" || string(y.raw) != "back" {
			t.Errorf("%q, %q", x.raw, y.raw)
		}
		eventually(t, "both have the same connection in the end", same)
		a.Close()
		b.Close()
	}
}

// Both ends of two connections keep the same one, whichever comes first.
func TestReplaces(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	end := func(h, other *host, dialed bool, session uint64) *conn {
		return &conn{peer: newPeer(h.Host, other.Key(), true), dialed: dialed, hello: Hello{Session: session}}
	}
	fromA, fromAatB := end(a, b, true, 2), end(b, a, false, 1)
	fromB, fromBatA := end(b, a, true, 1), end(a, b, false, 2)
	if fromA.replaces(fromBatA) == fromBatA.replaces(fromA) || fromA.replaces(fromBatA) != fromAatB.replaces(fromB) || fromBatA.replaces(fromA) != fromB.replaces(fromAatB) {
		t.Error("the ends don't agree on which connection stays")
	}
	if !end(a, b, true, 3).replaces(fromBatA) || !end(a, b, false, 3).replaces(fromA) || !end(a, b, true, 2).replaces(fromA) {
		t.Error("a node that began anew, or dialed again, is held to a dead connection")
	}
}

// A node that was away, with another address or the same, is connected again without anybody's doing.
func TestReconnect(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	aCh, _ := a.open(t, 7, ChannelConfig{})
	bCh, _ := b.open(t, 7, ChannelConfig{})
	connect(t, a, b, aCh, bCh)
	addr := b.Addr()
	b.Close()
	eventually(t, "a sees that b is away", func() bool { return connections(a) == 0 })
	aCh.Send(b.Key(), []byte("lost"))
	if a.Counts()[CountAway] != 1 {
		t.Error("a message for a node that is away was not counted")
	}
	again := n.host(2, func(c *Config) { c.Listen = addr })
	_, got := again.open(t, 7, ChannelConfig{})
	eventually(t, "a has b again", func() bool { return len(aCh.Peers()) == 1 })
	aCh.Send(b.Key(), []byte("hello again"))
	if l := next(t, "a message", got); string(l.raw) != "hello again" {
		t.Errorf("%q", l.raw)
	}
	// It dies without a word, as after a loss of power, and comes back elsewhere: its new life counts at once.
	third := n.host(2)
	_, got = third.open(t, 7, ChannelConfig{})
	if err := third.Reach(a.Key(), a.Addr()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new life has a's channel", func() bool { p := third.peer(a.Key()); return p != nil && p.has(7) })
	eventually(t, "the old connection gave way", func() bool { return a.Counts()[CountReplaced] > 0 })
	aCh.Send(b.Key(), []byte("third"))
	if l := next(t, "a message", got); string(l.raw) != "third" {
		t.Errorf("%q", l.raw)
	}
}

// A channel is told of each member that has just opened it: at once, when it comes, when it comes again.
func TestMet(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	aCh, _ := a.open(t, 7, ChannelConfig{})
	met := make(chan keys.PublicKey, 100)
	aCh.Met(func(node keys.PublicKey) { met <- node })
	if err := a.Reach(b.Key(), b.Addr()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "they are connected", func() bool { return connections(a) == 1 })
	if len(met) > 0 {
		t.Error("told of a node that doesn't have the channel open")
	}
	bCh, _ := b.open(t, 7, ChannelConfig{})
	if k := next(t, "b has opened it", met); k != b.Key() {
		t.Error(k)
	}
	again := make(chan keys.PublicKey, 100)
	bCh.Met(func(node keys.PublicKey) { again <- node })
	next(t, "b is told at once of a", again)
	addr := b.Addr()
	b.Close()
	b = n.host(2, func(c *Config) { c.Listen = addr })
	b.open(t, 7, ChannelConfig{})
	next(t, "b has come again", met)
}

// A connection over which nothing comes any more is given up.
func TestSilence(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Silence = 300 * time.Millisecond })
	n.setMember(testKey(2).Public(), true)
	n.dialRaw(a, 2) // says nothing, not even pong
	if e := next(t, "up", a.events); !e.up {
		t.Error(e)
	}
	if e := next(t, "down", a.events); e.up {
		t.Error(e)
	}
}

// A message that doesn't come to its end holds room for a bounded time, also of a node that doesn't ask whether this one is there.
func TestEndless(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Longest, c.Slowest = time.Nanosecond, 1<<50 })
	a.open(t, 7, ChannelConfig{})
	n.setMember(testKey(2).Public(), true)
	r := n.dialRaw(a, 2).room(Rest)
	r.send(begin{Rest, 7, 1 << 20, bytes.Repeat([]byte{1}, fragmentBytes)})
	r.ends()
	eventually(t, "it is counted, and no ban", func() bool {
		return a.Counts()[CountEndless] == 1 && a.Counts()[CountBans] == 0 && a.peer(testKey(2).Public()) == nil
	})
}

// What can't work says why, with both sides of it.
func TestRefusals(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1)
	n.setMember(testKey(2).Public(), true)
	dialed := func(h *host) error {
		var err error
		eventually(t, "an error", func() bool {
			for _, p := range h.Peers() {
				err = p.Error
			}
			return err != nil
		})
		return err
	}
	other := n.host(3, func(c *Config) { c.Network[0] = 9 })
	_ = other.Reach(a.Key(), a.Addr())
	if err := dialed(other); !errors.Is(err, ErrNetwork) || !strings.Contains(err.Error(), other.config.Network.String()) || !strings.Contains(err.Error(), a.config.Network.String()) {
		t.Error(err)
	}
	eventually(t, "it is counted", func() bool { return a.Counts()[CountNetwork] > 0 })

	_, err := n.tryRaw(a, 2, func(h *Hello) { h.Oldest, h.Newest = NewestVersion+1, NewestVersion+3 })
	if !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "versions 2 to 4") || !strings.Contains(err.Error(), `("test") speaks version 1`) {
		t.Error(err)
	}
	eventually(t, "it is counted", func() bool { return a.Counts()[CountVersion] == 1 })

	wrong := n.host(4)
	_ = wrong.Reach(testKey(77).Public(), a.Addr())
	if err := dialed(wrong); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
	twin := n.host(1)
	_ = twin.Reach(a.Key(), a.Addr())         // itself: nothing to do
	if r, err := n.tryRaw(a, 1); err == nil { // seen by the node that is dialed
		if f, err := r.frame(); err == nil && f != (bye{ErrSelf.Error()}) {
			t.Errorf("a node takes a connection from its own key: %v", f)
		}
	}
	eventually(t, "it is counted", func() bool { return a.Counts()[CountSelf] == 1 })
}

// A registration that comes, or goes, counts at once: the connection is made anew.
func TestRoleChanges(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	aCh, _ := a.open(t, 7, ChannelConfig{})
	bCh, _ := b.open(t, 7, ChannelConfig{})
	connect(t, a, b, aCh, bCh)
	n.setMember(b.Key(), false)
	eventually(t, "b is a stranger", func() bool { return len(aCh.Peers()) == 0 && connections(a) == 1 })
	n.setMember(b.Key(), true)
	eventually(t, "b is a member", func() bool { return len(aCh.Peers()) == 1 })
}

// A node that takes itself for a member sends what members may; a host that learns later that it is one has no grudge, and it has all rooms then.
func TestMemberUnawares(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1)
	_, got := a.open(t, 8, ChannelConfig{Public: true})
	early := n.dialRaw(a, 50).room(Rest)
	early.send(begin{Rest, 8, uint32(strangers[Rest].message) + 1, make([]byte, 100)})
	early.ends()
	eventually(t, "nothing is left of it", func() bool { return len(a.all()) == 0 })
	n.setMember(testKey(50).Public(), true)
	n.dialRaw(a, 50).room(Votes).send(begin{Votes, 8, 5, []byte("hello")})
	if l := next(t, "a member's vote", got); string(l.raw) != "hello" {
		t.Errorf("%q", l.raw)
	}
}

// counted counts the lines of a log.
type counted struct{ lines atomic.Int32 }

func (c *counted) Write(b []byte) (int, error) {
	c.lines.Add(1)
	return len(b), nil
}

// A host knows which of its peers have a channel open that it has not open itself.
func TestAlso(t *testing.T) {
	n := newNetwork(t)
	a, b, c := n.host(1), n.host(2), n.host(3)
	aCh, _ := a.open(t, 7, ChannelConfig{})
	bCh, _ := b.open(t, 7, ChannelConfig{})
	other, _ := b.open(t, 8, ChannelConfig{})
	cCh, _ := c.open(t, 7, ChannelConfig{})
	c.open(t, 9, ChannelConfig{})
	connect(t, a, b, aCh, bCh)
	connect(t, a, c, aCh, cCh)
	eventually(t, "they are told", func() bool {
		list := aCh.Also(8)
		return len(list) == 1 && list[0] == b.Key() && len(aCh.Also(9)) == 1 && len(aCh.Also(10)) == 0
	})
	other.Close()
	eventually(t, "it is closed", func() bool { return len(aCh.Also(8)) == 0 && len(aCh.Peers()) == 2 })
}

// Strangers have a few connections, what is public, and nothing else: no lines in the log, either.
func TestStrangers(t *testing.T) {
	n := newNetwork(t)
	var log counted
	a := n.host(1, func(c *Config) {
		c.Strangers, c.StrangersEach, c.Log = 5, 3, slog.New(slog.NewTextHandler(&log, nil))
	})
	_, secret := a.open(t, 7, ChannelConfig{})
	public, got := a.open(t, 8, ChannelConfig{Public: true})
	r := n.dialRaw(a, 50)
	var told frame
	for told == nil {
		f, err := r.frame()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := f.(serves); ok {
			told = s
		}
	}
	if s := told.(serves); len(s.channels) != 1 || s.channels[0] != 8 {
		t.Errorf("a stranger is told of channels %d", s.channels)
	}
	r.room(Rest).send(begin{Rest, 8, 5, []byte("hello")}, credit{Rest, 1 << 20})
	l := next(t, "a stranger's question", got)
	if l.from != testKey(50).Public() || string(l.raw) != "hello" {
		t.Errorf("%v", l)
	}
	public.Send(l.from, []byte("answer"))
	public.Spread([]byte("to members"))
	for {
		f, err := r.frame()
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := f.(begin); ok {
			if string(f.part) != "answer" {
				t.Errorf("%q", f.part)
			}
			break
		}
	}
	n.dialRaw(a, 51)
	n.dialRaw(a, 52)
	eventually(t, "three strangers are there", func() bool { return connections(a) == 3 })
	fourth := n.dialRaw(a, 53)
	if f, err := fourth.frame(); err != nil || f != (bye{ErrFull.Error()}) {
		t.Errorf("%v, %v", f, err)
	}
	eventually(t, "it is counted", func() bool { return a.Counts()[CountStrangers] == 1 })
	r.send(begin{Rest, 7, 5, []byte("hello")})
	r.ends()
	eventually(t, "it is counted", func() bool { return a.Counts()[CountForbidden] == 1 && a.Counts()[CountBans] == 1 })
	select {
	case l := <-secret:
		t.Errorf("a stranger reached the members' channel: %q", l.raw)
	default:
	}
	eventually(t, "its place is free", func() bool { return guests(a) == 2 })
	large := n.dialRaw(a, 54).room(Rest)
	large.send(begin{Rest, 8, 1 << 20, []byte("hello")})
	large.ends()
	eventually(t, "its place is free", func() bool { return guests(a) == 2 })
	if a.Counts()[CountBans] != 1 {
		t.Error("who sends what a member may is banned: it may be one, that the host doesn't know yet")
	}
	larger := n.dialRaw(a, 54).room(Rest)
	larger.send(begin{Rest, 8, uint32(members[Rest].message) + 1, []byte("hello")})
	larger.ends()
	eventually(t, "its place is free", func() bool { return guests(a) == 2 })
	votes := n.dialRaw(a, 55).room(Rest)
	votes.send(begin{Votes, 8, 5, []byte("hello")})
	votes.ends()
	eventually(t, "they are counted", func() bool { return a.Counts()[CountBans] == 3 })
	eventually(t, "nothing is left of those who are away", func() bool { return len(a.all()) == 2 })
	if lines := log.lines.Load(); lines > 0 {
		t.Errorf("strangers made %d lines in the log", lines)
	}
}

// N7: nobody who follows the protocol sends these.
func TestJunk(t *testing.T) {
	full := bytes.Repeat([]byte{1}, fragmentBytes)
	var flood []frame
	for range 10 * maxFlood {
		flood = append(flood, ping{1})
	}
	var window []frame
	for sent := 0; sent <= members[Rest].window; sent += fragmentBytes {
		window = append(window, begin{Rest, 7, fragmentBytes, full})
	}
	cases := []struct {
		name   string
		frames []frame
		bytes  []byte
		reason string
	}{
		{"a frame without end", nil, []byte{0xff, 0xff, 0xff, 0xff, kindMore}, "a frame of 4294967295 bytes"},
		{"an empty frame", nil, []byte{0, 0, 0, 0}, "a frame of 0 bytes"},
		{"a kind that there is not", nil, []byte{0, 0, 0, 1, 99}, "kind 99"},
		{"a second hello", []frame{Hello{Oldest: 1, Newest: 1}}, nil, "kind 1"},
		{"a class that there is not", []frame{more{classes, full}}, nil, "class"},
		{"a fragment of nothing", []frame{more{Rest, full}}, nil, "a fragment of no message"},
		{"an empty message", []frame{begin{Rest, 7, 0, full}}, nil, "a message of 0 bytes"},
		{"a message that is too long", []frame{begin{Votes, 7, uint32(members[Votes].message) + 1, full}}, nil, "a message of 1048577 bytes"},
		{"a message within another", []frame{begin{Rest, 7, 1 << 20, full}, begin{Rest, 7, 1 << 20, full}}, nil, "begins within another"},
		{"a fragment that is too short", []frame{begin{Rest, 7, 1 << 20, full[:1]}}, nil, "a fragment of 1 bytes"},
		{"a fragment that is too long", []frame{begin{Rest, 7, 1, full}}, nil, "where 1 are missing"},
		{"credit without end", []frame{credit{Rest, 1 << 29}, credit{Rest, 1 << 29}, credit{Rest, 1 << 29}}, nil, "credit of"},
		{"no credit", []frame{credit{Rest, 0}}, nil, "credit of 0 bytes"},
		{"channels out of order", []frame{serves{[]uint32{2, 1}}}, nil, "channels"},
		{"pings without end", flood, nil, "pings between two beats"},
		{"more than the window", window, nil, "more than there was room for"},
	}
	n := newNetwork(t)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := &network{T: t, members: n.members}
			var log lockedBuffer
			a := n.host(1, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)); c.Beat = time.Hour })
			ch, err := a.Open(7, ChannelConfig{})
			if err != nil {
				t.Fatal(err)
			}
			hold := make(chan struct{})
			ch.Receive(func(keys.PublicKey, []byte) { <-hold })
			defer close(hold)
			key := byte(100 + i)
			n.setMember(testKey(key).Public(), true)
			r := n.dialRaw(a, key).room(Rest)
			b := c.bytes
			for _, f := range c.frames {
				b = appendFrame(b, f)
			}
			_, _ = r.Write(b) // it may be cut off
			r.ends()
			eventually(t, "it is counted, and a ban", func() bool { return a.Counts()[CountJunk] == 1 && a.Counts()[CountBans] == 1 })
			eventually(t, "the log says why: "+c.reason, func() bool { return strings.Contains(log.String(), c.reason) })
			if r, err := n.tryRaw(a, key); err == nil {
				if f, err := r.frame(); err == nil {
					if f, ok := f.(bye); !ok || !strings.Contains(f.reason, ErrBanned.Error()) {
						t.Errorf("%v", f)
					}
				}
			}
			eventually(t, "the ban holds", func() bool { return a.Counts()[CountBanned] == 1 })
		})
	}
}

// N7: a node whose key is known, and whose hello is none, is banned as it is for any junk.
func TestJunkForHello(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1)
	n.setMember(testKey(100).Public(), true)
	_, _ = n.tryRaw(a, 100, func(h *Hello) { h.Oldest = h.Newest + 1 })
	eventually(t, "it is counted, and a ban", func() bool { return a.Counts()[CountJunk] == 1 && a.Counts()[CountBans] == 1 })
	if r, err := n.tryRaw(a, 100); err == nil {
		r.ends()
	}
	eventually(t, "the ban holds", func() bool { return a.Counts()[CountBanned] == 1 })
}

// What a channel's owner can't read is held against the sender, until it is enough.
func TestJunkOfOwner(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	aCh, _ := a.open(t, 7, ChannelConfig{})
	bCh, _ := b.open(t, 7, ChannelConfig{})
	connect(t, a, b, aCh, bCh)
	for range limit/offence - 1 {
		aCh.Junk(b.Key(), "unreadable")
	}
	if connections(a) != 1 || a.Counts()[CountBans] != 0 {
		t.Error("banned too early")
	}
	aCh.Junk(b.Key(), "unreadable")
	aCh.Junk(b.Key(), "unreadable") // some of it is forgiven by the second
	eventually(t, "banned", func() bool { return connections(a) == 0 && a.Counts()[CountBans] == 1 })
}

// N6: whoever comes, in whatever number, and says what it likes: nodes that are connected go on, and new ones come in.
func TestManyConnections(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1, func(c *Config) { c.Handshakes, c.HandshakesEach, c.Patience = 20, 10, time.Second }), n.host(2)
	aCh, _ := a.open(t, 7, ChannelConfig{})
	bCh, got := b.open(t, 7, ChannelConfig{})
	connect(t, a, b, aCh, bCh)
	before := runtime.NumGoroutine()
	for range 1000 {
		c, err := net.Dial("tcp", a.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	eventually(t, "they are refused", func() bool { return a.Counts()[CountBusy] >= 980 })
	if now := runtime.NumGoroutine(); now > before+100 {
		t.Errorf("%d goroutines more", now-before)
	}
	aCh.Spread([]byte("still here"))
	if l := next(t, "a message", got); string(l.raw) != "still here" {
		t.Errorf("%q", l.raw)
	}
	c := n.host(3)
	_ = c.Reach(a.Key(), a.Addr())
	eventually(t, "a new node comes in", func() bool { return connections(c) == 1 })
	eventually(t, "those who said nothing are counted", func() bool { return a.Counts()[CountHandshake] >= 10 })
}

// N6: silent connections from many addresses, made again when they end, keep out no node of which it is known where it is.
func TestSilentConnections(t *testing.T) {
	n := newNetwork(t)
	a, c := n.host(1, func(c *Config) { c.Handshakes, c.HandshakesEach = 8, 4 }), n.host(3)
	for i := range 8 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%2))}}
		s, err := d.Dial("tcp", a.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	room := func(host string) bool {
		leave, ok := a.entrance.Enter(host)
		if ok {
			leave()
		}
		return ok
	}
	eventually(t, "all places are taken", func() bool { return !room("127.0.0.9") })
	if room("127.0.0.1") {
		t.Fatal("there is a place for anybody")
	}
	_ = a.Reach(c.Key(), "127.0.0.1:1") // it can't be dialed there; it dials
	if room("127.0.0.9") {
		t.Error("a place of nodes is given to another address")
	}
	_ = c.Reach(a.Key(), a.Addr())
	eventually(t, "a node comes in", func() bool { return connections(c) == 1 })
	// Advertised by a name, it is still expected at the address that it came from.
	_ = a.Reach(c.Key(), "node.invalid:1")
	eventually(t, "its address is known", func() bool { return a.expects("127.0.0.1") })
	if !room("127.0.0.1") {
		t.Error("a node that was met has no place of its own")
	}
	_ = a.Reach(c.Key(), "127.0.0.7:1")
	if a.mu.RLock(); len(a.expected) != 2 || a.expected["127.0.0.7"] != 1 || a.expected["127.0.0.1"] != 1 {
		t.Errorf("%v", a.expected)
	}
	a.mu.RUnlock()
	a.Forget(c.Key())
	if len(a.expected) != 0 {
		t.Errorf("%v", a.expected)
	}
}

// Those who don't speak TLS 1.3, or show no node key, are refused.
func TestNoNode(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1)
	c, err := net.Dial("tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	_, _ = io.ReadAll(c)
	mine, err := certificate(testKey(2))
	if err != nil {
		t.Fatal(err)
	}
	old := secured(mine)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if c, err := tls.Dial("tcp", a.Addr(), old); err == nil {
		c.Close()
		t.Error("TLS 1.2 was spoken")
	}
	nobody := secured(mine)
	nobody.Certificates = nil
	if c, err := tls.Dial("tcp", a.Addr(), nobody); err == nil {
		_, err = c.Read(make([]byte, 1))
		if err == nil {
			t.Error("a node without a key was heard")
		}
	}
	eventually(t, "all are counted", func() bool { return a.Counts()[CountHandshake] == 3 })
}

// A handshake that was recorded is worth nothing.
func TestReplayedHandshake(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1)
	n.setMember(testKey(2).Public(), true)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	recorded := make(chan []byte, 1)
	go func() {
		c, err := proxy.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", a.Addr())
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(c, to) }()
		var said bytes.Buffer
		_, _ = io.Copy(io.MultiWriter(to, &said), c)
		recorded <- said.Bytes()
	}()
	real := *a
	real.Host = &Host{listener: proxy}
	r := n.dialRaw(&real, 2)
	r.send(ping{1})
	r.Close()
	said := next(t, "the recording", recorded)
	c, err := net.Dial("tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write(said)
	eventually(t, "it is refused", func() bool { return a.Counts()[CountHandshake] == 1 })
	ups := 0
	for len(a.events) > 0 {
		if e := <-a.events; e.up {
			ups++
		}
	}
	if ups != 1 {
		t.Errorf("%d connections", ups)
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
