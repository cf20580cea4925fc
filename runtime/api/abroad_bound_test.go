package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// oracle answers questions for trees with a number of messages in each.
type oracle struct {
	Elsewhere
	size   int
	asked  map[chain.ID]int
	silent map[chain.ID]bool
	ends   time.Time // the last one's
}

func (o *oracle) Route(ctx context.Context, id chain.ID, _ uint32, request []byte) ([]byte, error) {
	o.asked[id]++
	o.ends, _ = ctx.Deadline()
	if o.silent[id] {
		return nil, placement.ErrSilent
	}
	p, err := decodePassed(request)
	if err != nil {
		return nil, err
	}
	m, err := chain.ParseMessageID(strings.TrimPrefix(p.target, "/trace/"))
	if err != nil {
		return nil, err
	}
	root := &client.TraceNode{Message: client.Message{ID: m, State: client.StateFinal, Origin: m, To: chain.Address{3: byte(id)}, Status: chain.StatusOK, Place: &client.Place{Chain: id, Account: chain.Address{3: byte(id)}}}}
	for i := range o.size {
		c := client.Message{ID: m, State: client.StateQueued, Kind: client.KindRelay, Origin: m, Parent: m, Depth: 1, To: chain.Address{3: 200}}
		c.ID[3], c.ID[4] = byte(i), byte(1+i>>8)
		root.Children = append(root.Children, &client.TraceNode{Message: c})
	}
	body, err := json.Marshal(client.Trace{Origin: m, Asked: m, Chain: id, Root: root})
	a := reply{http.StatusOK, "application/json", body}
	return a.encode(), err
}

// askingServer has no chain but Elsewhere.
func askingServer(o *oracle) *Server {
	s := &Server{Config: Config{Elsewhere: o, Log: slog.New(slog.DiscardHandler)}}
	s.asking = newGate("traces of other nodes", abroadAtOnce, abroadPerCaller)
	s.asked = newGate("questions", askedAtOnce, 0)
	return s
}

func ask(t *testing.T) *http.Request {
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.RemoteAddr = "192.0.2.1:9"
	return q
}

func branches(n int, chains ...chain.ID) (list []*branch) {
	for i := range n {
		list = append(list, &branch{id: chain.MessageID{1, byte(i), 1}, at: chains[i%len(chains)], far: true, word: &client.Message{}})
	}
	return list
}

// One trace costs a bounded number of questions, one to each chain that doesn't answer; and the tree keeps its bound.
func TestInquireBounds(t *testing.T) {
	o := &oracle{asked: map[chain.ID]int{}, silent: map[chain.ID]bool{7: true, 8: true}, size: 3}
	s := askingServer(o)
	a := s.abroad(ask(t))
	sent := 0
	tree := &tree{limit: 30, count: 1, has: func(chain.ID) bool { return false }, final: func(*branch, client.Message) {}, sent: func(_, _ *branch) { sent++ }}
	tree.open = branches(60, 7, 8, 9)
	if !a.inquire(t.Context(), tree, slices.Clone(tree.open)) {
		t.Error("nothing grew")
	}
	if o.asked[7] != 1 || o.asked[8] != 1 || o.asked[9] != abroadQuestions-2 {
		t.Errorf("questions: %v", o.asked)
	}
	if left := time.Until(o.ends); left > abroadEach {
		t.Errorf("the last one may take %v", left)
	}
	if tree.count != tree.limit || sent != tree.limit-1 || !tree.truncated {
		t.Errorf("%d messages of %d", tree.count, tree.limit)
	}
	a.end()
	o.asked, o.size = map[chain.ID]int{}, 400
	a = s.abroad(ask(t))
	tree.limit, tree.count, tree.open = 1<<20, 1, branches(60, 9)
	a.inquire(t.Context(), tree, slices.Clone(tree.open))
	if tree.count > abroadObjects || tree.count < 400 {
		t.Errorf("%d messages were read", tree.count)
	}
	a.end()
	a = s.abroad(ask(t))
	a.ends = time.Now()
	if _, err := a.ask(t.Context(), 9, chain.MessageID{1}); !errors.Is(err, errNotAsked) {
		t.Errorf("after its time: %v", err)
	}
}

// Of one address some at once make this node ask others; the rest get what is known here. What another node passes on makes it ask nobody.
func TestInquireShares(t *testing.T) {
	o := &oracle{asked: map[chain.ID]int{}}
	s := askingServer(o)
	var inside []*abroad
	for i := range abroadPerCaller {
		a := s.abroad(ask(t))
		if _, err := a.ask(t.Context(), 9, chain.MessageID{byte(i + 1)}); err != nil {
			t.Fatal(i, err)
		}
		inside = append(inside, a)
	}
	late := s.abroad(ask(t))
	if _, err := late.ask(t.Context(), 9, chain.MessageID{99}); !strings.Contains(fmt.Sprint(err), "at once") {
		t.Error(err)
	}
	for _, a := range inside {
		a.end()
	}
	if _, err := late.ask(t.Context(), 9, chain.MessageID{99}); err != nil {
		t.Error(err)
	}
	late.end()
	if n := len(s.asking.slots); n != 0 {
		t.Errorf("%d places are lost", n)
	}
	q := ask(t)
	if _, err := s.abroad(q.WithContext(context.WithValue(q.Context(), passing{}, true))).ask(t.Context(), 9, chain.MessageID{1}); !errors.Is(err, errNotAsked) {
		t.Error(err)
	}
}

// FuzzForeign: whatever another node answers, it is a tree of messages or refused.
func FuzzForeign(f *testing.F) {
	for _, text := range []string{`{"root":{"id":"` + strings.Repeat("01", 32) + `","state":"queued","children":[null]}}`, `{"root":null}`, `[]`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a := &abroad{bytes: abroadBytes, things: abroadObjects}
		got, err := a.read(3, chain.MessageID{}, b)
		if err != nil {
			return
		}
		got.Walk(func(n *client.TraceNode, depth int) {
			if !n.Elsewhere || depth > chain.MaxDepth {
				t.Errorf("%+v", n)
			}
		})
	})
}
