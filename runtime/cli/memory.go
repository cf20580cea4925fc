package cli

import (
	"os"
	"runtime/debug"

	"github.com/thinkey/thinkey/runtime/node"
)

// What a node's Go heap may grow to before the collector works harder. Most of a large one is the state tree, which holds
// no pointers and costs the collector nothing, so a plain percentage would let garbage grow as large as the state.
const (
	heapLeast    = 540 << 20
	heapBase     = 310 << 20 // accounts in memory, blocks in the making, the mempool
	heapPerEntry = 280       // of the state tree, and its account's record
	heapPercent  = 300       // of garbage, while there is room
)

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
