package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

// accept takes connections that others make. What is not known yet to be a node costs a bounded number of goroutines and a bounded
// time, whoever comes.
func (h *Host) accept() {
	for {
		raw, err := h.listener.Accept()
		if err != nil {
			if h.ctx.Err() != nil {
				return
			}
			h.config.Log.Warn("a connection could not be taken", "error", err) // too many files: some will be closed
			select {
			case <-h.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		from := addressOf(raw)
		leave, ok := h.entrance.Enter(from)
		if !ok {
			h.counts.add(CountBusy, 1)
			raw.Close()
			continue
		}
		h.work.Go(func() {
			c, err := h.greet(raw, nil)
			leave()
			if err != nil {
				h.refused(from, err)
				return
			}
			h.serve(c)
		})
	}
}

// expects says whether a node that is dialed is at a host.
func (h *Host) expects(host string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.expected[host] > 0
}

// refused counts why a handshake failed.
func (h *Host) refused(from string, err error) {
	what := CountHandshake
	for _, x := range []struct {
		err  error
		what string
	}{{ErrNetwork, CountNetwork}, {ErrVersion, CountVersion}, {ErrBanned, CountBanned}, {ErrFull, CountStrangers}, {ErrSelf, CountSelf}, {errReplaced, CountReplaced}} {
		if errors.Is(err, x.err) {
			what = x.what
		}
	}
	h.counts.add(what, 1)
	h.config.Log.Debug("a connection was refused", "from", from, "error", err)
}

func addressOf(c net.Conn) string {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return host
}

// greet makes a connection of a socket: TLS, who it is, hello from both ends, and a place among the peers. Of want, if it is set, the
// other end must have the key: then this end dialed.
func (h *Host) greet(raw net.Conn, want *keys.PublicKey) (c *conn, err error) {
	ctx, cancel := context.WithTimeout(h.ctx, h.config.Patience)
	defer cancel()
	unsentLow(raw)
	_ = raw.SetDeadline(time.Now().Add(h.config.Patience))
	secure := tls.Server(raw, h.tls)
	if want != nil {
		secure = tls.Client(raw, h.tls)
	}
	defer func() {
		if err != nil {
			secure.Close()
		}
	}()
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	key, err := keyOf(secure.ConnectionState())
	if err != nil {
		return nil, err
	}
	c = &conn{
		Conn: secure, raw: raw, reader: bufio.NewReaderSize(secure, 2*maxFrameBytes), dialed: want != nil, since: time.Now(), tell: true,
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if _, err := secure.Write(appendFrame(nil, h.hello)); err != nil {
		return nil, fmt.Errorf("hello: %w", err)
	}
	if c.hello, _, err = readHello(c.reader, h.hello); err != nil {
		if errors.Is(err, errJunk) {
			h.blame(key, breach, err.Error())
		}
		return nil, err
	}
	if err = h.admissible(key, want); err == nil {
		err = h.register(c, key)
	}
	if err != nil {
		_, _ = secure.Write(appendFrame(nil, bye{err.Error()}))
		return nil, err
	}
	return c, nil
}

// admissible says whether a key may connect at all.
func (h *Host) admissible(key keys.PublicKey, want *keys.PublicKey) error {
	if want != nil && key != *want {
		return fmt.Errorf("%w: %s, not %s", ErrKey, short(key), short(*want))
	}
	if key == h.Key() {
		return ErrSelf
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if until, is := h.scores.banned(key, time.Now()); is {
		return fmt.Errorf("%w (until %s)", ErrBanned, until.UTC().Format(time.RFC3339))
	}
	return nil
}

// register gives a connection its place, and ends the one whose place it takes.
func (h *Host) register(c *conn, key keys.PublicKey) error {
	member := h.config.Member(key)
	from := addressOf(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosing
	}
	p := h.peers[key]
	if p != nil && p.member != member {
		if !p.idle() {
			return errRole // what it had as the other is still in use; it will come again
		}
		p = nil
	}
	if !member {
		if h.guests[""] >= h.config.Strangers || h.guests[from] >= h.config.StrangersEach {
			return ErrFull
		}
	}
	if p == nil {
		p = newPeer(h, key, member)
	}
	c.peer = p
	gone := p.attach(c)
	if gone == c {
		return errReplaced
	}
	h.peers[key] = p
	if !member {
		h.guests[""]++ // of all addresses
		h.guests[from]++
	}
	if gone != nil {
		h.counts.add(CountReplaced, 1)
		gone.end(errReplaced)
	}
	return nil
}

// serve reads and writes until the connection ends.
func (h *Host) serve(c *conn) {
	p := c.peer
	_ = c.SetDeadline(time.Time{})
	h.isAt(p.key, addressOf(c))
	h.config.Changed(p.key, true)
	h.config.Log.Log(h.ctx, p.level(slog.LevelInfo), "a node is connected", "node", short(p.key), "at", c.RemoteAddr(), "member", p.member, "software", c.hello.Software)
	h.work.Go(func() {
		c.poke()
		c.end(c.write())
	})
	err := c.read()
	c.end(err)
	err = c.reason
	h.unregister(c)
	switch {
	case errors.Is(err, errJunk):
		h.blame(p.key, breach, err.Error())
	case !errors.Is(err, errReplaced):
		h.config.Log.Log(h.ctx, p.level(slog.LevelInfo), "a connection ended", "node", short(p.key), "because", err)
	}
}

func (h *Host) unregister(c *conn) {
	p := c.peer
	away := p.detach(c)
	c.abandon()
	if !p.member {
		from := addressOf(c)
		h.mu.Lock()
		h.guests[""]--
		if h.guests[from]--; h.guests[from] == 0 {
			delete(h.guests, from)
		}
		h.mu.Unlock()
	}
	if away {
		h.tidy(p)
		h.config.Changed(p.key, false)
		h.reach(p.key)
	}
}

// tidy forgets a peer of which nothing is left.
func (h *Host) tidy(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.peers[p.key] == p && p.idle() {
		delete(h.peers, p.key)
	}
}
