// Package entrance bounds the connections that others make, of which nothing is known yet but their addresses: each Host has a share. Addresses at which
// a node is expected have places of their own: whoever holds all others, with silence from many addresses, keeps out no node of which it is known where it is.
//
//	a connection ──Enter──► its address has a place left ──► its kind has a place left ──► may go on; what it got must be called at its end
//	                                   └────────────────────────────┴──► is closed, and counted by the caller
package entrance

import (
	"net"
	"net/netip"
	"sync"
)

// Host is whose share counts for an address: of an IPv4 address itself, also where it is written as an IPv6 one; of an IPv6 address its first half, as who
// has one has all behind that; of a name, or a Host, itself.
func Host(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// From is the Host at the other end of a connection.
func From(c net.Conn) string {
	at := c.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(at); err == nil {
		return Host(host)
	}
	return at
}

// Entrance is the door of one port. It is safe for concurrent use.
type Entrance struct {
	most, each int
	expects    func(host string) bool

	mu   sync.Mutex // guards the rest
	open map[string]int
	all  map[bool]int // by whether a node is expected there
}

// New bounds the connections of all addresses at which a node is expected, as expects says, to most, those of all others to as many, and those of one
// Host to each. Expects is asked with what Enter was given, from many goroutines.
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
	host = Host(host)
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
