package api

import (
	"net"
	"net/http"
)

// NewOn is New on a listener.
func NewOn(l net.Listener, c Config) *Server { return newOn(l, c) }

// Guard is what stands around every route.
func (s *Server) Guard(next http.Handler) http.Handler { return s.guard(next) }

// BodiesFree is how many bytes of bodies may come in.
func (s *Server) BodiesFree() int64 { return s.bodies.free.Load() }

// GasTable is what Info says of gas.
var GasTable = gasTable

// Split takes a submission apart.
var Split = split

// Kept is how many blocks are kept, and their bytes.
func (s *Server) Kept() (n, bytes int) {
	h := s.main.histories
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.used.Len(), h.bytes
}

// Routes are all routes, with nothing around them.
func (s *Server) Routes() http.Handler { return s.routes() }
