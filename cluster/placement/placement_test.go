package placement

import (
	"context"
	"errors"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Who says to be where this node is isn't known: what is sent there would come to this node's own actors.
func TestOwnAddress(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{1})
	was := r.nodes[1].record.Actors
	r.set(func() { r.nodes[1].record.Actors = r.nodes[0].Port() })
	t.Cleanup(func() { r.set(func() { r.nodes[1].record.Actors = was }) })
	r.tell()
	if at := r.nodes[0].known.Load().address(rigKey(1).Public()); at != "" {
		t.Errorf("node 1 is known at %s, where node 0 is", at)
	}
}

// A question from a node without the chain reaches the leader, moves with it, and goes to the others when it is gone.
func TestRequestFollowsLeader(t *testing.T) {
	r := newRig(t, []chain.ID{1, 2}, []chain.ID{1, 2}, []chain.ID{1, 2}, []chain.ID{1})
	account := rigAccount(2, 1)
	for _, leader := range []int{0, 1, 2, 0} {
		r.set(func() { r.leaders[2] = leader })
		r.expect(3, account, Live, leader)
		r.expect(3, account, Live, leader) // as it was told
		r.expect(1, account, Live, leader) // who has the chain knows
	}
	for i := range 3 {
		r.expect(i, account, Copy, i)
	}
	if got, err := r.ask(3, account, Copy, "?"); err != nil || !strings.HasPrefix(got, "node ") {
		t.Error(got, err)
	}
	r.set(func() { r.nodes[0].up = false })
	r.tell()
	if got, err := r.ask(3, account, Live, "?"); err != nil || strings.HasPrefix(got, "node 0") {
		t.Error(got, err)
	}
}

// A leader that is silent, or that nobody can find, doesn't keep a question from an answer.
func TestRequestWithoutLeader(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{1}, nil)
	account := rigAccount(1, 1)
	r.set(func() { r.leaders[1] = 9 }) // not in the mesh
	if got, err := r.ask(2, account, Live, "?"); err != nil || !strings.HasPrefix(got, "node ") {
		t.Error(got, err)
	}
	r.set(func() {
		r.leaders[1] = 0
		r.nodes[0].answer = func(ctx context.Context, _ Asked) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	r.expect(2, account, Live, 1)
	if _, err := r.ask(2, rigAccount(7, 1), Live, "?"); !errors.Is(err, ErrNowhere) {
		t.Error(err)
	}
}

// What a node says that it can't answer comes with its words; a body or an answer that is too long is refused.
func TestRequestRefused(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	r.set(func() {
		r.nodes[0].answer = func(_ context.Context, a Asked) ([]byte, error) {
			if len(a.Body) == 0 {
				return make([]byte, MaxBody+1), nil
			}
			if len(a.Body) == MaxBody {
				return a.Body, nil
			}
			return nil, errors.New("no: " + strings.Repeat("x", 500))
		}
	})
	account := rigAccount(1, 1)
	var why *Failure
	if _, err := r.ask(1, account, Copy, "?"); !errors.As(err, &why) || len(why.Words) != maxWords || !strings.HasPrefix(why.Words, "no: x") {
		t.Error(err)
	}
	if _, err := r.ask(1, account, Copy, ""); !errors.As(err, &why) || !strings.Contains(why.Words, "longer than") {
		t.Error(err)
	}
	long := strings.Repeat("l", MaxBody)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it takes a while, on a machine that has much to do
	defer cancel()
	if got, err := r.nodes[1].Request(ctx, account, Copy, []byte(long)); err != nil || string(got) != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := r.ask(1, account, Copy, long+"l"); !errors.Is(err, ErrLetter) {
		t.Error(err)
	}
	if _, err := r.nodes[1].Request(context.Background(), account, Copy, nil); !errors.Is(err, errDeadline) {
		t.Error(err)
	}
}

// A question that whoever answers panics about fails; the node answers the next.
func TestPanicOfAnswer(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	account := rigAccount(1, 1)
	r.expect(1, account, Copy, 0)
	usual := r.nodes[0].answer
	r.set(func() {
		r.nodes[0].answer = func(context.Context, Asked) ([]byte, error) { panic("abort") }
	})
	var why *Failure
	if _, err := r.ask(1, account, Copy, "?"); !errors.As(err, &why) || why.Words != errPanic.Error() {
		t.Error(err)
	}
	r.set(func() { r.nodes[0].answer = usual })
	r.expect(1, account, Copy, 0)
}

// The question really passes through the guard: where it lets nothing through there is no answer.
func TestGuardStandsInTheWay(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	account := rigAccount(1, 1)
	r.expect(1, account, Copy, 0)
	for i := 1; i < poolNodes; i++ { // the others, too, through whom it could go
		r.nodes[0].bans.add(rigKey(i).Public())
	}
	before := r.nodes[0].Counts()[CountAnswered]
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, err := r.nodes[1].Request(ctx, account, Copy, []byte("?")); !errors.Is(err, ErrSilent) {
		t.Errorf("answered %q, %v", got, err)
	}
	now := r.nodes[0].Counts()
	if now[CountAnswered] != before || now[CountUnknown]+now[CountStranger] == 0 {
		t.Error(now)
	}
	r.nodes[0].forgive()
	awaits(t, "an answer, once the guard lets questions through", func() bool {
		got, err := r.ask(1, account, Copy, "?")
		return err == nil && strings.HasPrefix(got, "node 0")
	})
}

// Each question passes through the guard by itself: one that it doesn't let pass, of a node that may ask, has no answer.
func TestGuardDropsLetters(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	account := rigAccount(1, 1)
	r.expect(1, account, Copy, 0)
	move := func(by int) { // where the answer would go to, as far as the one that is asked knows
		r.set(func() {
			for _, n := range r.nodes[1:] {
				n.record.Actors = uint16(int(n.record.Actors) + by)
			}
		})
		r.tell()
	}
	move(1)
	before := r.nodes[0].Counts()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, err := r.nodes[1].Request(ctx, account, Copy, []byte("?")); !errors.Is(err, ErrSilent) {
		t.Errorf("answered %q, %v", got, err)
	}
	now := r.nodes[0].Counts()
	if now[CountStale] == before[CountStale] || now[CountAnswered] != before[CountAnswered] || now[CountUnknown]+now[CountStranger]+now[CountBreach] != before[CountUnknown]+before[CountStranger]+before[CountBreach] {
		t.Errorf("%v, before %v", now, before)
	}
	move(-1)
	awaits(t, "an answer, once the guard lets questions pass", func() bool {
		got, err := r.ask(1, account, Copy, "?")
		return err == nil && strings.HasPrefix(got, "node 0")
	})
}

// P7: a node that has the chain, or says so, and fails each question keeps none from those that ask, be it asked first, or held to lead. What all say is told.
func TestFailingNode(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{1}, nil, nil)
	var failures atomic.Int64
	fails := func(context.Context, Asked) ([]byte, error) {
		failures.Add(1)
		return nil, errors.New("no such account")
	}
	r.set(func() { r.nodes[1].answer = fails })
	account := chain.SystemAddress(1)
	before := r.nodes[2].Counts()[CountFailed]
	for _, leader := range []int{9, 0, 1} { // 9 is nowhere
		r.set(func() { r.leaders[1] = leader })
		for n := range byte(32) {
			for i := range poolNodes {
				if i == 1 {
					continue // its own word is the last
				}
				r.expect(i, account, Live, 0)
				r.expect(i, rigAccount(1, n), Copy, 0)
			}
		}
	}
	if r.nodes[2].Counts()[CountFailed] == before {
		t.Error("nobody asked the node that fails")
	}
	told := func(i int) {
		t.Helper()
		var why *Failure
		if got, err := r.ask(i, account, Copy, "?"); !errors.As(err, &why) || why.Words != "no such account" {
			t.Errorf("node %d: %q, %v", i, got, err)
		}
	}
	failures.Store(0)
	if told(1); failures.Load() != 1 {
		t.Error("it is asked again after its own word")
	}
	r.set(func() { r.nodes[0].answer = fails })
	for i := range poolNodes {
		told(i)
	}
}

// P7: once a node has failed nobody waits for who isn't up, nor twice for one that is silent, before its words are told.
func TestFailureIsTold(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{1}, nil, nil)
	r.lies(0, answer{outcome: failed, words: "no"})
	silent := r.lies(1, answer{})
	for up, want := range map[bool]int64{false: 0, true: 1} {
		r.set(func() { r.nodes[1].up, r.nodes[3].up = up, false }) // nobody to go through
		r.tell()
		silent.asked.Store(0)
		var why *Failure
		if got, err := r.ask(2, rigAccount(1, 1), Copy, "?"); !errors.As(err, &why) || why.Words != "no" || silent.asked.Load() != want {
			t.Errorf("up: %t: %q, %v; the other was asked %d times", up, got, err, silent.asked.Load())
		}
	}
}

// liar is a gate that answers every question alike, or not, if that is zero.
type liar struct {
	actor.Process
	p     *Placement
	says  answer
	asked atomic.Int64
}

func (l *liar) SendUserMessage(_ *actor.PID, message any) {
	l.asked.Add(1)
	if _, _, sender := actor.UnwrapEnvelope(message); l.says.outcome != 0 {
		l.p.reply(sender, &l.says)
	}
}

// lies has a node answer every question alike, for the time of the test.
func (r *rig) lies(i int, says answer) *liar {
	p := r.nodes[i].Placement
	registry := p.system.ProcessRegistry
	put := func(gate actor.Process) {
		registry.Remove(actor.NewPID(p.Addr(), gateName))
		registry.Add(gate, gateName)
	}
	l := &liar{Process: p.gate, p: p, says: says}
	put(l)
	r.t.Cleanup(func() { put(p.gate) })
	return l
}

// P7: nor does one that says who leads to all who ask anything.
func TestSendsRound(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{1}, nil)
	r.lies(1, answer{outcome: elsewhere, node: rigKey(1).Public()})
	for n := range byte(32) {
		r.expect(2, rigAccount(1, n), Copy, 0)
	}
	r.expect(2, rigAccount(1, 1), Live, 0)
}

// P7: whom a question is put to first, only the asker's chance says: for one account each time anew, but for a Copy, which is asked at one node.
func TestWhoIsAskedFirst(t *testing.T) {
	var nodes []Node
	for n := range byte(4) {
		nodes = append(nodes, Node{Record: mesh.Record{Node: keys.PublicKey{n}, Transport: "192.0.2.1:7171", Actors: uint16(n) + 1, Serves: []mesh.Served{{First: 1, Count: 1, Roles: mesh.Data}}}, Up: true})
	}
	d, account := newDirectory(nodes, nil, nil), chain.SystemAddress(1)
	first := map[keys.PublicKey]bool{}
	for range 200 {
		first[d.choose(wanted{account: account, seed: maphash.MakeSeed()}, never).key] = true
	}
	if len(first) != len(nodes) {
		t.Errorf("%d of %d nodes are asked first by somebody", len(first), len(nodes))
	}
	r := newRig(t, []chain.ID{1}, []chain.ID{1}, nil)
	r.set(func() { r.leaders[1] = 9 })
	for kind, want := range map[string]int{Live: 2, Copy: 1} {
		answers := map[string]bool{}
		for range 60 {
			got, err := r.ask(2, account, kind, "?")
			if err != nil {
				t.Fatal(err)
			}
			answers[got] = true
		}
		if len(answers) != want {
			t.Errorf("%s: asked at %v", kind, answers)
		}
	}
}

// P5: a question ends with its context: who doesn't want the answer any more holds no place for it. Who was asked isn't blamed.
func TestRequestEndsWithContext(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	asked, hold := make(chan struct{}), make(chan struct{})
	r.set(func() {
		r.nodes[0].answer = func(context.Context, Asked) ([]byte, error) {
			close(asked)
			<-hold
			return nil, nil
		}
	})
	asker, account := r.nodes[1], rigAccount(1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	ended := make(chan error)
	go func() {
		_, err := asker.Request(ctx, account, Live, []byte("?"))
		ended <- err
	}()
	<-asked
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(hold)
	if len(asker.calls) != 0 || len(asker.open.to) != 0 {
		t.Errorf("%d places are taken, %d questions are open", len(asker.calls), len(asker.open.to))
	}
	if asker.lookup.avoids(rigKey(0).Public()) {
		t.Error("who was asked is avoided")
	}
	awaits(t, "a free place where it was asked", func() bool {
		gate := r.nodes[0].gate
		gate.mu.Lock()
		defer gate.mu.Unlock()
		return gate.all == 0
	})
}
