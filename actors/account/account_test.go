package account

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// entries is an exec.State of one account's storage.
type entries map[string][]byte

func (e entries) Account(chain.Address) (chain.Account, error)      { return chain.Account{}, nil }
func (e entries) Entry(_ chain.Address, key string) ([]byte, error) { return e[key], nil }

func (e entries) Next(_ chain.Address, prefix, after string) (string, error) {
	for _, key := range slices.Sorted(maps.Keys(e)) {
		if strings.HasPrefix(key, prefix) && key > after {
			return key, nil
		}
	}
	return "", nil
}

// plain is the part of exec.Programs that these tests don't ask for.
type plain struct{}

func (plain) Group(chain.Address, chain.Account, string) (exec.Program, error) { return nil, nil }

func (plain) View(chain.Address, chain.Account) (exec.Program, error) { return nil, nil }

// spender is the program of these tests: every external message takes its amount from the account.
type spender struct{ plain }

func (spender) Program(_ chain.Address, _ chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Method == "unheard" {
		return nil, exec.Fail(chain.StatusUnknownMethod, "unheard")
	}
	return spender{}, nil
}

func (spender) Handle(env *exec.Env) error {
	return env.Send(chain.Sent{To: chain.Address{3: 1, 9: 9}, Method: chain.MethodAdd, Amount: env.Message.Amount, GasLimit: gas.Add})
}

func newAccount(t *testing.T) (*Account, *exec.Context, func(nonce uint64)) {
	a := New(&Home{State: entries{}, Limits: DefaultLimits()}, self, chain.Account{Balance: chain.NewAmount(1 << 60)})
	c := context()
	c.Programs = spender{}
	return &a, c, func(nonce uint64) {
		t.Helper()
		m := external(nonce, 10, func(m *chain.Message) { m.GasLimit, m.Amount = 500_000, chain.NewAmount(1000) })
		if _, err := a.Offer(c, m); err != nil {
			t.Fatal(err)
		}
	}
}

// take handles the next message of the lane in the block tag.
func take(t *testing.T, a *Account, c *exec.Context, tag Tag) *exec.Handled {
	t.Helper()
	m := a.Next()
	if m == nil {
		t.Fatal("nothing waits")
	}
	h, refusal, err := a.Handle(c, tag, &exec.Delivery{Message: m})
	if refusal != nil || err != nil || h.Outcome.Status != chain.StatusOK {
		t.Fatal(refusal, err, h)
	}
	return h
}

func TestCommitAndDiscard(t *testing.T) {
	a, c, offer := newAccount(t)
	before := a.Final()
	for n := range uint64(3) {
		offer(n)
	}
	lost, kept := Tag{Attempt: 1}, Tag{Attempt: 2}
	take(t, a, c, lost)
	take(t, a, c, lost)
	if a.Final() != before || a.Waiting() != 3 || a.Idle() {
		t.Errorf("an open block shows: %+v, %d wait", a.Final(), a.Waiting())
	}
	a.Discard(lost)
	if a.Overlay(lost) != nil || a.Final() != before || a.Waiting() != 3 || a.Next().Nonce != 0 {
		t.Errorf("a discarded block left a trace")
	}
	take(t, a, c, kept)
	after := a.Overlay(kept).Now
	if a.Commit(kept, nil); a.Waiting() != 2 || a.Final() != after || after.Nonce != 1 || a.Next().Nonce != 1 {
		t.Errorf("%d wait, final %+v, want %+v", a.Waiting(), a.Final(), after)
	}
	record := after
	record.Nonce = 3
	if a.Commit(Tag{Attempt: 9}, &record); a.Final() != record || !a.Idle() || a.Load() != (Load{}) {
		t.Errorf("another node's block: final %+v, idle %v, %+v waits", a.Final(), a.Idle(), a.Load())
	}
}

func TestStackedBlocks(t *testing.T) {
	a, c, offer := newAccount(t)
	for n := range uint64(4) {
		offer(n)
	}
	one, two, three := Tag{Attempt: 1}, Tag{Attempt: 2}, Tag{Attempt: 3}
	take(t, a, c, one)
	refunded := a.Overlay(one).Now
	refunded.Balance, _ = refunded.Balance.Add(chain.NewAmount(77))
	a.Settle(one, refunded)
	take(t, a, c, two)
	if got := a.Overlay(two).Before; got != refunded {
		t.Errorf("block two stands on %+v, want %+v", got, refunded)
	}
	take(t, a, c, three)
	a.Discard(two)
	if a.Overlay(two) != nil || a.Overlay(three) != nil || a.Overlay(one) == nil || a.Next().Nonce != 1 {
		t.Error("discarding block two must take block three with it and leave block one")
	}
	take(t, a, c, two)
	a.Commit(one, &refunded)
	if a.Final() != refunded || a.Overlay(two) == nil || a.Waiting() != 3 {
		t.Errorf("final %+v, %d wait", a.Final(), a.Waiting())
	}
	after := a.Overlay(two).Now
	if a.Commit(two, nil); a.Final() != after || a.Final().Nonce != 2 {
		t.Errorf("final %+v, want %+v", a.Final(), after)
	}
}

// A block that stands on what did not become final is our own fault: Commit must not go on.
func TestCommitUnderAnotherBlockPanics(t *testing.T) {
	a, c, offer := newAccount(t)
	offer(0)
	take(t, a, c, Tag{Attempt: 1})
	defer func() {
		if recover() == nil {
			t.Error("no assertion")
		}
	}()
	a.Commit(Tag{Attempt: 2}, &chain.Account{Nonce: 5})
}

func TestStorageReadsThroughOpenBlocks(t *testing.T) {
	state := entries{"a": []byte("0"), "b": []byte("0"), "c": []byte("0")}
	a := New(&Home{State: state}, self, chain.Account{Balance: chain.NewAmount(1 << 60), StorageBytes: 6})
	c := context()
	c.Programs = writer{}
	write := func(tag Tag, pairs string) {
		t.Helper()
		m := &chain.Message{Kind: chain.Relay, From: self, To: self, GasLimit: 1 << 24, GasPrice: 10, Method: "write", Input: []byte(pairs)}
		if h, _, err := a.Handle(c, tag, &exec.Delivery{Message: m.Seal()}); err != nil || h.Outcome.Status != chain.StatusOK {
			t.Fatal(h, err)
		}
	}
	one, two := Tag{Attempt: 1}, Tag{Attempt: 2}
	write(one, "a=1 b=1")
	write(two, "a=2")
	read := func(want string) {
		t.Helper()
		got := ""
		for _, key := range []string{"a", "b", "c"} {
			v, err := a.Overlay(two).Entry(key)
			if err != nil {
				t.Fatal(err)
			}
			got += string(v)
		}
		if got != want {
			t.Errorf("block two reads %s, want %s", got, want)
		}
	}
	read("210")
	state["a"], state["b"] = []byte("1"), []byte("1")
	a.Commit(one, nil)
	read("210")
	a.Discard(two)
	write(two, "c=2")
	read("112")
}

// writer writes what its message says: key=value, separated by spaces.
type writer struct{ plain }

func (writer) Program(chain.Address, chain.Account, *chain.Message) (exec.Program, error) {
	return writer{}, nil
}

func (writer) Handle(env *exec.Env) error {
	for pair := range strings.FieldsSeq(string(env.Message.Input)) {
		key, value, _ := strings.Cut(pair, "=")
		if err := env.Write(key, []byte(value)); err != nil {
			return err
		}
	}
	return nil
}

func TestRefusedLeavesNoTrace(t *testing.T) {
	a, c, _ := newAccount(t)
	tag := Tag{Attempt: 1}
	_, refusal, err := a.Handle(c, tag, &exec.Delivery{Message: external(3, 10, nil)})
	if refusal == nil || err != nil || a.Overlay(tag) != nil || !a.Idle() {
		t.Errorf("refusal %v, error %v, overlay %v", refusal, err, a.Overlay(tag))
	}
}

// An account that only receives is not idle while a block is open.
func TestIdle(t *testing.T) {
	a, c, _ := newAccount(t)
	c.Programs = writer{}
	m := &chain.Message{Kind: chain.Relay, From: self, To: self, GasLimit: 1 << 20, Method: "write"}
	if _, _, err := a.Handle(c, Tag{Attempt: 1}, &exec.Delivery{Message: m.Seal()}); err != nil || a.Idle() {
		t.Errorf("idle %v, %v", a.Idle(), err)
	}
	if a.Discard(Tag{Attempt: 1}); !a.Idle() {
		t.Error("not idle after the block was discarded")
	}
}

// An account that leaves memory takes its lane with it: one in which a message waits is not idle, if only behind a gap.
func TestNotIdleWhileMessagesWait(t *testing.T) {
	for _, nonce := range []uint64{0, 5} {
		a, _, offer := newAccount(t)
		if offer(nonce); a.Idle() {
			t.Errorf("idle while a message with nonce %d waits", nonce)
		}
	}
}
