package mesh

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/thinkey/thinkey/cluster/entrance"
)

const (
	// mostStreams bounds the connections that are being read and that others have made, from addresses of registered nodes, and as many from all
	// others; mostFrom those of one address: a whole test network has one.
	mostStreams, mostFrom = 64, 32
	// mostStreamBytes is how much is read of one: what there is to be said of mostSaid nodes.
	mostStreamBytes = 8 << 20
	// mostSaid is of how many nodes somebody may speak in it: of all that are remembered, and of as many that memberlist hasn't forgotten.
	mostSaid = 2 * maxNodes
)

// sockets are memberlist's own, but for the address that connections are made from, and for what comes in: that is looked at before memberlist
// takes memory for it (see look.go).
//
//	NetTransport ─► packets ─► whole and plain? ─────────────────► memberlist
//	            '─► streams ─► room for one more? ─► as it is read: plain, short? ─► memberlist
type sockets struct {
	*memberlist.NetTransport
	from    net.IP // nil for any
	looks   looks
	refused func(what string)

	packets chan *memberlist.Packet
	streams chan net.Conn
	stop    chan struct{}
	ended   sync.Once
	work    sync.WaitGroup

	entrance *entrance.Entrance
}

// openSockets opens them. Expects says whether a registered node is at a host.
func openSockets(from string, c *memberlist.NetTransportConfig, l looks, expects func(host string) bool, refused func(what string)) (*sockets, error) {
	s := &sockets{
		from: net.ParseIP(from), looks: l, refused: refused,
		packets: make(chan *memberlist.Packet), streams: make(chan net.Conn), stop: make(chan struct{}), entrance: entrance.New(mostStreams, mostFrom, expects),
	}
	if from != "" && s.from == nil {
		return nil, fmt.Errorf("connections from %q: it is no IP address", from)
	}
	var err error
	if s.NetTransport, err = memberlist.NewNetTransport(c); err != nil {
		return nil, err
	}
	s.work.Go(s.pass)
	return s, nil
}

// pass hands on what memberlist may look at, until Shutdown.
func (s *sockets) pass() {
	for {
		select {
		case p := <-s.NetTransport.PacketCh():
			if err := s.looks.packet(p.Buf); err != nil {
				s.refused(CountPackets)
				continue
			}
			select {
			case s.packets <- p:
			case <-s.stop:
				return
			}
		case c := <-s.NetTransport.StreamCh():
			leave, ok := s.entrance.Enter(entrance.From(c))
			if !ok {
				s.refused(CountStreams)
				_ = c.Close()
				continue
			}
			select {
			case s.streams <- &stream{Conn: c, looks: s.looks, labelled: true, closed: sync.OnceFunc(leave), refused: s.refused}:
			case <-s.stop:
				_ = c.Close()
				return
			}
		case <-s.stop:
			return
		}
	}
}

// PacketCh implements memberlist.Transport.
func (s *sockets) PacketCh() <-chan *memberlist.Packet { return s.packets }

// StreamCh implements memberlist.Transport.
func (s *sockets) StreamCh() <-chan net.Conn { return s.streams }

// Shutdown implements memberlist.Transport. What memberlist's sockets still have for pass must be taken while they close.
func (s *sockets) Shutdown() (err error) {
	s.ended.Do(func() {
		closed := make(chan struct{})
		go func() {
			for {
				select {
				case <-s.packets:
				case c := <-s.streams:
					_ = c.Close()
				case <-closed:
					return
				}
			}
		}()
		err = s.NetTransport.Shutdown()
		close(s.stop)
		s.work.Wait()
		close(closed)
	})
	return err
}

// DialTimeout implements memberlist.Transport.
func (s *sockets) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	if s.from != nil {
		d.LocalAddr = &net.TCPAddr{IP: s.from}
	}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &stream{Conn: c, looks: s.looks, closed: func() {}, refused: s.refused}, nil
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (s *sockets) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return s.DialTimeout(a.Addr, timeout)
}

// stream is a connection of which what comes is looked at before it is passed on, map by map, and no more than mostStreamBytes are read. Where there are
// secrets only its beginning is.
type stream struct {
	net.Conn
	looks    looks
	labelled bool // the other side has made it, and says first for whom
	closed   func()
	refused  func(what string)

	in    *bufio.Reader // nil before the first read
	kind  byte
	maps  int
	ahead []byte // was looked at, and not read
	read  int
	err   error
}

var errLong = errors.New("more than there is to be said")

// Read implements net.Conn. memberlist reads a connection from one goroutine.
func (s *stream) Read(b []byte) (int, error) {
	if len(s.ahead) == 0 && s.err == nil {
		if s.ahead, s.err = s.next(); s.err != nil && !isCut(s.err) {
			s.refused(CountStreams)
		}
	}
	if len(s.ahead) == 0 {
		return 0, s.err
	}
	n := copy(b, s.ahead)
	s.ahead = s.ahead[n:]
	return n, nil
}

// next is what may be read next.
func (s *stream) next() (b []byte, err error) {
	if s.in == nil {
		s.in = bufio.NewReader(s.Conn)
		if b, err = s.looks.begin(s.in, s.labelled); err != nil {
			return nil, err
		}
		s.kind = b[len(b)-1]
		return b, nil
	}
	if s.read >= mostStreamBytes {
		return nil, errLong
	}
	if s.kind == kindEncrypt {
		b = make([]byte, min(encryptedPart, mostStreamBytes-s.read))
		n, err := s.in.Read(b)
		s.read += n
		return b[:n], err
	}
	b, err = appendMap(nil, s.in)
	s.read += len(b)
	if s.maps++; err == nil && s.kind == kindPushPull && s.maps == 1 {
		err = s.looks.state(b)
	}
	if err != nil {
		return nil, err // none of a map that isn't whole
	}
	return b, nil
}

// encryptedPart is how much is read at once of what only memberlist can look at.
const encryptedPart = 4 << 10

// Close implements net.Conn.
func (s *stream) Close() error {
	s.closed()
	return s.Conn.Close()
}
