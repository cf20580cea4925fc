package host

import (
	"sync/atomic"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Neighbours of a mergeable method are handled as one, and each is there once; where the code refuses that, one by one.
func TestGroups(t *testing.T) {
	const senders, each = 8, 40
	var tries atomic.Int64
	for name, refuses := range map[string]func() bool{
		"never": func() bool { return false }, "first": func() bool { return tries.Add(1) == 1 }, "always": func() bool { return true },
	} {
		t.Run("refused "+name, func(t *testing.T) {
			w := newWorld(t, senders, nil)
			w.programs = programs{
				"spread": func(env *exec.Env) error {
					for range each {
						if err := env.Send(chain.Sent{To: at(0), Method: "many", GasLimit: 200_000, Amount: chain.NewAmount(3)}); err != nil {
							return err
						}
					}
					return nil
				},
				"many": func(env *exec.Env) error { return env.Charge(1_000) },
				"many as one": func(env *exec.Env) error {
					if refuses() {
						return exec.Fail(chain.StatusRefused, "not at once")
					}
					return env.Send(chain.Sent{To: at(1), Method: chain.MethodAdd, GasLimit: gas.Add, Amount: chain.NewAmount(1)})
				},
			}
			for from := range senders {
				m := external(from, 0, "spread", nil, 0).Clone()
				m.GasLimit = chain.MaxMessageGas
				w.offer(m.Seal())
			}
			run := w.produce(0, nil) // checks that all is there once, in order, and no gas lost
			handled, groups := 0, 0
			for _, o := range run.Accounts {
				for i, e := range o.Events {
					if e.Received.Message.Method != "many" {
						continue
					}
					handled++
					if first := !e.Joined && i+1 < len(o.Events) && o.Events[i+1].Joined; first {
						groups++
					}
				}
			}
			if handled != senders*each {
				t.Errorf("%d handled, want %d", handled, senders*each)
			}
			if name != "always" && groups == 0 || name == "always" && groups > 0 {
				t.Errorf("%d groups", groups)
			}
			t.Logf("%d messages, %d groups", handled, groups)
		})
	}
}

// Messages with much gas are handled as one, too, as many as the block can afford to try.
func TestGroupsOfMuchGas(t *testing.T) {
	const each, limit = 40, mostVain / 10
	w := newWorld(t, 1, nil)
	var groups atomic.Int64
	w.programs = programs{
		"spread": func(env *exec.Env) error {
			for range each {
				if err := env.Send(chain.Sent{To: at(0), Method: "many", GasLimit: limit}); err != nil {
					return err
				}
			}
			return nil
		},
		"many": func(env *exec.Env) error { return env.Charge(1_000) },
		"many as one": func(env *exec.Env) error {
			groups.Add(1)
			return env.Charge(1_000)
		},
	}
	m := external(0, 0, "spread", nil, 0).Clone()
	m.GasLimit = chain.MaxMessageGas
	w.offer(m.Seal())
	if run := w.produce(0, nil); countEvents(run) != each+1 || groups.Load() < each/10 {
		t.Errorf("%d events, %d groups", countEvents(run), groups.Load())
	}
}

// Code that uses up all gas when its messages are handled as one, and next to none when they are handled one by one, takes
// no more of a block than is meant to be wasted: nobody pays for that.
func TestGroupsInVain(t *testing.T) {
	const senders, each, limit = 4, 40, 5_000_000
	w := newWorld(t, senders, nil)
	var wasted atomic.Int64
	w.programs = programs{
		"spread": func(env *exec.Env) error {
			for range each {
				if err := env.Send(chain.Sent{To: at(0), Method: "many", GasLimit: limit}); err != nil {
					return err
				}
			}
			return nil
		},
		"many": func(env *exec.Env) error { return env.Charge(1_000) },
		"many as one": func(env *exec.Env) error {
			wasted.Add(int64(env.GasLeft()))
			return env.Charge(env.GasLeft() + 1)
		},
	}
	for from := range senders {
		m := external(from, 0, "spread", nil, 0).Clone()
		m.GasLimit = chain.MaxMessageGas
		w.offer(m.Seal())
	}
	for _, o := range w.produce(0, nil).Accounts {
		if o.Account == at(0) && len(o.Events) < senders*each {
			t.Errorf("%d handled", len(o.Events))
		}
	}
	if n := wasted.Load(); n > mostVain {
		t.Errorf("%d gas was wasted in a block, at most %d may be", n, mostVain)
	}
}
