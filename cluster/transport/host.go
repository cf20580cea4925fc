package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/thinkey/thinkey/cluster/entrance"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Config is what a Host is made of. Zero stands for the default in brackets.
type Config struct {
	Key      keys.PrivateKey // the node's
	Listen   string          // host:port; port 0 takes a free one
	Network  chain.NetworkID
	Software string // name and release of the program, for people
	// Member says whether a key is registered: such nodes have all rooms, all others those of strangers. It may be asked by several
	// goroutines at once, must not wait, and must not call the Host.
	Member func(keys.PublicKey) bool
	// Seated says whether one that is registered has a seat: others share what is held for them (pool). Nil if there is no telling. It is like Member.
	Seated func(keys.PublicKey) bool
	// Strangers is how many connections they may have in all [64], and StrangersEach how many from one address [8].
	Strangers, StrangersEach int
	// Handshakes is how many may be under way [64] with addresses at which a node is that is dialed (Reach), and as many with all others: those can't
	// keep them out. HandshakesEach is how many of them with one address [16]; Patience is how long
	// one may take [5 s].
	Handshakes, HandshakesEach int
	Patience                   time.Duration
	// Beat is how often connections are tried [2 s]; after Silence [15 s] of no answer they are given up.
	Beat, Silence time.Duration
	// Longest is how long one message may be under way [2 min], if there is room for it.
	Longest time.Duration
	// Slowest is how many bytes of a longer message must come in a second [64 KiB]: it may take as long as that says.
	Slowest int
	// From is the IP address that connections to others are made from; any of the machine's if it is nil.
	From net.IP
	// Dial, if set, makes connections instead of TCP's own way: for proxies, and for tests that cut them.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	Log  *slog.Logger
	// Changed, if set, is told that a node is connected, or is not any more. It must not wait.
	Changed func(node keys.PublicKey, up bool)
}

func (c Config) withDefaults() Config {
	c.Strangers, c.StrangersEach = cmp.Or(c.Strangers, 64), cmp.Or(c.StrangersEach, 8)
	c.Handshakes, c.HandshakesEach = cmp.Or(c.Handshakes, 64), cmp.Or(c.HandshakesEach, 16)
	c.Patience, c.Beat, c.Silence = cmp.Or(c.Patience, 5*time.Second), cmp.Or(c.Beat, 2*time.Second), cmp.Or(c.Silence, 15*time.Second)
	c.Longest, c.Slowest = cmp.Or(c.Longest, 2*time.Minute), cmp.Or(c.Slowest, 64<<10)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Dial == nil {
		dialer := net.Dialer{Timeout: c.Patience}
		if c.From != nil {
			dialer.LocalAddr = &net.TCPAddr{IP: c.From}
		}
		c.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", addr) }
	}
	if c.Seated == nil {
		c.Seated = func(keys.PublicKey) bool { return true }
	}
	if c.Changed == nil {
		c.Changed = func(keys.PublicKey, bool) {}
	}
	return c
}

// Errors with which a connection is refused.
var (
	ErrRefused = errors.New("refused by the other node")
	ErrBanned  = errors.New("this key is banned for a while, because of what it sent")
	ErrFull    = errors.New("there are enough connections of nodes that are not registered")
	ErrSelf    = errors.New("the other node has this node's own key: stop one of them")
	ErrKey     = errors.New("the node there has another key")
	errClosing = errors.New("the node is stopping")
	errIdle    = errors.New("another node that is not registered has its place: it has asked for nothing for a while")
	errEndless = errors.New("a message of it doesn't come to its end")
	errRole    = errors.New("the node's registration has changed")
	errLong    = errors.New("a message is longer than those of nodes that are not registered may be")
)

// Host is a node's end of all its connections. All methods may be called from many goroutines.
type Host struct {
	config   Config
	hello    Hello
	tls      *tls.Config
	listener net.Listener
	entrance *entrance.Entrance // of handshakes that others began
	counts   counts
	news     chan struct{}   // holds one if others are to be told which channels are open
	waiting  pool            // what waits to be sent to nodes without a seat
	held     pool            // what of theirs was received and not taken
	ctx      context.Context // ends with Close
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu       sync.RWMutex // guards the rest; taken before peer.mu
	peers    map[keys.PublicKey]*peer
	guests   map[string]int // connections of strangers, by address
	channels map[uint32]*Channel
	targets  map[keys.PublicKey]*target
	expected map[string]int // how many of them are at an address
	scores   scores
	closed   bool
}

// Listen starts a node's transport. Close ends it.
func Listen(c Config) (*Host, error) {
	c = c.withDefaults()
	mine, err := certificate(c.Key)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for other nodes: %w", err)
	}
	h := &Host{
		config: c, tls: secured(mine), listener: l, counts: counts{n: map[string]uint64{}}, peers: map[keys.PublicKey]*peer{},
		guests: map[string]int{}, channels: map[uint32]*Channel{}, targets: map[keys.PublicKey]*target{}, expected: map[string]int{}, scores: scores{},
		hello: Hello{OldestVersion, NewestVersion, c.Network, rand.Uint64(), c.Software[:min(len(c.Software), maxSoftware)]},
		news:  make(chan struct{}, 1), waiting: pool{most: poolBytes, once: poolOnce, least: poolLeast}, held: pool{most: poolBytes, once: poolOnce, least: poolLeast},
	}
	h.entrance = entrance.New(c.Handshakes, c.HandshakesEach, h.expects)
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.work.Go(h.accept)
	h.work.Go(h.watch)
	h.work.Go(h.announce)
	return h, nil
}

// Addr is where the host listens.
func (h *Host) Addr() string { return h.listener.Addr().String() }

// Key is the node's.
func (h *Host) Key() keys.PublicKey { return h.config.Key.Public() }

// Open opens a channel, which nobody else has open here.
func (h *Host) Open(id uint32, c ChannelConfig) (*Channel, error) {
	ch := &Channel{host: h, id: id, config: c, in: newInbox()}
	h.mu.Lock()
	switch {
	case h.channels[id] != nil:
		h.mu.Unlock()
		return nil, fmt.Errorf("channel %d is open already", id)
	case len(h.channels) >= MaxChannels:
		h.mu.Unlock()
		return nil, fmt.Errorf("channel %d: %d are open, the limit is %d", id, len(h.channels), MaxChannels)
	}
	h.channels[id] = ch
	h.mu.Unlock()
	ch.done.Go(ch.deliver)
	h.renew()
	return ch, nil
}

// shut takes a channel away.
func (h *Host) shut(c *Channel) {
	h.mu.Lock()
	if h.channels[c.id] == c {
		delete(h.channels, c.id)
	}
	h.mu.Unlock()
	h.renew()
}

func (h *Host) renew() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// tellsEach is how often in a beat others are told at most which channels are open: who opens one for each of many chains says so for several at once,
// and stays far below maxFlood.
const tellsEach = 8

// announce tells all peers when other channels are open than before.
func (h *Host) announce() {
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-h.news:
		}
		h.tellAll()
		select {
		case <-h.ctx.Done():
			return
		case <-time.After(h.config.Beat / tellsEach):
		}
	}
}

// tellAll lets all peers know which channels are open; not while the host closes, which they see by their connections.
func (h *Host) tellAll() {
	h.mu.RLock()
	closed := h.closed
	h.mu.RUnlock()
	if closed {
		return
	}
	for _, p := range h.all() {
		p.mu.Lock()
		if p.conn != nil {
			p.conn.tell = true
			p.conn.poke()
		}
		p.mu.Unlock()
	}
}

// open are the ids of the channels that a peer may use, ascending.
func (h *Host) open(member bool) (ids []uint32) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for id, c := range h.channels {
		if member || c.config.Public {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (h *Host) peer(key keys.PublicKey) *peer {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.peers[key]
}

func (h *Host) all() []*peer {
	h.mu.RLock()
	defer h.mu.RUnlock()
	list := make([]*peer, 0, len(h.peers))
	for _, p := range h.peers {
		list = append(list, p)
	}
	return list
}

// deliver puts a message into the inbox of its channel.
func (h *Host) deliver(p *peer, class Class, m assembly) error {
	release := func() { p.taken(class, m.charged) }
	h.mu.RLock()
	c := h.channels[m.channel]
	h.mu.RUnlock()
	switch {
	case c == nil:
		h.counts.add(CountNobody, 1)
	case !p.member && !c.config.Public:
		h.counts.add(CountForbidden, 1)
		release()
		return junk("channel %d is for members", m.channel)
	case c.in.put(class, letter{p.key, m.buf, release}):
		return nil
	}
	release()
	return nil
}

// met tells a channel of a member that has opened it.
func (h *Host) met(id uint32, node keys.PublicKey) {
	h.mu.RLock()
	c := h.channels[id]
	h.mu.RUnlock()
	if c == nil {
		return
	}
	c.meeting.Lock()
	defer c.meeting.Unlock()
	if c.meet != nil {
		c.meet(node)
	}
}

// blame holds points against a node; who has too many is banned, and its connection ends.
func (h *Host) blame(key keys.PublicKey, points float64, why string) {
	h.counts.add(CountJunk, 1)
	member := h.config.Member(key)
	h.mu.Lock()
	banned := h.scores.add(key, member, points, time.Now())
	p := h.peers[key]
	h.mu.Unlock()
	if !banned {
		return
	}
	h.counts.add(CountBans, 1)
	level := slog.LevelDebug
	if member {
		level = slog.LevelWarn
	}
	h.config.Log.Log(h.ctx, level, "a node is banned for a while", "node", short(key), "because", why)
	if p != nil {
		p.mu.Lock()
		c := p.conn
		p.mu.Unlock()
		if c != nil {
			c.end(ErrBanned)
		}
	}
}

// watch ends connections of nodes that were registered, or are no longer, since they connected.
func (h *Host) watch() {
	beat := time.NewTicker(h.config.Beat)
	defer beat.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-beat.C:
		}
		for _, p := range h.all() {
			if h.config.Member(p.key) != p.member {
				p.mu.Lock()
				c := p.conn
				p.mu.Unlock()
				if c != nil {
					h.work.Go(func() { c.leave(errRole) })
				}
			}
		}
	}
}

// Close ends all connections and goroutines; channels should be closed before.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	channels := make([]*Channel, 0, len(h.channels))
	for _, c := range h.channels {
		channels = append(channels, c)
	}
	h.mu.Unlock()
	for _, c := range channels {
		c.Close()
	}
	h.stop()
	h.listener.Close()
	for _, p := range h.all() {
		p.mu.Lock()
		c := p.conn
		p.mu.Unlock()
		if c != nil {
			h.work.Go(func() { c.leave(errClosing) })
		}
	}
	h.work.Wait()
}
