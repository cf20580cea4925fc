package node

import (
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// A node waits for the interval, and for nothing where the chain has none: whose clock is ahead, or who says so, doesn't stop the others.
func TestUntilNext(t *testing.T) {
	const at = 1_000_000
	for _, x := range []struct {
		interval  uint32
		now, want int64
	}{{0, at - 1900, 0}, {0, at + 5, 0}, {500, at, 500}, {500, at - 100, 600}, {500, at + 500, 0}, {500, at + 600, -100}} {
		got := untilNext(&chain.Header{TimeMillis: at}, &chain.Params{BlockMillis: x.interval}, time.UnixMilli(x.now))
		if got != time.Duration(x.want)*time.Millisecond {
			t.Errorf("an interval of %d ms, %d ms behind the head: %s", x.interval, x.now-at, got)
		}
	}
}
