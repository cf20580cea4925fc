package api

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
)

// maxPosted is how many messages handed on to other nodes are remembered.
const maxPosted = 16 << 10

// posted are the chains to which messages were handed that came in here, the last ones: who asks for one later need not say where it is.
type posted struct {
	mu   sync.Mutex // guards the rest
	of   map[chain.MessageID]chain.ID
	last [maxPosted]chain.MessageID // a ring
	next int
}

func (p *posted) add(m chain.MessageID, id chain.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[m] != 0 {
		return
	}
	if p.of == nil {
		p.of = map[chain.MessageID]chain.ID{}
	}
	delete(p.of, p.last[p.next])
	p.of[m], p.last[p.next] = id, m
	p.next = (p.next + 1) % maxPosted
}

// chain of a message; 0 if it isn't known.
func (p *posted) chain(m chain.MessageID) chain.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[m]
}
