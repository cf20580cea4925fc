package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// maxPosted is how many messages handed on to other nodes are remembered.
const maxPosted = 16 << 10

// posted are the chains to which messages were handed that came in here, the last ones: who asks for one later need not say where it is.
type posted struct {
	mu   sync.Mutex // guards the rest
	of   map[chain.MessageID]handed
	last [maxPosted]chain.MessageID // a ring
	next int
}

// handed is when a message was taken by a node of a chain.
type handed struct {
	to chain.ID
	at time.Time
}

func (p *posted) add(m chain.MessageID, id chain.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[m].to != 0 {
		p.of[m] = handed{id, time.Now()}
		return
	}
	if p.of == nil {
		p.of = map[chain.MessageID]handed{}
	}
	delete(p.of, p.last[p.next])
	p.of[m], p.last[p.next] = handed{id, time.Now()}, m
	p.next = (p.next + 1) % maxPosted
}

// chain of a message; 0 if it isn't known.
func (p *posted) chain(m chain.MessageID) chain.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[m].to
}

const (
	// spreads is how long a message takes at most from the node that took it to all others of its chain.
	spreads = 2 * time.Second
	// askPause is the time between the first two questions for a message that spreads; each other one is twice as long, askTimes in all.
	askPause = 50 * time.Millisecond
	askTimes = 6
)

// spreading says whether a message was handed to a chain lately: some of its nodes may not know it yet.
func (p *posted) spreading(m chain.MessageID, id chain.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.of[m]
	return h.to == id && time.Since(h.at) < spreads
}

// askFor is ask for a message: whoever is asked may know it a little later than the node that it was handed to.
func (s *Server) askFor(ctx context.Context, m chain.MessageID, id chain.ID, p passed, wait time.Duration) (reply, error) {
	r, err := s.ask(ctx, id, p, wait)
	for pause := askPause; pause < askPause<<askTimes && err == nil && unknown(&r) && s.posted.spreading(m, id); pause *= 2 {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return r, nil
		}
		again, bad := s.ask(ctx, id, p, wait)
		if bad != nil {
			return r, nil // what was said before holds
		}
		r = again
	}
	return r, err
}

// unknown says whether a chain answers that it knows no such message.
func unknown(r *reply) bool {
	return r.status == http.StatusNotFound && hasCode(r.body, client.CodeUnknownMessage)
}
