package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// call is a call of bob by alice that bob's account, which has no code, can't handle: it bounces.
func (r *rig) call(nonce uint64) *chain.Message {
	in := chain.CallInput{To: address("bob"), Method: "hello", GasLimit: 50_000, Input: make([]byte, 3000)}
	return r.transfer("alice", "bob", nonce, func(m *chain.Message) {
		m.Method, m.Input, m.GasLimit = chain.MethodCall, in.Encode(), api.GasTable().Call(in)
	})
}

// lines draws a tree.
func lines(t client.Trace) string {
	var b strings.Builder
	t.Walk(func(n *client.TraceNode, depth int) {
		fmt.Fprintf(&b, "%s%s %s %s", strings.Repeat("  ", depth), n.Kind, n.Method, n.State)
		if n.State == client.StateFinal {
			fmt.Fprintf(&b, ": %s, block %d", n.Status, n.Place.Height)
		}
		if n.Asked {
			b.WriteString(" <-")
		}
		b.WriteByte('\n')
	})
	return b.String()
}

func (r *rig) expect(what, got, want string) {
	r.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		r.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

// SPEC 2.4: whichever message of a tree is asked for, the answer is the whole tree.
func TestTrace(t *testing.T) {
	r := start(t, setup{})
	m := r.call(0)
	r.submit(m)
	waiting := r.trace(m.ID())
	if waiting.Complete || waiting.Root.State != client.StateWaiting || !waiting.Root.Asked || waiting.Origin != m.ID() || waiting.Messages != 1 {
		t.Errorf("%+v", waiting)
	}
	before, _ := r.client.Account(t.Context(), address("alice"))
	r.mine(1)
	tree := r.trace(m.ID())
	r.expect("tree", lines(tree), `
external call final: ok, block 1 <-
  relay hello final: no code, block 1
    relay bounce final: ok, block 1`)
	if !tree.Complete || tree.Truncated || tree.Messages != 3 || tree.Height != 1 || tree.Origin != m.ID() {
		t.Errorf("%+v", tree)
	}
	hello := tree.Root.Children[0]
	bounce := hello.Children[0]
	if hello.From != address("alice") || hello.To != address("bob") || hello.Amount != chain.NewAmount(5) || hello.Parent != m.ID() ||
		hello.Place.Account != address("bob") || hello.Reason == "" || hello.Depth != 1 || bounce.To != address("alice") || bounce.Depth != 2 {
		t.Errorf("hello %+v\nbounce %+v", hello, bounce)
	}
	if hello.InputBytes != 3000 || len(hello.Input) != 1024 {
		t.Errorf("input of %d bytes, %d of them answered", hello.InputBytes, len(hello.Input))
	}
	// What alice paid is what the tree says: the amount came back with the bounce, the unspent gas by rule.
	after, _ := r.client.Account(t.Context(), address("alice"))
	paid, err := before.Balance.Sub(after.Balance)
	if err != nil || paid != tree.Fee || tree.Fee != chain.Mul(tree.GasUsed, 2) || tree.Fee.IsZero() {
		t.Errorf("paid %s, fee %s, gas used %d, %v", paid, tree.Fee, tree.GasUsed, err)
	}
	for _, id := range []chain.MessageID{hello.ID, bounce.ID} {
		other := r.trace(id)
		if other.Asked != id || other.Origin != m.ID() || other.Fee != tree.Fee {
			t.Errorf("%+v", other)
		}
		marked := 0
		other.Walk(func(n *client.TraceNode, _ int) {
			if n.Asked && n.ID == id {
				marked++
			}
		})
		if got := strings.ReplaceAll(lines(other), " <-", ""); marked != 1 || got != strings.ReplaceAll(lines(tree), " <-", "") {
			t.Errorf("asked for %s, marked %d times:\n%s", id, marked, got)
		}
	}
}

func TestTraceIsBounded(t *testing.T) {
	r := start(t, setup{limits: api.Limits{Tree: 2}})
	m := r.call(0)
	r.submit(m)
	r.mine(1)
	tree := r.trace(m.ID())
	if !tree.Truncated || tree.Complete || tree.Messages != 2 || len(tree.Root.Children) != 1 || len(tree.Root.Children[0].Children) != 0 {
		t.Errorf("%+v\n%s", tree, lines(tree))
	}
	steps := 0
	err := r.client.Follow(t.Context(), m.ID(), func(client.Progress) error { steps++; return nil })
	if err == nil || steps != 4 {
		t.Errorf("%d steps, %v", steps, err)
	}
}

// stateOf is a genesis as the state before block 1.
type stateOf struct{ *chain.Genesis }

func (s stateOf) Account(a chain.Address) (chain.Account, error) {
	for _, g := range s.Accounts {
		if g.Address == a {
			return exec.Credit(s.Params, chain.Account{}, g.Balance), nil
		}
	}
	return chain.Account{}, nil
}

func (s stateOf) Entry(_ chain.Address, key string) ([]byte, error) {
	if key == chain.KeyParams {
		return s.Params.Encode(), nil
	}
	return nil, nil
}

func (s stateOf) Next(chain.Address, string, string) (string, error) { return "", nil }

// halfway is block 1 with m in it and all that m sends left for the next block, as if time had run out.
func halfway(t *testing.T, m *chain.Message) []byte {
	t.Helper()
	g, tree := genesis(), merkle.New()
	rules := block.Rules{Programs: native.Programs{}}
	header, _, err := block.Genesis(g, tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	state := stateOf{g}
	before := &block.Before{Header: header, Hash: header.Hash(), State: state, Tree: tree}
	c, err := before.Context(rules, g.TimeMillis+1)
	if err != nil {
		t.Fatal(err)
	}
	record, _ := state.Account(m.From)
	o := exec.NewOverlay(m.From, record, state)
	handled, refusal, err := o.Handle(c, &exec.Delivery{Message: m})
	if err != nil || refusal != nil {
		t.Fatal(refusal, err)
	}
	for i := range handled.Outcome.Sent {
		handled.Sent = append(handled.Sent, &exec.Delivery{Message: handled.Outcome.Sent[i].Relay(m.From, m, uint32(i))})
	}
	result, err := block.Build(before, rules, &block.Run{Context: c, Accounts: []*exec.Overlay{o}})
	if err != nil {
		t.Fatal(err)
	}
	return result.Raw
}

// take gives the node a block.
func (r *rig) take(raw []byte) {
	r.Helper()
	result, fault, err := r.node.Verify(raw)
	if err != nil || fault != nil {
		r.Fatal(fault, err)
	}
	if err := r.node.Take(result); err != nil {
		r.Fatal(err)
	}
}

// A message in the pending queue of the state is known by its id, and its tree is followed over blocks.
func TestQueued(t *testing.T) {
	r := start(t, setup{})
	m := r.call(0)
	r.take(halfway(t, m))
	tree := r.trace(m.ID())
	r.expect("after block 1", lines(tree), `
external call final: ok, block 1 <-
  relay hello queued`)
	if tree.Complete || tree.Messages != 2 {
		t.Errorf("%+v", tree)
	}
	hello := tree.Root.Children[0].ID
	if q := r.message(hello); q.State != client.StateQueued || q.Finality != "" || q.Place != nil || q.Origin != m.ID() || q.InputBytes != 3000 {
		t.Errorf("%+v", q)
	}
	if b, err := r.client.Block(t.Context(), 1); err != nil || b.Queued != 1 || b.Events != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	r.expect("asked for the queued", lines(r.trace(hello)), `
external call final: ok, block 1
  relay hello queued <-`)
	waited := make(chan client.Message, 1)
	go func() {
		m, err := r.client.Wait(t.Context(), hello)
		if err != nil {
			t.Error(err)
		}
		waited <- m
	}()
	r.until("it is waited for", func() bool { return r.gauge("thinkey_api_polls") == "1" })
	r.mine(1)
	if w := <-waited; w.State != client.StateFinal || w.Place.Height != 2 {
		t.Errorf("%+v", w)
	}
	r.expect("after block 2", lines(r.trace(hello)), `
external call final: ok, block 1
  relay hello final: no code, block 2 <-
    relay bounce final: ok, block 2`)
}

// Blocks are kept to be read again, up to a bound; one that is forgotten is read anew.
func TestManyBlocks(t *testing.T) {
	const kept = 4000
	r := start(t, setup{limits: api.Limits{BlockBytes: kept}, node: func(c *node.Config) { c.Lane.Ahead, c.Lane.Messages = 200, 200 }})
	var ms []*chain.Message
	for i := range uint64(40) {
		ms = append(ms, r.transfer("alice", "bob", i))
		r.submit(ms[i])
		r.mine(1)
	}
	for range 2 {
		for i, m := range ms {
			tree := r.trace(m.ID())
			if !tree.Complete || tree.Root.Place.Height != uint64(i+1) || tree.Messages != 2 {
				t.Fatalf("message %d: %+v", i, tree)
			}
			if n, bytes := r.server.Kept(); bytes > kept || bytes == 0 || i > 2 && n < 2 {
				t.Fatalf("%d blocks of %d bytes are kept (limit %d)", n, bytes, kept)
			}
		}
	}
}
