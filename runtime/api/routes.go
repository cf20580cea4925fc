package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/thinkey/thinkey/sdk/client"
)

// route is something that the server does. Its error is the answer, unless one was begun.
type route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	What   string `json:"what"`
	serve  func(w http.ResponseWriter, q *http.Request) error
}

// table are all routes.
func (s *Server) table() []route {
	return []route{
		{"GET", "/v1/{$}", "this list", s.list},
		{"GET", "/v1/info", "the node, its chain, parameters and gas table", s.getInfo},
		{"GET", "/v1/accounts/{address}", "an account at the head; ?proof=1 with its proof to the state root", s.getAccount},
		{"POST", "/v1/accounts/{address}/query", "run a view of the account's code (JSON: method, input, gas_limit)", s.postQuery},
		{"GET", "/v1/codes/{hash}", "published code: its size, when it is callable, its methods", s.getCode},
		{"GET", "/v1/codes/{hash}/raw", "the module itself", s.getRawCode},
		{"POST", "/v1/messages", "submit one message (" + client.TypeMessage + ") or several (" + client.TypeMessages + "); ?wait=final", s.postMessages},
		{"GET", "/v1/messages/{id}", "a message and where it stands; ?wait=30s waits until it is final or dropped", s.getMessage},
		{"GET", "/v1/messages/{id}/events", "each message of its tree when it is accepted and final (event stream; Last-Event-ID or ?after=)", s.streamTree},
		{"GET", "/v1/trace/{id}", "the tree of messages that it is part of", s.getTrace},
		{"GET", "/v1/blocks", "final blocks above ?after= as they are made (event stream; Last-Event-ID)", s.streamBlocks},
		{"GET", "/v1/blocks/{height}", "a final block, by height or latest, with a page of its messages from ?from=", s.getBlock},
		{"GET", "/v1/blocks/{height}/raw", "its canonical encoding", s.getRawBlock},
		{"GET", "/v1/committee", "who agrees on the chain's blocks, and with how many seats", s.getCommittee},
		{"GET", "/v1/chains/{chain}/evidence", "proofs that members of the committee broke a rule", s.getEvidence},
		{"GET", "/v1/chains/{chain}/evidence/{hash}/raw", "one of them, for anyone to judge", s.getRawEvidence},
		{"GET", "/v1/events", "what contracts told in final blocks, of ?account= and ?topic=, behind ?after=", s.getEvents},
		{"GET", "/v1/events/stream", "the same as it happens (event stream; Last-Event-ID or ?after=)", s.streamEvents},
		{"POST", "/v1/dev/mine", "make ?blocks= now (development networks)", s.mine},
		{"GET", "/metrics", "for Prometheus", s.serveMetrics()},
		{"GET", "/healthz", "200 while the node answers", s.getHealth},
	}
}

// routes leads requests to the table, and answers what isn't in it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	byPath := make(map[string]methods)
	for _, r := range s.table() {
		if byPath[r.Path] == nil {
			byPath[r.Path] = methods{}
		}
		byPath[r.Path][r.Method] = r
	}
	for path, m := range byPath {
		mux.Handle(path, s.counted(path, s.dispatch(m)))
	}
	if s.Pprof {
		s.profiles(mux)
	}
	mux.Handle("/", s.counted("unknown", s.unknown))
	return mux
}

// methods are the routes of one path.
type methods map[string]route

// dispatch finds the method's route.
func (s *Server) dispatch(m methods) http.HandlerFunc {
	allowed := slices.Sorted(maps.Keys(m))
	return func(w http.ResponseWriter, q *http.Request) {
		method := q.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		r, ok := m[method]
		if !ok {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			s.refuse(w, q, &client.Error{
				Code: client.CodeMethod, Status: http.StatusMethodNotAllowed,
				Message: fmt.Sprintf("%s is not possible on %s", clip(q.Method), clip(q.URL.Path)), Hint: "use " + strings.Join(allowed, " or "),
			})
			return
		}
		if err := r.serve(w, q); err != nil {
			s.refuse(w, q, err)
		}
	}
}

func (s *Server) unknown(w http.ResponseWriter, q *http.Request) {
	s.refuse(w, q, &client.Error{
		Code: client.CodeUnknownRoute, Status: http.StatusNotFound,
		Message: fmt.Sprintf("nothing is at %q", clip(q.URL.Path)), Hint: "GET /v1/ lists the routes",
	})
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) error {
	routes := s.table()
	for i := range routes {
		routes[i].Path = strings.TrimSuffix(routes[i].Path, "{$}")
	}
	s.answer(w, http.StatusOK, map[string]any{"version": s.Version, "routes": routes})
	return nil
}

func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) error {
	s.answer(w, http.StatusOK, map[string]any{"ok": true, "height": s.node.Head().Header.Height})
	return nil
}

// profiles serves Go's profiles to this machine: they show memory and take time.
func (s *Server) profiles(mux *http.ServeMux) {
	for path, f := range map[string]http.HandlerFunc{
		"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) {
			if !isLoopback(q.RemoteAddr) {
				s.refuse(w, q, forbidden("profiles are for callers on the node's machine only"))
				return
			}
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute)) // as long as the caller asked it to record
			f(w, q)
		})
	}
}

// count makes the metrics of the server itself. Labels are bounded: a route is its pattern.
func (s *Server) count() {
	s.registry = prometheus.NewRegistry()
	s.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "thinkey_api_requests_total", Help: "Requests answered, by route and status."}, []string{"route", "status"})
	s.registry.MustRegister(s.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for name, g := range map[string]gate{"thinkey_api_streams": s.streams, "thinkey_api_polls": s.polls} {
		s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: "At present: " + g.what + "."},
			func() float64 { return float64(len(g.slots)) }))
	}
}

func (s *Server) counted(path string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		defer func() {
			if a, ok := w.(*answerWriter); ok && a.began {
				s.requests.WithLabelValues(path, strconv.Itoa(a.status)).Inc()
			}
		}()
		next(w, q)
	})
}

func (s *Server) serveMetrics() func(http.ResponseWriter, *http.Request) error {
	h := promhttp.HandlerFor(prometheus.Gatherers{s.node.Metrics(), s.registry}, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: s.Limits.Write})
	return func(w http.ResponseWriter, q *http.Request) error {
		h.ServeHTTP(w, q)
		return nil
	}
}
