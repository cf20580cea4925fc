package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// abroad is a way to another server on which somebody may stand and say something else.
type abroad struct {
	to *grove

	mu    sync.Mutex // guards the rest
	asked []string
	turn  uint32 // of the last question
	err   error
	tell  func(string) string // instead of what the other server says
	// answers, if set, answers instead of the other server.
	answers func(context.Context, chain.ID, []byte) ([]byte, error)
}

func (b *abroad) Account(context.Context, chain.Address) (node.AccountAt, error) {
	return node.AccountAt{}, placement.ErrSilent
}

func (b *abroad) Submit(context.Context, chain.ID, [][]byte) ([]ingress.Answer, error) {
	return nil, placement.ErrSilent
}

func (b *abroad) Route(ctx context.Context, id chain.ID, turn uint32, request []byte) ([]byte, error) {
	if b.answers != nil { // several at once
		return b.answers(ctx, id, request)
	}
	r := wire.NewReader(request)
	r.Short("method", 4)
	target := string(r.Bytes("target", 1<<10))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn = turn
	b.asked = append(b.asked, fmt.Sprint(id, " ", target))
	if b.err != nil {
		return nil, b.err
	}
	answer, err := b.to.server.AnswerRoute(ctx, id, request)
	if err != nil || b.tell == nil {
		return answer, err
	}
	a := wire.NewReader(answer)
	status, kind, body := a.U32("status"), a.Short("kind", 100), a.Bytes("body", 1<<20)
	return wire.AppendBytes(wire.AppendShort(wire.AppendU32(nil, status), string(kind)), []byte(b.tell(string(body)))), nil
}

// is changes what it does, and returns how often it was asked until then.
func (b *abroad) is(err error, tell func(string) string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.asked)
	b.asked, b.err, b.tell = nil, err, tell
	return n
}

// apart are two servers that share the main chain: one has chain 2 beside it, the other 3. The third has all.
func apart(t *testing.T) (a, b, all *grove, wayA, wayB *abroad) {
	all = startTree(t, false)
	serve := func(id chain.ID, way *abroad) *grove {
		g := &grove{TB: t, process: all.process}
		g.serve(api.Config{Node: all.process.Node(id), Others: []*node.Node{all.process.Node(chain.Main)}, Elsewhere: way})
		return g
	}
	wayA, wayB = &abroad{}, &abroad{}
	a, b = serve(2, wayA), serve(3, wayB)
	wayA.to, wayB.to = b, a
	return a, b, all, wayA, wayB
}

// drawn is a tree in a line: chain and method of each message, who says so, and what it waits for.
func drawn(tree client.Trace) string {
	text := ""
	tree.Walk(func(n *client.TraceNode, depth int) {
		text += fmt.Sprintf("%s%s on %d", strings.Repeat(">", depth), n.Method, n.To.Chain())
		if n.Elsewhere {
			text += " (word)"
		}
		if n.Waits != nil {
			text += ": " + n.Waits.Words(func(id chain.ID) string { return fmt.Sprint(id) })
		}
		text += "; "
	})
	return text + fmt.Sprint(tree.Complete)
}

func (g *grove) draws(what string, id chain.MessageID, want string) client.Trace {
	g.Helper()
	tree, err := g.client.Trace(g.Context(), id)
	if got := drawn(tree); err != nil || got != want {
		g.Errorf("%s: %v: %s", what, err, got)
	}
	return tree
}

// arrived is a payment from chain 2 to chain 3 that was handled there.
func arrived(t *testing.T, a, all *grove) (m *chain.Message, add chain.MessageID) {
	m = a.pay(2, "alice", 3, "bob", 7)
	if _, err := a.client.Wait(t.Context(), m.ID()); err != nil {
		t.Fatal(err)
	}
	all.carry(2, 1)
	return m, all.settles(m.ID()).Root.Children[0].ID
}

// Whoever is asked draws the whole tree, from the root on, by whichever of its messages; what others say is marked.
func TestTraceElsewhere(t *testing.T) {
	a, b, all, wayA, wayB := apart(t)
	m := a.pay(2, "alice", 3, "bob", 7)
	if _, err := a.client.Wait(t.Context(), m.ID()); err != nil {
		t.Fatal(err)
	}
	a.draws("before its digest is recorded", m.ID(), "transfer on 2; >add on 3: waits for the digest of block 1 of chain 2 on 1; false")
	if n := wayA.is(nil, nil); n != 0 {
		t.Errorf("%d questions about what can't have arrived", n)
	}
	all.carry(2, 1)
	add := all.settles(m.ID()).Root.Children[0]
	want := all.trace(m.ID())
	for _, id := range []chain.MessageID{m.ID(), add.ID} {
		got := a.draws("at a", id, "transfer on 2; >add on 3 (word); true")
		if got.Origin != m.ID() || got.Asked != id || got.GasUsed != want.GasUsed || got.Fee != want.Fee || got.Messages != 2 {
			t.Errorf("%+v", got)
		}
		if got.Root.Children[0].Place == nil || *got.Root.Children[0].Place != *add.Place {
			t.Errorf("%+v", got.Root.Children[0])
		}
		if got := b.draws("at b", id, "transfer on 2 (word); >add on 3; true"); got.Origin != m.ID() || got.GasUsed != want.GasUsed || got.Chain != 2 {
			t.Errorf("%+v", got)
		}
	}
	if n := wayA.is(nil, nil); n > 3 {
		t.Errorf("%d questions for two traces", n)
	}
	if _, err := b.client.Trace(t.Context(), chain.MessageID{9}); !client.HasCode(err, client.CodeUnknownMessage) || !strings.Contains(err.Error(), "chains 1 and 3") {
		t.Error(err)
	}
	wayB.is(placement.ErrSilent, nil)
	b.draws("at b, where nobody else answers, what is there", add.ID, "add on 3; true")
	if _, err := b.client.Trace(t.Context(), m.ID()); !client.HasCode(err, client.CodeUnknownMessage) || !strings.Contains(err.Error(), "answers") {
		t.Error(err)
	}
	a.is(t, m.ID(), wayA)
}

// is: a chain that is named is asked, also where others have it.
func (g *grove) is(t *testing.T, id chain.MessageID, way *abroad) {
	if got := get(t, g, "/v1/chains/b/trace/"+id.String()); !strings.Contains(got, client.CodeUnknownMessage) {
		t.Error(got)
	}
	way.is(nil, nil)
}

func (g *grove) trace(id chain.MessageID) client.Trace {
	g.Helper()
	tree, err := g.client.Trace(g.Context(), id)
	if err != nil {
		g.Fatal(err)
	}
	return tree
}

// A tree that goes there and comes back is followed back.
func TestTraceBack(t *testing.T) {
	a, b, all, _, _ := apart(t)
	in := chain.CallInput{To: address("bob").On(3), Method: "nothing", GasLimit: 100_000}
	signer := client.NewSigner(a.client.On("a"), key("alice"))
	m, err := signer.Call(t.Context(), in, chain.NewAmount(5))
	if err == nil {
		_, err = a.client.SubmitFinal(t.Context(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
	const there = "call on 2; >nothing on 3 (word); >>bounce on 2 (word): waits for the digest of block 1 of chain 3 on 1; false"
	all.carry(2, 1)
	for deadline := time.Now().Add(5 * time.Minute); drawn(a.trace(m.ID())) != there && time.Now().Before(deadline); {
	}
	a.draws("before the way back", m.ID(), there)
	all.carry(3, 1)
	all.settles(m.ID())
	a.draws("at a", m.ID(), "call on 2; >nothing on 3 (word); >>bounce on 2; true")
	b.draws("at b", m.ID(), "call on 2 (word); >nothing on 3; >>bounce on 2 (word); true")
}

// Nobody who answers, or one who lies, makes a tree that is wrong, long to wait for, or none at all.
func TestTraceElsewhereFails(t *testing.T) {
	a, _, all, way, _ := apart(t)
	m, add := arrived(t, a, all)
	const unknown = "transfer on 2; >add on 3: unknown: chain 3 is at other nodes; false"
	for _, err := range []error{placement.ErrSilent, placement.ErrNowhere, placement.ErrBusy, &placement.Failure{Words: "no"}} {
		way.is(err, nil)
		a.draws(err.Error(), m.ID(), unknown)
		if n := way.is(nil, nil); n != 1 {
			t.Errorf("%v: %d questions", err, n)
		}
	}
	change := func(f func(*client.Trace)) func(string) string {
		return func(text string) string {
			var tree client.Trace
			if err := json.Unmarshal([]byte(text), &tree); err != nil {
				t.Error(err)
			}
			f(&tree)
			raw, err := json.Marshal(tree)
			if err != nil {
				t.Error(err)
			}
			return string(raw)
		}
	}
	child := func(c *client.TraceNode) func(string) string {
		return change(func(tree *client.Trace) { tree.Root.Children = append(tree.Root.Children, c) })
	}
	descends := client.Message{ID: chain.MessageID{1}, Kind: client.KindRelay, State: client.StateQueued, From: address("bob").On(3), To: address("eve").On(3), Parent: add, Origin: m.ID(), Depth: 2}
	with := func(f func(*client.Message)) func(string) string {
		c := &client.TraceNode{Message: descends}
		f(&c.Message)
		return child(c)
	}
	way.is(nil, with(func(*client.Message) {}))
	a.draws("what may be", m.ID(), "transfer on 2; >add on 3 (word); >> on 3 (word): unknown: chain 3 is at other nodes; false")
	for name, lie := range map[string]func(string) string{
		"another id":       func(s string) string { return strings.ReplaceAll(s, add.String(), m.ID().String()) },
		"another amount":   change(func(t *client.Trace) { t.Root.Amount = chain.NewAmount(8) }),
		"another receiver": change(func(t *client.Trace) { t.Root.To = address("eve").On(3) }),
		"another chain":    change(func(t *client.Trace) { t.Root.Place.Chain = 2 }),
		"no place":         change(func(t *client.Trace) { t.Root.Place = nil }),
		"no state":         change(func(t *client.Trace) { t.Root.State = "lost" }),
		"another fee":      change(func(t *client.Trace) { t.Root.Fee = chain.NewAmount(1) }),
		"no tree":          change(func(t *client.Trace) { t.Root = nil }),
		"another parent":   with(func(c *client.Message) { c.Parent = m.ID() }),
		"another origin":   with(func(c *client.Message) { c.Origin = add }),
		"another depth":    with(func(c *client.Message) { c.Depth = 3 }),
		"another kind":     with(func(c *client.Message) { c.Kind = client.KindExternal }),
		"a child twice": change(func(t *client.Trace) {
			t.Root.Children = []*client.TraceNode{{Message: descends}, {Message: descends}}
		}),
		"no child": child(nil),
		"a loop": change(func(t *client.Trace) {
			c := *t.Root
			c.Parent, c.Depth = c.ID, c.Depth+1
			t.Root.Children = []*client.TraceNode{&c}
		}),
		"other JSON": func(string) string { return `[1, "x"]` },
		"a long answer": func(s string) string {
			return strings.Replace(s, `"origin"`, `"x": "`+strings.Repeat("x", 1<<20)+`", "origin"`, 1)
		},
		"many objects": func(s string) string {
			return strings.Replace(s, `"origin"`, `"x": [`+strings.Repeat("{},", 9000)+`{}], "origin"`, 1)
		},
	} {
		way.is(nil, lie)
		a.draws(name, m.ID(), unknown)
	}
	// A child that was sent by something else, on a chain that is here.
	other := a.pay(2, "erin", 2, "bob", 1)
	if _, err := a.client.Wait(t.Context(), other.ID()); err != nil {
		t.Fatal(err)
	}
	way.is(nil, change(func(tree *client.Trace) {
		c := client.Message{ID: other.ID(), Kind: client.KindRelay, State: client.StateQueued, To: address("alice").On(2), Parent: add, Origin: m.ID(), Depth: 2, Method: "x"}
		tree.Root.Children = []*client.TraceNode{{Message: c}}
	}))
	if got := a.trace(m.ID()); got.Complete || len(got.Root.Children[0].Children) != 1 || len(got.Root.Children[0].Children[0].Children) != 0 {
		t.Errorf("another tree: %s", drawn(got))
	}
}

// Who follows a tree sees its end on a chain that others have, once they answer; and is told that nobody does.
func TestFollowElsewhere(t *testing.T) {
	a, b, all, way, _ := apart(t)
	m, add := arrived(t, a, all)
	follow := func(g *grove, id chain.MessageID, heard func(client.Waiting) error) (steps string) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		err := g.client.FollowWaiting(ctx, id, func(p client.Progress) error {
			steps += fmt.Sprintf("%d %s %v; ", p.Number, p.Message.State, p.Message.Elsewhere)
			return nil
		}, heard)
		if err != nil {
			t.Error(err)
		}
		return steps
	}
	none := func(client.Waiting) error { return nil }
	const atA = "1 accepted false; 2 final false; 3 accepted false; 0 final true; "
	if got := follow(a, m.ID(), none); got != atA {
		t.Error(got)
	}
	const atB = "0 accepted false; 0 final true; 0 accepted true; 0 final false; "
	for _, id := range []chain.MessageID{m.ID(), add} {
		if got := follow(b, id, none); got != atB {
			t.Error(got)
		}
	}
	way.is(placement.ErrSilent, nil)
	told := ""
	if got := follow(a, m.ID(), func(w client.Waiting) error {
		told = w.Waits.Words(func(id chain.ID) string { return fmt.Sprint(id) })
		way.is(nil, nil)
		return nil
	}); got != atA || told != "unknown: chain 3 is at other nodes" {
		t.Errorf("%s %s", got, told)
	}
}

// Who says that what came back is above where it began leads nobody round for ever.
func TestTraceRound(t *testing.T) {
	a, b, all, way, _ := apart(t)
	in := chain.CallInput{To: address("bob").On(2), Method: "nothing", GasLimit: 100_000}
	m, err := client.NewSigner(b.client.On("b"), key("alice")).Call(t.Context(), in, chain.NewAmount(5))
	if err == nil {
		_, err = b.client.SubmitFinal(t.Context(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
	all.carry(3, 1)
	for deadline := time.Now().Add(5 * time.Minute); all.trace(m.ID()).Messages < 3 && time.Now().Before(deadline); {
	}
	all.carry(2, 1)
	tree := all.settles(m.ID())
	call, nothing, bounce := *tree.Root, *tree.Root.Children[0], *tree.Root.Children[0].Children[0]
	a.draws("the truth", bounce.ID, "call on 3 (word); >nothing on 2; >>bounce on 3 (word); true")
	call.Kind, call.Parent, call.Depth = client.KindRelay, bounce.ID, bounce.Depth+1
	nothing.Depth, nothing.Children = call.Depth+1, nil
	call.Children, bounce.Children = []*client.TraceNode{&nothing}, []*client.TraceNode{&call}
	lie, err := json.Marshal(client.Trace{Origin: m.ID(), Chain: 3, Root: &bounce})
	if err != nil {
		t.Fatal(err)
	}
	way.is(nil, func(string) string { return string(lie) })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if got, err := a.client.Trace(ctx, bounce.ID); err != nil || got.Messages != 3 || got.Complete || !got.Truncated {
		t.Errorf("%v: %s", err, drawn(got))
	}
}
