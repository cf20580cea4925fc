package exec_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// wantFailure fails unless err is a Failure with the status.
func wantFailure(t *testing.T, err error, status chain.Status) {
	t.Helper()
	var f *exec.Failure
	if status == chain.StatusOK && err == nil || errors.As(err, &f) && f.Status == status {
		return
	}
	t.Errorf("error %v, want status %q", err, status)
}

func TestSendRules(t *testing.T) {
	ok := chain.Sent{To: sender, Method: "do", Amount: chain.NewAmount(1), GasLimit: gas.Handling}
	for _, x := range []struct {
		name   string
		change func(s *chain.Sent)
		status chain.Status
	}{
		{"ok", func(*chain.Sent) {}, chain.StatusOK},
		{"no method", func(s *chain.Sent) { s.Method = "" }, chain.StatusBadInput},
		{"forged bounce", func(s *chain.Sent) { s.Method = chain.MethodBounce }, chain.StatusBadInput},
		{"forged refund", func(s *chain.Sent) { s.Method, s.GasLimit = chain.MethodRefund, gas.Add }, chain.StatusBadInput},
		{"forged init", func(s *chain.Sent) { s.Method = chain.MethodInit }, chain.StatusBadInput},
		{"to nobody", func(s *chain.Sent) { s.To = chain.Address{} }, chain.StatusBadInput},
		{"to chain 0", func(s *chain.Sent) { s.To[3] = 0 }, chain.StatusBadInput},
		{"longest method", func(s *chain.Sent) { s.Method = strings.Repeat("m", chain.MaxMethodBytes) }, chain.StatusOK},
		{"method too long", func(s *chain.Sent) { s.Method = strings.Repeat("m", chain.MaxMethodBytes+1) }, chain.StatusLimit},
		{"longest input", func(s *chain.Sent) { s.Input = make([]byte, chain.MaxInputBytes) }, chain.StatusOK},
		{"input too long", func(s *chain.Sent) { s.Input = make([]byte, chain.MaxInputBytes+1) }, chain.StatusLimit},
		{"gas low", func(s *chain.Sent) { s.GasLimit-- }, chain.StatusOutOfGas},
		{"gas low for an add", func(s *chain.Sent) { s.Method, s.GasLimit = chain.MethodAdd, gas.Add-1 }, chain.StatusOutOfGas},
		{"gas absurd", func(s *chain.Sent) { s.GasLimit = math.MaxUint64 }, chain.StatusOutOfGas},
		{"all the balance", func(s *chain.Sent) { s.Amount = chain.NewAmount(1_000_500) }, chain.StatusOK},
		{"over balance", func(s *chain.Sent) { s.Amount = chain.NewAmount(1_000_501) }, chain.StatusBalance},
		{"absurd amount", func(s *chain.Sent) { s.Amount = chain.MaxAmount }, chain.StatusBalance},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.program = func(env *exec.Env) error {
				sent := ok
				x.change(&sent)
				err := env.Send(sent)
				wantFailure(t, err, x.status)
				return err
			}
			m := s.relay()
			m.GasLimit = 3_000_000
			wantStatus(t, s.apply(t, m), x.status)
		})
	}
}

// A program may go on after a Send that was refused, and nothing of it has happened but what was charged.
func TestRefusedSendLeavesNothing(t *testing.T) {
	s := newScene()
	s.program = func(env *exec.Env) error {
		wantFailure(t, env.Send(chain.Sent{To: sender, Method: "do", Amount: chain.MaxAmount, GasLimit: gas.Handling}), chain.StatusBalance)
		wantFailure(t, env.Send(chain.Sent{To: sender, Method: "do", GasLimit: env.GasLeft()}), chain.StatusOutOfGas)
		return nil
	}
	if o := s.apply(t, s.relay()); o.Status != chain.StatusOK || o.Sent != nil || o.Account.Balance != chain.NewAmount(1_000_500) {
		t.Errorf("%+v", o)
	}
}

func TestSendLimits(t *testing.T) {
	s := newScene()
	sends := 0
	s.program = func(env *exec.Env) error {
		for range sends {
			if err := env.Send(chain.Sent{To: sender, Method: "do", GasLimit: gas.Handling}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, x := range []struct {
		sends  int
		depth  uint32
		status chain.Status
	}{
		{chain.MaxSent, 1, chain.StatusOK},
		{chain.MaxSent + 1, 1, chain.StatusLimit},
		{1, chain.MaxDepth - 1, chain.StatusOK},
		{1, chain.MaxDepth, chain.StatusLimit},
		{1, math.MaxUint32, chain.StatusLimit},
	} {
		m := s.relay()
		m.GasLimit, m.Depth, sends = 20_000_000, x.depth, x.sends
		o := s.apply(t, m)
		wantStatus(t, o, x.status)
		if o.Status == chain.StatusOK && o.Sent[0].Relay(s.self, m, 0).Depth > chain.MaxDepth {
			t.Errorf("a relay at depth %d", m.Depth+1)
		}
	}
}

func TestStorageRules(t *testing.T) {
	long := strings.Repeat("k", chain.MaxStorageKey)
	for _, x := range []struct {
		name   string
		do     func(env *exec.Env) error
		status chain.Status
		writes int
	}{
		{"new", func(env *exec.Env) error { return env.Write("new", []byte("1")) }, chain.StatusOK, 1},
		{"changed", func(env *exec.Env) error { return env.Write("old", []byte("longer than before")) }, chain.StatusOK, 1},
		{"removed", func(env *exec.Env) error { return env.Write("old", nil) }, chain.StatusOK, 1},
		{"removed by an empty value", func(env *exec.Env) error { return env.Write("old", []byte{}) }, chain.StatusOK, 1},
		{"removed, not there", func(env *exec.Env) error { return env.Write("new", nil) }, chain.StatusOK, 1},
		{"many times", func(env *exec.Env) error {
			return errors.Join(env.Write("old", nil), env.Write("old", []byte("1")), env.Write("b", []byte("22")), env.Write("b", []byte("1")), env.Write("a", nil))
		}, chain.StatusOK, 3},
		{"longest", func(env *exec.Env) error { return env.Write(long, make([]byte, chain.MaxStorageValue)) }, chain.StatusOK, 1},
		{"key too long", func(env *exec.Env) error { return env.Write(long+"k", nil) }, chain.StatusLimit, 0},
		{"value too long", func(env *exec.Env) error { return env.Write("new", make([]byte, chain.MaxStorageValue+1)) }, chain.StatusLimit, 0},
		// The empty key is the slot of the account's own record.
		{"no key", func(env *exec.Env) error { return env.Write("", []byte("1")) }, chain.StatusBadInput, 0},
		{"no key to read", func(env *exec.Env) error { _, err := env.Read(""); return err }, chain.StatusBadInput, 0},
		{"key too long to read", func(env *exec.Env) error { _, err := env.Read(long + "k"); return err }, chain.StatusLimit, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.storage, s.account.StorageBytes = storage{"old": "value"}, 8
			s.program = x.do
			m := s.relay()
			m.GasLimit = 5_000_000
			o := s.apply(t, m)
			wantStatus(t, o, x.status)
			if len(o.Writes) != x.writes {
				t.Errorf("writes %+v, want %d", o.Writes, x.writes)
			}
		})
	}
}

// A handling reads what it wrote, and what it hands over is copied.
func TestReadsItsWrites(t *testing.T) {
	s := newScene()
	s.storage, s.account.StorageBytes = storage{"old": "value"}, 8
	s.program = func(env *exec.Env) error {
		value := []byte("mine")
		if err := errors.Join(env.Write("new", value), env.Write("old", nil), env.Emit("topic", value),
			env.Send(chain.Sent{To: sender, Method: "do", Input: value, GasLimit: gas.Handling})); err != nil {
			return err
		}
		value[0] = 'X'
		for key, want := range map[string][]byte{"new": []byte("mine"), "old": nil, "none": nil} {
			got, err := env.Read(key)
			if err != nil || !bytes.Equal(got, want) || want == nil && got != nil {
				t.Errorf("%s is %q, error %v, want %q", key, got, err, want)
			}
		}
		return nil
	}
	o := s.apply(t, s.relay())
	wantStatus(t, o, chain.StatusOK)
	if string(o.Events[0].Body) != "mine" || string(o.Sent[0].Input) != "mine" || string(o.Writes[0].Value) != "mine" {
		t.Errorf("changed afterwards: %+v", o)
	}
}

func TestEmitRules(t *testing.T) {
	for _, x := range []struct {
		name   string
		do     func(env *exec.Env) error
		status chain.Status
	}{
		{"longest", func(env *exec.Env) error {
			return env.Emit(strings.Repeat("t", chain.MaxMethodBytes), make([]byte, chain.MaxEventBytes))
		}, chain.StatusOK},
		{"no body", func(env *exec.Env) error { return env.Emit("topic", []byte{}) }, chain.StatusOK},
		{"no topic", func(env *exec.Env) error { return env.Emit("", nil) }, chain.StatusBadInput},
		{"topic too long", func(env *exec.Env) error { return env.Emit(strings.Repeat("t", chain.MaxMethodBytes+1), nil) }, chain.StatusLimit},
		{"body too long", func(env *exec.Env) error { return env.Emit("topic", make([]byte, chain.MaxEventBytes+1)) }, chain.StatusLimit},
		{"most", func(env *exec.Env) error { return emitMany(env, chain.MaxEvents) }, chain.StatusOK},
		{"too many", func(env *exec.Env) error { return emitMany(env, chain.MaxEvents+1) }, chain.StatusLimit},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.program = x.do
			wantStatus(t, s.apply(t, s.relay()), x.status)
		})
	}
}

func emitMany(env *exec.Env, n int) error {
	for range n {
		if err := env.Emit("topic", nil); err != nil {
			return err
		}
	}
	return nil
}

// The deposit follows the room that is taken (SPEC 3.4): 2 for each byte here, and 100 for the account.
func TestDeposit(t *testing.T) {
	grow := func(env *exec.Env) error { return env.Write("new", []byte("1234567")) }
	shrink := func(env *exec.Env) error { return env.Write("old", []byte("v")) }
	for _, x := range []struct {
		name             string
		balance, deposit uint64
		program          func(env *exec.Env) error
		status           chain.Status
		wantBalance      uint64
		wantDeposit      uint64
	}{
		{"grows", 1000, 116, grow, chain.StatusOK, 980, 136},
		{"grows with the last coin", 20, 116, grow, chain.StatusOK, 0, 136},
		{"one coin short", 19, 116, grow, chain.StatusBalance, 19, 116},
		{"shrinks", 0, 116, shrink, chain.StatusOK, 8, 108},
		{"shrinks, and the deposit is still short", 50, 60, shrink, chain.StatusOK, 50, 60},
		{"grows, and pays what was short", 100, 60, grow, chain.StatusOK, 24, 136},
		{"writes nothing", 50, 60, func(*exec.Env) error { return nil }, chain.StatusOK, 50, 60},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScene()
			s.context.Params.DepositPerAccount, s.context.Params.DepositPerByte = 100, 2
			s.storage = storage{"old": "value"}
			s.account = chain.Account{Balance: chain.NewAmount(x.balance), Deposit: chain.NewAmount(x.deposit), StorageBytes: 8, Nonce: 1}
			s.program = x.program
			m := s.relay()
			m.Amount = chain.Amount{}
			o := s.apply(t, m)
			wantStatus(t, o, x.status)
			if o.Account.Balance != chain.NewAmount(x.wantBalance) || o.Account.Deposit != chain.NewAmount(x.wantDeposit) {
				t.Errorf("balance %s, deposit %s, want %d, %d", o.Account.Balance, o.Account.Deposit, x.wantBalance, x.wantDeposit)
			}
		})
	}
}

// A credit fills the deposit first, out of what came and nothing else: no stranger's payment makes a balance smaller.
func TestCredit(t *testing.T) {
	p := chain.DefaultParams()
	p.DepositPerAccount, p.DepositPerByte = 100, 2
	for _, x := range []struct {
		name                     string
		balance, deposit, amount uint64
		wantBalance, wantDeposit uint64
	}{
		{"new account", 0, 0, 150, 50, 100},
		{"new account, too little", 0, 0, 70, 0, 70},
		{"nothing to nobody", 0, 0, 0, 0, 0},
		{"filled up", 10, 70, 50, 30, 100},
		{"deposit short, balance rich", 1000, 70, 10, 1000, 80},
		{"nothing comes", 1000, 70, 0, 1000, 70},
		{"deposit full", 10, 100, 5, 15, 100},
		{"deposit more than full", 10, 300, 5, 15, 300},
	} {
		t.Run(x.name, func(t *testing.T) {
			before := chain.Account{Balance: chain.NewAmount(x.balance), Deposit: chain.NewAmount(x.deposit)}
			after := exec.Credit(p, before, chain.NewAmount(x.amount))
			if after.Balance != chain.NewAmount(x.wantBalance) || after.Deposit != chain.NewAmount(x.wantDeposit) {
				t.Errorf("balance %s, deposit %s, want %d, %d", after.Balance, after.Deposit, x.wantBalance, x.wantDeposit)
			}
		})
	}
}

// E4 at the extremes: whatever a chain asks for gas and room, an add is taken.
func TestAddCannotFail(t *testing.T) {
	var most chain.Account
	most.Nonce, most.StorageBytes, most.Code, most.Immutable = math.MaxUint64, math.MaxUint64, chain.CodeHash{1}, true
	half := chain.Mul(math.MaxUint64, 1<<63)
	rich := most
	rich.Balance, rich.Deposit = half, chain.NewAmount(5)
	for _, account := range []chain.Account{{}, {Nonce: 1}, most, rich} {
		for _, deposit := range []uint64{0, 1, math.MaxUint64} {
			s := newScene()
			s.context.Params.MinGasPrice = math.MaxUint64
			s.context.Params.DepositPerAccount, s.context.Params.DepositPerByte = deposit, deposit
			m := s.relay()
			m.Method, m.GasLimit, m.GasPrice = chain.MethodAdd, gas.Add, math.MaxUint64
			for _, amount := range []chain.Amount{{}, chain.NewAmount(1), half} {
				m.Amount = amount
				s.account, s.program = account, take
				o, err := exec.Apply(&s.context, s.self, s.account, s.storage, m.Clone().Seal())
				if err != nil || o.Status != chain.StatusOK {
					t.Errorf("add of %s to %+v: %+v, error %v", amount, account, o, err)
				}
				s.checkMoney(t, m, o)
			}
		}
	}
}
