package transport

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/sdk/keys"
)

// peer is another node, from its first connection until neither a connection nor a message of it is left.
type peer struct {
	host   *Host
	key    keys.PublicKey
	member bool
	rooms  *[classes]room

	mu     sync.Mutex // guards the rest
	conn   *conn      // nil between two
	out    queue
	held   [classes]int // charged for what was received and not taken
	serves []uint32     // channels that it has open, ascending
	sent   uint64
	got    uint64
	lost   uint64
	waits  int // noted in the host's pools (account)
	holds  int
}

func newPeer(h *Host, key keys.PublicKey, member bool) *peer {
	p := &peer{host: h, key: key, member: member, rooms: &strangers}
	p.out.rooms = &toStrangers
	if member {
		p.rooms, p.out.rooms = &members, &members
	}
	return p
}

// level is that of a line about the peer: strangers come without number, and so would lines about them.
func (p *peer) level(otherwise slog.Level) slog.Level {
	if !p.member {
		return slog.LevelDebug
	}
	return otherwise
}

// attach makes a connection the peer's one, unless another is to stay; that which goes is returned.
func (p *peer) attach(c *conn) (gone *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil && !c.replaces(p.conn) {
		return c
	}
	gone, p.conn = p.conn, c
	p.out.again()
	p.serves = nil
	for i := range p.rooms {
		c.grant(Class(i), p.rooms[i].window-p.held[i])
	}
	return gone
}

// detach says whether the connection was still the peer's. What waits for a node that is away is of no use when it comes back.
func (p *peer) detach(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != c {
		return false
	}
	p.conn, p.serves = nil, nil
	defer p.account()
	if n := p.out.clear(); n > 0 {
		p.lost += uint64(n)
		p.host.counts.add(CountAway, n)
	}
	return true
}

// idle says whether nothing is left of it.
func (p *peer) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn == nil && p.held == [classes]int{}
}

// send puts a message into the queue; it doesn't wait.
func (p *peer) send(class Class, m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.conn == nil:
		p.lost++
		p.host.counts.add(CountAway, 1)
	case class != Votes && p.pooled() && !p.host.waiting.fits(p.waits, charge(len(m.raw))):
		p.lost++
		p.host.counts.add(CountShare, 1)
	case !p.out.push(class, m):
		p.lost++
		p.host.counts.add(CountFull, 1)
	default:
		p.account()
		p.conn.poke()
	}
}

// has says whether the peer has a channel open.
func (p *peer) has(channel uint32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := slices.BinarySearch(p.serves, channel)
	return ok
}

// taken gives the peer back the room of a message.
func (p *peer) taken(c Class, charged int) {
	p.mu.Lock()
	p.held[c] -= charged
	p.account()
	away := p.conn == nil
	if !away {
		p.conn.grant(c, charged)
		p.conn.poke()
	}
	p.mu.Unlock()
	if away {
		p.host.tidy(p)
	}
}
