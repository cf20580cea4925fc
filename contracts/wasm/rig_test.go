package wasm

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// rig is an engine and one account whose code it runs.
type rig struct {
	*Engine
	codes   map[chain.CodeHash][]byte
	account chain.Account
	storage storage
	entry   string // instead of handle
	height  uint64
}

func newRig(t testing.TB, c Config) *rig {
	t.Helper()
	r := &rig{codes: map[chain.CodeHash][]byte{}, storage: storage{}, entry: abi.EntryHandle, height: 10}
	r.account = chain.Account{Balance: chain.NewAmount(1 << 40), Nonce: 7}
	c.Source = func(h chain.CodeHash) ([]byte, error) {
		if b, ok := r.codes[h]; ok {
			return b, nil
		}
		return nil, errDisk
	}
	e, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Engine = e
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

var errDisk = errors.New("disk on fire")

// publish makes a module the account's code.
func (r *rig) publish(t testing.TB, binary []byte) chain.CodeHash {
	t.Helper()
	if _, _, err := r.Validate(binary); err != nil {
		t.Fatal(err)
	}
	h := chain.PublishInput{Code: binary}.Hash()
	r.codes[h] = binary
	r.account.Code = h
	return h
}

// storage is the storage of the account.
type storage map[string]string

func (s storage) Entry(key string) ([]byte, error) {
	if key == "broken" {
		return nil, errDisk
	}
	if v, ok := s[key]; ok {
		return []byte(v), nil
	}
	return nil, nil
}

func (s storage) Next(prefix, after string) (string, error) {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if strings.HasPrefix(k, prefix) && k > after {
			return k, nil
		}
	}
	return "", nil
}

var _ iter.Seq[string] = maps.Keys(storage{})

func address(n byte) chain.Address {
	return chain.MadeAddress(chain.Main, chain.Address{}, [32]byte{n}, chain.CodeHash{})
}

var self, sender = address(1), address(2)

func (r *rig) context() *exec.Context {
	return &exec.Context{
		Network: chain.NetworkID{1}, Chain: chain.Main, Height: r.height, TimeMillis: 1_700_000_000_000, Params: chain.DefaultParams(),
		Tree:     chain.Alone(chain.Main),
		Programs: r,
		Code: func(h chain.CodeHash) (*chain.CodeEntry, error) {
			return &chain.CodeEntry{Height: 1, Immutable: h == chain.CodeHash{9}}, nil
		},
	}
}

// Program makes a rig the Programs of its context.
func (r *rig) Program(_ chain.Address, a chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Method == chain.MethodBounce {
		return program{r.Engine, a.Code, abi.EntryBounce}, nil
	}
	return program{r.Engine, a.Code, r.entry}, nil
}

func (r *rig) View(_ chain.Address, a chain.Account) (exec.Program, error) {
	return program{r.Engine, a.Code, abi.EntryQuery}, nil
}

func (r *rig) Group(_ chain.Address, a chain.Account, method string) (exec.Program, error) {
	if merges, err := r.Merges(a.Code, method); err != nil || !merges {
		return nil, err
	}
	return program{r.Engine, a.Code, abi.EntryMerge}, nil
}

func merges(t *testing.T, e *Engine, code chain.CodeHash, method string) bool {
	t.Helper()
	ok, err := e.Merges(code, method)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

type program struct {
	e     *Engine
	code  chain.CodeHash
	entry string
}

func (p program) Handle(env *exec.Env) error { return p.e.Run(env, p.code, p.entry) }

// relay is a message to the account with an amount of 500.
func relay(method, input string, gas uint64) *chain.Message {
	return &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.Relay, From: sender, To: self, Payer: sender, Amount: chain.NewAmount(500),
		GasLimit: gas, GasPrice: 1, Method: method, Input: []byte(input), Parent: chain.MessageID{1}, Origin: chain.MessageID{2}, Depth: 1,
	}
}

// external is a message of the account's key.
func (r *rig) external(method, input string, gas uint64) *chain.Message {
	return &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.External, From: self, To: self, Payer: self, Nonce: r.account.Nonce, ValidUntil: 100,
		Amount: chain.NewAmount(3), GasLimit: gas, GasPrice: 1, Method: method, Input: []byte(input),
	}
}

func (r *rig) apply(m *chain.Message) (exec.Outcome, error) {
	return exec.Apply(r.context(), self, r.account, r.storage, m.Seal())
}

// do applies a relay with plenty of gas.
func (r *rig) do(t testing.TB, input string) exec.Outcome {
	t.Helper()
	return r.must(t, relay("do", input, 10_000_000))
}

func (r *rig) must(t testing.TB, m *chain.Message) exec.Outcome {
	t.Helper()
	o, err := r.apply(m)
	if err != nil {
		t.Fatalf("error of the world's: %v", err)
	}
	return o
}

// keep makes the account what an outcome left.
func (r *rig) keep(o exec.Outcome) {
	r.account = o.Account
	for _, w := range o.Writes {
		if w.Value == nil {
			delete(r.storage, w.Key)
		} else {
			r.storage[w.Key] = string(w.Value)
		}
	}
}

// want fails unless o ended in a status with words in its reason.
func want(t testing.TB, o exec.Outcome, status chain.Status, words string) {
	t.Helper()
	if o.Status != status || !strings.Contains(o.Reason, words) {
		t.Fatalf("status %q (%s), want %q (%s)", o.Status, o.Reason, status, words)
	}
}

// both runs a test with each of wazero's engines. What it returns must be the same.
func both(t *testing.T, c Config, test func(t *testing.T, r *rig) any) {
	t.Helper()
	var results [2]any
	for i, mode := range []Mode{Compile, Interpret} {
		c.Mode = mode
		t.Run(fmt.Sprintf("mode %d", mode), func(t *testing.T) { results[i] = test(t, newRig(t, c)) })
	}
	if !t.Failed() && !reflect.DeepEqual(results[0], results[1]) {
		t.Errorf("compiled: %+v\ninterpreted: %+v", results[0], results[1])
	}
}
