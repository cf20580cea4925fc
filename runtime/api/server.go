package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/sdk/client"
)

// Server serves the nodes of one chain or of several. Close it before the nodes.
type Server struct {
	Config
	main     *served // the chain that is meant where none is named
	listener net.Listener
	door     *door
	http     *http.Server
	end      context.CancelFunc // ends streams and waits
	reading  reading
	scans    *turns // those who look for events now

	mu      sync.RWMutex // guards chains and metrics
	chains  []*served    // by id
	metrics http.Handler

	directory *directory
	posted    posted

	streams  gate
	polls    gate
	evidence gate
	asking   gate
	asked    gate // questions to other nodes
	bodies   *budget
	answers  *budget
	registry *prometheus.Registry
	requests *prometheus.CounterVec
}

// New listens, so that Addr is known and callers queue; Serve answers them.
func New(c Config) (*Server, error) {
	if c.Dev != nil {
		if err := mustBeLoopback(c.Listen); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return newOn(listener, c), nil
}

// newOn is New on a listener.
func newOn(listener net.Listener, c Config) *Server {
	c.Limits = c.Limits.complete()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	l := c.Limits
	door := newDoor(listener, l.Connections, l.Address)
	s := &Server{
		directory: newDirectory(),
		Config:    c, listener: door, door: door,
		streams:  newGate("streams", l.Streams, (l.Address+3)/4),
		polls:    newGate("waiting requests", l.Polls, 0), // as many as connections
		evidence: newGate("readers of evidence", evidenceAtOnce, 0),
		bodies:   newBudget("request bodies", l.Bodies, l.part(l.Bodies, client.MaxSubmissionBytes+1)),
		asking:   newGate("traces of other nodes", abroadAtOnce, abroadPerCaller),
		asked:    newGate("questions to other nodes", askedAtOnce, (l.Address+3)/4),
		answers:  newBudget("answers", l.Answers, l.part(l.Answers, leastAnswers)),
		reading:  newReading(l.Readers), scans: newTurns(scansAtOnce),
	}
	s.count()
	s.main = s.add(c.Node)
	for _, n := range c.Others {
		s.add(n)
	}
	base, end := context.WithCancel(context.Background())
	s.end = end
	s.http = &http.Server{
		Handler: s.guard(s.routes()), BaseContext: func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: l.Header, ReadTimeout: l.Request, WriteTimeout: l.Write, IdleTimeout: l.Idle,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	return s
}

func mustBeLoopback(listen string) error {
	a, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return fmt.Errorf("api: address %q: %w; write host:port, such as 127.0.0.1:7070", listen, err)
	}
	if !a.IP.IsLoopback() {
		return fmt.Errorf("api: address %q: the keys of a development network are known to everybody, so it listens on loopback only, such as 127.0.0.1:%d", listen, a.Port)
	}
	return nil
}

// Addr is host:port where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Held is how many bytes requests hold now: bodies, and answers that their readers have not taken yet.
func (s *Server) Held() int64 { return s.bodies.held() + s.answers.held() }

// Serve answers requests until Close; then it returns nil.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}

// Close ends streams and waits, lets other requests finish, and cuts off those that haven't when ctx ends.
func (s *Server) Close(ctx context.Context) error {
	s.end()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if e := s.listener.Close(); err == nil && !errors.Is(e, net.ErrClosed) {
		err = e
	}
	s.door.wait()
	return err
}
