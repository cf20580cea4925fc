package host

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A block that loses leaves no trace: final state, lanes, accounts in memory.
func TestDiscard(t *testing.T) {
	w := newWorld(t, 10, nil)
	var ms []*chain.Message
	want := map[int]uint64{}
	pay := func(from int, nonce uint64) {
		to := len(ms) % 20
		ms = append(ms, transfer(from, nonce, to, 3))
		want[from] -= 3
		want[to] += 3
	}
	for nonce := range uint64(10) {
		for from := range 10 {
			pay(from, nonce)
		}
	}
	w.offer(ms...)
	resident := w.Stats().Resident
	for attempt := range 3 {
		if n := countEvents(w.produce(attempt, nil)); n != 2*len(ms) {
			t.Fatalf("attempt %d: %d events of %d messages", attempt, n, len(ms))
		}
		for i := range 20 {
			final := chain.Account{}
			if i < 10 {
				final.Balance = chain.NewAmount(wealth)
			}
			if got, err := w.Account(at(i)); got != final || err != nil {
				t.Errorf("account %d shows %+v while a block is open: %v", i, got, err)
			}
		}
		if err := w.Discard(tag(attempt)); err != nil {
			t.Fatal(err)
		}
		if w.Waiting() != len(ms) || w.Stats().Resident != resident {
			t.Errorf("%d of %d wait, %d of %d are in memory", w.Waiting(), len(ms), w.Stats().Resident, resident)
		}
		before := len(ms)
		for from := range 10 {
			pay(from, uint64(10+attempt))
		}
		w.offer(ms[before:]...)
	}
	run := w.produce(9, nil)
	if countEvents(run) != 2*len(ms) {
		t.Errorf("%d events", countEvents(run))
	}
	w.commit(9, run)
	for i := range 20 {
		sum := want[i]
		if i < 10 {
			sum += wealth
		}
		if got, _ := w.Account(at(i)); got.Balance != chain.NewAmount(sum) {
			t.Errorf("account %d has %s, want %d", i, got.Balance, sum)
		}
	}
}

// Who asks while blocks are open, discarded and committed sees final records alone; what is offered meanwhile isn't lost.
func TestQueriesSeeFinal(t *testing.T) {
	w := newWorld(t, 4, nil)
	const perBlock, blocks = 10, 40
	var asking sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		asking.Go(func() {
			last := uint64(0)
			for {
				select {
				case <-done:
					return
				default:
				}
				got, err := w.Account(at(i))
				if err != nil || got.Nonce%perBlock != 0 || got.Nonce < last {
					t.Errorf("account %d shows nonce %d after %d: %v", i, got.Nonce, last, err)
					return
				}
				last = got.Nonce
			}
		})
	}
	for b := range blocks {
		for from := range 4 {
			for k := range uint64(perBlock) {
				w.offer(transfer(from, uint64(b*perBlock)+k, (from+1)%4, 1))
			}
		}
		w.produce(2*b, nil)
		if err := w.Discard(tag(2 * b)); err != nil {
			t.Fatal(err)
		}
		w.commit(2*b+1, w.produce(2*b+1, nil))
	}
	close(done)
	asking.Wait()
	if got, _ := w.Account(at(0)); got.Nonce != perBlock*blocks {
		t.Errorf("nonce %d at the end", got.Nonce)
	}
}

// Accounts come and go under load and nothing is lost.
func TestPassivationUnderLoad(t *testing.T) {
	random := seeded(t)
	const accounts, blocks = 600, 30
	w := newWorld(t, accounts, func(c *Config) { c.MaxResident, c.IdleBlocks = 30, 2 })
	c := w.context()
	var offering, asking sync.WaitGroup
	done := make(chan struct{})
	lots := make([][]*chain.Message, 3)
	nonces := make([]uint64, accounts)
	for i := range 3 * 1500 {
		from := random.IntN(accounts/3)*3 + i%3
		lots[i%3] = append(lots[i%3], transfer(from, nonces[from], random.IntN(accounts), 1))
		nonces[from]++
	}
	for i := range 3 {
		offering.Go(func() {
			for _, m := range lots[i] {
				if err := w.Offer(c, []*chain.Message{m})[0]; err != nil {
					t.Error(err)
				}
			}
		})
		asking.Go(func() {
			for n := i; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if got, err := w.Account(at(n * 7 % accounts)); err != nil || !got.Exists() {
					t.Errorf("query: %+v, %v", got, err)
				}
			}
		})
	}
	for b := range blocks {
		r := w.produce(b, nil)
		if b%4 == 0 {
			w.Rest() // of those that are in the open block none leaves
		}
		w.commit(b, r)
	}
	offering.Wait()
	close(done)
	asking.Wait()
	w.commit(blocks, w.produce(blocks, nil))
	for i := range accounts {
		if got, _ := w.Account(at(i)); got.Nonce != nonces[i] {
			t.Errorf("account %d has nonce %d, sent %d", i, got.Nonce, nonces[i])
		}
	}
	if w.state.total(t) != chain.NewAmount(accounts*wealth) {
		t.Errorf("total %s", w.state.total(t))
	}
	next := blocks
	eventually(t, "all have left", func() bool { // they are idle
		next++
		w.commit(next, w.produce(next, nil))
		return w.Stats().Resident == 0
	})
	if s := w.Stats(); s.Passivated == 0 || s.Activated != s.Passivated {
		t.Errorf("%+v", s)
	}
}

// What rests leaves memory at once, but for accounts that have a message waiting.
func TestRest(t *testing.T) {
	w := newWorld(t, 100, nil)
	w.offer(transfer(0, 0, 1, 5), transfer(2, 3, 1, 5)) // the second waits for those before
	for i := range 100 {
		if _, err := w.Account(at(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.Stats().Resident; n != 100 {
		t.Fatalf("%d accounts in memory", n)
	}
	eventually(t, "those with nothing to do have left", func() bool {
		w.Rest()
		return w.Stats().Resident == 2
	})
	w.commit(1, w.produce(1, nil))
	if got, err := w.Account(at(0)); err != nil || got.Nonce != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Queries that make accounts leave memory for others take none that has a message waiting or is in an open block.
func TestPressureTakesIdleAccountsOnly(t *testing.T) {
	w := newWorld(t, 2000, func(c *Config) { c.MaxResident = 1 })
	flood := func() {
		before := w.Stats().Passivated
		for range 2 { // once to be seen, once to be taken
			for i := 10; i < 2000; i++ {
				if _, err := w.Account(at(i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if s := w.Stats(); s.Passivated == before || s.Resident > 1000 {
			t.Errorf("no pressure: %+v", s)
		}
	}
	w.offer(transfer(0, 0, 1, 5), transfer(2, 3, 1, 5))
	flood()
	run := w.produce(0, nil)
	flood()
	w.commit(0, run)
	for i, balance := range []uint64{wealth - 5, wealth + 5} {
		if got, _ := w.Account(at(i)); got.Balance != chain.NewAmount(balance) {
			t.Errorf("account %d has %s, want %d", i, got.Balance, balance)
		}
	}
	if w.Waiting() != 1 {
		t.Errorf("%d wait", w.Waiting())
	}
	w.offer(transfer(2, 0, 1, 5), transfer(2, 1, 1, 5), transfer(2, 2, 1, 5))
	run = w.produce(1, nil)
	if countEvents(run) != 8 {
		t.Errorf("%d events", countEvents(run))
	}
	if err := w.Discard(tag(1)); err != nil { // what it touched isn't touched by a flood after
		t.Fatal(err)
	}
	flood()
	if w.Waiting() != 4 || countEvents(w.produce(2, nil)) != 8 {
		t.Errorf("%d wait", w.Waiting())
	}
}

// Blocks can stand on one another before they are final.
func TestStackedProduction(t *testing.T) {
	w := newWorld(t, 3, nil)
	w.offer(transfer(0, 0, 1, 5))
	one := w.produce(1, nil)
	records := []exec.Record{}
	for _, o := range one.Accounts {
		records = append(records, exec.Record{Address: o.Account, Account: o.Now})
	}
	refunded := chain.Account{Balance: chain.NewAmount(wealth + 11)} // not touched, and paid by the end of the block
	records = append(records, exec.Record{Address: at(2), Account: refunded})
	if err := w.Settle(tag(1), records); err != nil {
		t.Fatal(err)
	}
	w.offer(transfer(0, 1, 2, 5), transfer(2, 0, 1, 1))
	two := w.produce(2, nil)
	w.state.write(one.Accounts)
	w.state.records[at(2)] = refunded
	if _, err := w.Commit(tag(1), records); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.Account(at(2)); got != refunded {
		t.Errorf("final %+v", got)
	}
	w.commit(2, two)
	if got, _ := w.Account(at(2)); got.Balance != chain.NewAmount(wealth+11+4) || w.Waiting() != 0 {
		t.Errorf("final %+v, %d wait", got, w.Waiting())
	}
}

// A follower's blocks come as records; what they use up leaves the lanes.
func TestAnotherNodesBlock(t *testing.T) {
	w := newWorld(t, 2, nil)
	w.offer(transfer(0, 0, 1, 5), transfer(0, 1, 1, 5), transfer(0, 2, 1, 5))
	after := chain.Account{Balance: chain.NewAmount(7), Nonce: 2}
	w.state.records[at(0)] = after
	used, err := w.Commit(tag(5), []exec.Record{{Address: at(0), Account: after}, {Address: at(1), Account: chain.Account{}}})
	if err != nil || len(used) != 2 || used[0].Nonce != 0 || used[1].Nonce != 1 {
		t.Fatalf("used %v, %v", used, err)
	}
	if w.Ready() != 1 { // nonce 2 is next
		t.Errorf("%d are ready", w.Ready())
	}
	w.offer(transfer(0, 9, 1, 5))
	if w.Ready() != 1 || w.Waiting() != 2 {
		t.Errorf("%d are ready of %d", w.Ready(), w.Waiting())
	}
	w.Expire(&exec.Context{Height: 1 << 62})
	w.offer(transfer(0, 2, 1, 5))
	if got, _ := w.Account(at(0)); got != after || w.Waiting() != 1 {
		t.Errorf("final %+v, %d wait", got, w.Waiting())
	}
}

// A message that is refused at its place leaves its lane with the reason, and what follows it waits.
func TestDropped(t *testing.T) {
	w := newWorld(t, 1, nil)
	poor, late, replaced := transfer(0, 1, 1, 1).Clone(), transfer(0, 3, 1, 1).Clone(), transfer(0, 4, 1, 1)
	poor.GasPrice = wealth / 2 / poor.GasLimit
	poor.Seal()
	late.ValidUntil = 1
	late.Seal()
	instead := replaced.Clone()
	instead.GasPrice = 1
	w.offer(transfer(0, 0, 1, wealth/4*3), poor, late, replaced, instead.Seal())
	w.commit(0, w.produce(0, nil))
	w.commit(1, w.produce(1, nil))
	for m, kind := range map[*chain.Message]account.Kind{poor: account.GasOverBalance, late: account.Expired, replaced: account.Replaced} {
		if got := w.dropped[m.ID()]; kindOf(got) != kind {
			t.Errorf("nonce %d: %v, want %s", m.Nonce, got, kind)
		}
	}
	if len(w.dropped) != 3 || w.Waiting() != 1 {
		t.Errorf("%d dropped, %d wait", len(w.dropped), w.Waiting())
	}
	w.height = 2000
	if err := w.Expire(w.context()); err != nil || w.Waiting() != 0 {
		t.Errorf("%d wait: %v", w.Waiting(), err)
	}
}

func TestBounds(t *testing.T) {
	gate, entered := make(chan struct{}), make(chan struct{})
	w := newWorld(t, 3, func(c *Config) {
		c.Workers, c.MaxQueries = 1, 5
		c.Lane = account.Limits{Ahead: 8, Messages: 3, Total: 4}
	})
	errs := w.Offer(w.context(), []*chain.Message{
		transfer(0, 0, 1, 1), transfer(0, 1, 1, 1), transfer(0, 2, 1, 1), transfer(0, 3, 1, 1), transfer(1, 0, 1, 1), transfer(0, 8, 1, 1),
	})
	for i, kind := range []account.Kind{"", "", "", account.LaneFull, "", account.NonceAhead} {
		var busy *Busy
		if kindOf(errs[i]) != kind && !errors.As(errs[i], &busy) {
			t.Errorf("message %d: %v, want %q", i, errs[i], kind)
		}
	}
	eventually(t, "four wait", func() bool { // those that were busy at first try again
		w.Offer(w.context(), []*chain.Message{transfer(1, 0, 1, 1)})
		return w.Waiting() == 4
	})
	var busy *Busy
	if err := w.Offer(w.context(), []*chain.Message{transfer(2, 0, 1, 1)})[0]; !errors.As(err, &busy) || !strings.Contains(err.Error(), "try again") {
		t.Errorf("over the total: %v", err)
	}
	w.programs = programs{chain.MethodTransfer: func(env *exec.Env) error {
		if env.Message.Nonce == 0 && env.Self == at(0) {
			close(entered)
			<-gate
		}
		return nil
	}}
	produced := make(chan *Run)
	go func() { produced <- w.produce(0, nil) }()
	<-entered // the only worker is inside
	for range 5 {
		w.System().Root.Send(w.PID(at(2)), &Query{})
	}
	if _, err := w.Account(at(2)); !errors.As(err, &busy) {
		t.Errorf("query beyond the bound: %v", err)
	}
	close(gate)
	w.commit(0, <-produced)
	if _, err := w.Account(at(2)); err != nil {
		t.Error(err)
	}
}

// A panic in the fast lane, one in the slow lane, and an error of the state each end the host, once, and no actor is
// restarted.
func TestFailureEndsTheHost(t *testing.T) {
	cause := errors.New("disk on fire")
	for name, c := range map[string]struct {
		prepare func(*world)
		words   string
	}{
		"fast lane": {func(w *world) {
			w.programs = programs{"boom": func(*exec.Env) error { panic("boom went the program") }}
		}, "boom went"},
		"slow lane": {func(w *world) {
			w.state.fault = func(a chain.Address) error {
				if a == at(1) {
					panic("boom went the state")
				}
				return nil
			}
		}, "boom went the state"},
		"state": {func(w *world) {
			w.state.fault = func(a chain.Address) error {
				if a == at(1) {
					return cause
				}
				return nil
			}
		}, cause.Error()},
		"program's state": {func(w *world) {
			w.programs = programs{"boom": func(*exec.Env) error { return cause }}
		}, cause.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 4, func(c *Config) { c.Workers = 2 })
			w.programs = programs{"boom": func(*exec.Env) error { return nil }}
			c.prepare(w)
			restarts := 0
			w.System().EventStream.Subscribe(func(e any) {
				if _, ok := e.(*actor.SupervisorEvent); ok {
					restarts++
				}
			})
			w.offer(external(0, 0, "boom", nil, 0), transfer(0, 1, 1, 1), transfer(2, 0, 3, 1))
			_, err := w.Produce(Job{Context: w.context(), Tag: tag(0), Gas: 1 << 60, FreshGas: 1 << 60})
			fatal := w.wantFatal()
			if err == nil || !strings.Contains(err.Error(), c.words) || err != fatal {
				t.Errorf("Produce: %v; Fatal: %v", err, fatal)
			}
			if err := w.Offer(w.context(), []*chain.Message{transfer(3, 0, 1, 1)})[0]; err != fatal {
				t.Errorf("Offer: %v", err)
			}
			if _, err := w.Account(at(3)); err != fatal {
				t.Errorf("Account: %v", err)
			}
			if _, err := w.Commit(tag(0), nil); err != nil && err != fatal {
				t.Errorf("Commit: %v", err)
			}
			w.Close()
			if len(w.fatal) != 0 || restarts != 0 {
				t.Errorf("%d more calls of Fatal, %d restarts", len(w.fatal), restarts)
			}
		})
	}
}

// An account is a proto.actor actor: it answers at its PID, whatever its name's form, can be watched, and can't be stopped.
func TestProtoActor(t *testing.T) {
	w := newWorld(t, 2, nil)
	root := w.System().Root
	ask := func(pid *actor.PID, message any) any {
		t.Helper()
		reply, err := root.RequestFuture(pid, message, patience).Result()
		if err != nil {
			t.Fatalf("%v: %v", pid, err)
		}
		return reply
	}
	for _, pid := range []*actor.PID{w.PID(at(0)), actor.NewPID("chain/1", at(0).String())} {
		if got := ask(pid, &Query{}).(*Answer); got.Address != at(0) || got.Account.Balance != chain.NewAmount(wealth) {
			t.Errorf("%v answers %+v", pid, got)
		}
	}
	touched := ask(w.PID(at(0)), &actor.Touch{}).(*actor.Touched)
	if got := ask(touched.Who, &Query{}).(*Answer); got.Address != at(0) {
		t.Errorf("the local PID answers %+v", got)
	}
	root.Stop(w.PID(at(0)))
	root.Stop(touched.Who)
	root.Poison(w.PID(at(0)))
	root.Poison(touched.Who)
	if _, ok := ask(w.PID(at(0)), "what?").(*Unknown); !ok || w.Stats().Resident != 1 || w.Stats().Passivated != 0 {
		t.Errorf("after a stop: %+v", w.Stats())
	}
	for _, pid := range []*actor.PID{actor.NewPID("chain/2", name(at(0))), actor.NewPID("chain/1", "nonsense"), actor.NewPID("chain/1", name(chain.Address{3: 2}))} {
		if _, err := root.RequestFuture(pid, &Query{}, patience).Result(); err != actor.ErrDeadLetter {
			t.Errorf("%v: %v", pid, err)
		}
	}
	ended := make(chan *actor.Terminated, 1)
	watcher := root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			c.Watch(w.PID(at(0)))
			c.Watch(touched.Who)
		case *actor.Terminated:
			ended <- m
		}
	}))
	ask(watcher, &actor.Touch{})
	ask(w.PID(at(0)), &Query{})
	next := 0
	eventually(t, "it isn't used and leaves", func() bool {
		next++
		w.commit(next, w.produce(next, nil))
		return w.Stats().Passivated > 0
	})
	select {
	case <-ended:
	case <-time.After(patience):
		t.Errorf("the watcher was not told: %+v", w.Stats())
	}
	ask(w.PID(at(0)), &Query{})
	if got := ask(touched.Who, &Query{}).(*Answer); got.Address != at(0) { // the name is the same, the actor a new one
		t.Errorf("the local PID answers %+v", got)
	}
	root.Stop(watcher)
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t, 100, func(c *Config) { c.Workers = 8 })
	var ms []*chain.Message
	for from := range 100 {
		ms = append(ms, transfer(from, 0, from+1, 1))
	}
	w.offer(ms...)
	w.commit(0, w.produce(0, nil))
	w.Close()
	w.Close()
	if _, err := w.Account(at(0)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := w.Offer(w.context(), ms)[0]; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := w.Produce(Job{Context: w.context(), Tag: tag(1)}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	eventually(t, fmt.Sprintf("%d goroutines", before), func() bool { return runtime.NumGoroutine() <= before })
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{}, {Chain: 1}, {Chain: 1, State: &state{}, Fatal: func(error) {}, Workers: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
