package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What a node with an empty directory fetches (nodeConfig.Sync).
const (
	syncBlocks   = "blocks"
	syncSnapshot = "snapshot"
)

// joiningFile says how far a node is that begins with a snapshot; it is there until the node serves users.
const joiningFile = "joining.json"

// extendStart tells systemd, which ends what doesn't start in time, that a node which gets on has five minutes more.
const extendStart = "EXTEND_TIMEOUT_USEC=300000000"

// joiningNode is what the file says.
type joiningNode struct {
	PID    int      `json:"pid"`
	Chain  chain.ID `json:"chain"`
	Done   int      `json:"pieces"`
	Total  int      `json:"of"`
	Bytes  uint64   `json:"bytes"` // fetched since the start
	Millis int64    `json:"millis"`
}

// String is for people.
func (j *joiningNode) String() string {
	rate := float64(j.Bytes) / max(float64(j.Millis), 1) * 1000
	return fmt.Sprintf("chain %d, %d of %d pieces, %.1f MB at %.1f MB a second", j.Chain, j.Done, j.Total, float64(j.Bytes)/1e6, rate/1e6)
}

// joining reads the file of a node that runs; nil if there is none.
func (h nodeHome) joining() *joiningNode {
	text, err := os.ReadFile(h.file(joiningFile))
	j := &joiningNode{}
	if err != nil || json.Unmarshal(text, j) != nil {
		return nil
	}
	if is, ok := h.running(); !ok || is.PID != j.PID {
		return nil
	}
	return j
}

// joinPlan has a node of an empty directory begin as its configuration says.
func (a *app) joinPlan(h nodeHome, sync string, stop <-chan struct{}) *node.Join {
	if sync != syncSnapshot {
		return nil
	}
	began, said := time.Now(), time.Time{}
	return &node.Join{Stop: stop, Told: func(id chain.ID, done, total int, bytes uint64) {
		now := time.Now()
		if now.Sub(said) < time.Second && done < total {
			return
		}
		said = now
		j := joiningNode{os.Getpid(), id, done, total, bytes, now.Sub(began).Milliseconds()}
		text, err := json.Marshal(j)
		if err == nil {
			err = writeWhole(h.file(joiningFile), text)
		}
		_, _ = daemon.SdNotify(false, extendStart)
		a.log.Info("the node fetches a state", "chain", id, "pieces", done, "of", total, "bytes", bytes, "error", err)
	}}
}
