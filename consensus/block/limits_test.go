package block

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits says what the code does.
func TestLimitsTable(t *testing.T) {
	docs.Limit(t, "blocks' gas that waits in the pending queue", fmt.Sprint(queueBlocks))
}
