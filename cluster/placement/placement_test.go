package placement

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
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
