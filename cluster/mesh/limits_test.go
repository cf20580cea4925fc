package mesh

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits in the docs has the numbers of the code.
func TestLimitsTable(t *testing.T) {
	for row, want := range map[string]string{
		"record of a node; runs of chains in it":                 fmt.Sprintf("%d bytes; %d", maxRecordBytes, MaxServed),
		"nodes that the mesh remembers; of those not registered": fmt.Sprintf("%d; %d", maxNodes, maxUnregistered),
		"records of nodes whose signature is looked at in a second, of registered ones that were not known; of one that is; under other keys":       fmt.Sprintf("%d; %d; %d", maxChecks, keyChecks, strangerChecks),
		"connections to the mesh that others have made, from addresses of registered nodes, and as many from others; of one address; bytes of each": fmt.Sprintf("%d; %d; %d MiB", mostStreams, mostFrom, mostStreamBytes>>20),
		"nodes of which one connection to the mesh speaks":                              fmt.Sprint(mostSaid),
		"registered nodes that claim two addresses, of which each is counted by itself": fmt.Sprint(maxConflicts),
	} {
		docs.Limit(t, row, want)
	}
}
