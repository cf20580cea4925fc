package store

import (
	"strings"
	"sync"

	"github.com/RaduBerinde/btreemap"
	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// gaps remembers stretches of an index in which a search found nothing but keys that were deleted. Until they are compacted
// away pebble passes them one by one: 50 ms behind 98,000 keys, which code can make and delete within two blocks, for what
// gas.Next prices at 5 µs. Each is passed once now: a commit changes only those gaps in which it puts a key.
type gaps struct {
	mu         sync.Mutex // guards the rest
	generation uint64     // of the state
	closed     bool       // a commit is being applied: what is found now may be of either state
	ends       *btreemap.BTreeMap[string, string]
}

const (
	// gapSteps is how many keys that are no more make a gap worth to be remembered: passing so few costs less than a search.
	gapSteps = 64
	// maxGaps bounds the memory, about 400 bytes for each; they stand for a million keys.
	maxGaps   = 1 << 14
	gapDegree = 16 // of the tree
)

// skip is the first place not before from at which there may be a key, and the state's generation, for note.
func (g *gaps) skip(from []byte) ([]byte, uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ends != nil {
		for _, end := range g.ends.Descend(btreemap.LE(string(from)), btreemap.Min[string]()) {
			if end > string(from) {
				return []byte(end), g.generation
			}
			break
		}
	}
	return from, g.generation
}

// note remembers that there is no key from one place up to another, if the state is still that of the generation.
func (g *gaps) note(from, to string, generation uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.generation != generation {
		return
	}
	if g.ends == nil || g.ends.Len() >= maxGaps {
		g.ends = btreemap.New[string, string](gapDegree, strings.Compare)
	}
	for start, end := range g.ends.Descend(btreemap.LT(from), btreemap.Min[string]()) {
		if end >= from {
			from = start // one gap goes on where another ends
		}
		break
	}
	for next := g.after(from); next != "" && next < to; next = g.after(from) { // gaps don't overlap
		g.ends.Delete(next)
	}
	g.ends.ReplaceOrInsert(from, to)
}

// after is where the first gap behind a place starts; "" if there is none.
func (g *gaps) after(place string) string {
	for start := range g.ends.Ascend(btreemap.GT(place), btreemap.Max[string]()) {
		return start
	}
	return ""
}

// begin is called before a commit, or the genesis, is applied, with what it changes.
func (g *gaps) begin(id chain.ID, changes []exec.Change) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for i := range changes {
		if c := &changes[i]; g.ends != nil && isListed(&c.Slot) && c.Before == nil {
			g.split(string(entryKey(nil, id, c.Account, c.Key)))
		}
	}
}

// split makes two of the gap that a key comes into.
func (g *gaps) split(key string) {
	for start, end := range g.ends.Descend(btreemap.LE(key), btreemap.Min[string]()) {
		if end > key {
			g.ends.ReplaceOrInsert(start, key)
			g.ends.ReplaceOrInsert(key+"\x00", end)
		}
		return
	}
}

// end is called when it was applied, or was not.
func (g *gaps) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = false
	g.generation++
}

// passed is how many entries of pebble's tables an iterator went over.
func passed(it *pebble.Iterator) int {
	stats := it.Stats()
	return stats.ForwardStepCount[pebble.InternalIterCall]
}
