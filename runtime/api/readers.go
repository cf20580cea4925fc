package api

import (
	"net/http"
	"strings"
)

// openRoutes are those of a chain with readers of its own that are for everybody: what is public of it, and messages, which it takes from
// its writers.
var openRoutes = map[string]bool{
	"GET /info": true, "GET /committee": true, "POST /messages": true, "POST /envelopes": true,
}

// wideRoutes show what is on other chains of the node, too.
var wideRoutes = map[string]bool{"GET /trace/{id}": true, "GET /messages/{id}/events": true}

// mayRead refuses to serve the blocks and the state of a chain with readers (SPEC 7.3, 13.4) to anybody but the operator, on the node's own
// machine: HTTP tells no keys. Readers run a node, which proves its key to others.
func (s *Server) mayRead(r *route, on *served, q *http.Request) error {
	what := r.onChain()
	if r.OnChain == "" {
		what = r.Method + " " + strings.TrimPrefix(r.Path, onChain)
	}
	if isLoopback(q.RemoteAddr) && !isPassed(q) || openRoutes[what] {
		return nil
	}
	asked := []*served{on}
	if wideRoutes[what] {
		asked = s.all()
	}
	for _, a := range asked {
		if a.node.Restricted() {
			return forbidden("chain %d serves its blocks and state to its readers alone: run a node with a listed key, or ask on the node's own machine", a.node.Chain())
		}
	}
	return nil
}
