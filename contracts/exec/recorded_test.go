package exec_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What a system actor does to the chain itself leaves with the outcome, and only if the handling succeeds (E3).
func TestRecorded(t *testing.T) {
	s := newScene()
	fails := false
	recorded, limb := exec.Recorded{Child: 2, First: 3}, chain.Limb{ID: 3, Parent: 2}
	s.program = func(env *exec.Env) error {
		env.Record(recorded)
		env.Introduce(limb)
		if fails {
			return refuse(env)
		}
		return nil
	}
	o := s.apply(t, s.relay())
	if !reflect.DeepEqual(o.Recorded(), []exec.Recorded{recorded}) || !reflect.DeepEqual(o.Introduced(), []chain.Limb{limb}) {
		t.Errorf("recorded %+v, introduced %+v", o.Recorded(), o.Introduced())
	}
	fails = true
	if o = s.apply(t, s.relay()); o.Recorded() != nil || o.Introduced() != nil {
		t.Errorf("a failed handling recorded %+v, introduced %+v", o.Recorded(), o.Introduced())
	}
	s.program = func(*exec.Env) error { return nil }
	if o = s.apply(t, s.relay()); o.Recorded() != nil || o.Introduced() != nil {
		t.Errorf("nothing recorded %+v, introduced %+v", o.Recorded(), o.Introduced())
	}
}

// No code that merges is a system actor.
func TestGroupsRecordNothing(t *testing.T) {
	for name, effect := range map[string]func(env *exec.Env){
		"record":    func(env *exec.Env) { env.Record(exec.Recorded{}) },
		"introduce": func(env *exec.Env) { env.Introduce(chain.Limb{}) },
		"publish":   func(env *exec.Env) { env.Publish(chain.PublishInput{}, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			s.program = func(env *exec.Env) error { effect(env); return nil }
			defer func() {
				if _, ok := recover().(assert.Failure); !ok {
					t.Error("no invariant broken")
				}
			}()
			_, _, _ = exec.NewOverlay(s.self, s.account, state{s}).HandleGroup(&s.context, many(s, 2, 50_000))
		})
	}
}

// The chain's own state is as it was before the block, and priced as storage is.
func TestSystem(t *testing.T) {
	s := newScene()
	want := ""
	s.program = func(env *exec.Env) error {
		v, err := env.System("key")
		if string(v) != want {
			t.Errorf("%q, want %q", v, want)
		}
		return err
	}
	if o := s.apply(t, s.relay()); o.Status != chain.StatusOK || o.GasUsed != gas.Handling+gas.Read {
		t.Errorf("a chain without a state: %+v", o)
	}
	want = "value"
	s.context.System = func(key string) ([]byte, error) { return []byte("value"), nil }
	for delta, status := range map[int]chain.Status{-1: chain.StatusOutOfGas, 0: chain.StatusOK} {
		m := s.relay()
		m.GasLimit = uint64(gas.Handling + gas.Read + 5*gas.ReadByte + delta)
		wantStatus(t, s.apply(t, m), status)
	}
	want = ""
	s.context.System = func(string) ([]byte, error) { return nil, errDisk }
	if o, err := exec.Apply(&s.context, s.self, s.account, s.storage, s.relay().Seal()); !errors.Is(err, errDisk) || o.Status != 0 {
		t.Errorf("outcome %+v, error %v", o, err)
	}
}

// A system actor holds nothing for the room it takes, whatever the chain asks for.
func TestSystemActorsHoldNoDeposit(t *testing.T) {
	s := newScene()
	s.self, s.context.Params.DepositPerByte, s.context.Params.DepositPerAccount = chain.NodesAddress(), 1<<40, 1<<40
	s.program = func(env *exec.Env) error { return env.Write("key", []byte("value")) }
	m := s.relay()
	m.To = s.self
	o := s.apply(t, m)
	if o.Status != chain.StatusOK || !o.Account.Deposit.IsZero() || o.Account.Balance != chain.NewAmount(1_000_500) {
		t.Errorf("%+v", o)
	}
}
