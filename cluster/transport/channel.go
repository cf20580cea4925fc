package transport

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/keys"
)

// Channel carries the messages of one purpose, such as a chain, between the nodes that have it open. Messages from one node to another
// of one class arrive in the order sent, or not at all.
type Channel struct {
	host   *Host
	id     uint32
	config ChannelConfig
	in     *inbox
	done   sync.WaitGroup

	taking sync.Mutex // held during a call; guards take
	take   func(from keys.PublicKey, raw []byte, taken func())

	meeting sync.Mutex // held during a call; guards meet
	meet    func(node keys.PublicKey)
}

// ChannelConfig says how a channel is used.
type ChannelConfig struct {
	// Classify says how urgent a message is that is sent here; nil for Rest.
	Classify func(raw []byte) Class
	// Public lets strangers send here too, in class Rest.
	Public bool
}

// Send hands bytes over for a node, Spread for all members that have the channel open. Neither waits; both may lose them: what no
// longer fits into the queue of a node that is slow, and what is for one that is away. Raw must not change afterwards.
func (c *Channel) Send(to keys.PublicKey, raw []byte) {
	if p := c.host.peer(to); p != nil {
		p.send(c.class(raw), message{c.id, raw})
		return
	}
	c.host.counts.add(CountAway, 1)
}

// Spread is Send to all.
func (c *Channel) Spread(raw []byte) {
	class := c.class(raw)
	for _, p := range c.host.all() {
		if p.member && p.has(c.id) {
			p.send(class, message{c.id, raw})
		}
	}
}

func (c *Channel) class(raw []byte) Class {
	if c.config.Classify == nil {
		return Rest
	}
	return c.config.Classify(raw)
}

// Receive sets who is called with what others send, one call at a time; nil for nobody. From is authenticated. What comes while
// nobody is set is lost. It returns when no call of an earlier one is under way. While a call takes its time, senders have to
// wait once their windows are full.
func (c *Channel) Receive(take func(from keys.PublicKey, raw []byte)) {
	if take == nil {
		c.Hold(nil)
		return
	}
	c.Hold(func(from keys.PublicKey, raw []byte, taken func()) {
		take(from, raw)
		taken()
	})
}

// Hold is Receive for one who keeps what comes for later: the sender has the room of a message back when taken is called, once, by
// whichever goroutine. Until then it fills the sender's window, so that what one node makes another keep is bounded.
func (c *Channel) Hold(take func(from keys.PublicKey, raw []byte, taken func())) {
	c.taking.Lock()
	defer c.taking.Unlock()
	c.take = take
}

// Met sets who is told of members that are connected and have just opened the channel, at once of those that have it already; nil for
// nobody. Messages sent to them before were lost. Of one that was closed and opened again within a moment (tellsEach) nobody is told. The call must
// not wait, nor call the channel.
func (c *Channel) Met(meet func(node keys.PublicKey)) {
	c.meeting.Lock()
	defer c.meeting.Unlock()
	c.meet = meet
	for _, node := range c.Peers() {
		if meet != nil {
			meet(node)
		}
	}
}

// Peers are the members that are connected and have the channel open.
func (c *Channel) Peers() (list []keys.PublicKey) {
	for _, p := range c.host.all() {
		if p.member && p.has(c.id) {
			list = append(list, p.key)
		}
	}
	return list
}

// Also are those peers that have another channel open, too, whether or not it is open here.
func (c *Channel) Also(id uint32) (list []keys.PublicKey) {
	for _, p := range c.host.all() {
		if p.member && p.has(c.id) && p.has(id) {
			list = append(list, p.key)
		}
	}
	return list
}

// Stranger says whether a node that is connected is none that the host knows as a member.
func (c *Channel) Stranger(node keys.PublicKey) bool {
	p := c.host.peer(node)
	return p != nil && !p.member
}

// Junk holds it against a node that it sent what can't be read. Who does so again and again is banned for a while.
func (c *Channel) Junk(from keys.PublicKey, why string) { c.host.blame(from, offence, why) }

// Close ends the channel; what waits is lost.
func (c *Channel) Close() {
	c.Receive(nil)
	c.Met(nil)
	c.host.shut(c)
	c.in.close()
	c.done.Wait()
}

func (c *Channel) deliver() {
	for {
		l, ok := c.in.next()
		if !ok {
			return
		}
		c.hand(l)
	}
}

func (c *Channel) hand(l letter) {
	c.taking.Lock()
	defer c.taking.Unlock()
	if c.take == nil {
		l.release()
		return
	}
	c.take(l.from, l.raw, l.release)
}
