package api

import (
	"net/netip"
	"sync"
)

// from is who a request or a connection is from as far as shares go: an IPv4 address, or the first half of an IPv6 one, of which who has one has all.
// It is empty for one that no address is known of, as another node passed it on: that has bounds of its own.
type from string

// fromAddr is that of host:port.
func fromAddr(addr string) from {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return ""
	}
	ip := at.Addr().Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return from(p.String())
}

// shares bounds how much of something each address has at once, so that one that takes much keeps nobody else out (N2). There are no more entries than
// addresses that have something.
type shares struct {
	most int64 // of each; 0 for no bound

	mu sync.Mutex // guards of
	of map[from]int64
}

func newShares(most int64) *shares { return &shares{most: most, of: map[from]int64{}} }

// take says whether an address may have so much more, and notes that it has.
func (s *shares) take(f from, n int64) bool {
	if s.most == 0 || f == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[f]+n > s.most {
		return false
	}
	s.of[f] += n
	return true
}

// give takes back what take noted.
func (s *shares) give(f from, n int64) {
	if s.most == 0 || f == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[f] -= n; s.of[f] == 0 {
		delete(s.of, f)
	}
}
