package node

import (
	"cmp"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// LogLine is a line that code logged while it handled a message.
type LogLine struct {
	Height  uint64
	Account chain.Address
	Message chain.MessageID
	Text    string
}

// logs are the last lines that code logged in blocks that became final here: for who debugs, not part of the chain.
type logs struct {
	mu    sync.Mutex // guards the rest
	lines []LogLine  // by height
	bytes int
	gone  int                     // how many lines were kept before these
	first map[chain.MessageID]int // the number of a message's first line, those that are gone counted
}

const (
	maxLogLines = 4096
	maxLogBytes = 1 << 20
)

// take keeps the lines of a final block.
func (l *logs) take(height uint64, lines []block.Log) {
	for _, line := range lines {
		l.add(LogLine{height, line.Account, line.Message, line.Text})
	}
}

func (l *logs) add(line LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = make(map[chain.MessageID]int)
	}
	if _, ok := l.first[line.Message]; !ok {
		l.first[line.Message] = l.gone + len(l.lines)
	}
	l.lines = append(l.lines, line)
	l.bytes += len(line.Text)
	for len(l.lines) > maxLogLines || l.bytes > maxLogBytes {
		delete(l.first, l.lines[0].Message)
		l.bytes -= len(l.lines[0].Text)
		l.lines[0] = LogLine{}
		l.lines = l.lines[1:]
		l.gone++
	}
}

// LogsOf are the lines that code logged while it handled a message, if they are still among the last.
func (n *Node) LogsOf(id chain.MessageID) (texts []string) {
	l := &n.logs
	l.mu.Lock()
	defer l.mu.Unlock()
	first, ok := l.first[id]
	if !ok {
		return nil
	}
	for _, line := range l.lines[first-l.gone:] {
		if line.Message != id {
			break
		}
		texts = append(texts, line.Text)
	}
	return texts
}

// LogsAt are those of a block.
func (n *Node) LogsAt(height uint64) []LogLine {
	lines := n.Logs()
	from, _ := slices.BinarySearchFunc(lines, height, byHeight)
	to, _ := slices.BinarySearchFunc(lines, height+1, byHeight)
	return lines[from:to]
}

func byHeight(line LogLine, height uint64) int { return cmp.Compare(line.Height, height) }

// Logs are the last lines that code logged in blocks that became final here since the node started, oldest first. They are bounded:
// 4096 lines and a megabyte.
func (n *Node) Logs() []LogLine {
	n.logs.mu.Lock()
	defer n.logs.mu.Unlock()
	return slices.Clone(n.logs.lines)
}
