package node

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// What code logs is bounded, and found by message and by block while it is kept.
func TestLogsAreBounded(t *testing.T) {
	n := &Node{}
	id := func(n int) (id chain.MessageID) {
		binary.BigEndian.PutUint32(id[:], uint32(n))
		return id
	}
	const more = 10
	for m := range maxLogLines/2 + more { // two lines each, two messages to a block
		for i := range 2 {
			n.logs.add(LogLine{Height: uint64(m / 2), Message: id(m), Text: fmt.Sprintf("%d.%d", m, i)})
		}
	}
	last := maxLogLines/2 + more - 1
	if len(n.Logs()) != maxLogLines || len(n.logs.first) != maxLogLines/2 {
		t.Errorf("%d lines, %d messages", len(n.Logs()), len(n.logs.first))
	}
	for m, want := range map[int][]string{more - 1: nil, more: {"10.0", "10.1"}, last: {fmt.Sprintf("%d.0", last), fmt.Sprintf("%d.1", last)}, last + 1: nil} {
		if got := n.LogsOf(id(m)); !slices.Equal(got, want) {
			t.Errorf("message %d: %q, want %q", m, got, want)
		}
	}
	for height, want := range map[int]int{0: 0, more/2 - 1: 0, more / 2: 4, last / 2: 4, last: 0} {
		if got := n.LogsAt(uint64(height)); len(got) != want {
			t.Errorf("block %d: %+v, want %d lines", height, got, want)
		}
	}
	n.logs.add(LogLine{Height: uint64(last), Message: id(last + 1), Text: strings.Repeat("x", maxLogBytes)})
	if got := n.Logs(); len(got) != 1 || len(n.LogsOf(id(last+1))) != 1 || len(n.logs.first) != 1 {
		t.Errorf("%d lines, of %d messages", len(got), len(n.logs.first))
	}
}
