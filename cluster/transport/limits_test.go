package transport

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
)

// The table of limits in the docs has the numbers of the code.
func TestLimitsTable(t *testing.T) {
	c := Config{}.withDefaults()
	mib := func(form string, what func(room) int) string {
		return fmt.Sprintf(form, what(members[Votes])>>20, what(members[Blocks])>>20, what(members[Rest])>>20)
	}
	message, window, queue := func(r room) int { return r.message }, func(r room) int { return r.window }, func(r room) int { return r.queue }
	for row, want := range map[string]string{
		"handshakes at once with addresses of nodes that are dialed, and as many with others; of one address": fmt.Sprintf("%d; %d", c.Handshakes, c.HandshakesEach),
		"time of a handshake":                      fmt.Sprintf("%.0f s", c.Patience.Seconds()),
		"connections of strangers; of one address": fmt.Sprintf("%d; %d", c.Strangers, c.StrangersEach),
		"frame":                                 fmt.Sprintf("%d KiB", fragmentBytes>>10),
		"message of votes, blocks, the rest":    mib("%d MiB, %d MiB, %d MiB", message),
		"received and not taken, of each class": mib("%d, %d, %d MiB", window),
		"waiting to be sent, of each class":     mib("%d, %d, %d MiB", queue),
		"received and not taken, of all nodes without a seat together, and as much that waits to be sent to them; of one of them": fmt.Sprintf(
			"%d MiB; what is left of it, up to %d MiB together %d MiB or a message where nothing waits, and %d KiB at least",
			poolBytes>>20, 2*poolBytes>>20, poolOnce>>20, poolLeast>>10),
		"message of a stranger; received and not taken": fmt.Sprintf("%d KiB; %d KiB", strangers[Rest].message>>10, strangers[Rest].window>>10),
		"silence": fmt.Sprintf("%.0f s", c.Silence.Seconds()),
		"a message under way; what must come in a second of a longer one": fmt.Sprintf("%.0f min; %d KiB", c.Longest.Minutes(), c.Slowest>>10),
		"ban": fmt.Sprintf("%.0f s, doubled with each up to %.0f min; after %.0f h without anything as at first", firstBan.Seconds(), longestBan.Minutes(), bansKept.Hours()),
		"pings, and lists of channels, of one node in 2 s; lists that a node sends": fmt.Sprintf("%d; %d", maxFlood, tellsEach),
		"keys that something is held against":                                       fmt.Sprint(maxScores),
		"nodes that are dialed; channels of a node":                                 fmt.Sprintf("%d; %d", MaxTargets, MaxChannels),
	} {
		docs.Limit(t, row, want)
	}
}
