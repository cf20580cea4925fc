package exec_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

var warmCode, coldCode = chain.CodeHash{1}, chain.CodeHash{2}

const coldGas = 500_000

// loader is a scene whose account's code is cold, and whose program loads it.
func loader(gives bool) *scene {
	s := newScene()
	s.account.Code = coldCode
	s.context.Loading = func(h chain.CodeHash) (exec.Loading, error) {
		switch h {
		case warmCode:
			return exec.Loading{}, nil
		case coldCode:
			return exec.Loading{Gas: coldGas, Given: gives}, nil
		}
		return exec.Loading{}, errDisk
	}
	s.program = func(env *exec.Env) error { return env.Load(env.Account().Code) }
	return s
}

// What loading code costs, by what is asked for and who asks.
func TestLoad(t *testing.T) {
	relay := func(change func(m *chain.Message)) func(s *scene) *chain.Message {
		return func(s *scene) *chain.Message {
			m := s.relay()
			change(m)
			return m
		}
	}
	hook := relay(func(m *chain.Message) { m.Method, m.GasLimit = chain.MethodBounce, 100_000 })
	for _, x := range []struct {
		name    string
		code    chain.CodeHash
		gives   bool
		message func(s *scene) *chain.Message
		status  chain.Status
		used    uint64
		loads   exec.Loads
	}{
		{"warm", warmCode, true, (*scene).relay, chain.StatusOK, gas.Handling, exec.Loads{Ran: []chain.CodeHash{warmCode}}},
		{"cold", coldCode, true, (*scene).relay, chain.StatusOK, gas.Handling + coldGas, exec.Loads{Ran: []chain.CodeHash{coldCode}, Paid: coldGas}},
		{"with exactly enough", coldCode, true, relay(func(m *chain.Message) { m.GasLimit = gas.Handling + coldGas }), chain.StatusOK, gas.Handling + coldGas,
			exec.Loads{Ran: []chain.CodeHash{coldCode}, Paid: coldGas}},
		{"with a unit less", coldCode, true, relay(func(m *chain.Message) { m.GasLimit = gas.Handling + coldGas - 1 }), chain.StatusOutOfGas, 0, exec.Loads{}},
		{"hook, given", coldCode, true, hook, chain.StatusOK, gas.Handling, exec.Loads{Ran: []chain.CodeHash{coldCode}, Given: coldGas}},
		{"hook, not given", coldCode, false, hook, chain.StatusOutOfGas, gas.Handling, exec.Loads{}},
		{"hook of warm code", warmCode, false, hook, chain.StatusOK, gas.Handling, exec.Loads{Ran: []chain.CodeHash{warmCode}}},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := loader(x.gives)
			s.account.Code = x.code
			m := x.message(s)
			o := s.apply(t, m)
			wantStatus(t, o, x.status)
			switch {
			case x.used > 0 && o.GasUsed != x.used:
				t.Errorf("%d gas used, not %d", o.GasUsed, x.used)
			case x.status == chain.StatusOutOfGas && (!strings.Contains(o.Reason, "loading code 02000") || !strings.Contains(o.Reason, "costs 500000 gas")):
				t.Errorf("the reason is %q", o.Reason)
			case x.name == "with a unit less" && o.GasLeft+o.Sent[0].GasLimit > gas.Bounce:
				t.Errorf("%d gas is left", o.GasLeft)
			}
			v := exec.NewOverlay(s.self, s.account, state{s})
			if _, _, err := v.Handle(&s.context, &exec.Delivery{Message: m.Seal()}); err != nil || v.Loads.Paid != x.loads.Paid || v.Loads.Given != x.loads.Given || !slices.Equal(v.Loads.Ran, x.loads.Ran) {
				t.Errorf("%+v, %v", v.Loads, err)
			}
		})
	}
}

// A hook is given the load of the code that its account had before the block, and of no other; what that will be is known before.
func TestGift(t *testing.T) {
	s := loader(true)
	hook := s.relay()
	hook.Method = chain.MethodBounce
	for _, x := range []struct {
		name      string
		had, code chain.CodeHash
		ran       []chain.CodeHash
		m         *chain.Message
		want      uint64
	}{
		{"hook", coldCode, coldCode, nil, hook, coldGas},
		{"that ran", coldCode, coldCode, []chain.CodeHash{coldCode}, hook, 0},
		{"of warm code", warmCode, warmCode, nil, hook, 0},
		{"of code taken just now", warmCode, coldCode, nil, hook, 0},
		{"of no code", chain.CodeHash{}, chain.CodeHash{}, nil, hook, 0},
		{"no hook", coldCode, coldCode, nil, s.relay(), 0},
	} {
		got, err := s.context.Gift(&exec.Loads{Had: x.had, Ran: x.ran}, x.code, x.m)
		if err != nil || got != x.want {
			t.Errorf("%s: %d, %v", x.name, got, err)
		}
	}
	o := exec.NewOverlay(s.self, chain.Account{Balance: s.account.Balance, Code: warmCode}, state{s})
	o.Now.Code = coldCode // as a message before in the block took it
	h, _, err := o.Handle(&s.context, &exec.Delivery{Message: hook.Seal()})
	if err != nil || h.Outcome.Status != chain.StatusOutOfGas || !strings.Contains(h.Outcome.Reason, "has taken just now") || o.Loads.Given != 0 {
		t.Errorf("%+v, %+v, %v", h, o.Loads, err)
	}
	if none, err := loader(false).context.Gift(&exec.Loads{Had: coldCode}, coldCode, hook); none != 0 || err != nil {
		t.Errorf("%d are given where nothing is, %v", none, err)
	}
}

// An account pays once in a block for each code, whatever became of the message that did: what it runs again is in memory.
func TestLoadOnce(t *testing.T) {
	s := loader(false)
	load := s.program
	s.program = func(env *exec.Env) error {
		if err := load(env); err != nil {
			return err
		}
		return exec.Fail(chain.StatusRefused, "told to")
	}
	o := exec.NewOverlay(s.self, s.account, state{s})
	var used []uint64
	for i := range 3 {
		m := s.relay()
		if m.Index = uint32(i); i == 2 {
			m.Method = chain.MethodBounce
		}
		h, _, err := o.Handle(&s.context, &exec.Delivery{Message: m.Seal()})
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, h.Outcome, chain.StatusRefused)
		used = append(used, h.Outcome.GasUsed)
	}
	if used[0] != used[1]+coldGas || used[2] > gas.Handling || len(o.Loads.Ran) != 1 || o.Loads.Paid != coldGas || o.Loads.Given != 0 {
		t.Errorf("gas used: %d; %+v", used, o.Loads)
	}
}

// Code that is not warm handles nothing as one: to ask it would load it. What is tried in vain leaves no trace.
func TestLoadGroup(t *testing.T) {
	s := loader(true)
	o := exec.NewOverlay(s.self, s.account, state{s})
	if ok, wasted, err := o.HandleGroup(&s.context, many(s, 3, 900_000)); ok || wasted > 0 || err != nil || o.Loads.Ran != nil {
		t.Error(ok, wasted, err, o.Loads)
	}
	s.account.Code = warmCode
	for _, why := range []error{exec.Fail(chain.StatusRefused, "told to"), nil} {
		s.program = func(env *exec.Env) error { return errors.Join(env.Load(warmCode), why) }
		if why == nil {
			s.program = func(env *exec.Env) error { return env.Load(warmCode) }
		}
		o := exec.NewOverlay(s.self, s.account, state{s})
		if ok, _, err := o.HandleGroup(&s.context, many(s, 3, 900_000)); ok != (why == nil) || err != nil || (len(o.Loads.Ran) == 1) != ok {
			t.Error(ok, err, o.Loads)
		}
	}
	s.account.Code = chain.CodeHash{3}
	if _, _, err := exec.NewOverlay(s.self, s.account, state{s}).HandleGroup(&s.context, many(s, 3, 900_000)); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}

// A view pays like a message; and a state that can't be read is no outcome (E6).
func TestLoadElsewhere(t *testing.T) {
	s := loader(true)
	for limit, want := range map[uint64]chain.Status{coldGas: chain.StatusOK, coldGas - 1: chain.StatusOutOfGas} {
		a, err := exec.Query(&s.context, s.self, s.account, s.storage, exec.Question{Method: "do", GasLimit: limit})
		if err != nil || a.Status != want {
			t.Errorf("%+v, %v", a, err)
		}
	}
	s.program = func(env *exec.Env) error { _ = env.Load(chain.CodeHash{3}); return nil }
	if o, err := exec.Apply(&s.context, s.self, s.account, s.storage, s.relay().Seal()); !errors.Is(err, errDisk) {
		t.Error(o, err)
	}
}
