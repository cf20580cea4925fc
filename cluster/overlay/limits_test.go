package overlay

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits in the docs has the numbers of the code.
func TestLimitsTable(t *testing.T) {
	docs.Limit(t, "names that a neighbour announced and nobody has shown", fmt.Sprint(maxWanted))
	docs.Limit(t, "times that a neighbour is given a block that it asks for by name", fmt.Sprint(maxGiven))
}
