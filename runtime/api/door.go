package api

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// door is a listener that has no more connections than it may, nor of one address than its share: further ones are told so and closed (N2). It counts
// them, and those who are too slow: who sends a request, or takes an answer, a byte at a time keeps its connection until a deadline, and no longer (N3).
type door struct {
	net.Listener
	most      int64 // connections
	shares    *shares
	open      atomic.Int64
	own       atomic.Int64 // of them those that have no share of an address
	refused   prometheus.Counter
	slow      *prometheus.CounterVec // by what: a request that doesn't come, an answer that isn't taken
	lingering chan struct{}          // those that are being told
	work      sync.WaitGroup

	mu    sync.Mutex // guards ended; held where work begins, so that none does beside wait
	ended bool
}

const (
	// lingers is how many that are refused are waited for at once until they have read why; further ones are just closed.
	lingers    = 64
	lingerTime = time.Second
	lingerRead = 64 << 10
)

// ownPart of the places there are besides for this machine itself: who runs the node can look at it when others have taken all.
const ownPart = 64

// refusal is an answer that closes the connection.
func refusal(why string) string {
	return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n" +
		"Content-Length: " + strconv.Itoa(len(why)) + "\r\n\r\n" + why
}

// What who is refused is told.
var (
	tooMany = refusal(`{"error":{"code":"busy","message":"the node is busy: your address has as many connections as one may have",` +
		`"hint":"close some, and try again in a second; behind a proxy the operator raises api-per-address"}}` + "\n")
	full = refusal(`{"error":{"code":"busy","message":"the node is busy: it has as many connections as it may have",` +
		`"hint":"try again in a second, or ask another node"}}` + "\n")
)

func newDoor(l net.Listener, most, each int) *door {
	return &door{
		Listener: l, most: int64(most), shares: newShares(int64(each)), lingering: make(chan struct{}, lingers),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "thinkey_api_connections_refused_total", Help: "Connections of addresses that have as many as one may have, or for which there was no place."}),
		slow:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "thinkey_api_slow_total", Help: "Connections that a deadline ended: a request didn't come, an answer wasn't taken."}, []string{"what"}),
	}
}

// register adds its metrics.
func (d *door) register(r *prometheus.Registry) {
	r.MustRegister(d.refused, d.slow, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "thinkey_api_connections", Help: "Connections that are open."},
		func() float64 { return float64(d.open.Load()) }))
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		release, why := d.admit(c)
		if release != nil {
			return &guest{Conn: c, door: d, release: sync.OnceFunc(release)}, nil
		}
		d.refuse(c, why)
	}
}

// admit finds a place for one, or says why there is none. Accept alone calls it: nobody else adds to what is counted.
func (d *door) admit(c net.Conn) (release func(), why string) {
	f := fromAddr(c.RemoteAddr().String())
	switch {
	case d.open.Load()-d.own.Load() >= d.most:
		why = full
	case !d.shares.take(f, 1):
		why = tooMany
	default:
		d.open.Add(1)
		return func() { d.shares.give(f, 1); d.open.Add(-1) }, ""
	}
	if f == fromAddr(c.LocalAddr().String()) && d.own.Load() < d.most/ownPart {
		d.open.Add(1)
		d.own.Add(1)
		return func() { d.own.Add(-1); d.open.Add(-1) }, ""
	}
	return nil, why
}

// refuse tells one why, beside who accepts: closed with something unread the answer would be lost.
func (d *door) refuse(c net.Conn, why string) {
	d.refused.Inc()
	select {
	case d.lingering <- struct{}{}:
	default:
		_ = c.Close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		<-d.lingering
		_ = c.Close()
		return
	}
	d.work.Go(func() {
		defer func() { <-d.lingering }()
		tell(c, why)
	})
}

// tell says to one why it is refused.
func tell(c net.Conn, why string) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(lingerTime))
	_, _ = io.WriteString(c, why) // who doesn't take it is gone
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		_, _ = io.CopyN(io.Discard, c, lingerRead)
	}
}

// wait returns when nobody is told any more, nor will be: a server that is shut down doesn't wait for its last Accept.
func (d *door) wait() {
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.work.Wait()
}

// guest is a connection that was let in.
type guest struct {
	net.Conn
	door    *door
	release func()
	waits   atomic.Bool // it has read something since it wrote: a request is under way, or being answered
	quiet   atomic.Bool // its read deadline is one that ends a read on purpose
	began   atomic.Bool // anything was read
	counted sync.Once   // it was slow: a server that gives up on a body tries to read the rest
}

// Read implements net.Conn. A deadline between two requests is no slowness, nor is the one by which the server ends a read of its own.
func (g *guest) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if n > 0 {
		g.waits.Store(true)
		g.began.Store(true)
	}
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !g.quiet.Load() && (g.waits.Load() || !g.began.Load()) {
		g.slow("request")
	}
	return n, err
}

// Write implements net.Conn.
func (g *guest) Write(b []byte) (int, error) {
	g.waits.Store(false)
	n, err := g.Conn.Write(b)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		g.slow("answer")
	}
	return n, err
}

func (g *guest) slow(what string) { g.counted.Do(func() { g.door.slow.WithLabelValues(what).Inc() }) }

// SetReadDeadline implements net.Conn.
func (g *guest) SetReadDeadline(t time.Time) error {
	g.quiet.Store(!t.IsZero() && time.Until(t) < -time.Minute)
	return g.Conn.SetReadDeadline(t)
}

// Close implements net.Conn.
func (g *guest) Close() error {
	defer g.release()
	return g.Conn.Close()
}
