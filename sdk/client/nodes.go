package client

import (
	"strings"
	"sync"
)

// nodes are those of which a client asks one until it fails.
type nodes struct {
	urls []string // at least one; they don't change
	mu   sync.Mutex
	at   place
}

// place counts the nodes that were left: modulo their number it is the one that is asked.
type place int

// now is the node to ask.
func (n *nodes) now() (url string, at place) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.url(n.at), n.at
}

func (n *nodes) url(at place) string { return n.urls[int(at)%len(n.urls)] }

// leave goes on to the next node, unless another call did so meanwhile.
func (n *nodes) leave(at place) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at == at {
		n.at++
	}
}

// nodeURL is the URL of an API, by itself or by host:port.
func nodeURL(node string) string {
	if !strings.Contains(node, "://") {
		node = "http://" + node
	}
	return strings.TrimRight(node, "/")
}
