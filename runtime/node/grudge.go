package node

import (
	"sync"
	"time"
)

// grudges says what of the faults of others is worth a line in the log: the first of a kind at each node at once, and then one line in a
// while with how many there were since. What others send makes no more lines than that, however much it is; metrics count each.
type grudges struct {
	mu    sync.Mutex // guards known
	known map[grudge]*held
}

type grudge struct{ who, what string }

type held struct {
	until  time.Time // no line before
	unsaid int
}

const (
	// grudgePause is how long a fault of one kind at one node makes no further line.
	grudgePause = 10 * time.Second
	// maxGrudges bounds what is remembered; where it is full and nothing in it is old, further kinds make no lines.
	maxGrudges = 1024
)

func newGrudges() *grudges { return &grudges{known: map[grudge]*held{}} }

// say says whether a fault makes a line now, and how many there were since the last one that make none.
func (g *grudges) say(who, what string, now time.Time) (unsaid int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := grudge{who, what}
	h := g.known[k]
	switch {
	case h == nil:
		if len(g.known) >= maxGrudges && !g.forget(now) {
			return 0, false
		}
		h = &held{}
		g.known[k] = h
	case now.Before(h.until):
		h.unsaid++
		return 0, false
	}
	unsaid, h.unsaid, h.until = h.unsaid, 0, now.Add(grudgePause)
	return unsaid, true
}

// forget drops what is old, and says whether something was.
func (g *grudges) forget(now time.Time) (some bool) {
	for k, h := range g.known {
		if !now.Before(h.until) {
			delete(g.known, k)
			some = true
		}
	}
	return some
}
