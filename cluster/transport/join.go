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

	"github.com/thinkey/thinkey/cluster/entrance"
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
		leave, ok := h.entrance.Enter(entrance.From(raw))
		if !ok {
			h.counts.add(CountBusy, 1)
			raw.Close()
			continue
		}
		h.work.Go(func() {
			c, err := h.greet(raw, nil)
			leave()
			if err != nil {
				h.refused(raw.RemoteAddr().String(), err)
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
	now := time.Now()
	c = &conn{
		Conn: secure, raw: raw, reader: bufio.NewReaderSize(secure, 2*maxFrameBytes), dialed: want != nil, since: now, asked: now, tell: true,
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
	from := entrance.From(c)
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
	var idle *conn
	if !member {
		var err error
		if idle, err = h.place(from, time.Now()); err != nil {
			return err
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
	if idle != nil {
		h.vacate(idle)
		h.counts.add(CountStrangers, 1)
		h.work.Go(func() { idle.leave(errIdle) })
	}
	if !member {
		c.guest = from
		h.guests[""]++ // of all addresses
		h.guests[from]++
	}
	if gone != nil {
		h.counts.add(CountReplaced, 1)
		gone.end(errReplaced)
	}
	return nil
}

// strangerIdle is how long a stranger must have asked for nothing before another one may have its place, where all are taken.
const strangerIdle = time.Minute

// place says whether there is a place for a stranger, and whose it is if all are taken: of those who have asked for nothing for a while that of who has for
// the longest. The caller holds mu.
func (h *Host) place(from string, now time.Time) (idle *conn, err error) {
	switch {
	case h.guests[from] >= h.config.StrangersEach:
		return nil, ErrFull
	case h.guests[""] < h.config.Strangers:
		return nil, nil
	}
	oldest := now.Add(-strangerIdle)
	for _, p := range h.peers {
		p.mu.Lock()
		if c := p.conn; c != nil && c.guest != "" && !c.asked.After(oldest) {
			idle, oldest = c, c.asked
		}
		p.mu.Unlock()
	}
	if idle == nil {
		return nil, ErrFull
	}
	return idle, nil
}

// vacate gives back the place of a stranger's connection, if it has one still. The caller holds mu.
func (h *Host) vacate(c *conn) {
	if c.guest == "" {
		return
	}
	h.guests[""]--
	if h.guests[c.guest]--; h.guests[c.guest] == 0 {
		delete(h.guests, c.guest)
	}
	c.guest = ""
}

// serve reads and writes until the connection ends.
func (h *Host) serve(c *conn) {
	p := c.peer
	_ = c.SetDeadline(time.Time{})
	h.isAt(p.key, entrance.From(c))
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
	h.mu.Lock()
	h.vacate(c)
	h.mu.Unlock()
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
