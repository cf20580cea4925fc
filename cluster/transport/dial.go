package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"github.com/thinkey/thinkey/cluster/entrance"
	"github.com/thinkey/thinkey/sdk/keys"
)

// target is a node that this one wants to be connected to.
type target struct {
	key  keys.PublicKey
	stop context.CancelFunc
	poke chan struct{} // look again: the address changed, or a connection ended

	// Guarded by Host.mu.
	addr string
	met  string // where its last connection was from, or to: addr may be a name for it, or not know it
	err  error  // of the last try
}

const (
	// firstPause is how long a node waits after a try that failed; it doubles up to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// MaxTargets bounds the nodes that are dialed: a goroutine each.
	MaxTargets = 1024
)

// Reach keeps a connection to a node, dialing addr whenever there is none; it replaces an earlier address. Whether the node dials
// here as well doesn't matter: one connection stays. Beyond MaxTargets nodes it does nothing, and says so.
func (h *Host) Reach(node keys.PublicKey, addr string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if node == h.Key() || h.closed {
		return nil
	}
	if t := h.targets[node]; t != nil {
		if t.addr != addr {
			h.expect(hostOf(t.addr), -1)
			h.expect(hostOf(addr), 1)
			t.addr = addr
			t.wake()
		}
		return nil
	}
	if len(h.targets) >= MaxTargets {
		return fmt.Errorf("node %s: %d nodes are dialed already, the limit is %d", short(node), len(h.targets), MaxTargets)
	}
	ctx, stop := context.WithCancel(h.ctx)
	t := &target{key: node, stop: stop, poke: make(chan struct{}, 1), addr: addr}
	h.targets[node] = t
	h.expect(hostOf(addr), 1)
	h.work.Go(func() { h.keep(ctx, t) })
	return nil
}

// Forget ends Reach; a connection that there is stays.
func (h *Host) Forget(node keys.PublicKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.targets[node]; t != nil {
		t.stop()
		delete(h.targets, node)
		h.expect(hostOf(t.addr), -1)
		h.expect(t.met, -1)
	}
}

// hostOf is the host of host:port; empty if there is none.
func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// isAt notes where a node that is dialed has come from, or was found, with its key.
func (h *Host) isAt(node keys.PublicKey, host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.targets[node]; t != nil && t.met != host {
		h.expect(t.met, -1)
		h.expect(host, 1)
		t.met = host
	}
}

// expect counts the targets at a host. The caller holds mu.
func (h *Host) expect(host string, n int) {
	if host == "" {
		return
	}
	host = entrance.Host(host)
	if h.expected[host] += n; h.expected[host] <= 0 {
		delete(h.expected, host)
	}
}

func (t *target) wake() {
	select {
	case t.poke <- struct{}{}:
	default:
	}
}

// reach looks at a node again, whose connection ended.
func (h *Host) reach(node keys.PublicKey) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if t := h.targets[node]; t != nil {
		t.wake()
	}
}

// keep dials while there is no connection.
func (h *Host) keep(ctx context.Context, t *target) {
	pause := firstPause
	for ctx.Err() == nil {
		if h.connected(t.key) {
			pause = firstPause
			select {
			case <-ctx.Done():
				return
			case <-t.poke:
			}
			continue
		}
		began := time.Now()
		err := h.dial(ctx, t)
		h.mu.Lock()
		t.err = err
		h.mu.Unlock()
		if time.Since(began) > longestPause { // it was connected
			pause = firstPause
		}
		select {
		case <-t.poke: // of this connection's end
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-t.poke:
		case <-time.After(pause + rand.N(pause)): // not all at once
		}
		pause = min(2*pause, longestPause)
	}
}

func (h *Host) connected(node keys.PublicKey) bool {
	p := h.peer(node)
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn != nil
}

// dial makes a connection and serves it until it ends.
func (h *Host) dial(ctx context.Context, t *target) error {
	h.mu.RLock()
	addr := t.addr
	h.mu.RUnlock()
	raw, err := h.config.Dial(ctx, addr)
	if err != nil {
		return err
	}
	c, err := h.greet(raw, &t.key)
	if err != nil {
		h.refused(addr, err)
		return fmt.Errorf("node %s at %s: %w", short(t.key), addr, err)
	}
	h.serve(c)
	if errors.Is(c.reason, errReplaced) {
		return nil
	}
	return c.reason
}

// Peer is what is known of another node.
type Peer struct {
	Key       keys.PublicKey
	Member    bool
	Connected bool
	Addr      string // of the connection, or where it is dialed
	Software  string
	Since     time.Time
	// Sent, Received and Lost count messages since the node was met; Lost are those that were not sent.
	Sent, Received, Lost uint64
	// Error is why it could not be reached the last time; nil while it is connected.
	Error error
}

// Peers are all nodes that are connected or dialed, by key.
func (h *Host) Peers() []Peer {
	found := map[keys.PublicKey]Peer{}
	h.mu.RLock()
	for key, t := range h.targets {
		found[key] = Peer{Key: key, Addr: t.addr, Error: t.err}
	}
	h.mu.RUnlock()
	for _, p := range h.all() {
		is := found[p.key]
		is.Key, is.Member = p.key, p.member
		p.mu.Lock()
		is.Sent, is.Received, is.Lost = p.sent, p.got, p.lost
		if c := p.conn; c != nil {
			is.Connected, is.Addr, is.Software, is.Since, is.Error = true, c.RemoteAddr().String(), c.hello.Software, c.since, nil
		}
		p.mu.Unlock()
		found[p.key] = is
	}
	return sorted(found)
}

// Counts is how often something was refused or lost, by its name (Count…).
func (h *Host) Counts() map[string]uint64 { return h.counts.all() }

func sorted(found map[keys.PublicKey]Peer) []Peer {
	list := slices.Collect(maps.Values(found))
	slices.SortFunc(list, func(a, b Peer) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return list
}
