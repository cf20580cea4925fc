package exec_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

func many(s *scene, n int, gasLimit uint64) []*exec.Delivery {
	list := make([]*exec.Delivery, n)
	for i := range list {
		m := s.relay()
		m.Method, m.GasLimit, m.Index, m.Amount = "many", gasLimit, uint32(i), chain.NewAmount(10)
		list[i] = &exec.Delivery{Message: m.Seal()}
	}
	return list
}

// Messages handled as one, or not at all: each keeps its event and its gas, what is sent and written comes once, from the
// last (SPEC 9.2). Money and gas are conserved over all of them (E1, E2).
func TestGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newScene()
		n := rapid.IntRange(0, 5).Draw(t, "messages")
		limit := rapid.Uint64Range(gas.Handling-1, 80_000).Draw(t, "gas limit")
		use := rapid.Uint64Range(0, 300_000).Draw(t, "gas")
		sends := rapid.IntRange(0, 2).Draw(t, "sends")
		fails := rapid.IntRange(0, 4).Draw(t, "fails") == 0
		group := many(s, n, limit)
		if n > 0 && rapid.IntRange(0, 4).Draw(t, "one is of another method") == 0 {
			other := group[n-1].Message.Clone()
			other.Method = "do"
			group[n-1] = &exec.Delivery{Message: other.Seal()}
		}
		s.program = func(env *exec.Env) error {
			if len(env.Group) != n || env.Message != env.Group[n-1] {
				t.Fatalf("%d messages in a group of %d", len(env.Group), n)
			}
			if fails {
				return exec.Fail(chain.StatusRefused, "told to")
			}
			for range sends {
				if err := env.Send(chain.Sent{To: sender, Method: "do", GasLimit: 6_000, Amount: chain.NewAmount(3)}); err != nil {
					return err
				}
			}
			if err := env.Write("k", []byte("v")); err != nil {
				return err
			}
			return env.Charge(use)
		}
		o := exec.NewOverlay(s.self, s.account, state{s})
		ok, wasted, err := o.HandleGroup(&s.context, group)
		if err != nil {
			t.Fatal(err)
		}
		if wasted > exec.MostTogether(group) || ok && wasted > 0 {
			t.Fatalf("%d gas wasted of %d, handled: %t", wasted, exec.MostTogether(group), ok)
		}
		if !ok {
			if o.Now != s.account || o.Events != nil || o.Changes() != nil {
				t.Fatalf("a group that was not handled left %+v and %d events", o.Now, len(o.Events))
			}
			return
		}
		if n < 2 || fails || group[n-1].Message.Method != "many" || limit < gas.Handling {
			t.Fatal("handled as one what can't be")
		}
		checkGroup(t, s, o, group, use)
	})
}

func checkGroup(t *rapid.T, s *scene, o *exec.Overlay, group []*exec.Delivery, use uint64) {
	n := len(group)
	if len(o.Events) != n || len(o.Changes()) != 1 {
		t.Fatalf("%d events, changes %v", len(o.Events), o.Changes())
	}
	used, amounts := uint64(0), chain.Amount{}
	for i, e := range o.Events {
		bought := group[i].Message.GasLimit + gas.Bounce
		sent := uint64(0)
		for _, m := range e.Outcome.Sent {
			sent += m.GasLimit + gas.Bounce
			amounts, _ = amounts.Add(m.Amount)
		}
		if e.Received != group[i] || e.Joined != (i > 0) || e.Outcome.GasUsed+e.Outcome.GasLeft+sent != bought || e.Outcome.Status != chain.StatusOK {
			t.Fatalf("event %d: %+v", i, e)
		}
		if last := i == n-1; (e.Outcome.Writes != nil) != last || !last && e.Outcome.Sent != nil {
			t.Fatalf("event %d of %d wrote and sent %+v", i, n, e.Outcome)
		}
		used += e.Outcome.GasUsed
		if first := o.Events[0].Outcome.GasUsed; e.Outcome.GasUsed > first || e.Outcome.GasUsed+1 < first {
			t.Fatalf("event %d used %d gas, the first %d", i, e.Outcome.GasUsed, first)
		}
	}
	if used < uint64(n)*gas.Handling+use {
		t.Fatalf("%d gas used together", used)
	}
	want, _ := s.account.Balance.Add(chain.NewAmount(uint64(10 * n)))
	want, _ = want.Sub(amounts)
	if o.Now.Balance != want {
		t.Fatalf("balance %s, want %s", o.Now.Balance, want)
	}
}
