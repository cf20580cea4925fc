package weather

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Node is a node of the network, as the proxy sees it.
type Node struct {
	// From is the address that it dials from, and sends datagrams from: no other node's.
	From  netip.Addr `json:"from"`
	Ports []Port     `json:"ports"`
}

// Port is where a node is reached.
type Port struct {
	Kind Kind `json:"kind"`
	// Outside is what others are told, where the proxy listens; Inside where the node does.
	Outside netip.AddrPort `json:"outside"`
	Inside  netip.AddrPort `json:"inside"`
}

const (
	// MaxNodes bounds the nodes of a network.
	MaxNodes = 64
	// maxStreams is how many connections there may be at once, and maxDatagrams how many datagrams may be under way.
	maxStreams   = 4096
	maxDatagrams = 4096
	// dialTime is how long a node may take to accept a connection.
	dialTime = 5 * time.Second
)

// Proxy carries what nodes send each other. Its methods may be called from many goroutines.
type Proxy struct {
	nodes     []Node
	sky       *sky
	ctx       context.Context // ends with Close
	stop      context.CancelFunc
	work      sync.WaitGroup
	streams   chan struct{}
	datagrams atomic.Int64
	listeners []*net.TCPListener
	sockets   []*net.UDPConn // by node; nil where it has no gossip
}

// Open listens for all nodes. Close ends it.
func Open(nodes []Node) (*Proxy, error) {
	if len(nodes) > MaxNodes {
		return nil, fmt.Errorf("%d nodes: at most %d", len(nodes), MaxNodes)
	}
	p := &Proxy{nodes: nodes, sky: newSky(rand.Uint64()), streams: make(chan struct{}, maxStreams), sockets: make([]*net.UDPConn, len(nodes))}
	p.ctx, p.stop = context.WithCancel(context.Background())
	for i, n := range nodes {
		for _, port := range n.Ports {
			if err := p.listen(i, port); err != nil {
				return nil, errors.Join(fmt.Errorf("node %d, %s: %w", i, port.Kind, err), p.Close())
			}
		}
	}
	for i, s := range p.sockets {
		if s != nil {
			p.work.Go(func() { p.serve(i, s) })
		}
	}
	return p, nil
}

func (p *Proxy) listen(to int, port Port) error {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(port.Outside))
	if err != nil {
		return err
	}
	p.listeners = append(p.listeners, l)
	p.work.Go(func() { p.accept(l, to, port) })
	if port.Kind == Gossip {
		p.sockets[to], err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(port.Outside))
	}
	return err
}

// accept takes connections to a node.
func (p *Proxy) accept(l *net.TCPListener, to int, port Port) {
	for {
		c, err := l.AcceptTCP()
		if p.ctx.Err() != nil {
			if err == nil {
				_ = c.Close()
			}
			return
		}
		if err != nil {
			select { // no more files, perhaps: later there are
			case <-p.ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		from := p.who(c.RemoteAddr().(*net.TCPAddr).AddrPort())
		select {
		case p.streams <- struct{}{}:
		default:
			from = -1
		}
		if from < 0 {
			_ = c.Close()
			p.sky.count("refused")
			continue
		}
		p.work.Go(func() {
			defer func() { <-p.streams }()
			p.stream(c, from, to, port)
		})
	}
}

// stream carries one connection.
func (p *Proxy) stream(c *net.TCPConn, from, to int, port Port) {
	ctx, stop := context.WithCancel(p.ctx)
	defer stop()
	s := &stream{sky: p.sky, ctx: ctx, stop: stop, there: direction{from, to, port.Kind}, back: direction{to, from, port.Kind}, from: c}
	unhook := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // what waits for the node ends
	defer unhook()
	s.carry(func(ctx context.Context) (*net.TCPConn, error) {
		d := net.Dialer{Timeout: dialTime, LocalAddr: &net.TCPAddr{IP: p.nodes[from].From.AsSlice()}}
		other, err := d.DialContext(ctx, "tcp", port.Inside.String())
		if err != nil {
			return nil, err
		}
		context.AfterFunc(s.ctx, func() { _ = other.SetDeadline(time.Unix(1, 0)) })
		return other.(*net.TCPConn), nil
	})
}

// who is the node that an address is of; -1 if it is nobody's.
func (p *Proxy) who(a netip.AddrPort) int {
	for i, n := range p.nodes {
		if n.From == a.Addr().Unmap() {
			return i
		}
	}
	return -1
}

// serve takes datagrams to a node.
func (p *Proxy) serve(to int, s *net.UDPConn) {
	var inside netip.AddrPort
	for _, port := range p.nodes[to].Ports {
		if port.Kind == Gossip {
			inside = port.Inside
		}
	}
	buf := make([]byte, 64<<10)
	for {
		n, addr, err := s.ReadFromUDPAddrPort(buf)
		if p.ctx.Err() != nil {
			return
		}
		from := p.who(addr)
		if err != nil || from < 0 || p.sockets[from] == nil {
			continue // an error: an earlier one didn't arrive
		}
		p.datagram(p.sockets[from], append([]byte(nil), buf[:n]...), direction{from, to, Gossip}, inside)
	}
}

// datagram hands one on when it is due: from the address that its sender is known by.
func (p *Proxy) datagram(by *net.UDPConn, b []byte, d direction, to netip.AddrPort) {
	air, _ := p.sky.at(d)
	if air.Cut || air.Loss > 0 && p.sky.draw() < air.Loss {
		p.sky.count("datagrams lost")
		return
	}
	send := func() {
		if air, _ := p.sky.at(d); !air.Cut {
			_, _ = by.WriteToUDPAddrPort(b, to) // who is away doesn't get it
		}
	}
	late := air.late(p.sky.draw)
	switch {
	case late == 0:
		send()
	case p.datagrams.Add(1) > maxDatagrams:
		p.datagrams.Add(-1)
		p.sky.count("datagrams lost")
	default:
		time.AfterFunc(late, func() { send(); p.datagrams.Add(-1) })
	}
}

// Set makes the air what the list says, and clear everywhere else.
func (p *Proxy) Set(list []Over) error {
	for _, o := range list {
		if o.From < 0 || o.From >= len(p.nodes) || o.To < 0 || o.To >= len(p.nodes) || o.Kind != Links && o.Kind != Gossip {
			return fmt.Errorf("%s of node %d to %d: there are %s and %s of %d nodes", o.Kind, o.From, o.To, Links, Gossip, len(p.nodes))
		}
		if err := o.Check(); err != nil {
			return err
		}
	}
	p.sky.set(list)
	return nil
}

// Air is where it isn't clear.
func (p *Proxy) Air() []Over { return p.sky.list(len(p.nodes)) }

// Counts is how often what happened.
func (p *Proxy) Counts() map[string]uint64 {
	p.sky.mu.Lock()
	defer p.sky.mu.Unlock()
	counts := map[string]uint64{}
	for what, n := range p.sky.counts {
		counts[what] = n
	}
	return counts
}

// Close ends all connections, and returns when nothing is under way any more.
func (p *Proxy) Close() (err error) {
	p.stop()
	for _, l := range p.listeners {
		err = errors.Join(err, l.Close())
	}
	for _, s := range p.sockets {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	p.work.Wait()
	return err
}
