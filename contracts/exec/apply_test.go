package exec_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// take is what add and bounce do on every account.
func take(env *exec.Env) error { return env.ChargeNewAccount() }

// refund makes m a refund as the ledger makes them.
func refund(m *chain.Message) { m.Method, m.GasLimit = chain.MethodRefund, gas.Add }

func refuse(*exec.Env) error { return exec.Fail(chain.StatusRefused, "no") }

func TestExternal(t *testing.T) {
	for _, x := range []struct {
		name    string
		program func(env *exec.Env) error
		status  chain.Status
		sent    int
	}{
		{"ok", func(*exec.Env) error { return nil }, chain.StatusOK, 0},
		{"sends", func(env *exec.Env) error {
			return env.Send(chain.Sent{To: sender, Method: chain.MethodAdd, Amount: chain.NewAmount(9), GasLimit: gas.Add})
		}, chain.StatusOK, 1},
		{"refused", refuse, chain.StatusRefused, 0},
		{"fails after it acted", func(env *exec.Env) error {
			return errors.Join(
				env.Send(chain.Sent{To: sender, Method: chain.MethodAdd, GasLimit: gas.Add}),
				env.Write("key", []byte("value")), env.Emit("topic", nil), refuse(env),
			)
		}, chain.StatusRefused, 0},
		{"out of gas", func(env *exec.Env) error { return env.Charge(math.MaxUint64) }, chain.StatusOutOfGas, 0},
		{"out of gas, and the program goes on", func(env *exec.Env) error {
			_ = env.Charge(env.GasLeft() + 1)
			return nil
		}, chain.StatusOutOfGas, 0},
		{"over balance", func(env *exec.Env) error {
			return env.Send(chain.Sent{To: sender, Method: chain.MethodAdd, Amount: chain.NewAmount(100_001), GasLimit: gas.Add})
		}, chain.StatusBalance, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.program = x.program
			m := s.external()
			o := s.apply(t, m)
			wantStatus(t, o, x.status)
			if len(o.Sent) != x.sent {
				t.Errorf("sent %+v, want %d", o.Sent, x.sent)
			}
			if least := exec.ExternalGas(m); o.GasUsed < least {
				t.Errorf("used %d gas, and an external message costs %d", o.GasUsed, least)
			}
			if x.status == chain.StatusOutOfGas && o.GasLeft != 0 {
				t.Errorf("out of gas with %d left", o.GasLeft)
			}
		})
	}
}

// Each charge of a handling: one unit less is too little, and not one is charged too many.
func TestGasBoundaries(t *testing.T) {
	add := chain.Sent{To: sender, Method: chain.MethodAdd, GasLimit: gas.Add}
	send := func(env *exec.Env) error { return env.Send(add) }
	write := func(env *exec.Env) error { return env.Write("key", []byte("value")) }
	read := func(env *exec.Env) error { _, err := env.Read("old"); return err }
	emit := func(env *exec.Env) error { return env.Emit("topic", []byte("body")) }
	old, fresh := newScene().account, chain.Account{}
	for _, x := range []struct {
		name    string
		account chain.Account
		program func(env *exec.Env) error
		cost    uint64 // beside gas.Handling
		left    uint64 // that must be there, and isn't used
	}{
		{"handling alone", old, func(*exec.Env) error { return nil }, 0, 0},
		{"charge", old, func(env *exec.Env) error { return env.Charge(100) }, 100, 0},
		{"add to an account", old, take, 0, 0},
		{"add to a new account", fresh, take, gas.Add - gas.Handling, 0},
		{"send", old, send, exec.SendGas(&add), gas.Add + gas.Bounce},
		{"write", old, write, gas.Write + 8*gas.WriteByte, 0},
		{"read", old, read, gas.Read + 5*gas.ReadByte, 0},
		{"emit", old, emit, gas.Event + 9*chain.GasPerByte, 0},
	} {
		for _, delta := range []int{-1, 0, 1} {
			t.Run(fmt.Sprintf("%s %+d", x.name, delta), func(t *testing.T) {
				s := newScene()
				s.account, s.program, s.storage = x.account, x.program, storage{"old": "value"}
				s.account.StorageBytes = 8
				if x.account == fresh {
					s.storage, s.account = storage{}, fresh
				}
				m := s.relay()
				m.GasLimit = uint64(int(gas.Handling+x.cost+x.left) + delta)
				o := s.apply(t, m)
				if delta < 0 {
					wantStatus(t, o, chain.StatusOutOfGas)
					return
				}
				wantStatus(t, o, chain.StatusOK)
				if o.GasUsed != gas.Handling+x.cost {
					t.Errorf("used %d gas, want %d", o.GasUsed, gas.Handling+x.cost)
				}
			})
		}
	}
}

// TransferGas suffices to the unit, and is the same before the message is signed: the limit is part of what is signed.
func TestTransferGas(t *testing.T) {
	for _, delta := range []int{-1, 0, 1} {
		s := newScene()
		s.program = func(env *exec.Env) error {
			return env.Send(chain.Sent{To: sender, Method: chain.MethodAdd, Amount: chain.NewAmount(1), GasLimit: gas.Add})
		}
		m := s.external()
		m.Method, m.Input = chain.MethodTransfer, chain.TransferInput{To: sender}.Encode()
		m.GasLimit = uint64(int(exec.TransferGas(m)) + delta)
		m.Proof = make([]byte, chain.SignedBytes)
		want := chain.StatusOK
		if delta < 0 {
			want = chain.StatusOutOfGas
		}
		wantStatus(t, s.apply(t, m), want)
	}
}

func TestRelay(t *testing.T) {
	none := chain.Account{}
	for _, x := range []struct {
		name    string
		self    chain.Address
		account chain.Account
		change  func(m *chain.Message)
		program func(env *exec.Env) error
		status  chain.Status
		balance uint64
	}{
		{"add", self, newScene().account, nil, take, chain.StatusOK, 1_000_500},
		{"add to a new account", self, none, nil, take, chain.StatusOK, 500},
		{"add of nothing to a new account", self, none, func(m *chain.Message) { m.Amount = chain.Amount{} }, take, chain.StatusOK, 0},
		{"add with too little gas", self, none, func(m *chain.Message) { m.GasLimit = gas.Add - 1 }, take, chain.StatusOutOfGas, 0},
		{"no gas at all", self, none, func(m *chain.Message) { m.GasLimit = 0 }, take, chain.StatusOutOfGas, 0},
		{"refused", self, newScene().account, nil, refuse, chain.StatusRefused, 1_000_000},
		{"passed on", self, none, nil, func(env *exec.Env) error {
			return env.Send(chain.Sent{To: sender, Method: chain.MethodAdd, Amount: env.Message.Amount, GasLimit: gas.Add})
		}, chain.StatusOK, 0},
		{"to a chain that is not there", chain.SystemAddress(chain.Main), none, func(m *chain.Message) { m.To[3] = 9 }, take, chain.StatusNoChain, 0},
		{"to a chain that is full", chain.SystemAddress(chain.Main), none, func(m *chain.Message) { m.To[3] = 4 }, take, chain.StatusLimit, 0},
		{"to the chain's own account", chain.SystemAddress(chain.Main), none, func(m *chain.Message) { m.To = chain.SystemAddress(chain.Main) }, take, chain.StatusNoAccount, 0},
		{"gas over what any chain allows", self, none, func(m *chain.Message) { m.GasLimit = chain.MaxMessageGas + 1 }, take, chain.StatusLimit, 0},
		{"most gas", self, none, func(m *chain.Message) { m.GasLimit = chain.MaxMessageGas }, take, chain.StatusOK, 500},
		{"bounce", self, newScene().account, func(m *chain.Message) { m.Method = chain.MethodBounce }, take, chain.StatusOK, 1_000_500},
		{"bounce whose hook fails", self, newScene().account, func(m *chain.Message) { m.Method = chain.MethodBounce }, func(env *exec.Env) error {
			return errors.Join(env.Send(chain.Sent{To: sender, Method: chain.MethodAdd, Amount: env.Account().Balance, GasLimit: gas.Add}), refuse(env))
		}, chain.StatusRefused, 1_000_500},
		{"refund", self, newScene().account, refund, take, chain.StatusOK, 1_000_500},
		{"refund to a new account", self, none, refund, take, chain.StatusOK, 500},
		{"refund without gas", self, none, func(m *chain.Message) { m.Method, m.GasLimit = chain.MethodRefund, gas.Add-1 }, take, chain.StatusOutOfGas, 500},
		{"refund with too much gas", self, none, func(m *chain.Message) { m.Method, m.GasLimit = chain.MethodRefund, math.MaxUint64 }, take, chain.StatusLimit, 500},
		{"refund that fails", self, newScene().account, refund, refuse, chain.StatusRefused, 1_000_500},
		{"bounce without gas", self, none, func(m *chain.Message) { m.Method, m.GasLimit = chain.MethodBounce, 0 }, take, chain.StatusOutOfGas, 500},
		{"bounce with too much gas", self, none, func(m *chain.Message) { m.Method, m.GasLimit = chain.MethodBounce, math.MaxUint64-gas.Bounce }, take, chain.StatusLimit, 500},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.self, s.account, s.program = x.self, x.account, x.program
			m := s.relay()
			if x.change != nil {
				x.change(m)
			}
			o := s.apply(t, m)
			wantStatus(t, o, x.status)
			if o.Account.Balance != chain.NewAmount(x.balance) {
				t.Errorf("balance %s, want %d", o.Account.Balance, x.balance)
			}
		})
	}
}

// A gas limit near 2^64, which only a chain that is not ours can send, bounces like any other message that can't be run.
func TestAbsurdGasLimit(t *testing.T) {
	s := newScene()
	for _, limit := range []uint64{math.MaxUint64 - gas.Bounce, math.MaxUint64 - gas.Bounce + 1, math.MaxUint64} {
		m := s.relay()
		m.GasLimit = limit
		o, err := exec.Apply(&s.context, s.self, s.account, s.storage, m.Seal())
		if err != nil || o.Status != chain.StatusLimit || len(o.Sent) != 1 || o.GasLeft < limit-2*gas.Bounce || o.GasUsed > gas.Bounce {
			t.Errorf("gas limit %d: %+v, error %v", limit, o, err)
		}
	}
}

// Another chain may ask for less for its gas than this one: a relay that paid less comes back, unless it can't.
func TestLowGasPrice(t *testing.T) {
	s := newScene()
	s.context.Params.MinGasPrice = 7
	ran := 0
	s.program = func(*exec.Env) error { ran++; return nil }
	for method, runs := range map[string]bool{"do": false, chain.MethodInit: false, chain.MethodAdd: true, chain.MethodBounce: true, chain.MethodRefund: true} {
		for _, price := range []uint64{0, 6, 7} {
			m := s.relay()
			m.Method, m.GasPrice, ran = method, price, 0
			o, err := exec.Apply(&s.context, s.self, s.account, s.storage, m.Seal())
			if want := runs || price == 7; err != nil || (ran == 1) != want || (o.Status == chain.StatusOK) != want {
				t.Errorf("%s at a price of %d: %+v, error %v", method, price, o, err)
			} else if !want && (o.Status != chain.StatusLimit || len(o.Sent) != 1 || o.Sent[0].Amount != m.Amount || o.Account != s.account) {
				t.Errorf("%s at a price of %d: %+v", method, price, o)
			}
		}
	}
	for price, want := range map[uint64]bool{6: false, 7: true} {
		group := many(s, 2, 80_000)
		for _, d := range group {
			m := d.Message.Clone()
			m.GasPrice = price
			d.Message = m.Seal()
		}
		if ok, _, err := exec.NewOverlay(s.self, s.account, state{s}).HandleGroup(&s.context, group); ok != want || err != nil {
			t.Errorf("a group at a price of %d: %v, error %v", price, ok, err)
		}
	}
}

// A message from outside can't pass for a bounce, a refund or an add: nothing came with it.
func TestExternalBounceIsNone(t *testing.T) {
	for _, method := range []string{chain.MethodBounce, chain.MethodRefund, chain.MethodAdd} {
		s := newScene()
		s.program = refuse
		m := s.external()
		m.Method, m.Amount = method, chain.NewAmount(77)
		wantStatus(t, s.apply(t, m), chain.StatusRefused)
	}
}

// gas.Bounce suffices for the largest bounce there can be, and leaves half of it for a hook (SPEC 1.3, 1.5).
func TestLargestBounce(t *testing.T) {
	s := newScene()
	s.program = func(*exec.Env) error { return exec.Fail(chain.StatusRefused, "%s", strings.Repeat("r", 10_000)) }
	m := s.relay()
	m.Method, m.Input = strings.Repeat("m", chain.MaxMethodBytes), bytes.Repeat([]byte("i"), chain.MaxInputBytes)
	o := s.apply(t, m)
	wantStatus(t, o, chain.StatusRefused)
	if len(o.Reason) != chain.MaxReasonBytes || o.Sent[0].GasLimit < gas.Bounce/2 {
		t.Fatalf("a reason of %d bytes, and a bounce with %d gas", len(o.Reason), o.Sent[0].GasLimit)
	}
	back := newScene()
	back.account, back.program = chain.Account{}, take
	bounce := o.Sent[0].Relay(s.self, m, 0)
	o = back.apply(t, bounce)
	wantStatus(t, o, chain.StatusOK)
	if o.Account.Balance != m.Amount {
		t.Errorf("%s came back", o.Account.Balance)
	}
	if hook := o.GasLeft; hook < gas.Bounce/2-gas.NewAccount {
		t.Errorf("%d gas left for a hook", hook)
	}
}

// A reason is cut between letters, whoever made the Failure.
func TestLongReason(t *testing.T) {
	s := newScene()
	s.program = func(*exec.Env) error {
		return &exec.Failure{Status: chain.StatusRefused, Reason: strings.Repeat("é", 500)}
	}
	if o := s.apply(t, s.relay()); o.Reason != strings.Repeat("é", chain.MaxReasonBytes/2) {
		t.Errorf("reason %q", o.Reason)
	}
	if f := exec.Fail(chain.StatusTrap, "a%s", strings.Repeat("é", 500)); f.Reason != "a"+strings.Repeat("é", chain.MaxReasonBytes/2-1) {
		t.Errorf("reason %q", f.Reason)
	}
	if f := exec.Fail(chain.StatusTrap, "%s", strings.Repeat("\x80", 500)); len(f.Reason) > chain.MaxReasonBytes {
		t.Errorf("%d bytes", len(f.Reason))
	}
}

// A failure that no receipt could hold is a bug of ours.
func TestFailureThatIsNone(t *testing.T) {
	for _, status := range []chain.Status{0, chain.StatusOK, 200} {
		t.Run(fmt.Sprint(uint8(status)), func(t *testing.T) {
			s := newScene()
			s.program = func(*exec.Env) error { return &exec.Failure{Status: status} }
			defer func() {
				if _, ok := recover().(assert.Failure); !ok {
					t.Error("no invariant broken")
				}
			}()
			_, _ = exec.Apply(&s.context, s.self, s.account, s.storage, s.relay().Seal())
		})
	}
}

// An error of the state's is no outcome, also when the program makes a failure of it or goes on.
func TestWorldErrors(t *testing.T) {
	for _, x := range []struct {
		name    string
		program func(env *exec.Env) error
	}{
		{"read", func(env *exec.Env) error { _, err := env.Read("key"); return err }},
		{"write", func(env *exec.Env) error { return env.Write("key", nil) }},
		{"swallowed", func(env *exec.Env) error { _, _ = env.Read("key"); return nil }},
		{"made a failure", func(env *exec.Env) error { _, _ = env.Read("key"); return refuse(env) }},
		{"out of gas after it", func(env *exec.Env) error { _, _ = env.Read("key"); return env.Charge(math.MaxUint64) }},
		{"of the program's own", func(*exec.Env) error { return fmt.Errorf("reading: %w", errDisk) }},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.program, s.storage, s.account.StorageBytes = x.program, storage{"key": broken}, 9
			for _, m := range []*chain.Message{s.relay(), s.external(), s.relay()} {
				o, err := exec.Apply(&s.context, s.self, s.account, s.storage, m.Seal())
				if !errors.Is(err, errDisk) || o.Status != 0 {
					t.Fatalf("outcome %+v, error %v", o, err)
				}
			}
		})
	}
}

func TestReceiver(t *testing.T) {
	s := newScene()
	elsewhere, nowhere, full, own := address(1), address(1), address(1), chain.SystemAddress(chain.Main)
	elsewhere[3], nowhere[3], full[3] = 2, 3, 4
	for _, x := range []struct {
		to     chain.Address
		method string
		want   chain.Address
		here   bool
	}{
		{self, "do", self, true}, {elsewhere, "do", elsewhere, false}, {nowhere, "do", own, true}, {full, "do", own, true},
		{full, chain.MethodBounce, full, false},
	} {
		if got, here := s.context.Receiver(x.to, x.method); got != x.want || here != x.here {
			t.Errorf("%s to %s goes to %s, here %v", x.method, x.to, got, here)
		}
	}
}

func TestAdmit(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(s *scene, m *chain.Message)
		want   *exec.Refusal
		text   string
	}{
		{"fine", func(*scene, *chain.Message) {}, nil, ""},
		{"no account", func(s *scene, _ *chain.Message) { s.account = chain.Account{} }, &exec.Refusal{Kind: exec.NoAccount}, "no such account"},
		{"nonce taken", func(_ *scene, m *chain.Message) { m.Nonce = 6 }, &exec.Refusal{Kind: exec.NonceTaken, Got: 6, Want: 7}, "nonce 6: the account's next is 7"},
		{"nonce to come", func(_ *scene, m *chain.Message) { m.Nonce = 8 }, &exec.Refusal{Kind: exec.NonceTaken, Got: 8, Want: 7}, "nonce 8"},
		{"last height", func(_ *scene, m *chain.Message) { m.ValidUntil = 10 }, nil, ""},
		{"expired", func(_ *scene, m *chain.Message) { m.ValidUntil = 9 }, &exec.Refusal{Kind: exec.Expired, Got: 9, Want: 10}, "valid until height 9: the next block is 10"},
		{"least price", func(s *scene, _ *chain.Message) { s.context.Params.MinGasPrice = 1 }, nil, ""},
		{"price low", func(s *scene, _ *chain.Message) { s.context.Params.MinGasPrice = 2 }, &exec.Refusal{Kind: exec.GasPriceLow, Got: 1, Want: 2}, "gas price 1: the chain's least is 2"},
		{"least gas", func(_ *scene, m *chain.Message) { m.GasLimit = exec.ExternalGas(m) }, nil, ""},
		{"gas low", func(_ *scene, m *chain.Message) { m.GasLimit = exec.ExternalGas(m) - 1 }, &exec.Refusal{Kind: exec.GasLimitLow}, "needs at least"},
		{"most gas", func(_ *scene, m *chain.Message) { m.GasLimit, m.GasPrice = chain.MaxMessageGas, 0 }, nil, ""},
		{"gas high", func(_ *scene, m *chain.Message) { m.GasLimit, m.GasPrice = chain.MaxMessageGas+1, 0 },
			&exec.Refusal{Kind: exec.GasLimitHigh, Got: chain.MaxMessageGas + 1, Want: chain.MaxMessageGas}, "the most is 250000000"},
		{"all the balance", func(s *scene, m *chain.Message) { s.account.Balance = chain.NewAmount(m.GasLimit) }, nil, ""},
		{"over balance", func(s *scene, m *chain.Message) { s.account.Balance = chain.NewAmount(m.GasLimit - 1) },
			&exec.Refusal{Kind: exec.GasOverBalance, Got: 900_000, Want: 1}, "900000 units at a price of 1 cost more than the account has"},
		{"over balance, with a deposit", func(s *scene, _ *chain.Message) {
			s.account.Balance, s.account.Deposit = chain.NewAmount(1), chain.MaxAmount
		},
			&exec.Refusal{Kind: exec.GasOverBalance, Got: 900_000, Want: 1}, "gas over balance"},
		{"absurd price", func(_ *scene, m *chain.Message) { m.GasPrice = math.MaxUint64 },
			&exec.Refusal{Kind: exec.GasOverBalance, Got: 900_000, Want: math.MaxUint64}, "gas over balance"},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			m := s.external()
			x.change(s, m)
			if x.want != nil && x.want.Kind == exec.GasLimitLow {
				x.want.Got, x.want.Want = m.GasLimit, m.GasLimit+1
			}
			got := exec.Admit(&s.context, s.account, m)
			if x.want == nil {
				if got != nil {
					t.Fatal(got)
				}
				s.apply(t, m) // what is admitted can be applied
				return
			}
			if got == nil || *got != *x.want || !strings.Contains(got.Error(), x.text) {
				t.Fatalf("%+v (%v), want %+v (%s)", got, got, x.want, x.text)
			}
		})
	}
}
