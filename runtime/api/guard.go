package api

import (
	"fmt"
	"net"
	"net/http"
	"runtime/debug"

	"github.com/thinkey/thinkey/sdk/client"
)

// guard is around every route.
func (s *Server) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(raw http.ResponseWriter, q *http.Request) {
		w := &answerWriter{ResponseWriter: raw, from: fromAddr(q.RemoteAddr)}
		defer s.recovered(w, q)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if err := s.checkHost(q); err != nil {
			s.refuse(w, q, err)
			return
		}
		if err := origin.Check(q); err != nil {
			s.refuse(w, q, forbidden("request from a page of another origin (%v)", err))
			return
		}
		next.ServeHTTP(w, q.WithContext(withFrom(q.Context(), w.from)))
	})
}

// recovered turns a panic into an answer (N4). http.ErrAbortHandler is the server's own way to cut a connection.
func (s *Server) recovered(w *answerWriter, q *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler || w.began {
		s.Log.Error("request panicked", "path", q.URL.Path, "panic", p, "stack", string(debug.Stack()))
		panic(http.ErrAbortHandler) // the answer has begun: only the end of the connection tells that it is not whole
	}
	s.Log.Error("request panicked", "path", q.URL.Path, "panic", p, "stack", string(debug.Stack()))
	s.refuse(w, q, internal())
}

// checkHost holds N7: a name that resolves to loopback only for now must not open a development network to web pages.
func (s *Server) checkHost(q *http.Request) error {
	if s.Dev == nil || isLoopback(q.Host) {
		return nil
	}
	return forbidden("host %q: a development network is reached as localhost, 127.0.0.1 or [::1] only", clip(q.Host))
}

// isLoopback says whether a host, with or without port, is this machine's own name.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
		if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
			host = host[1 : n-1]
		}
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func forbidden(format string, args ...any) *client.Error {
	return &client.Error{Code: client.CodeForbidden, Status: http.StatusForbidden, Message: "refused: " + fmt.Sprintf(format, args...)}
}

// answerWriter knows whether the answer has begun, with which status, and whose it is.
type answerWriter struct {
	http.ResponseWriter
	began  bool
	status int
	from   from
}

// fromWriter is who gets the answer.
func fromWriter(w http.ResponseWriter) from {
	if a, ok := w.(*answerWriter); ok {
		return a.from
	}
	return ""
}

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) {
	if !w.began {
		w.began, w.status = true, status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *answerWriter) Write(b []byte) (int, error) {
	if !w.began {
		w.began, w.status = true, http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
