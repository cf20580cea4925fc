package host

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Whatever the interleaving, payments end in the same balances; nothing is made or lost.
func TestPayments(t *testing.T) {
	random := seeded(t)
	for workers := 1; workers <= 4; workers++ {
		const accounts = 20
		w := newWorld(t, accounts, func(c *Config) { c.Workers = workers })
		want := make([]int, accounts+5)
		nonces := make([]uint64, accounts)
		for i := range accounts {
			want[i] = wealth
		}
		for block := range 5 {
			var ms []*chain.Message
			for range random.IntN(400) {
				from, to, amount := random.IntN(accounts), random.IntN(accounts+5), 1+random.IntN(1000)
				ms = append(ms, transfer(from, nonces[from], to, uint64(amount)))
				nonces[from]++
				want[from] -= amount
				want[to] += amount
			}
			w.offer(ms...)
			run := w.produce(block, nil)
			if countEvents(run) != 2*len(ms) {
				t.Fatalf("%d events for %d payments", countEvents(run), len(ms))
			}
			w.commit(block, run)
			if w.Waiting() != 0 {
				t.Errorf("%d wait after the block", w.Waiting())
			}
		}
		for i := range want {
			got, err := w.Account(at(i))
			if err != nil {
				t.Fatal(err)
			}
			if got.Balance != chain.NewAmount(uint64(want[i])) {
				t.Errorf("%d workers: account %d has %s, want %d", workers, i, got.Balance, want[i])
			}
		}
	}
}

// σ is what happened: equal inputs give unequal orders and equal sums.
func TestOrderIsWhatHappened(t *testing.T) {
	var ms []*chain.Message
	for nonce := range uint64(20) {
		for from := range 4 {
			ms = append(ms, transfer(from, nonce, (from+1+int(nonce)%3)%4, 1+nonce))
		}
	}
	orders := map[string]bool{}
	ends := map[string]bool{}
	for range 100 {
		w := newWorld(t, 4, nil)
		w.offer(ms...)
		run := w.produce(0, nil)
		orders[sigma(run)] = true
		w.commit(0, run)
		ends[fmt.Sprint(w.state.records)] = true
		w.Close()
	}
	if len(orders) < 2 || len(ends) != 1 {
		t.Errorf("100 runs gave %d orders and %d ends", len(orders), len(ends))
	}
}

// Two accounts are inside their handlings at once: each waits there for the other.
func TestAccountsRunAtOnce(t *testing.T) {
	w := newWorld(t, 2, func(c *Config) { c.Workers = 2 })
	arrived := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	w.programs = programs{"meet": func(env *exec.Env) error {
		me := 0
		if env.Self == at(1) {
			me = 1
		}
		close(arrived[me])
		select {
		case <-arrived[1-me]:
			return nil
		case <-time.After(patience):
			return exec.Fail(chain.StatusRefused, "alone")
		}
	}}
	w.offer(external(0, 0, "meet", nil, 0), external(1, 0, "meet", nil, 0))
	for _, o := range w.produce(0, nil).Accounts {
		if s := o.Events[0].Outcome.Status; s != chain.StatusOK {
			t.Error(s)
		}
	}
}

// A relay that leaves the chain has its delivery and is not handled; one to a chain that doesn't exist bounces.
func TestRelaysThatLeave(t *testing.T) {
	w := newWorld(t, 1, nil)
	to := func(c byte) []byte { return chain.TransferInput{To: chain.Address{3: c, 9: 1}}.Encode() }
	w.offer(external(0, 0, chain.MethodTransfer, to(2), 5), external(0, 1, chain.MethodTransfer, to(9), 7))
	run := w.produce(0, nil)
	events := map[chain.Address][]exec.Handled{}
	for _, o := range run.Accounts {
		events[o.Account] = o.Events
	}
	if mine := events[at(0)]; len(mine) != 3 || mine[2].Received.Message.Method != chain.MethodBounce {
		t.Errorf("events of the sender: %d", len(mine))
	}
	if len(run.Accounts) != 2 || len(events[chain.SystemAddress(1)]) != 1 {
		t.Errorf("%d accounts", len(run.Accounts))
	}
	w.commit(0, run)
	if got, _ := w.Account(at(0)); got.Balance != chain.NewAmount(wealth-5) {
		t.Errorf("balance %s", got.Balance)
	}
}

// A hundred thousand relays of a few messages: no stack grows with them.
func TestManyRelays(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.programs = programs{
		"spread": func(env *exec.Env) error { // to itself and to others
			width := []uint64{47, 16, 0}[env.Message.Depth]
			each := env.GasLeft()/(width+1) - gas.Bounce - 40_000
			for i := range width {
				if err := env.Send(chain.Sent{To: at(int(i) % 7), Method: "spread", GasLimit: each}); err != nil {
					return err
				}
			}
			return nil
		},
		"chain": func(env *exec.Env) error { // one to itself
			if env.Message.Depth == chain.MaxDepth {
				return nil
			}
			s := chain.Sent{To: env.Self, Method: "chain"}
			s.GasLimit = env.GasLeft() - gas.Bounce - exec.SendGas(&s)
			return env.Send(s)
		},
	}
	var ms []*chain.Message
	for nonce := range uint64(400) {
		m := external(0, nonce, "chain", nil, 0).Clone()
		m.GasLimit = chain.MaxMessageGas
		ms = append(ms, m.Seal())
	}
	w.offer(ms...)
	run := w.produce(0, nil)
	if n := countEvents(run); n != 400*(chain.MaxDepth+1) {
		t.Errorf("%d events of chains", n)
	}
	w.commit(0, run)
	m := external(0, 400, "spread", nil, 0).Clone()
	m.GasLimit = chain.MaxMessageGas
	w.offer(m.Seal())
	if n := countEvents(w.produce(1, nil)); n != 1+47+47*16 {
		t.Errorf("%d events of a spread", n)
	}
}

// What is carried in comes first at its account and in its order, even if another carried message makes somebody send to
// it, and even if other messages wait.
func TestCarriedComesFirst(t *testing.T) {
	for round := range 100 {
		w := newWorld(t, 4, nil)
		w.programs = programs{"forward": func(env *exec.Env) error {
			return env.Send(chain.Sent{To: at(2), Method: chain.MethodAdd, GasLimit: gas.Add, Amount: env.Message.Amount})
		}}
		w.offer(transfer(2, 0, 1, 1), transfer(3, 0, 2, 1))
		carried := []*exec.Delivery{
			relay(0, 1, "forward", 0), relay(0, 2, chain.MethodAdd, 1), relay(3, 1, "forward", 2), relay(3, 2, chain.MethodAdd, 3), relay(0, 2, "forward", 4),
		}
		run := w.produce(round, func(j *Job) { j.Carried = carried })
		if run.Carried != len(carried) {
			t.Fatalf("%d carried", run.Carried)
		}
		for _, o := range run.Accounts {
			want := slices.DeleteFunc(slices.Clone(carried), func(d *exec.Delivery) bool { return d.Message.To != o.Account })
			for i, d := range want {
				if o.Events[i].Received != d {
					t.Fatalf("round %d: account %s handled %d as number %d", round, o.Account, o.Events[i].Received.Message.Index, i)
				}
			}
		}
		w.Close()
	}
}

// The same, where the relay that a carried message sends arrives before its receiver had its own turn.
func TestCarriedIsNotOvertaken(t *testing.T) {
	const between = 3000
	overtaken := 0
	for range 5 {
		w := newWorld(t, 1, nil)
		w.programs = programs{"forward": func(env *exec.Env) error {
			return env.Send(chain.Sent{To: at(2), Method: chain.MethodAdd, GasLimit: gas.Add})
		}}
		carried := []*exec.Delivery{relay(0, 1, "forward", 0)}
		for i := range between {
			carried = append(carried, relay(0, 3+i, chain.MethodAdd, uint32(1+i)))
		}
		last := relay(0, 2, chain.MethodAdd, between+1)
		run := w.produce(0, func(j *Job) { j.Carried = append(carried, last) })
		for _, o := range run.Accounts {
			if o.Account == at(2) && o.Events[0].Received != last {
				overtaken++
			}
		}
		w.Close()
	}
	if overtaken > 0 {
		t.Errorf("overtaken in %d of 5 runs", overtaken)
	}
}

// relay is a delivery of a message from one account to another, as a queue has it.
func relay(from, to int, method string, index uint32) *exec.Delivery {
	return &exec.Delivery{Message: (&chain.Message{
		Kind: chain.Relay, From: at(from), To: at(to), Payer: at(from), Method: method, GasLimit: 400_000, Amount: chain.NewAmount(1), Index: index,
	}).Seal()}
}

// After Stop what was carried in is handled, and neither what it sends nor what waits.
func TestOnlyCarriedAfterStop(t *testing.T) {
	w := newWorld(t, 20, nil)
	w.programs = programs{"forward": func(env *exec.Env) error {
		return env.Send(chain.Sent{To: at(2), Method: chain.MethodAdd, GasLimit: gas.Add})
	}}
	var carried []*exec.Delivery
	for i := range 20 {
		carried = append(carried, relay(0, i, "forward", uint32(i)))
		w.offer(transfer(i, 0, 1, 1))
	}
	stop := make(chan struct{})
	close(stop)
	run := w.produce(0, func(j *Job) { j.Carried, j.Stop = carried, stop })
	if countEvents(run) != 20 || len(unhandled(run)) != 20 || !run.Stopped || w.Waiting() != 20 {
		t.Errorf("%d events, %d relays left, stopped %v, %d wait", countEvents(run), len(unhandled(run)), run.Stopped, w.Waiting())
	}
}

// Of the queue, as much of its front as the gas suffices for is taken, and no message from behind it.
func TestCarriedPrefix(t *testing.T) {
	w := newWorld(t, 2, nil)
	var carried []*exec.Delivery
	for i, gas := range []uint64{10_000, 10_000, 300_000, 10_000} {
		carried = append(carried, &exec.Delivery{Message: (&chain.Message{
			Kind: chain.Relay, From: at(0), To: at(1), Payer: at(0), Method: chain.MethodAdd, GasLimit: gas, Index: uint32(i),
		}).Seal()})
	}
	run := w.produce(0, func(j *Job) { j.Carried, j.Gas = carried, 2*(10_000+gas.Bounce)+300_000 })
	if run.Carried != 2 || countEvents(run) != 2 {
		t.Errorf("%d taken, %d handled", run.Carried, countEvents(run))
	}
	w.commit(0, run)
	m := transfer(1, 0, 0, 1) // fits only into what the carried ones give back
	w.offer(m)
	run = w.produce(1, func(j *Job) { j.Carried, j.Gas = carried[:2], 2*(10_000+gas.Bounce) })
	if run.Carried != 2 || countEvents(run) != 4 {
		t.Errorf("%d taken, %d handled", run.Carried, countEvents(run))
	}
}

// What is left of the queue holds back what its senders send to its receivers in the block, also as one of a group; nothing
// else (SPEC 2.5, 4.5).
func TestLeftOfTheQueue(t *testing.T) {
	forwards := func(env *exec.Env) error {
		return env.Send(chain.Sent{To: at(2), Method: "note", GasLimit: 20_000})
	}
	nothing := func(*exec.Env) error { return nil }
	carried := []*exec.Delivery{relay(0, 3, "forward", 0), relay(0, 1, "forward", 1), relay(1, 2, "note", 2), relay(4, 2, "note", 3)}
	const each = 400_000 + gas.Bounce
	for round := range 40 { // with one worker, both notes wait before the first is handled
		w := newWorld(t, 6, func(c *Config) { c.Workers = 1 + round%4 })
		w.programs = programs{"forward": forwards, "note": nothing, "note as one": nothing}
		run := w.produce(0, func(j *Job) { j.Carried, j.Gas = carried, 3*each-1 }) // what is 3's may be handled, what is 1's not
		left := unhandled(run)
		if run.Carried != 2 || countEvents(run) != 3 || len(left) != 1 || left[0].Message.From != at(1) {
			t.Fatalf("%d taken, %d events, %d relays left", run.Carried, countEvents(run), len(left))
		}
		w.Close()
	}
}

// unreadyWorld is a world of which some accounts can't handle what is sent to them, or what they are told to by "wait".
func unreadyWorld(t *testing.T, n int, accounts ...int) *world {
	unready := map[chain.Address]bool{}
	for _, i := range accounts {
		unready[at(i)] = true
	}
	w := newWorld(t, n, func(c *Config) {
		c.Ready = func(_ *exec.Context, _ chain.Account, m *chain.Message) (bool, error) {
			return !unready[m.To] || m.Kind == chain.External && m.Method != "wait", nil
		}
	})
	w.unready = unready
	w.programs = programs{"wait": func(*exec.Env) error { return nil }}
	return w
}

// A message whose account can't handle it yet waits in its lane, and all others go on; so does the account when it can.
func TestUnreadyLane(t *testing.T) {
	w := unreadyWorld(t, 3, 0)
	w.offer(external(0, 0, "wait", nil, 0), external(0, 1, chain.MethodTransfer, chain.TransferInput{To: at(2)}.Encode(), 1), transfer(1, 0, 2, 1))
	gasOf := transfer(1, 0, 2, 1).GasLimit
	run := w.produce(0, func(j *Job) { j.Gas, j.FreshGas = 2*gasOf, 2*gasOf })
	if countEvents(run) != 2 || w.Waiting() != 3 || !run.Unready {
		t.Errorf("%d events, %d wait, %+v", countEvents(run), w.Waiting(), run)
	}
	w.commit(0, run)
	clear(w.unready)
	run = w.produce(1, nil)
	if countEvents(run) != 3 || run.Unready {
		t.Errorf("%d events once it is ready, %+v", countEvents(run), run)
	}
	w.commit(1, run)
}

// A relay to an account that can't handle it is carried out, and so is what else is sent there in that block, should it be ready
// by then. In the next one it is handled first, or it and what is behind it in the queue stays, while fresh messages go on.
func TestUnreadyRelay(t *testing.T) {
	w := unreadyWorld(t, 5, 4)
	w.offer(transfer(0, 0, 4, 1), transfer(1, 0, 4, 2), transfer(1, 1, 3, 2))
	run := w.produce(0, nil)
	left := unhandled(run)
	if countEvents(run) != 4 || len(left) != 2 || len(run.Led) != 2 {
		t.Fatalf("%d events, %d relays left, %d messages led there", countEvents(run), len(left), len(run.Led))
	}
	for _, d := range left {
		if !slices.Contains(run.Led, d.Message.Origin) {
			t.Errorf("%s led to none of what is left", d.Message.Origin)
		}
	}
	w.commit(0, run)
	queue := append(left, relay(2, 3, chain.MethodAdd, 0))
	w.offer(transfer(0, 1, 4, 3), transfer(1, 2, 2, 1))
	run = w.produce(1, func(j *Job) { j.Carried = queue })
	if more := unhandled(run); !run.Unready || run.Carried != 0 || countEvents(run) != 3 || len(more) != 1 {
		t.Fatalf("%d taken of the queue, %d events, %d relays left", run.Carried, countEvents(run), len(more))
	}
	queue = append(queue, unhandled(run)...)
	w.commit(1, run)
	clear(w.unready)
	run = w.produce(2, func(j *Job) { j.Carried = queue })
	if run.Carried != 4 || countEvents(run) != 4 {
		t.Errorf("%d taken of the queue, %d events once it is ready", run.Carried, countEvents(run))
	}
}

// Accounts that a block is made without keep their messages, but handle what is sent to them.
func TestWithout(t *testing.T) {
	w := newWorld(t, 3, nil)
	w.offer(transfer(0, 0, 1, 1), transfer(1, 0, 0, 1))
	run := w.produce(0, func(j *Job) { j.Without = map[chain.Address]bool{at(0): true} })
	if countEvents(run) != 2 || !run.Unready || len(run.Led) > 0 {
		t.Errorf("%d events, %+v", countEvents(run), run)
	}
	w.commit(0, run)
	if run = w.produce(1, nil); countEvents(run) != 2 || run.Unready {
		t.Errorf("%d events, %+v", countEvents(run), run)
	}
}

// Who becomes ready while a block is made handles in it what comes first, or nothing.
func TestReadyMeanwhile(t *testing.T) {
	asked := 0
	w := newWorld(t, 20, func(c *Config) {
		c.Workers = 1
		c.Ready = func(_ *exec.Context, _ chain.Account, m *chain.Message) (bool, error) {
			if m.Kind == chain.External {
				return true, nil
			}
			asked++
			return asked > 1, nil
		}
	})
	w.unready = map[chain.Address]bool{at(0): true}
	for i := 1; i < 20; i++ {
		w.offer(transfer(i, 0, 0, 1), transfer(i, 1, 0, 1))
	}
	run := w.produce(0, nil)
	if len(unhandled(run)) != 38 || asked != 1 {
		t.Errorf("%d relays left, asked %d times", len(unhandled(run)), asked)
	}
}

// What keeps the host from knowing whether an account is ready ends it.
func TestReadyFails(t *testing.T) {
	broken := errors.New("the state can't be read")
	w := newWorld(t, 2, func(c *Config) {
		c.Ready = func(*exec.Context, chain.Account, *chain.Message) (bool, error) { return false, broken }
	})
	w.offer(transfer(0, 0, 1, 1))
	if _, err := w.Produce(Job{Context: w.context(), Tag: tag(0), Gas: 1 << 60, FreshGas: 1 << 60}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if err := w.wantFatal(); !errors.Is(err, broken) {
		t.Errorf("fatal %v", err)
	}
}

// Gas is reserved for whole trees, what comes back is used again, and nothing that fits is left.
func TestGasBudget(t *testing.T) {
	w := newWorld(t, 50, nil)
	var ms []*chain.Message
	for nonce := range uint64(20) {
		for from := range 50 {
			ms = append(ms, transfer(from, nonce, (from+7)%50, 1))
		}
	}
	w.offer(ms...)
	need := ms[0].GasLimit
	run := w.produce(0, func(j *Job) { j.Gas = 10 * need })
	used := uint64(0)
	for _, o := range run.Accounts {
		for _, e := range o.Events {
			used += e.Outcome.GasUsed
		}
	}
	if used+need <= 10*need || countEvents(run) <= 20 {
		t.Errorf("%d gas used of %d by %d events, though a message of %d waits", used, 10*need, countEvents(run), need)
	}
	w.commit(0, run)
	run = w.produce(1, func(j *Job) { j.FreshGas = 3*need - 1 })
	if n := countEvents(run); n != 4 {
		t.Errorf("%d events with fresh gas for two messages", n)
	}
	w.commit(1, run)
	seen := map[chain.Address]bool{}
	for n := 2; len(seen) < 50 && n < 60; n++ { // those that had no turn come first
		run := w.produce(n, func(j *Job) { j.FreshGas = 2 * need })
		for _, o := range run.Accounts {
			if o.Now.Nonce > o.Before.Nonce {
				seen[o.Account] = true
			}
		}
		w.commit(n, run)
	}
	if len(seen) < 50 {
		t.Errorf("%d of 50 accounts had a turn", len(seen))
	}
}

// After Stop nothing more is handled, but what was carried in; the rest is carried out and ends right in the next block.
func TestStop(t *testing.T) {
	random := seeded(t)
	stopped := 0
	for range 30 {
		w := newWorld(t, 10, nil)
		stop := make(chan struct{})
		var left atomic.Int64
		left.Store(int64(1 + random.IntN(300)))
		w.programs = programs{chain.MethodAdd: func(env *exec.Env) error {
			if left.Add(-1) == 0 {
				close(stop)
			}
			return env.ChargeNewAccount()
		}}
		var ms []*chain.Message
		for nonce := range uint64(40) {
			for from := range 10 {
				ms = append(ms, transfer(from, nonce, random.IntN(10), 1))
			}
		}
		w.offer(ms...)
		run := w.produce(0, func(j *Job) { j.Stop = stop })
		if run.Stopped {
			stopped++
		}
		w.commit(0, run)
		carried := unhandled(run)
		always := make(chan struct{})
		close(always)
		run = w.produce(1, func(j *Job) { j.Carried, j.Stop = carried, always })
		if run.Carried != len(carried) || countEvents(run) != len(carried) {
			t.Fatalf("%d carried in, %d taken, %d events after Stop", len(carried), run.Carried, countEvents(run))
		}
		w.commit(1, run)
		w.commit(2, w.produce(2, nil))
		if w.Waiting() != 0 || w.state.total(t) != chain.NewAmount(10*wealth) {
			t.Errorf("%d wait, the total is %s", w.Waiting(), w.state.total(t))
		}
		w.Close()
	}
	if stopped == 0 {
		t.Error("no run was stopped midway")
	}
}
