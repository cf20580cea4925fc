package host

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

var seedFlag = flag.Uint64("seed", 0, "repeat the random tests with this seed")

// seeded is a source of randomness whose seed is printed with a failure.
func seeded(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./actors/host -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// state is an exec.State in memory; what a block leaves is written to it.
type state struct {
	mu      sync.RWMutex
	records map[chain.Address]chain.Account
	fault   func(chain.Address) error // of Account; may be nil
}

func (s *state) Account(a chain.Address) (chain.Account, error) {
	if s.fault != nil {
		if err := s.fault(a); err != nil {
			return chain.Account{}, err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.records[a], nil
}

func (s *state) Entry(chain.Address, string) ([]byte, error)        { return nil, nil }
func (s *state) Next(chain.Address, string, string) (string, error) { return "", nil }

func (s *state) write(accounts []*exec.Overlay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range accounts {
		s.records[o.Account] = o.Now
	}
}

func (s *state) total(t *testing.T) (sum chain.Amount) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.records {
		var err error
		if sum, err = sum.Add(r.Balance); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

// world is a host under test with its state.
type world struct {
	t *testing.T
	*Host
	state    *state
	programs exec.Programs
	unready  map[chain.Address]bool // the accounts that can't handle what is sent to them
	height   uint64
	fatal    chan error
	mu       sync.Mutex // guards dropped
	dropped  map[chain.MessageID]error
}

const wealth = 1 << 40

// newWorld makes n accounts, numbers 0 to n-1, with wealth each. Change may be nil.
func newWorld(t *testing.T, n int, change func(*Config)) *world {
	w := &world{t: t, state: &state{records: map[chain.Address]chain.Account{}}, programs: native.Programs{}, height: 1,
		fatal: make(chan error, 10), dropped: map[chain.MessageID]error{}}
	for i := range n {
		w.state.records[at(i)] = chain.Account{Balance: chain.NewAmount(wealth)}
	}
	c := Config{Chain: 1, State: w.state, Workers: 4, Fatal: func(err error) { w.fatal <- err }, Dropped: func(id chain.MessageID, why error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.dropped[id] = why
	}}
	c.Lane = account.Limits{Ahead: 1 << 12, Messages: 1 << 12, Total: 1 << 20}
	if change != nil {
		change(&c)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.Host = h
	t.Cleanup(h.Close)
	return w
}

// at is the address of account number i.
func at(i int) chain.Address { return benchAddress(i) }

func (w *world) context() *exec.Context {
	return &exec.Context{Chain: 1, Height: w.height, Params: chain.DefaultParams(), Programs: w.programs, Tree: chain.Tree{{ID: 1}, {ID: 2, Parent: 1}}}
}

// external is a message of account number from; its gas limit suffices for a transfer.
func external(from int, nonce uint64, method string, input []byte, amount uint64) *chain.Message {
	a := at(from)
	m := &chain.Message{
		Kind: chain.External, From: a, To: a, Payer: a, Nonce: nonce, ValidUntil: 1000, Amount: chain.NewAmount(amount), Method: method, Input: input,
	}
	m.GasLimit = exec.TransferGas(m)
	return m.Seal()
}

func transfer(from int, nonce uint64, to int, amount uint64) *chain.Message {
	return external(from, nonce, chain.MethodTransfer, chain.TransferInput{To: at(to)}.Encode(), amount)
}

// offer offers ms, which must be taken.
func (w *world) offer(ms ...*chain.Message) {
	w.t.Helper()
	for i, err := range w.Offer(w.context(), ms) {
		if err != nil {
			w.t.Fatalf("message %d from %s with nonce %d: %v", i, ms[i].From, ms[i].Nonce, err)
		}
	}
}

func tag(n int) account.Tag { return account.Tag{Attempt: uint64(n)} }

// produce produces the block n with gas without end.
func (w *world) produce(n int, change func(*Job)) *Run {
	w.t.Helper()
	j := Job{Context: w.context(), Tag: tag(n), Gas: 1 << 60, FreshGas: 1 << 60}
	if change != nil {
		change(&j)
	}
	run, err := w.Produce(j)
	if err != nil {
		w.t.Fatal(err)
	}
	checkRun(w.t, j, run, w.unready)
	return run
}

// commit makes the block n final.
func (w *world) commit(n int, run *Run) {
	w.t.Helper()
	w.state.write(run.Accounts)
	if _, err := w.Commit(tag(n), nil); err != nil {
		w.t.Fatal(err)
	}
	w.height++
}

// checkRun holds what is true of any block: every relay is handled once at most, by its receiver, after it was sent; those
// of a pair that are handled are the first sent, in order; an account's nonces follow one another; the gas is kept to.
func checkRun(t *testing.T, j Job, run *Run, unready map[chain.Address]bool) {
	t.Helper()
	sent, held := map[pair][]*exec.Delivery{}, map[pair]bool{}
	for i, d := range j.Carried {
		p := pair{d.Message.From, d.Message.To}
		sent[p] = append(sent[p], d)
		held[p] = i >= run.Carried
	}
	used, fresh := uint64(0), uint64(0)
	for _, o := range run.Accounts {
		if len(o.Events) == 0 {
			t.Errorf("account %s stands in the block without an event", o.Account)
		}
		nonce := o.Before.Nonce
		for _, e := range o.Events {
			used += e.Outcome.GasUsed
			if m := e.Received.Message; m.Kind == chain.External {
				fresh += m.GasLimit
				if m.Nonce != nonce {
					t.Errorf("nonce %d where %d is next", m.Nonce, nonce)
				}
				nonce++
			}
			if len(e.Sent) != len(e.Outcome.Sent) {
				t.Errorf("%d deliveries of %d sent", len(e.Sent), len(e.Outcome.Sent))
			}
			for _, d := range e.Sent {
				p := pair{o.Account, d.Message.To}
				sent[p] = append(sent[p], d)
			}
		}
	}
	if used > j.Gas || fresh > j.FreshGas {
		t.Errorf("%d gas used of %d, %d fresh of %d", used, j.Gas, fresh, j.FreshGas)
	}
	for _, o := range run.Accounts {
		for _, e := range o.Events {
			m := e.Received.Message
			if m.Kind != chain.Relay {
				continue
			}
			p := pair{m.From, m.To}
			if len(sent[p]) == 0 || sent[p][0] != e.Received {
				t.Fatalf("message %s is not the next from %s to %s", m.ID(), p.from, p.to)
			}
			sent[p] = sent[p][1:]
		}
	}
	if !run.Stopped {
		for p, left := range sent {
			if len(left) > 0 && p.to.Chain() == 1 && !held[p] && !unready[p.to] {
				t.Errorf("%d messages from %s to %s are not handled", len(left), p.from, p.to)
			}
		}
	}
}

// unhandled are the relays of the block that stayed on the chain and were not handled, in the order of the accounts.
func unhandled(run *Run) (left []*exec.Delivery) {
	handled := map[*exec.Delivery]bool{}
	for _, o := range run.Accounts {
		for _, e := range o.Events {
			handled[e.Received] = true
		}
	}
	for _, o := range byAddress(run) {
		for _, e := range o.Events {
			for _, d := range e.Sent {
				if !handled[d] && d.Message.To.Chain() == 1 {
					left = append(left, d)
				}
			}
		}
	}
	return left
}

func byAddress(run *Run) []*exec.Overlay {
	return slices.SortedFunc(slices.Values(run.Accounts), func(a, b *exec.Overlay) int { return a.Account.Compare(b.Account) })
}

// sigma is σ in words: for every account the ids that it handled.
func sigma(run *Run) (s string) {
	for _, o := range byAddress(run) {
		for _, e := range o.Events {
			id := e.Received.Message.ID()
			s += fmt.Sprintf("%x ", id[:4])
		}
		s += "/ "
	}
	return s
}

// wantFatal waits for the fatal error and returns it.
func (w *world) wantFatal() error {
	w.t.Helper()
	select {
	case err := <-w.fatal:
		return err
	case <-time.After(patience):
		w.t.Fatal("Fatal was not called")
		return nil
	}
}

// programs is a Programs made of functions by method; what isn't there is native's.
type programs map[string]func(*exec.Env) error

func (p programs) Program(self chain.Address, a chain.Account, m *chain.Message) (exec.Program, error) {
	if f, ok := p[m.Method]; ok {
		return program(f), nil
	}
	return native.Programs{}.Program(self, a, m)
}

// Group is the function of a method's name and " as one".
func (p programs) Group(_ chain.Address, _ chain.Account, method string) (exec.Program, error) {
	if f, ok := p[method+" as one"]; ok {
		return program(f), nil
	}
	return nil, nil
}

func (programs) View(chain.Address, chain.Account) (exec.Program, error) { return nil, nil }

type program func(*exec.Env) error

func (p program) Handle(env *exec.Env) error { return p(env) }

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not reached: %s", what)
		}
	}
}

func kindOf(err error) account.Kind {
	var r *account.Refusal
	if errors.As(err, &r) {
		return r.Kind
	}
	return ""
}

func countEvents(run *Run) (n int) {
	for _, o := range run.Accounts {
		n += len(o.Events)
	}
	return n
}
