package node

import (
	"sync"

	"github.com/thinkey/thinkey/consensus/bft"
)

// Switch connects nodes of one process: what a node sends is in the mailbox of the other at once. A mailbox that is full
// loses what comes, as a network does.
type Switch struct{ ports []*port }

// NewSwitch has a port for each peer. Close it after the nodes.
func NewSwitch(peers int) *Switch {
	s := &Switch{}
	for i := range peers {
		p := &port{of: s, me: bft.Peer(i), box: make(chan letter, mailboxes)}
		s.ports = append(s.ports, p)
		p.done.Go(p.deliver)
	}
	return s
}

// mailboxes is how many letters wait for a node: some heights' worth of votes from the largest committee in one process.
const mailboxes = 4096

// Port is the Net of a peer.
func (s *Switch) Port(p bft.Peer) Net { return s.ports[p] }

// Close ends the switch; what waits is lost.
func (s *Switch) Close() {
	for _, p := range s.ports {
		p.mu.Lock()
		if !p.closed {
			p.closed = true
			close(p.box)
		}
		p.mu.Unlock()
	}
	for _, p := range s.ports {
		p.done.Wait()
	}
}

type port struct {
	of   *Switch
	me   bft.Peer
	done sync.WaitGroup

	mu     sync.RWMutex // guards closed, against sends
	closed bool
	box    chan letter

	taking sync.Mutex // held during a call; guards take
	take   func(from bft.Peer, raw []byte)
}

type letter struct {
	from bft.Peer
	raw  []byte
}

func (p *port) Send(to bft.Peer, raw []byte) {
	for _, other := range p.of.ports {
		if other != p && (to == bft.Everyone || to == other.me) {
			other.put(letter{p.me, raw})
		}
	}
}

func (p *port) put(l letter) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return
	}
	select {
	case p.box <- l:
	default:
	}
}

func (p *port) Receive(take func(from bft.Peer, raw []byte)) {
	p.taking.Lock()
	defer p.taking.Unlock()
	p.take = take
}

func (p *port) deliver() {
	for l := range p.box {
		p.taking.Lock()
		if p.take != nil {
			p.take(l.from, l.raw)
		}
		p.taking.Unlock()
	}
}
