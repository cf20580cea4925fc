package placement

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// shutOut leaves a node no way to another, though there may be a connection: that doesn't hear it.
func (r *rig) shutOut(i, from int) {
	r.nodes[from].bans.add(rigKey(i).Public())
	r.t.Cleanup(r.nodes[from].forgive)
}

// A question for a chain that the asker reaches no node of goes through a neighbour, whether the asker knows that before it asks or finds it out;
// where there is a way it doesn't.
func TestAskedThrough(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{2}, nil, nil)
	account := rigAccount(1, 1)
	count := func(i int, what string) uint64 { return r.nodes[i].Counts()[what] }
	passed := func() (n uint64) { return count(1, CountPassed) + count(2, CountPassed) + count(3, CountPassed) }
	through, on := count(2, CountThrough), passed()
	r.expect(2, account, Copy, 0)
	if count(2, CountThrough) != through || passed() != on {
		t.Error("it goes through another, where there is a way")
	}
	r.shutOut(2, 0)
	r.set(func() { r.cut[[2]int{2, 0}] = false }) // it knows
	r.tell()
	for _, kind := range []string{Copy, Live} {
		r.expect(2, account, kind, 0)
	}
	if count(2, CountThrough) != through+2 || passed() != on+2 {
		t.Errorf("%d went through others, and %d were passed on", count(2, CountThrough)-through, passed()-on)
	}
	r.set(func() { clear(r.cut) }) // it takes the way for good
	r.tell()
	r.expect(2, account, Copy, 0)
	if count(2, CountThrough) != through+3 {
		t.Error("it is answered by who doesn't hear it")
	}
	var why *Failure
	r.set(func() {
		r.nodes[0].answer = func(context.Context, Asked) ([]byte, error) { return nil, errors.New("no") }
	})
	if _, err := r.ask(2, account, Copy, "?"); !errors.As(err, &why) || why.Words != "no" {
		t.Errorf("what the node says that has the chain: %v", err)
	}
}

// P6: who is asked to pass a question on asks nobody who would have to pass it on in turn, and says so; nor does it if nobody is known that has the chain.
func TestPassedOnOnce(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil, nil)
	account := rigAccount(1, 1)
	for _, i := range []int{1, 2} {
		r.shutOut(i, 0)
	}
	r.set(func() {
		r.cut[[2]int{2, 0}], r.cut[[2]int{1, 0}] = false, false // node 3 has a way, which node 1 knows and node 2 doesn't
		r.cut[[2]int{2, 3}] = true
	})
	r.tell()
	before := r.nodes[3].Counts()[CountPassed]
	if got, err := r.ask(2, account, Copy, "?"); err == nil || r.nodes[3].Counts()[CountPassed] != before {
		t.Errorf("answered %q, %v: it went through two", got, err)
	}
	through := r.nodes[2].Counts()[CountThrough]
	if _, err := r.ask(2, rigAccount(7, 1), Copy, "?"); !errors.Is(err, ErrNowhere) || r.nodes[2].Counts()[CountThrough] != through {
		t.Errorf("of a chain that nobody has: %v", err)
	}
}

// Who has the chain and is busy isn't asked by way of others: that would take from them what they may ask.
func TestBusyIsNotPassedBy(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	account := rigAccount(1, 1)
	gate := r.nodes[0].gate
	taken := map[string]int{}
	for _, from := range []string{"a", "b", "c", r.nodes[1].Addr(), r.nodes[2].Addr()} {
		for gate.take(from, 0) {
			taken[from]++
		}
	}
	defer func() {
		for from, n := range taken {
			for range n {
				gate.give(from, 0)
			}
		}
	}()
	through := r.nodes[1].Counts()[CountThrough]
	for range 2 {
		if got, err := r.ask(1, account, Copy, "?"); !errors.Is(err, ErrBusy) || r.nodes[1].Counts()[CountThrough] != through {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// P3: a node passes on so many questions at once, of one asker half of what is left; and what it is asked for long ends when it ends.
func TestPassingOnIsBounded(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	p := r.nodes[1].Placement
	n := 0
	for p.passing.take("a", 1<<10) {
		n++
	}
	if n != onwardEach || p.passing.take("b", onwardBytes) {
		t.Errorf("%d of one node", n)
	}
	q := question{who: askThrough, account: rigAccount(1, 1), patience: time.Second, body: []byte("?")}
	if a := p.answer("a", q); a.outcome != occupied {
		t.Errorf("outcome %d", a.outcome)
	}
	if a := p.answer("b", q); a.outcome != answered || !strings.HasPrefix(string(a.body), "node 0") {
		t.Errorf("outcome %d: %q", a.outcome, a.body)
	}
	for range n {
		p.passing.give("a", 1<<10)
	}
}

// Who asks with no patience has the node that it goes through learn nothing of whether there is a way: that holds nobody to be lost.
func TestImpatientAskerBlamesNobody(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	account, p := rigAccount(1, 1), r.nodes[1].Placement
	done := make(chan struct{})
	r.set(func() {
		r.nodes[0].answer = func(ctx context.Context, _ Asked) ([]byte, error) {
			<-done
			return nil, ctx.Err()
		}
	})
	defer close(done)
	q := question{who: askThrough, account: account, patience: time.Millisecond, body: []byte("?")}
	if a := p.answer("a", q); a.outcome != occupied {
		t.Errorf("outcome %d", a.outcome)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := p.Request(ctx, account, Copy, []byte("?")); err == nil {
		t.Error("it is answered")
	}
	if p.lookup.loses(rigKey(0).Public()) {
		t.Error("who has the chain is held to be lost")
	}
}

// Who has the chain, is connected and silent, may be slow. Each call asks it first, whatever others found out, and then one neighbour alone.
func TestSilentIsNotFlooded(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil, nil)
	account := rigAccount(1, 1)
	for i := 1; i < poolNodes; i++ {
		r.shutOut(i, 0)
	}
	through := func() uint64 { return r.nodes[2].Counts()[CountThrough] }
	before := through()
	if got, err := r.ask(2, account, Copy, "?"); err == nil || through() != before+1 {
		t.Errorf("%q, %v: it went through %d", got, err, through()-before)
	}
	r.nodes[0].forgive()
	pid := r.nodes[2].cluster.Get(account.String(), Copy)
	awaits(t, "it hears again", func() bool {
		_, err := r.ask(2, account, Copy, "?")
		return err == nil
	})
	r.nodes[2].lookup.avoid(pid, ErrSilent)
	before = through()
	if r.expect(2, account, Copy, 0); through() != before {
		t.Error("it isn't asked, as another call found it silent")
	}
}

// P7: where no node with the chain is reached but by a neighbour, neither a neighbour that fails nor a node that says it has the chain keeps a question
// from it.
func TestThroughPastFailure(t *testing.T) {
	for name, claims := range map[string][]chain.ID{"a neighbour": nil, "a node that says it has the chain": {1}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, []chain.ID{1}, claims, nil, nil)
			r.lies(1, answer{outcome: failed, words: "no"})
			r.shutOut(2, 0)
			r.set(func() { r.cut[[2]int{2, 0}] = false })
			r.tell()
			for n := range byte(16) {
				r.expect(2, rigAccount(1, n), Copy, 0)
			}
		})
	}
}
