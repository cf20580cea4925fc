package exec_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// scene is one account and what it does with messages.
type scene struct {
	context exec.Context
	self    chain.Address
	account chain.Account
	storage storage
	program func(env *exec.Env) error
}

// storage is an account's storage; a value of broken can't be read.
type storage map[string]string

const broken = "broken"

var errDisk = errors.New("disk on fire")

func (s storage) Entry(key string) ([]byte, error) {
	switch v, ok := s[key]; {
	case v == broken:
		return nil, errDisk
	case ok:
		return []byte(v), nil
	}
	return nil, nil
}

// Next asks every key.
func (s storage) Next(prefix, after string) (string, error) {
	next := ""
	for k, v := range s {
		if v == broken {
			return "", errDisk
		}
		if strings.HasPrefix(k, prefix) && (k > after) && (next == "" || k < next) {
			next = k
		}
	}
	return next, nil
}

// bytes is what StorageBytes must be.
func (s storage) bytes() (n uint64) {
	for k, v := range s {
		n += uint64(len(k) + len(v))
	}
	return n
}

// with is s after writes.
func (s storage) with(writes []exec.Write) storage {
	after := storage{}
	for k, v := range s {
		after[k] = v
	}
	for _, w := range writes {
		if w.Value == nil {
			delete(after, w.Key)
		} else {
			after[w.Key] = string(w.Value)
		}
	}
	return after
}

func address(n byte) chain.Address {
	return chain.MadeAddress(chain.Main, chain.Address{}, [32]byte{n}, chain.CodeHash{})
}

var self, sender = address(1), address(2)

// newScene is an account with a balance of 1,000,000 on chain 1, which does nothing with messages. Chain 2 is there, and chain 4, which takes
// nothing in for now.
func newScene() *scene {
	s := &scene{
		self:    self,
		account: chain.Account{Balance: chain.NewAmount(1_000_000), Nonce: 7},
		storage: storage{},
		program: func(*exec.Env) error { return nil },
	}
	s.context = exec.Context{
		Network: chain.NetworkID{1}, Chain: chain.Main, Height: 10, TimeMillis: 11, Params: chain.DefaultParams(),
		Tree:     chain.Tree{{ID: chain.Main}, {ID: 2, Parent: chain.Main}, {ID: 4, Parent: 2}},
		Full:     []chain.ID{4},
		Programs: s,
	}
	return s
}

// Program makes a scene the Programs of its context.
func (s *scene) Program(chain.Address, chain.Account, *chain.Message) (exec.Program, error) {
	return s, nil
}

// Group is the same program, for the method "many".
func (s *scene) Group(_ chain.Address, _ chain.Account, method string) (exec.Program, error) {
	if method == "many" {
		return s, nil
	}
	return nil, nil
}

// View is the same program.
func (s *scene) View(chain.Address, chain.Account) (exec.Program, error) { return s, nil }

// Handle makes it the only one of them.
func (s *scene) Handle(env *exec.Env) error { return s.program(env) }

// external is an external message of the scene's account with gas for everything, at a price of 1.
func (s *scene) external() *chain.Message {
	return &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.External, From: s.self, To: s.self, Payer: s.self, Nonce: s.account.Nonce, ValidUntil: 10,
		GasLimit: 900_000, GasPrice: 1, Method: "do",
	}
}

// relay is a message to the scene's account with an amount of 500 and gas for everything.
func (s *scene) relay() *chain.Message {
	return &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.Relay, From: sender, To: s.self, Payer: sender, Amount: chain.NewAmount(500),
		GasLimit: 900_000, GasPrice: 1, Method: "do", Input: []byte("input"), Parent: chain.MessageID{1}, Origin: chain.MessageID{2}, Depth: 1,
	}
}

// fatal is what tests and properties have in common.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// apply applies m and holds E1 to E3 and E5 for what comes of it.
func (s *scene) apply(t fatal, m *chain.Message) exec.Outcome {
	t.Helper()
	m.Seal()
	if m.Kind == chain.External {
		if refusal := exec.Admit(&s.context, s.account, m); refusal != nil {
			t.Fatalf("refused: %v", refusal)
		}
	}
	o, err := exec.Apply(&s.context, s.self, s.account, s.storage, m)
	if err != nil {
		t.Fatalf("error of the world's: %v", err)
	}
	s.checkGas(t, m, o)
	s.checkMoney(t, m, o)
	s.checkFailure(t, m, o)
	s.checkForm(t, m, o)
	again, err := exec.Apply(&s.context, s.self, s.account, s.storage, m)
	if err != nil || !reflect.DeepEqual(o, again) {
		t.Fatalf("E5: %+v, then %+v, error %v", o, again, err)
	}
	return o
}

// keeps says that what m brings stays, whatever becomes of it: m is a bounce or a refund.
func keeps(m *chain.Message) bool {
	return m.Kind == chain.Relay && (m.Method == chain.MethodBounce || m.Method == chain.MethodRefund)
}

// checkGas holds E1.
func (s *scene) checkGas(t fatal, m *chain.Message, o exec.Outcome) {
	t.Helper()
	bought := m.GasLimit
	if m.Kind == chain.Relay && !keeps(m) {
		bought += gas.Bounce
	}
	gone := o.GasUsed + o.GasLeft
	for _, sent := range o.Sent {
		gone += sent.GasLimit
		if sent.Method != chain.MethodBounce {
			gone += gas.Bounce
		}
	}
	if gone != bought {
		t.Fatalf("E1: %d gas bought, %d used, left and sent: %+v", bought, gone, o)
	}
}

// checkMoney holds E2.
func (s *scene) checkMoney(t fatal, m *chain.Message, o exec.Outcome) {
	t.Helper()
	before := []chain.Amount{s.account.Balance, s.account.Deposit}
	after := []chain.Amount{o.Account.Balance, o.Account.Deposit}
	if m.Kind == chain.Relay {
		before = append(before, m.Amount)
	} else {
		after = append(after, chain.Mul(m.GasLimit, m.GasPrice))
	}
	for _, sent := range o.Sent {
		after = append(after, sent.Amount)
	}
	if b, a := total(t, before), total(t, after); a != b {
		t.Fatalf("E2: %s became %s: %+v from %+v", b, a, o, s.account)
	}
}

func total(t fatal, list []chain.Amount) (sum chain.Amount) {
	t.Helper()
	for _, a := range list {
		var err error
		if sum, err = sum.Add(a); err != nil {
			t.Fatalf("sum of %v: %v", list, err)
		}
	}
	return sum
}

// checkFailure holds E3, E4 and I6.
func (s *scene) checkFailure(t fatal, m *chain.Message, o exec.Outcome) {
	t.Helper()
	want := s.account
	if m.Kind == chain.External {
		want.Nonce++
		if o.Account.Nonce != want.Nonce {
			t.Fatalf("I6: nonce %d, want %d", o.Account.Nonce, want.Nonce)
		}
		want.Balance, _ = want.Balance.Sub(chain.Mul(m.GasLimit, m.GasPrice))
	} else if o.Account.Nonce != want.Nonce {
		t.Fatalf("I6: a relay changed the nonce to %d", o.Account.Nonce)
	}
	if o.Status == chain.StatusOK {
		return
	}
	if keeps(m) {
		want = exec.Credit(s.context.Params, want, m.Amount)
	}
	if o.Account != want || o.Writes != nil || o.Events != nil {
		t.Fatalf("E3: a failed handling left %+v, want the account %+v", o, want)
	}
	if m.Kind == chain.External || keeps(m) {
		if o.Sent != nil {
			t.Fatalf("E3: a failed handling sent %+v", o.Sent)
		}
		return
	}
	checkBounce(t, m, o)
}

// checkBounce holds the last part of SPEC 1.5.
func checkBounce(t fatal, m *chain.Message, o exec.Outcome) {
	t.Helper()
	if len(o.Sent) != 1 || o.Sent[0].Method != chain.MethodBounce || o.Sent[0].To != m.From || o.Sent[0].Amount != m.Amount {
		t.Fatalf("E3: sent %+v, want a bounce of %s to %s", o.Sent, m.Amount, m.From)
	}
	in, err := chain.DecodeBounce(o.Sent[0].Input)
	if err != nil {
		t.Fatalf("input of the bounce: %v", err)
	}
	input := m.Input[:min(len(m.Input), chain.MaxBounceInput)]
	if in.Message != m.ID() || in.Method != m.Method || in.Status != o.Status || in.Reason != o.Reason || string(in.Input) != string(input) {
		t.Fatalf("bounce says %+v", in)
	}
	if o.Sent[0].GasLimit < gas.Handling+gas.NewAccount {
		t.Fatalf("a bounce with %d gas can't be handled", o.Sent[0].GasLimit)
	}
}

// checkForm holds what the outcome must be for a block, a receipt and the state to hold it.
func (s *scene) checkForm(t fatal, m *chain.Message, o exec.Outcome) {
	t.Helper()
	list := []chain.Receipt{{Message: m.ID(), Status: o.Status, GasUsed: o.GasUsed, Reason: o.Reason, Events: o.Events}}
	if got, err := chain.DecodeReceipts(chain.AppendReceipts(nil, list)); err != nil || !reflect.DeepEqual(got, list) {
		t.Fatalf("receipt %+v becomes %+v, error %v", list, got, err)
	}
	k := chain.Block{Header: chain.Header{Chain: chain.Main}, Order: chain.Order{{Account: s.self, Events: []chain.Event{{Sent: o.Sent}}}}}
	if got, err := chain.DecodeBlock(k.Append(nil)); err != nil || !reflect.DeepEqual(got.Order, k.Order) {
		t.Fatalf("σ %+v becomes %+v, error %v", k.Order, got, err)
	}
	if got, err := chain.DecodeAccount(o.Account.Encode()); err != nil || got != o.Account {
		t.Fatalf("account %+v becomes %+v, error %v", o.Account, got, err)
	}
	if n := s.storage.with(o.Writes).bytes(); n != o.Account.StorageBytes {
		t.Fatalf("storage of %d bytes, the account says %d", n, o.Account.StorageBytes)
	}
	for i, w := range o.Writes {
		if w.Account != s.self || w.Key == "" || w.Value != nil && len(w.Value) == 0 || i > 0 && o.Writes[i-1].Key >= w.Key {
			t.Fatalf("write %d of %+v", i, o.Writes)
		}
	}
}

// wantStatus fails unless o ended in status.
func wantStatus(t *testing.T, o exec.Outcome, status chain.Status) {
	t.Helper()
	if o.Status != status {
		t.Fatalf("status %q (%s), want %q", o.Status, o.Reason, status)
	}
}
