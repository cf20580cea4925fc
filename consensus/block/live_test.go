package block

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// live plays what a chain's live actors do: every account takes one message after the other, and which account is next is
// chance. With a random source it goes anywhere that σ may go; without one the accounts come in the order given by pick.
type live struct {
	context *exec.Context
	state   exec.State
	run     *Run
	actors  map[chain.Address]*actor
	awake   []*actor // those with something to do
	waiting int      // carried-in messages not handled yet
	heldTo  map[pair]bool
	pick    func(awake []*actor) int // the next account
	fresh   func(a *actor) bool      // whether a takes an external message before the relays that wait
	join    func() bool              // whether neighbours are tried as one
	refused []*exec.Refusal
	given   uint64 // loads of hooks
}

type pair struct{ from, to chain.Address }

// actor is an account with its queues.
type actor struct {
	overlay           *exec.Overlay
	carried, relays   []*exec.Delivery
	external          []*exec.Delivery
	isAwake, isListed bool
	gifted            bool // what its hook loads for nothing is counted
	later             bool // its relays wait for the next block
}

func newLive(t testing.TB, l *ledger, rnd *rand.Rand) *live {
	t.Helper()
	v := &live{context: l.context(t), state: l.state, actors: map[chain.Address]*actor{}, heldTo: map[pair]bool{}}
	queue, carried, err := l.before().Queue()
	if err != nil {
		t.Fatal(err)
	}
	v.run = &Run{Context: v.context, Queue: queue, Carried: carried}
	v.pick = func(awake []*actor) int { return rnd.IntN(len(awake)) }
	v.fresh = func(*actor) bool { return rnd.IntN(2) == 0 }
	v.join = func() bool { return rnd != nil && rnd.IntN(2) == 0 }
	return v
}

func (v *live) actor(t testing.TB, a chain.Address) *actor {
	t.Helper()
	x, ok := v.actors[a]
	if !ok {
		before, err := v.state.Account(a)
		if err != nil {
			t.Fatal(err)
		}
		x = &actor{overlay: exec.NewOverlay(a, before, v.state)}
		v.actors[a] = x
	}
	return x
}

func (v *live) wake(x *actor) {
	if !x.isAwake {
		x.isAwake = true
		v.awake = append(v.awake, x)
	}
}

// carryIn lets the accounts have the first n messages of the queue; the others stay, and hold back those behind them of
// the same pair (SPEC 2.5, 4.5).
func (v *live) carryIn(t testing.TB, n int) {
	t.Helper()
	for i, d := range v.run.Carried {
		to := v.context.Home(d.Message.To)
		if i < n && !v.gives(t, v.actor(t, to), d) {
			n = i
		}
		if i >= n {
			v.heldTo[pair{d.Message.From, to}] = true
			continue
		}
		x := v.actor(t, to)
		x.carried = append(x.carried, d)
		v.waiting++
		v.wake(x)
	}
}

// admit gives external messages to their accounts.
func (v *live) admit(t testing.TB, messages ...*chain.Message) {
	t.Helper()
	for _, m := range messages {
		if err := CheckForm(v.context.Network, v.context.Chain, m); err != nil {
			t.Fatalf("%s: %v", m.Method, err)
		}
		x := v.actor(t, m.To)
		x.external = append(x.external, &exec.Delivery{Message: m})
		v.wake(x)
	}
}

// gives says whether the block can give what a hook of x loads when it handles d, and counts it.
func (v *live) gives(t testing.TB, x *actor, d *exec.Delivery) bool {
	t.Helper()
	gift, err := v.context.Gift(&x.overlay.Loads, x.overlay.Now.Code, d.Message)
	switch {
	case err != nil:
		t.Fatal(err)
	case gift == 0 || x.gifted:
		return true
	case v.given+gift > chain.MaxBlockGiven:
		return false
	}
	v.given += gift
	x.gifted = true
	return true
}

// step lets one account handle one message; false if there is nothing to do.
func (v *live) step(t testing.TB) bool {
	t.Helper()
	if len(v.awake) == 0 {
		return false
	}
	i := v.pick(v.awake)
	x := v.awake[i]
	v.handle(t, x)
	if len(x.carried)+len(x.relays)+len(x.external) == 0 {
		x.isAwake = false
		v.awake = append(v.awake[:i], v.awake[i+1:]...)
	}
	return true
}

// next takes the message that x handles next: carried in first.
func (v *live) next(x *actor) (d *exec.Delivery) {
	from := &x.external
	switch {
	case len(x.carried) > 0:
		from = &x.carried
		v.waiting--
	case len(x.external) == 0 || len(x.relays) > 0 && !v.fresh(x):
		from = &x.relays
	}
	d, *from = (*from)[0], (*from)[1:]
	return d
}

func (v *live) handle(t testing.TB, x *actor) {
	t.Helper()
	d := v.next(x)
	if d.Message.Kind == chain.Relay && !x.gifted && !v.gives(t, x, d) {
		x.later, x.relays = true, nil // it waits for the next block, and all behind it
		return
	}
	list := func() {
		if !x.isListed {
			x.isListed = true
			v.run.Accounts = append(v.run.Accounts, x.overlay)
		}
	}
	if v.handleGroup(t, x, d) {
		list()
		return
	}
	h, refusal, err := x.overlay.Handle(v.context, d)
	if err != nil {
		t.Fatal(err)
	}
	list()
	if refusal != nil {
		v.refused = append(v.refused, refusal)
		return
	}
	v.send(t, x, h)
}

// handleGroup tries d and those of its method that wait right behind it as one.
func (v *live) handleGroup(t testing.TB, x *actor, d *exec.Delivery) bool {
	t.Helper()
	n := 0
	for n < len(x.relays) && len(x.carried) == 0 && d.Message.Kind == chain.Relay && x.relays[n].Message.Method == d.Message.Method {
		n++
	}
	if n == 0 || v.join == nil || !v.join() {
		return false
	}
	group := append([]*exec.Delivery{d}, x.relays[:n]...)
	before := x.overlay.Now
	ok, _, err := x.overlay.HandleGroup(v.context, group)
	switch {
	case err != nil:
		t.Fatal(err)
	case !ok && x.overlay.Now != before:
		t.Fatal("a group that can't be handled changed the account")
	case !ok:
		return false
	}
	x.relays = x.relays[n:]
	v.send(t, x, &x.overlay.Events[len(x.overlay.Events)-1])
	return true
}

func (v *live) send(t testing.TB, x *actor, h *exec.Handled) {
	t.Helper()
	d := h.Received
	for i := range h.Outcome.Sent {
		s := &h.Outcome.Sent[i]
		sent := &exec.Delivery{Message: s.Relay(x.overlay.Account, d.Message, uint32(i))}
		h.Sent = append(h.Sent, sent)
		to, isHere := v.context.Receiver(s.To, s.Method)
		if !isHere || v.heldTo[pair{x.overlay.Account, to}] {
			continue
		}
		receiver := v.actor(t, to)
		if receiver.later {
			continue
		}
		receiver.relays = append(receiver.relays, sent)
		v.wake(receiver)
	}
}

// play runs all, or no longer than steps and what was carried in take.
func (v *live) play(t testing.TB, steps int) *Run {
	t.Helper()
	for n := 0; (n < steps || v.waiting > 0) && v.step(t); n++ {
	}
	return v.run
}

const toTheEnd = 1 << 30
