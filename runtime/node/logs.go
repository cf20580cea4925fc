package node

import (
	"slices"
	"sync"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// LogLine is a line that code logged while it handled a message.
type LogLine struct {
	Height  uint64
	Account chain.Address
	Message chain.MessageID
	Text    string
}

// logs are the last lines that code logged in blocks made here: for who debugs, not part of the chain.
type logs struct {
	mu    sync.Mutex // guards the rest
	lines []LogLine
	bytes int
}

const (
	maxLogLines = 4096
	maxLogBytes = 1 << 20
)

// take keeps the lines of a final block.
func (l *logs) take(height uint64, accounts []*exec.Overlay) {
	for _, a := range accounts {
		for i := range a.Events {
			e := &a.Events[i]
			for _, line := range e.Outcome.Logs() {
				l.add(LogLine{height, a.Account, e.Received.Message.ID(), string(line)})
			}
		}
	}
}

func (l *logs) add(line LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	l.bytes += len(line.Text)
	for len(l.lines) > maxLogLines || l.bytes > maxLogBytes {
		l.bytes -= len(l.lines[0].Text)
		l.lines[0] = LogLine{}
		l.lines = l.lines[1:]
	}
}

// Logs are the last lines that code logged in blocks that this node made since it started, oldest first. They are bounded:
// 4096 lines and a megabyte.
func (n *Node) Logs() []LogLine {
	n.logs.mu.Lock()
	defer n.logs.mu.Unlock()
	return slices.Clone(n.logs.lines)
}
