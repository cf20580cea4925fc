package cli

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
)

// What a node's Go heap may grow to before the collector works harder. Most of a large one is the state tree, which holds
// no pointers and costs the collector nothing, so a plain percentage would let garbage grow as large as the state.
const (
	heapLeast    = 320 << 20
	heapBase     = 290 << 20 // accounts in memory, blocks in the making, the mempool
	heapPerEntry = 280       // of the state tree, and its account's record
	heapPercent  = 300       // of garbage, while there is room

	// restTime, twice, is how long a node must have had little to do before it gives memory back that a load left behind.
	restTime = 5 * time.Second
	// restBytes is what it may allocate in that time: heartbeats and questions take less, a load takes that in a moment.
	restBytes = 32 << 20
)

// tuneMemory fits the collector to the nodes of this process, unless the environment says otherwise (GOGC, GOMEMLIMIT).
func tuneMemory(nodes ...*node.Node) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapOf(nodes))
	}
}

func heapOf(nodes []*node.Node) (limit int64) {
	for _, n := range nodes {
		limit += max(heapLeast, heapBase+heapPerEntry*int64(n.Info().Entries))
	}
	return limit
}

// allocated is how many bytes the process has allocated since it began.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// giveBack gives memory back when a load of a process's chains is over, until the context ends, unless the environment says how the collector works. That would keep as
// much as the load took, for hours: nothing makes it run on an idle node but the clock, and then it leaves room for the next one.
//
// What users have under way at the API is beside the limit: it is bounded there, and could be more than all else.
func giveBack(ctx context.Context, p *node.Process, users *api.Server) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	tick := time.NewTicker(restTime)
	defer tick.Stop()
	r := rested{last: allocated()}
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		debug.SetMemoryLimit(heapOf(p.Nodes()) + users.Held())
		if r.after(allocated()) {
			for _, n := range p.Nodes() {
				n.Rest()
			}
			debug.FreeOSMemory()
		}
	}
}

// rested tells when a load is over.
type rested struct {
	last   uint64 // allocated
	loaded bool   // since memory was given back
	quiet  int    // times in a row that little was allocated
}

// after takes what was allocated by now, and says whether to give memory back: once after each load.
func (r *rested) after(now uint64) bool {
	if now-r.last >= restBytes {
		r.loaded, r.quiet = true, 0
	} else {
		r.quiet++
	}
	r.last = now
	if !r.loaded || r.quiet < 2 {
		return false
	}
	r.loaded = false
	return true
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
