package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

const (
	// slowUsers is how many connections to the API of one node each say a byte at a time, and never a whole request.
	slowUsers = 1000
	// slowPause is how long each of them waits between two bytes.
	slowPause = time.Second
	// junkPause is how long who sends junk to a port waits before it connects again.
	junkPause = 50 * time.Millisecond
	// junkBytes is how much it sends each time, or as much as is read.
	junkBytes = 4096
	// muteUsers is how many connections to each port of each node say nothing at all.
	muteUsers = 64
	// forgedPause is how long who sends gossip under another secret waits between two packets.
	forgedPause = 10 * time.Millisecond
	// strangersPart of a load is submitted with strangers and without.
	strangersPart = 4
)

// stranger is the address on this machine that the connections with a number come from: a node serves only so many of one.
func stranger(n int) net.IP { return net.IPv4(127, 0, 3, byte(1+n%16)) }

// strangers compares what nodes do for their users while strangers without a key, from other addresses, do what they can to be in the way, with what
// they do before: slow users at one node's API, junk and silence at all ports of all nodes, keys that nobody knows with frames that never end, and
// gossip under another secret.
func (l *clusterLoad) strangers(ctx context.Context, r *clusterResult) error {
	alone, err := l.serve(ctx, l.parts[0])
	if err != nil {
		return err
	}
	crowd, stop := context.WithCancel(ctx)
	s := &strangers{}
	err = s.begin(crowd, l.network, l.homes)
	if err == nil {
		err = rest(ctx, 2*time.Second) // until all have come
	}
	if err == nil {
		var among served
		if among, err = l.serve(ctx, l.parts[1]); err == nil {
			r.StrangersLatency = among.latency / alone.latency
			r.StrangersRate = among.rate / alone.rate
			r.StrangersCPU = among.cpu / alone.cpu
		}
	}
	stop()
	s.work.Wait()
	if r.Strangers = s.connections.Load(); err == nil && r.Strangers == 0 {
		err = errors.New("no stranger could connect: they come from 127.0.3.1 and on")
	}
	return err
}

// served is what nodes do for users: for how long one payment waits, half of them, how many of a load are final in a second, and the CPU of one,
// of all nodes together.
type served struct{ latency, rate, cpu float64 }

func (l *clusterLoad) serve(ctx context.Context, load [streams][]*chain.Message) (s served, err error) {
	var took []float64
	for range l.Idle {
		d, err := l.one(ctx, 0) // where the slow users are
		if err != nil {
			return s, err
		}
		took = append(took, d.Seconds())
	}
	n, before := sizeOf(load), l.processCPU()
	d, _, err := l.submitAll(ctx, load, benchNodes)
	return served{percentile(took, 0.5), float64(n) / d.Seconds(), microsPer(l.processCPU()-before, n)}, err
}

// strangers are connections that mean no good.
type strangers struct {
	work        sync.WaitGroup
	connections atomic.Uint64 // that were opened
}

// begin lets them come; they go when the context ends.
func (s *strangers) begin(ctx context.Context, network chain.NetworkID, homes []nodeHome) error {
	somebody, err := newUnknown()
	if err != nil {
		return err
	}
	for i, h := range homes {
		c, err := readNodeConfig(h, nil, nil)
		if err != nil {
			return err
		}
		for n := range slowUsers {
			if i == 0 {
				s.work.Go(func() { s.again(ctx, n, c.API, time.Second, slow) })
			}
		}
		for n, port := range []string{c.Transport, c.Gossip, c.Placement, c.API} {
			s.work.Go(func() { s.again(ctx, n, port, junkPause, junk) })
			for n := range muteUsers {
				s.work.Go(func() { s.again(ctx, n, port, time.Second, mute) })
			}
		}
		for n, port := range []string{c.Transport, c.Placement} {
			s.work.Go(func() { s.again(ctx, n, port, junkPause, somebody.giant) })
		}
		s.work.Go(func() { forged(ctx, network, c.Gossip) })
	}
	return nil
}

// again connects to a port from a stranger's address, again and again.
func (s *strangers) again(ctx context.Context, n int, port string, pause time.Duration, does func(context.Context, net.Conn)) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: stranger(n)}, Timeout: time.Second}
	for ctx.Err() == nil {
		if conn, err := d.DialContext(ctx, "tcp", port); err == nil {
			s.connections.Add(1)
			does(ctx, conn)
			_ = conn.Close()
		}
		if rest(ctx, pause) != nil {
			return
		}
	}
}

// slow is a user who never comes to the end of a request that begins as a good one.
func slow(ctx context.Context, conn net.Conn) {
	_, err := fmt.Fprintf(conn, "POST /v1/messages HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: 1000000\r\n\r\n", conn.RemoteAddr(), client.TypeMessages)
	for err == nil && rest(ctx, slowPause) == nil {
		_, err = conn.Write([]byte{0})
	}
}

// mute says nothing until it is shown out.
func mute(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = io.Copy(io.Discard, conn)
}

// unknown is the TLS of a node whose key nobody has registered.
type unknown struct{ *tls.Config }

func newUnknown() (unknown, error) {
	key, err := keyfile.Generate()
	if err != nil {
		return unknown{}, err
	}
	c, err := transport.Secured(key)
	if err == nil {
		c.NextProtos = []string{"h2"} // of placement
	}
	return unknown{c}, err
}

// giant shows the key, and then begins a frame that is as long as its length can say.
func (u unknown) giant(_ context.Context, conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	c := tls.Client(conn, u.Config)
	frame := bytes.Repeat([]byte{0xff}, junkBytes)
	for err := error(nil); err == nil; {
		_, err = c.Write(frame)
	}
}

// forged sends packets to a mesh as somebody does who has another secret.
func forged(ctx context.Context, network chain.NetworkID, port string) {
	conn, err := (&net.Dialer{LocalAddr: &net.UDPAddr{IP: stranger(0)}}).DialContext(ctx, "udp", port)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	label := mesh.Label(network)
	packet := append([]byte{244, byte(len(label))}, label...) // as memberlist marks what is for one mesh
	packet = append(packet, 1)                                // the version of its encryption
	sealed := len(packet)
	packet = append(packet, make([]byte, 1000)...)
	for rest(ctx, forgedPause) == nil {
		_, _ = rand.Read(packet[sealed:])
		_, _ = conn.Write(packet)
	}
}

// junk means nothing, and waits for an answer to it.
func junk(_ context.Context, conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	raw := make([]byte, junkBytes)
	_, _ = rand.Read(raw)
	if _, err := conn.Write(raw); err == nil {
		_, _ = conn.Read(raw)
	}
}
