package placement

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
	"github.com/thinkey/thinkey/sdk/chain"
)

// The table of limits in the docs has the numbers of the code.
func TestLimitsTable(t *testing.T) {
	for row, want := range map[string]string{
		"handshakes at once with addresses of nodes that are known, and as many with others; of one address; time of one": fmt.Sprintf("%d; %d; 5 s", handshakes, handshakesEach),
		"connections of a node; streams of one":     fmt.Sprintf("%d; 2", connectionsEach),
		"frame; letters in it; fields at one level": fmt.Sprintf("%.1f MiB; 1; %d", float64(maxFrame)/(1<<20), mostFields),
		"shut out": fmt.Sprintf("%.0f s", banTime.Seconds()),
		"questions being answered; of one node; their bytes":                 fmt.Sprintf("%d; %d, and no more than are left; %d MiB", answers, answersEach, answerBytes>>20),
		"letters waiting for one node; their bytes":                          fmt.Sprintf("%d; %d MiB", roadLetters, roadBytes>>20),
		"bytes of letters waiting for all nodes; of one":                     fmt.Sprintf("%d MiB; no more than are left, and %d KiB at least", roadsBytes>>20, roadLeast>>10),
		"questions that a node has open":                                     fmt.Sprint(callsAtOnce),
		"tries of a question; of these, by the word of who leads; that fail": fmt.Sprintf("%d; %d; %d", most, mostMoves, mostFailures),
		"time of an answer":                                                  fmt.Sprintf("%.0f s, and what the asker waits", longestAnswer.Seconds()),
		"leaders remembered":                                                 fmt.Sprintf("%d, as many as chains", chain.MaxChains),
		"moves of a node in proto.actor's list":                              fmt.Sprintf("one in %.0f min", moveAgain.Minutes()),
		"nodes without the chain that a question goes through":               fmt.Sprintf("%d, one after the other", mostThrough),
		"questions passed on for nodes that reach none with the chain; of one node; their bytes; tries of one": fmt.Sprintf("%d; %d, and no more than are left; %d MiB; %d", onward, onwardEach, onwardBytes>>20, mostOnward),
	} {
		docs.Limit(t, row, want)
	}
}
