//go:build !race

// Starting proto.actor writes gRPC's log, which all that runs reads, without a lock. A process has one node, so it does no harm; here are the
// tests that start and end some while others run.

package placement

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// freshRig starts nodes for the test alone.
func freshRig(t testing.TB, chains ...[]chain.ID) *rig {
	r := &rig{t: t, leaders: map[chain.ID]int{}, members: map[keys.PublicKey]bool{}}
	for i, has := range chains {
		t.Cleanup(r.start(i, has).Close)
	}
	r.tell()
	return r
}

// A node that ends, and comes back elsewhere, is found there; proto.actor's list has it under another id.
func TestMemberComesBack(t *testing.T) {
	r := freshRig(t, []chain.ID{1}, nil)
	account := rigAccount(1, 1)
	r.expect(1, account, Live, 0)
	first := r.nodes[1].provider.members[rigKey(0).Public()].Id
	r.nodes[0].Close()
	r.set(func() { r.members[rigKey(0).Public()], r.nodes = false, r.nodes[1:] })
	r.tell()
	if n := r.nodes[0].cluster.MemberList.Length(); n != 0 {
		t.Errorf("%d members", n)
	}
	t.Cleanup(r.start(0, []chain.ID{1}).Close)
	r.tell()
	if n := r.nodes[0].cluster.MemberList.Length(); n != 1 {
		t.Errorf("%d members: who left once is blocked", n)
	}
	if again := r.nodes[0].provider.members[rigKey(0).Public()].Id; again == first {
		t.Error("the same id again")
	}
	if got, err := r.ask(0, account, Live, "?"); err != nil || !strings.HasPrefix(got, "node 0") {
		t.Error(got, err)
	}
}

// Nodes that are known at another address than the one where they listen ask each other as all do.
func TestAdvertisedHost(t *testing.T) {
	r := &rig{t: t, host: "localhost", leaders: map[chain.ID]int{1: 0, 2: 1}, members: map[keys.PublicKey]bool{}}
	for i, has := range [][]chain.ID{{1}, {2}} {
		t.Cleanup(r.start(i, has).Close)
	}
	r.tell()
	r.expect(1, rigAccount(1, 1), Live, 0)
	r.expect(0, rigAccount(2, 1), Live, 1)
	if at := r.nodes[0].Addr(); !strings.HasPrefix(at, "localhost:") {
		t.Errorf("it is at %s", at)
	}
}

// P3: neither nodes that come and go, nor questions to a node that is gone, leave anything running behind: proto.actor's own way to connect
// leaks a connection that dials for good with each try.
func TestNothingIsLeft(t *testing.T) {
	newRig(t, nil) // the nodes that tests share run from now on
	before := runtime.NumGoroutine()
	r := &rig{t: t, leaders: map[chain.ID]int{}, members: map[keys.PublicKey]bool{}}
	for i := range 2 {
		r.start(10+i, [][]chain.ID{{1}, nil}[i])
	}
	r.tell()
	if got, err := r.ask(1, rigAccount(1, 1), Live, "?"); err != nil {
		t.Fatal(got, err)
	}
	alone := func() int { return runtime.NumGoroutine() - before }
	both := alone()
	r.nodes[0].Close()
	for range 4 {
		if _, err := r.ask(1, rigAccount(1, 1), Live, "?"); !errors.Is(err, ErrSilent) {
			t.Error(err)
		}
	}
	awaits(t, "fewer goroutines with one node than with two", func() bool { return alone() < both })
	r.nodes[1].Close()
	awaits(t, "as many goroutines as before", func() bool { return alone() <= 1 })
}

// A node that ends hangs up: the others need not find out.
func TestCloseHangsUp(t *testing.T) {
	r := freshRig(t, []chain.ID{1}, nil)
	r.expect(1, rigAccount(1, 1), Live, 0)
	doors := &r.nodes[0].doors
	connected := func() int {
		doors.mu.Lock()
		defer doors.mu.Unlock()
		return len(doors.of)
	}
	if connected() != 1 {
		t.Fatalf("%d nodes are connected", connected())
	}
	r.nodes[1].Close()
	awaits(t, "no connection of a node that has ended", func() bool { return connected() == 0 })
}

// P5: calls under way end when the node does, however long they might wait, and what it passes on for others.
func TestCloseEndsCalls(t *testing.T) {
	r := freshRig(t, []chain.ID{1}, nil, nil)
	r.set(func() {
		r.nodes[0].answer = func(ctx context.Context, _ Asked) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		r.cut = map[[2]int]bool{{2, 0}: false}
	})
	r.tell()
	ended := make(chan error, 2)
	for _, i := range []int{1, 2} { // the second through the first
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			_, err := r.nodes[i].Request(ctx, rigAccount(1, 1), Copy, nil)
			ended <- err
		}()
	}
	gate := r.nodes[0].gate
	awaits(t, "both are being answered", func() bool {
		gate.mu.Lock()
		defer gate.mu.Unlock()
		return gate.all == 2
	})
	r.nodes[1].Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	r.nodes[2].Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
