package mesh

import (
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/memberlist"
)

// sockets are memberlist's own, but for the address that connections are made from.
type sockets struct {
	*memberlist.NetTransport
	from net.IP // nil for any
}

func openSockets(from string, c *memberlist.NetTransportConfig) (*sockets, error) {
	s := &sockets{from: net.ParseIP(from)}
	if from != "" && s.from == nil {
		return nil, fmt.Errorf("connections from %q: it is no IP address", from)
	}
	var err error
	s.NetTransport, err = memberlist.NewNetTransport(c)
	return s, err
}

// DialTimeout implements memberlist.Transport.
func (s *sockets) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	if s.from != nil {
		d.LocalAddr = &net.TCPAddr{IP: s.from}
	}
	return d.Dial("tcp", addr)
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (s *sockets) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return s.DialTimeout(a.Addr, timeout)
}
