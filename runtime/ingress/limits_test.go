package ingress

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits says what the code does.
func TestLimitsTable(t *testing.T) {
	docs.Limit(t, "relays that may be under way to a loaded chain, at least; in blocks of what it takes in", fmt.Sprintf("%d; %d", minWindow, windowBlocks))
	docs.Limit(t, "how long who sends to a loaded chain is told to wait", fmt.Sprintf("%d ms to %d s", leastWait, mostWait/1000))
}
