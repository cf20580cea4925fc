package placement

import (
	"maps"
	"sync"
)

// What Counts names.
const (
	CountAsked     = "questions put"
	CountAnswered  = "questions answered for other nodes or this one"
	CountMoved     = "questions sent on to who leads"
	CountThrough   = "questions put through a node that hasn't the chain: none that has it is reached"
	CountPassed    = "questions of other nodes passed on to where the chain is"
	CountAbsent    = "questions for chains that are not here"
	CountRefused   = "questions refused: too many at once"
	CountNoLetter  = "letters that are none"
	CountBreach    = "frames for proto.actor refused: no node sends such"
	CountUnasked   = "answers that nobody waits for"
	CountStale     = "letters from or to where a node no longer is"
	CountUnknown   = "frames of nodes that are not in the mesh yet, or shut out"
	CountStranger  = "connections to proto.actor refused: the key is not registered, or shut out"
	CountHandshake = "connections to proto.actor that failed before a key was shown"
	CountBusy      = "connections to proto.actor refused: too many handshakes"
	CountAddress   = "connections to where another node answers than said so"
	CountFull      = "letters not sent: too many wait for the node"
	CountFullAll   = "letters not sent: too much waits for all nodes"
	CountRepeats   = "questions put again"
	CountFailed    = "answers of another node that it failed: others are asked"
	CountCalls     = "questions not put: too many are under way"
)

// counts are how often what happened.
type counts struct {
	mu sync.Mutex // guards of
	of map[string]uint64
}

func (c *counts) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[what]++
}

// Counts is how often what happened, by its name.
func (p *Placement) Counts() map[string]uint64 {
	p.counts.mu.Lock()
	defer p.counts.mu.Unlock()
	return maps.Clone(p.counts.of)
}
