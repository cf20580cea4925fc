package transport

import (
	"maps"
	"sync"
)

// Why something was refused or lost, as Counts names it.
const (
	CountBusy      = "connections refused: too many at once"
	CountHandshake = "handshakes failed"
	CountNetwork   = "other network"
	CountVersion   = "other version"
	CountBanned    = "banned"
	CountStrangers = "strangers refused: too many"
	CountSelf      = "own key met"
	CountReplaced  = "connections replaced"
	CountEndless   = "messages that don't end"
	CountJunk      = "junk"
	CountBans      = "bans"
	CountFull      = "not sent: the queue is full"
	CountShare     = "nodes without a seat have too much"
	CountAway      = "not sent: the node is away"
	CountNobody    = "received for a channel that is not open"
	CountForbidden = "strangers asked for what is members'"
)

// counts says how often what happened.
type counts struct {
	mu sync.Mutex // guards n
	n  map[string]uint64
}

func (c *counts) add(what string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[what] += uint64(n)
}

func (c *counts) all() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}
