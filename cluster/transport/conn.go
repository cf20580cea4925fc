package transport

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// conn is a connection after its handshake. One goroutine reads, one writes; both end it when they can't go on.
type conn struct {
	net.Conn          // TLS
	raw      net.Conn // under it
	peer     *peer
	reader   *bufio.Reader
	dialed   bool // by this node
	hello    Hello
	since    time.Time
	wake     chan struct{} // something is to be sent
	ended    chan struct{}
	once     sync.Once
	reason   error // why it ended; set before ended is closed

	guest string // the host whose share of the places of strangers it has a place of, if it has one; guarded by Host.mu

	// Guarded by peer.mu.
	asked   time.Time    // when the last message came, or it began
	credit  [classes]int // that the other end gave
	granted [classes]int // that this end gave, and is not used
	owed    [classes]int // to be given
	pongs   []uint64     // to be answered; one at most
	tell    bool         // which channels are open
	flood   int          // pings and the like since the last beat

	building [classes]assembly // the reader's
}

var errReplaced = errors.New("another connection took its place")

// replaces decides which of two connections between two nodes stays, alike at both ends. A node that began anew knows of no other
// connection; of two that one end made the older is given up there; of two that both made at once, the one of the lesser key stays.
func (c *conn) replaces(old *conn) bool {
	if c.hello.Session != old.hello.Session || c.dialed == old.dialed {
		return true
	}
	mine := c.peer.host.Key()
	return c.dialed == (string(mine[:]) < string(c.peer.key[:]))
}

// grant gives the other end room; the writer says so, once it is worth a frame.
func (c *conn) grant(class Class, n int) { c.owed[class] += n }

func (c *conn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// end ends the connection for a reason; the first counts.
func (c *conn) end(reason error) {
	c.once.Do(func() {
		c.reason = reason
		close(c.ended)
		c.raw.Close() // not that of TLS, which waits to say goodbye into a pipe that may be full
	})
}

// leave ends the connection and tells the other end why. It waits a second at most, if the writer is stuck in a full pipe.
func (c *conn) leave(reason error) {
	select {
	case <-c.ended: // nobody listens any more
	default:
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.Write(appendFrame(nil, bye{reason.Error()}))
		c.end(reason)
	}
}

// read takes frames until the connection ends.
func (c *conn) read() error {
	buf, looked := make([]byte, maxFrameBytes), time.Time{}
	for {
		if err := c.SetReadDeadline(time.Now().Add(c.peer.host.config.Silence)); err != nil {
			return err
		}
		b, err := readFrame(c.reader, buf)
		if err != nil {
			return err
		}
		f, err := decodeFrame(b)
		if err != nil {
			return err
		}
		if err := c.take(f); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(looked) >= c.peer.host.config.Beat {
			if looked = now; c.endless(now) {
				return errEndless
			}
		}
	}
}

// take does what a frame says.
func (c *conn) take(f frame) error {
	switch f := f.(type) {
	case begin:
		return c.receive(f.class, len(f.part)+fragmentCost+messageCost, func(a *assembly) error {
			if size := int64(f.size); !c.peer.member && size > int64(strangers[f.class].message) && size <= int64(members[f.class].message) {
				return errLong // and not junk: it may be registered, and this node not know it yet
			}
			return a.begin(f, c.peer.rooms[f.class], time.Now())
		})
	case more:
		return c.receive(f.class, len(f.part)+fragmentCost, func(a *assembly) error { return a.more(f.part) })
	case bye:
		return fmt.Errorf("%w: %q", ErrRefused, f.reason)
	}
	if f, ok := f.(serves); ok {
		c.served(f.channels)
	}
	return c.steer(f)
}

// served notes which channels the other end has open, and tells those that it has just opened.
func (c *conn) served(channels []uint32) {
	p := c.peer
	p.mu.Lock()
	before := p.serves
	if p.conn == c {
		p.serves = channels
	}
	current := p.conn == c && p.member
	p.mu.Unlock()
	for _, id := range channels {
		if _, had := slices.BinarySearch(before, id); current && !had {
			p.host.met(id, p.key)
		}
	}
}

// steer takes what steers the connection itself.
func (c *conn) steer(f frame) error {
	p := c.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	defer c.poke()
	switch f := f.(type) {
	case credit:
		c.credit[f.class] += int(f.bytes)
		if f.bytes == 0 || c.credit[f.class] > maxCredit {
			return junk("credit of %d bytes", f.bytes)
		}
		return nil
	case ping:
		c.pongs = append(c.pongs[:0], f.number)
	}
	if c.flood++; c.flood > maxFlood {
		return junk("%d pings between two beats", c.flood)
	}
	return nil
}

const (
	// maxCredit bounds what another node may offer to hold for us.
	maxCredit = 1 << 30
	// maxFlood bounds frames between two beats that cost their sender nothing; a node that follows the protocol sends two or three, and
	// its channels (tellsEach).
	maxFlood = 64
)

// receive takes a fragment, and passes a whole message on.
func (c *conn) receive(class Class, cost int, add func(*assembly) error) error {
	p := c.peer
	p.mu.Lock()
	c.granted[class] -= cost
	over := c.granted[class] < 0
	full := class != Votes && p.pooled() && !p.host.held.fits(p.holds, cost)
	p.held[class] += cost
	p.account()
	if c.granted[class] < low && c.owed[class] > 0 {
		c.poke()
	}
	p.mu.Unlock()
	a := &c.building[class]
	before := a.charged
	var err error
	switch {
	case over:
		err = junk("more than there was room for in class %d", class)
	case full:
		p.host.counts.add(CountShare, 1)
		err = errShare
	default:
		err = add(a)
	}
	if err != nil { // what isn't part of a message that is under way is held no more
		p.taken(class, cost-(a.charged-before))
		return err
	}
	m, whole := a.take()
	if !whole {
		return nil
	}
	p.mu.Lock()
	p.got++
	c.asked = time.Now()
	p.mu.Unlock()
	return p.host.deliver(p, class, m)
}

// endless says whether a message has been under way for too long, although there was room for it: it holds a window. The messages under way are the
// reader's; over a connection that nothing comes on it waits for the end of that.
func (c *conn) endless(now time.Time) bool {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	for i := range c.building {
		a := &c.building[i]
		most := max(c.peer.host.config.Longest, time.Duration(a.size)*time.Second/time.Duration(c.peer.host.config.Slowest))
		if a.size > 0 && c.granted[i] >= low && now.Sub(a.since) > most {
			c.peer.host.counts.add(CountEndless, 1)
			return true
		}
	}
	return false
}

// abandon gives back the room of messages that will not be finished.
func (c *conn) abandon() {
	for i := range c.building {
		if n := c.building[i].charged; n > 0 {
			c.building[i] = assembly{}
			c.peer.taken(Class(i), n)
		}
	}
}

// write sends what is to be sent until the connection ends.
func (c *conn) write() error {
	beat := time.NewTicker(c.peer.host.config.Beat)
	defer beat.Stop()
	buf, number := make([]byte, 0, 2*maxFrameBytes), uint64(0)
	ping := func() {
		c.peer.mu.Lock()
		c.flood = 0
		c.peer.mu.Unlock()
		number++
		buf = appendFrame(buf, ping{number})
	}
	for {
		select {
		case <-c.ended:
			return c.reason
		case <-c.wake:
		case <-beat.C:
			ping()
		}
		for {
			buf = c.fill(buf)
			if len(buf) == 0 {
				break
			}
			if err := c.SetWriteDeadline(time.Now().Add(c.peer.host.config.Silence)); err != nil {
				return err
			}
			if _, err := c.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
			select {
			case <-beat.C: // also where there is always more to send
				ping()
			default:
			}
		}
	}
}

// low is so little room left that the other end may have to wait for more.
const low = 4 * fragmentBytes

func (c *conn) mustTell() bool {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	tell := c.tell
	c.tell = false
	return tell
}

// fill puts what is most urgent behind b: as much as one write should hold.
func (c *conn) fill(b []byte) []byte {
	p := c.peer
	if c.mustTell() {
		b = appendFrame(b, serves{p.host.open(p.member)})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != c { // another took its place; what waits is that one's
		return b
	}
	for _, n := range c.pongs {
		b = appendFrame(b, pong{n})
	}
	c.pongs = c.pongs[:0]
	for i, owed := range c.owed {
		if owed > 0 && (owed >= p.rooms[i].window/8 || p.held[i] == 0 || c.granted[i] < low) {
			c.owed[i] = 0
			c.granted[i] += owed
			b = appendFrame(b, credit{Class(i), uint32(owed)})
		}
	}
	for len(b) < fragmentBytes {
		f := p.out.next(&c.credit)
		if f == nil {
			break
		}
		if _, first := f.(begin); first {
			p.sent++
		}
		b = appendFrame(b, f)
	}
	p.account()
	return b
}
