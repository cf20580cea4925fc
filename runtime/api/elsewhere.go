package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Elsewhere reaches the chains that the process doesn't run, at nodes that do (SPEC 10.3): node.Placed.
type Elsewhere interface {
	// Account asks the live account; Submit hands messages in, and answers each.
	Account(ctx context.Context, a chain.Address) (node.AccountAt, error)
	Submit(ctx context.Context, id chain.ID, raws [][]byte) ([]ingress.Answer, error)
	// Route has another node's server answer a request (Server.AnswerRoute). Its context must have a deadline.
	// With another turn it is another one, most likely.
	Route(ctx context.Context, id chain.ID, turn uint32, request []byte) ([]byte, error)
}

// passedOn are the routes of a chain that another node can answer: what ends soon, and isn't for who carries relays.
var passedOn = map[string]bool{
	"GET /info": true, "GET /accounts/{address}": true, "POST /accounts/{address}/query": true, "GET /codes/{hash}": true, "GET /codes/{hash}/raw": true,
	"GET /messages/{id}": true, "GET /trace/{id}": true, "GET /blocks/{height}": true, "GET /blocks/{height}/raw": true, "GET /committee": true, "GET /events": true,
}

const (
	// routeTime is how long another node may take beside what it is asked to wait.
	routeTime = 10 * time.Second
	// maxTarget bounds the path of a request that is passed on, with its query.
	maxTarget = 8 << 10
	// maxRouteBody bounds its body: a question for a view. Messages go another way.
	maxRouteBody = maxQuestionBytes
	maxKind      = 128 // of a media type
	// askedAtOnce is how many questions for users are with other nodes: some less than a node may have open (placement), and a quarter of an address's
	// connections for one address.
	askedAtOnce = 448
)

// passing marks a request that another node passed on: it is not passed on again, and is for one of the routes in passedOn. Who is behind it
// can be anyone: it takes no streams, and nothing that is for the node's own users.
type passing struct{}

func isPassed(q *http.Request) bool { return q.Context().Value(passing{}) != nil }

// onChain is the route's name in passedOn.
func (r *route) onChain() string { return r.Method + " " + strings.TrimPrefix(r.OnChain, onChain) }

// far is the chain that a request means, if another node is to be asked.
func (s *Server) far(r route, q *http.Request) (id chain.ID, is bool, err error) {
	if s.Elsewhere == nil || isPassed(q) {
		return 0, false, nil
	}
	what := r.onChain()
	if !passedOn[what] && what != "POST /messages" {
		return 0, false, nil
	}
	if name := q.PathValue("chain"); name != "" {
		id, err = s.meant(name)
	} else if a, bad := chain.ParseAddress(q.PathValue("address")); bad == nil {
		id = a.Chain()
	} else if m, bad := chain.ParseMessageID(q.PathValue("id")); bad == nil {
		id = s.posted.chain(m)
	}
	return id, id != 0 && s.get(id) == nil, err
}

// passOn has another node answer.
func (s *Server) passOn(r route, w http.ResponseWriter, q *http.Request, id chain.ID) error {
	if r.Method == http.MethodPost && q.PathValue("address") == "" {
		return s.main.postMessages(w, q)
	}
	if r.onChain() == "GET /trace/{id}" { // it may go on here
		if err := s.mayRead(&r, s.main, q); err != nil {
			return err
		}
		return s.traceOn(w, q, id)
	}
	if address, err := chain.ParseAddress(q.PathValue("address")); err == nil && r.Method == http.MethodGet && address.Chain() == id && q.URL.RawQuery == "" {
		return s.askAccount(w, q, address)
	}
	wait, err := s.main.wait(q)
	if err != nil {
		return err
	}
	if err := s.polls.enter(""); err != nil {
		return err
	}
	defer s.polls.leave("")
	m, bad := chain.ParseMessageID(q.PathValue("id"))
	if bad == nil && r.onChain() == "GET /messages/{id}" {
		return s.passMessage(w, q, id, m, wait)
	}
	body := body{budget: s.bodies, from: fromAddr(q.RemoteAddr)}
	defer body.free()
	if r.Method == http.MethodPost {
		if err := body.read(q, maxRouteBody); err != nil {
			return err
		}
	}
	path := strings.TrimPrefix(q.URL.EscapedPath(), "/v1")
	if q.PathValue("chain") != "" { // by number: the other node may not know the name
		_, path, _ = strings.Cut(strings.TrimPrefix(path, "/chains/"), "/")
		path = "/" + path
	}
	a, err := s.ask(q.Context(), id, passed{method: r.Method, target: path + "?" + q.URL.RawQuery, kind: q.Header.Get("Content-Type"), body: body.bytes, by: body.from}, wait)
	if err != nil {
		return err
	}
	s.answerBytes(w, a.status, a.kind, a.body)
	return nil
}

// askAccount asks the live account at its chain's leader.
func (s *Server) askAccount(w http.ResponseWriter, q *http.Request, address chain.Address) error {
	f := fromAddr(q.RemoteAddr)
	if err := s.asked.enter(f); err != nil {
		return err
	}
	defer s.leaveAsked(q.Context(), f, time.Now().Add(routeTime))
	live, err := s.Elsewhere.Account(q.Context(), address)
	if err != nil {
		return s.notThere(address.Chain(), err)
	}
	a := client.Account{Address: address, Chain: address.Chain(), Waiting: live.Waiting, NextNonce: live.Next, Finality: client.Final}
	a.SetRecord(live.Account)
	setHead(&a, live.Head)
	s.answer(w, http.StatusOK, a)
	return nil
}

// passed is a request that a node passes on: what stands behind the chain in its path.
type passed struct {
	method, target, kind string
	body                 []byte
	turn                 uint32 // of Elsewhere.Route
	by                   from   // who asks here
}

func (p *passed) encode() []byte {
	b := wire.AppendShort(nil, p.method)
	b = wire.AppendBytes(b, []byte(p.target))
	b = wire.AppendShort(b, p.kind)
	return wire.AppendBytes(b, p.body)
}

// decodePassed shares memory with b.
func decodePassed(b []byte) (p passed, err error) {
	r := wire.NewReader(b)
	p.method = string(r.Short("method", len(http.MethodPost)))
	p.target = string(r.Bytes("target", maxTarget))
	p.kind = string(r.Short("media type", maxKind))
	p.body = r.Bytes("body", maxRouteBody)
	if err := r.Done(); err != nil {
		return passed{}, fmt.Errorf("request that was passed on: %w", err)
	}
	if !strings.HasPrefix(p.target, "/") || p.method != http.MethodGet && p.method != http.MethodPost {
		return passed{}, fmt.Errorf("request that was passed on: %q of %q", p.method, clip(p.target))
	}
	return p, nil
}

// reply is what became of it.
type reply struct {
	status int
	kind   string
	body   []byte
}

func (a *reply) encode() []byte {
	b := wire.AppendU32(nil, uint32(a.status))
	b = wire.AppendShort(b, a.kind)
	return wire.AppendBytes(b, a.body)
}

// decodeReply takes the answers that servers give alone: another node's word doesn't become a page.
func decodeReply(b []byte) (a reply, err error) {
	r := wire.NewReader(b)
	a.status = int(r.U32("status"))
	a.kind = string(r.Short("media type", maxKind))
	a.body = r.Bytes("body", placement.MaxBody)
	if err := r.Done(); err != nil {
		return reply{}, err
	}
	isJSON := a.kind == "application/json"
	if a.status < 200 || a.status > 599 || isJSON && !json.Valid(a.body) || !isJSON && a.kind != "application/octet-stream" {
		return reply{}, fmt.Errorf("status %d, %q", a.status, clip(a.kind))
	}
	return a, nil
}

// ask has another node answer a request for a chain.
func (s *Server) ask(ctx context.Context, id chain.ID, p passed, wait time.Duration) (reply, error) {
	if len(p.target) > maxTarget || len(p.kind) > maxKind {
		return reply{}, badRequest("a path of %d bytes (limit %d), or a media type that is too long", len(p.target), maxTarget)
	}
	if err := s.asked.enter(p.by); err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*wait+routeTime) // half of it for the first node that is asked
	defer cancel()
	ends, _ := ctx.Deadline()
	defer s.leaveAsked(ctx, p.by, ends)
	raw, err := s.Elsewhere.Route(ctx, id, p.turn, p.encode())
	if err != nil {
		return reply{}, s.notThere(id, err)
	}
	a, err := decodeReply(raw)
	if err != nil {
		s.Log.Warn("a node answers what no server does", "chain", id, "error", err)
		return reply{}, unable(id, "answers what can't be one")
	}
	return a, nil
}

// leaveAsked gives back the place of a question. Who went away keeps it until the question ends: the other node isn't told, and works on.
func (s *Server) leaveAsked(ctx context.Context, f from, ends time.Time) {
	if errors.Is(ctx.Err(), context.Canceled) {
		time.AfterFunc(time.Until(ends), func() { s.asked.leave(f) })
		return
	}
	s.asked.leave(f)
}

// notThere is why no other node answered.
func (s *Server) notThere(id chain.ID, err error) error {
	var why *placement.Failure
	switch {
	case errors.Is(err, placement.ErrNowhere):
		return &client.Error{
			Code: client.CodeWrongChain, Status: http.StatusNotFound, Hint: "ask a node of that chain",
			Message: fmt.Sprintf("%s, not chain %d, and knows no other node that does", s.runs(), id),
		}
	case errors.Is(err, placement.ErrClosed):
		return node.ErrStopped
	case errors.Is(err, placement.ErrBusy):
		return busy("chain %d is at other nodes: %v", id, err)
	case errors.Is(err, placement.ErrSilent):
		return unable(id, "does not answer")
	case errors.As(err, &why):
		return unable(id, "can't: "+clip(why.Words))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return busy("chain %d is at other nodes, which took too long", id)
	}
	s.Log.Warn("a question to another node failed", "chain", id, "error", err)
	return unable(id, "answers what can't be one")
}

func unable(id chain.ID, what string) *client.Error {
	return &client.Error{
		Code: client.CodeElsewhere, Status: http.StatusGatewayTimeout, Message: fmt.Sprintf("chain %d is at other nodes, and who was asked %s", id, what),
		Hint: "try again later, or ask a node of that chain",
	}
}

// AnswerRoute answers a request that another node passed on, of a chain that is here.
func (s *Server) AnswerRoute(ctx context.Context, id chain.ID, request []byte) ([]byte, error) {
	p, err := decodePassed(request)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, passing{}, true)
	q, err := http.NewRequestWithContext(ctx, p.method, fmt.Sprintf("http://localhost/v1/chains/%d%s", id, p.target), bytes.NewReader(p.body))
	if err != nil {
		return nil, fmt.Errorf("request that was passed on: %w", err)
	}
	if p.kind != "" {
		q.Header.Set("Content-Type", p.kind)
	}
	w := &written{header: http.Header{}}
	s.http.Handler.ServeHTTP(w, q)
	if w.long {
		return nil, placement.ErrLong
	}
	a := reply{w.status, w.header.Get("Content-Type"), w.body.Bytes()}
	return a.encode(), nil
}

// written is an answer that goes to another node.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
	long   bool
}

// Header implements http.ResponseWriter.
func (w *written) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *written) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *written) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.long = w.long || w.body.Len()+len(b) > placement.MaxBody-1<<10; w.long {
		return 0, placement.ErrLong
	}
	return w.body.Write(b)
}

// remote is a chain that other nodes have.
type remote struct {
	*Server
	id   chain.ID
	by   from   // who asks here
	turn uint32 // of Elsewhere.Route: another node is asked where one doesn't show what it says
}

// submit hands messages in there.
func (r *remote) submit(ctx context.Context, raws [][]byte) []ingress.Answer {
	answers, err := r.Elsewhere.Submit(ctx, r.id, raws)
	if err != nil {
		answers = make([]ingress.Answer, len(raws))
		for i, raw := range raws {
			if m, bad := chain.DecodeMessage(raw); bad == nil {
				answers[i].ID = m.ID()
			}
			answers[i].Refused = r.notThere(r.id, err)
		}
	}
	for i := range answers {
		if answers[i].Refused == nil {
			r.posted.add(answers[i].ID, r.id)
		}
	}
	return answers
}
