package mesh

import (
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// conflictPause is how long after a line about a node's addresses there is no other: gossip repeats a conflict several times a second,
	// for as long as it lasts.
	conflictPause = 10 * time.Second
	// maxConflicts bounds the nodes whose conflicts are kept apart. Those that are registered put up a deposit for each key.
	maxConflicts = 1024
)

// conflict is what is known of a node that claims two addresses.
type conflict struct {
	seen   uint64
	unsaid uint64 // since the last line
	said   time.Time
}

// moved counts a conflict of a registered node, and says whether it may have a line now, and how many had none since the last.
func (m *Mesh) moved(k keys.PublicKey, now time.Time) (unsaid uint64, say bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.conflicts[k]
	if c == nil {
		if len(m.conflicts) >= maxConflicts {
			return 0, false
		}
		c = &conflict{}
		m.conflicts[k] = c
	}
	c.seen++
	if !c.said.IsZero() && now.Sub(c.said) < conflictPause {
		c.unsaid++
		return 0, false
	}
	unsaid, c.unsaid, c.said = c.unsaid, 0, now
	return unsaid, true
}

// Conflicts is how often a registered node claimed another address than the one that was known, for each that did: it has moved, or two
// processes have its key.
func (m *Mesh) Conflicts() map[keys.PublicKey]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := make(map[keys.PublicKey]uint64, len(m.conflicts))
	for k, c := range m.conflicts { // any order: it makes a map
		seen[k] = c.seen
	}
	return seen
}
