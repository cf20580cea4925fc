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
	Path   string `json:"path"` // without OnChain's, if it has both
	// OnChain is the path of the same, asked of the chain that it names; empty for what is of no chain.
	OnChain string `json:"on_chain,omitempty"`
	What    string `json:"what"`
	serve   func(w http.ResponseWriter, q *http.Request) error
	of      func(s *served, w http.ResponseWriter, q *http.Request) error
	pick    func(q *http.Request) *served // the chain, where Path doesn't name it
}

// on is a route of a chain: bare if the chain follows from the request, or is the default.
func on(method, path, what string, pick func(q *http.Request) *served, of func(*served, http.ResponseWriter, *http.Request) error) route {
	r := route{Method: method, OnChain: onChain + path, What: what, of: of, pick: pick}
	if pick != nil {
		r.Path = "/v1" + path
	} else {
		r.Path, r.OnChain = r.OnChain, ""
	}
	return r
}

const onChain = "/v1/chains/{chain}"

// table are all routes.
func (s *Server) table() []route {
	byAddress, byMessage, any := s.byAddress, s.byMessage, s.byDefault
	return []route{
		{Method: "GET", Path: "/v1/{$}", What: "this list", serve: s.list},
		{Method: "GET", Path: "/v1/chains", What: "the chains of the network, and how far those are that the node runs", serve: s.getChains},
		{Method: "GET", Path: "/v1/chains/{chain}", What: "a chain, with what the registry has of it", serve: s.getChain},
		{Method: "GET", Path: "/v1/peers", What: "the other nodes that this one knows, and which it is connected to", serve: s.getPeers},
		on("GET", "/info", "the node, its chain, parameters and gas table", any, (*served).getInfo),
		on("GET", "/accounts/{address}", "an account at the head; ?proof=1 with its proof to the state root", byAddress, (*served).getAccount),
		on("POST", "/accounts/{address}/query", "run a view of the account's code (JSON: method, input, gas_limit)", byAddress, (*served).postQuery),
		on("GET", "/codes/{hash}", "published code: its size, when it is callable, its methods", s.byCode, (*served).getCode),
		on("GET", "/codes/{hash}/raw", "the module itself", s.byCode, (*served).getRawCode),
		on("POST", "/messages", "submit one message ("+client.TypeMessage+") or several ("+client.TypeMessages+"); ?wait=final", any, (*served).postMessages),
		on("GET", "/messages/{id}", "a message and where it stands; ?wait=30s waits until it is final or dropped", byMessage, (*served).getMessage),
		on("GET", "/messages/{id}/events", "each message of its tree when it is accepted and final (event stream; Last-Event-ID or ?after=)", byMessage, (*served).streamTree),
		on("GET", "/trace/{id}", "the tree of messages that it is part of", byMessage, (*served).getTrace),
		on("GET", "/blocks", "final blocks above ?after= as they are made (event stream; Last-Event-ID)", any, (*served).streamBlocks),
		on("GET", "/blocks/{height}", "a final block, by height or latest, with a page of its messages from ?from=", any, (*served).getBlock),
		on("GET", "/blocks/{height}/raw", "its canonical encoding", any, (*served).getRawBlock),
		on("GET", "/committee", "who agrees on the chain's blocks, and with how many seats", any, (*served).getCommittee),
		on("GET", "/evidence", "proofs that members of the committee broke a rule", nil, (*served).getEvidence),
		on("GET", "/evidence/{hash}/raw", "one of them, for anyone to judge", nil, (*served).getRawEvidence),
		on("GET", "/events", "what contracts told in final blocks, of ?account= and ?topic=, behind ?after=", any, (*served).getEvents),
		on("GET", "/events/stream", "the same as it happens (event stream; Last-Event-ID or ?after=)", any, (*served).streamEvents),
		on("POST", "/relay", "what shows another chain's blocks and relays, for who carries them (bytes)", nil, (*served).postRelay),
		on("POST", "/envelopes", "bring relays that another chain sent, or what it has taken in, with the proof (an envelope or an acknowledgement)", nil, (*served).postEnvelope),
		on("POST", "/dev/mine", "make ?blocks= now (development networks)", any, (*served).mine),
		{Method: "GET", Path: "/metrics", What: "for Prometheus", serve: s.serveMetrics()},
		{Method: "GET", Path: "/healthz", What: "200 while the node answers", serve: s.getHealth},
	}
}

// routes leads requests to the table, and answers what isn't in it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	byPath := make(map[string]methods)
	for _, r := range s.table() {
		for _, path := range []string{r.Path, r.OnChain} {
			if path == "" {
				continue
			}
			if byPath[path] == nil {
				byPath[path] = methods{}
			}
			byPath[path][r.Method] = r
		}
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
		if err := s.run(r, w, q); err != nil {
			s.refuse(w, q, err)
		}
	}
}

// run serves the request, of the chain that it means.
func (s *Server) run(r route, w http.ResponseWriter, q *http.Request) error {
	if isPassed(q) && !passedOn[r.onChain()] {
		return forbidden("no node asks another one for this")
	}
	if r.of == nil {
		return r.serve(w, q)
	}
	if id, far, err := s.far(r, q); err != nil {
		return err
	} else if far {
		return s.passOn(r, w, q, id)
	}
	on, err := (*served)(nil), error(nil)
	if q.PathValue("chain") == "" {
		on = r.pick(q)
	} else if on, err = s.named(q.PathValue("chain")); err != nil {
		return err
	}
	if err := s.mayRead(&r, on, q); err != nil {
		return err
	}
	return r.of(on, w, q)
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
	s.answer(w, http.StatusOK, map[string]any{"ok": true, "height": s.main.node.Head().Header.Height})
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
	s.door.register(s.registry)
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

// serveMetrics serves those of the server and of all nodes.
func (s *Server) serveMetrics() func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, q *http.Request) error {
		s.mu.RLock()
		h := s.metrics
		s.mu.RUnlock()
		h.ServeHTTP(w, q)
		return nil
	}
}

// gather makes what serves the metrics. The caller holds mu.
func (s *Server) gather() http.Handler {
	list := append(prometheus.Gatherers{s.registry}, s.Metrics...)
	for _, one := range s.chains {
		list = append(list, one.node.Metrics())
	}
	return promhttp.HandlerFor(list, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: s.Limits.Write})
}
