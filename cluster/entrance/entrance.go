// Package entrance bounds the connections that others make, of which nothing is known yet but their addresses. Addresses at which a node is expected have
// places of their own: whoever holds all others, with silence from many addresses, keeps out no node of which it is known where it is.
//
//	a connection ──Enter──► its address has a place left ──► its kind has a place left ──► may go on; what it got must be called at its end
//	                                   └────────────────────────────┴──► is closed, and counted by the caller
package entrance

import "sync"

// Entrance is the door of one port. It is safe for concurrent use.
type Entrance struct {
	most, each int
	expects    func(host string) bool

	mu   sync.Mutex // guards the rest
	open map[string]int
	all  map[bool]int // by whether a node is expected there
}

// New bounds the connections of all addresses at which a node is expected, as expects says, to most, those of all others to as many, and those of one
// address to each. Expects is called from many goroutines.
func New(most, each int, expects func(host string) bool) *Entrance {
	return &Entrance{most: most, each: each, expects: expects, open: map[string]int{}, all: map[bool]int{}}
}

// Open is how many places are taken.
func (e *Entrance) Open() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[true] + e.all[false]
}

// Enter takes a place for a connection of a host; leave, to be called once, gives it back. False if there is none.
func (e *Entrance) Enter(host string) (leave func(), ok bool) {
	expected := e.expects(host)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all[expected] >= e.most || e.open[host] >= e.each {
		return nil, false
	}
	e.all[expected]++
	e.open[host]++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all[expected]--
		if e.open[host]--; e.open[host] == 0 {
			delete(e.open, host)
		}
	}, true
}
