package node

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/keys"
)

// Switch connects nodes of one chain in one process: what a node sends is in the mailbox of the other at once. A mailbox that is
// full loses what comes, as a network does.
type Switch struct {
	mu     sync.RWMutex // guards the rest
	ports  []*port
	closed bool
}

// NewSwitch has no ports yet. Close it after the nodes.
func NewSwitch() *Switch { return &Switch{} }

// mailboxes is how many letters wait for a node: some heights' worth of votes from the largest committee in one process.
const mailboxes = 4096

// Port is the Net of a node.
func (s *Switch) Port(node keys.PublicKey) Net {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.ports {
		if p.me == node {
			return p
		}
	}
	p := &port{of: s, me: node, box: make(chan letter, mailboxes)}
	s.ports = append(s.ports, p)
	p.done.Go(p.deliver)
	return p
}

// Close ends the switch; what waits is lost.
func (s *Switch) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		for _, p := range s.ports {
			close(p.box)
		}
	}
	s.mu.Unlock()
	for _, p := range s.ports {
		p.done.Wait()
	}
}

type port struct {
	of   *Switch
	me   keys.PublicKey
	done sync.WaitGroup
	box  chan letter

	taking sync.Mutex // held during a call; guards take
	take   func(from keys.PublicKey, raw []byte, taken func())
}

type letter struct {
	from keys.PublicKey
	raw  []byte
}

func (p *port) Send(to keys.PublicKey, raw []byte) {
	p.post(raw, func(node keys.PublicKey) bool { return node == to })
}

func (p *port) Spread(raw []byte) {
	p.post(raw, func(keys.PublicKey) bool { return true })
}

// post puts a letter into the mailboxes of others.
func (p *port) post(raw []byte, meant func(node keys.PublicKey) bool) {
	p.of.mu.RLock()
	defer p.of.mu.RUnlock()
	if p.of.closed {
		return
	}
	for _, other := range p.of.ports {
		if other == p || !meant(other.me) {
			continue
		}
		select {
		case other.box <- letter{p.me, raw}:
		default:
		}
	}
}

func (p *port) Hold(take func(from keys.PublicKey, raw []byte, taken func())) {
	p.taking.Lock()
	defer p.taking.Unlock()
	p.take = take
}

// Peers are the other nodes that have a port.
func (p *port) Peers() (list []keys.PublicKey) {
	p.of.mu.RLock()
	defer p.of.mu.RUnlock()
	for _, other := range p.of.ports {
		if other != p {
			list = append(list, other.me)
		}
	}
	return list
}

func (p *port) deliver() {
	for l := range p.box {
		p.taking.Lock()
		if p.take != nil {
			p.take(l.from, l.raw, func() {})
		}
		p.taking.Unlock()
	}
}
