package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// settles waits until the tree is complete.
func (g *grove) settles(id chain.MessageID) client.Trace {
	g.Helper()
	ctx, cancel := context.WithTimeout(g.Context(), 5*time.Minute)
	defer cancel()
	if err := g.client.Follow(ctx, id, func(client.Progress) error { return nil }); err != nil {
		g.Fatal(err)
	}
	t, err := g.client.Trace(g.Context(), id)
	if err != nil {
		g.Fatal(err)
	}
	return t
}

// A tree is drawn over all chains that it grows on, asked for by any of its messages; each block with its level, which only rises.
func TestTraceOverChains(t *testing.T) {
	g := startTree(t, true)
	m := g.pay(4, "alice", 3, "bob", 7)
	tree := g.settles(m.ID())
	add := tree.Root.Children[0]
	if !tree.Complete || tree.Messages != 2 || tree.Chain != 4 || len(tree.Heights) != 4 || tree.Root.Place.Chain != 4 || add.Place.Chain != 3 || add.Waits != nil {
		t.Fatalf("%+v\n%+v", tree, add)
	}
	if tree.Root.Finality != client.Rooted { // or chain 3 could not have taken it in
		t.Errorf("the sender's block is %s", tree.Root.Finality)
	}
	again, err := g.client.Trace(t.Context(), add.ID)
	if err != nil || again.Origin != m.ID() || again.Root.ID != m.ID() || !again.Root.Children[0].Asked || again.Chain != 4 {
		t.Errorf("%v: %+v", err, again)
	}
	if top := g.settles(g.pay(1, "alice", 2, "bob", 1).ID()); top.Root.Finality != client.Rooted {
		t.Errorf("a block of the main chain is %s", top.Root.Finality)
	}
}

// What is under way says what it waits for, step by step, and that its receiver can count on it.
func TestTraceWaits(t *testing.T) {
	g := startTree(t, false) // nobody carries digests
	m := g.pay(4, "alice", 3, "bob", 7)
	if _, err := g.client.Wait(t.Context(), m.ID()); err != nil {
		t.Fatal(err)
	}
	waits := func(level client.Finality, want client.Waits) {
		t.Helper()
		tree, err := g.client.Trace(t.Context(), m.ID())
		if err != nil || tree.Complete || len(tree.Root.Children) != 1 {
			t.Fatalf("%v: %+v", err, tree)
		}
		add := tree.Root.Children[0]
		if add.Waits == nil || *add.Waits != want || !add.Confirmed || add.Finality != level || tree.Root.Finality != level {
			t.Errorf("%+v, sent in a block that is %s: %+v", add, tree.Root.Finality, add.Waits)
		}
	}
	waits(client.Final, client.Waits{For: client.WaitsDigest, Chain: 4, Height: 1, On: 2})
	at := g.carry(4, 2)
	waits(client.Anchored, client.Waits{For: client.WaitsDigest, Chain: 2, Height: at, On: 1})

	var told []string
	var carrier sync.WaitGroup
	follow, cancel := context.WithCancel(t.Context())
	err := g.client.FollowWaiting(follow, m.ID(), func(client.Progress) error { return nil }, func(w client.Waiting) error {
		told = append(told, w.Waits.Words(func(id chain.ID) string { return fmt.Sprint(id) }))
		if len(told) == 1 {
			carrier.Go(func() { g.carry(2, 1) })
		}
		return nil
	})
	cancel()
	carrier.Wait()
	if want := fmt.Sprintf("waits for the digest of block %d of chain 2 on 1", at); err != nil || told[0] != want {
		t.Errorf("%v: %q", err, told)
	}
	if tree := g.settles(m.ID()); tree.Root.Finality != client.Rooted {
		t.Errorf("%+v", tree.Root)
	}
}

// A chain whose committee is shown to have certified another block than the one that its parent recorded is listed as forked.
func TestForkedChain(t *testing.T) {
	g := startTree(t, false)
	m := g.pay(4, "alice", 3, "bob", 7)
	if _, err := g.client.Wait(t.Context(), m.ID()); err != nil {
		t.Fatal(err)
	}
	g.carry(4, 2)
	list, err := g.client.Chains(t.Context())
	if err != nil || list.Chains[3].Forked {
		t.Fatalf("%v: %+v", err, list.Chains[3])
	}
	run, err := g.process.Node(4).Relay().Run(1)
	if err != nil || len(run.Headers) != 1 {
		t.Fatalf("%v: %+v", err, run)
	}
	other := g.beside(4, run)
	place, err := g.process.Node(2).Relay().Place(4, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	seats := g.process.Node(4).Info().Genesis.Committee
	g.call(2, chain.MethodFork, chain.ForkInput{Recorded: run.Headers[0], Place: place.Append(nil), Committee: seats, Other: other}.Encode())
	list, err = g.client.Chains(t.Context())
	if err != nil || !list.Chains[3].Forked || list.Chains[1].Forked || list.Chains[2].Forked {
		t.Fatalf("%v: %+v", err, list)
	}
	if shown := g.get("/v1/chains/a1", http.StatusOK); shown["forked"] != true {
		t.Errorf("%v", shown)
	}
}

// Of two blocks that a committee certified the one that its parent has recorded counts: what stands in the other one is final where that is, and
// no more (SPEC 4.9).
func TestLevelBesideRecorded(t *testing.T) {
	g := startTree(t, false)
	m := g.pay(4, "alice", 3, "bob", 7)
	if _, err := g.client.Wait(t.Context(), m.ID()); err != nil {
		t.Fatal(err)
	}
	run, err := g.process.Node(4).Relay().Run(1)
	if err != nil || len(run.Headers) != 1 {
		t.Fatalf("%v: %+v", err, run)
	}
	other := g.beside(4, run)
	g.call(2, chain.MethodDigest, other.Append(nil))
	tree, err := g.client.Trace(t.Context(), m.ID())
	if err != nil {
		t.Fatal(err)
	}
	want := client.Waits{For: client.WaitsDigest, Chain: 4, Height: 1, On: 2}
	if w := tree.Root.Children[0].Waits; tree.Root.Finality != client.Final || w == nil || *w != want {
		t.Errorf("%s, and what it sent waits for %+v", tree.Root.Finality, w)
	}
}

// beside is a digest of another block than the only one in run, certified as well.
func (g *grove) beside(id chain.ID, run *chain.Digest) chain.Digest {
	g.Helper()
	other := chain.Digest{Headers: []chain.Header{run.Headers[0]}, Certificate: run.Certificate}
	h := &other.Headers[0]
	h.GasUsed++
	_, secret := seatOf(id)
	v := run.Certificate.Vote()
	v.Block = h.Hash()
	other.Certificate.Block = v.Block
	var err error
	if other.Certificate.Signature, err = committee.Sign(secret, v.Domain(), v.Append(nil), chain.SeatsOf(0)).Point.Signature(); err != nil {
		g.Fatal(err)
	}
	return other
}

// carry records all blocks of a chain on its parent, and returns in which block of that.
func (g *grove) carry(child, parent chain.ID) uint64 {
	run, err := g.process.Node(child).Relay().Run(1)
	if err != nil {
		g.Error(err)
		return 0
	}
	return g.call(parent, chain.MethodDigest, run.Append(nil))
}

// call lets the digests actor of a chain do something, and returns in which block.
func (g *grove) call(parent chain.ID, method string, input []byte) uint64 {
	to := chain.DigestsAddress(parent)
	in := chain.CallInput{To: to, Method: method, GasLimit: 50_000_000, Input: input}
	signer := client.NewSigner(g.client.On(fmt.Sprint(parent)), key("carrier"))
	m, err := signer.Call(g.Context(), in, chain.Amount{}, client.WithGasLimit(
		50_000_000+exec.SendGas(&chain.Sent{Method: method, Input: input})+gas.Bounce+exec.ExternalGas(&chain.Message{Method: chain.MethodCall, Input: in.Encode()})))
	if err == nil {
		_, err = g.client.SubmitFinal(g.Context(), m)
	}
	if err != nil {
		g.Error(err)
		return 0
	}
	tree := g.settles(m.ID())
	c := tree.Root.Children[0]
	if c.Status != chain.StatusOK {
		g.Errorf("%s: %s", c.Status, c.Reason)
	}
	return c.Place.Height
}

// A stream of a tree over chains is resumed after each of its events: what follows is what would have followed, in the same order.
func TestFollowOverChains(t *testing.T) {
	g := startTree(t, true)
	m := g.pay(4, "alice", 3, "bob", 7)
	g.settles(m.ID())
	all := g.events(m.ID(), "")
	if len(all) != 4 {
		t.Fatalf("%q", all)
	}
	for i, e := range all {
		if rest := g.events(m.ID(), e.id); !slices.Equal(rest, all[i+1:]) {
			t.Errorf("behind %s: %q instead of %q", e.id, rest, all[i+1:])
		}
	}
	// Seen while it happened, in other steps: nothing twice, nothing left out.
	m = g.pay(4, "erin", 3, "bob", 7)
	var seen []string
	cut := errors.New("cut")
	cursor := ""
	for range 10 {
		err := g.stream(m.ID(), cursor, func(e told) error {
			seen, cursor = append(seen, e.step), e.id
			return cut
		})
		if err == nil {
			break
		}
	}
	want := []string{}
	for _, e := range g.events(m.ID(), "") {
		want = append(want, e.step)
	}
	if !slices.Equal(seen, want) || len(seen) != 4 {
		t.Errorf("%q instead of %q", seen, want)
	}
	for _, bad := range []string{"x", "5", "1~", "1~2.0~2.9999", "1~2.0~9.1", "1~x~y", "1~2~3", "~~", "-1~~1.0"} {
		if err := g.stream(m.ID(), bad, func(told) error { return nil }); err == nil || !strings.Contains(err.Error(), client.CodeBadCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// told is a step in a stream.
type told struct{ id, step string }

func (g *grove) events(id chain.MessageID, cursor string) (list []told) {
	g.Helper()
	if err := g.stream(id, cursor, func(e told) error { list = append(list, e); return nil }); err != nil {
		g.Fatal(err)
	}
	return list
}

// stream reads the steps of a tree behind a cursor until it ends.
func (g *grove) stream(id chain.MessageID, cursor string, f func(told) error) error {
	q, err := http.NewRequestWithContext(g.Context(), http.MethodGet, g.url+"/v1/messages/"+id.String()+"/events", nil)
	if err != nil {
		return err
	}
	q.Header.Set("Last-Event-ID", cursor)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		var text [200]byte
		n, _ := a.Body.Read(text[:])
		return errors.New(string(text[:n]))
	}
	var e told
	for lines := bufio.NewScanner(a.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "id":
			e.id = value
		case field == "data" && e.id != "":
			e.step = value
			if err := f(e); err != nil {
				return err
			}
			e = told{}
		case field == "event" && value == client.EventComplete:
			return nil
		}
	}
	return errors.New("it did not end")
}
