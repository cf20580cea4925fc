package cli

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
)

// What a node's Go heap may grow to before the collector works harder. Most of a large one is the state tree, which holds
// no pointers and costs the collector nothing, so a plain percentage would let garbage grow as large as the state.
const (
	heapLeast    = 540 << 20
	heapBase     = 310 << 20 // accounts in memory, blocks in the making, the mempool
	heapPerEntry = 280       // of the state tree, and its account's record
	heapPercent  = 300       // of garbage, while there is room

	// restTime is how long a process must have had little to do before it gives memory back that a load left behind.
	restTime = 5 * time.Second
	// restBytes is what it may allocate in that time: heartbeats and questions take less, a load takes that in a moment.
	restBytes = 32 << 20
	// restWorth is how much there must be to give back.
	restWorth = 64 << 20
)

var restOnce sync.Once

// tuneMemory fits the collector to the nodes of this process, unless the environment says otherwise (GOGC, GOMEMLIMIT).
func tuneMemory(nodes ...*node.Node) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		limit := int64(0)
		for _, n := range nodes {
			limit += max(heapLeast, heapBase+heapPerEntry*int64(n.Info().Entries))
		}
		debug.SetMemoryLimit(limit)
	}
	restOnce.Do(func() { go giveBack(time.Tick(restTime), readMemory, debug.FreeOSMemory) })
}

// memory is what a process has allocated since it began, and what of its memory is neither in use nor given back, in bytes.
type memory struct{ allocated, spare uint64 }

func readMemory() memory {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	garbage := s[2].Value.Uint64() - min(s[2].Value.Uint64(), s[3].Value.Uint64()) // as of the last collection
	return memory{s[0].Value.Uint64(), s[1].Value.Uint64() + garbage}
}

// giveBack gives memory back when a load is over. The collector would keep as much as the load took, for hours: nothing makes it run on an idle
// node but the clock, and then it leaves room for the next one.
func giveBack(ticks <-chan time.Time, read func() memory, free func()) {
	last := read()
	for range ticks {
		now := read()
		if now.allocated-last.allocated < restBytes && now.spare > restWorth {
			free()
		}
		last = now
	}
}

// openTuned is node.Open with the collector fitted to the node. It runs code, with what was compiled kept in cache, or in
// memory if that is empty.
func openTuned(c node.Config, cache string) (*node.Node, error) {
	c.Engine = engineIn(cache)
	n, err := node.Open(c)
	if err == nil {
		tuneMemory(n)
	}
	return n, err
}
