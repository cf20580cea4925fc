//go:build !race

// Two nodes in one process, each with proto.actor: see cluster/placement for what the race detector says of that.

package cli

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A node that runs no chain measures how long questions to a test network take.
func TestMeasureRequests(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net")
	if a := run(t, t.TempDir(), "testnet", "gen", "--nodes", "1", "--dir", dir); a.code != exitOK {
		t.Fatal(a)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"node", "start", "--home", filepath.Join(dir, "node-0")}, Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	}()
	defer func() {
		stop()
		if code := <-ended; code != exitOK {
			t.Errorf("the node ends with %d", code)
		}
	}()
	if err := awaitNode(ctx, time.Minute, func() bool {
		_, up := nodeHome(filepath.Join(dir, "node-0")).ready()
		return up || len(ended) > 0
	}); err != nil {
		t.Fatal(err)
	}
	p50, err := measureRequests(ctx, dir, 200)
	if err != nil || p50 <= 0 {
		t.Fatal(p50, err)
	}
	t.Logf("half of the questions are answered within %s", p50)
}
