package exec_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// The order of keys is that of the storage as it is at that moment, over what stood before the block, earlier handlings
// of the block, failed ones too, and this one.
func TestNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newScene()
		name := rapid.StringMatching(`[ab]{1,3}`)
		for _, k := range rapid.SliceOfN(name, 0, 6).Draw(t, "before") {
			s.storage[k] = "x"
		}
		s.account.StorageBytes = s.storage.bytes()
		o := exec.NewOverlay(s.self, s.account, state{s})
		truth := s.storage.with(nil)
		for n := range rapid.IntRange(1, 4).Draw(t, "handlings") {
			now := truth.with(nil)
			fails := rapid.IntRange(0, 3).Draw(t, "fails") == 0
			s.program = func(env *exec.Env) error {
				for range rapid.IntRange(0, 8).Draw(t, "steps") {
					if err := stepNext(t, env, now, name); err != nil {
						return err
					}
				}
				if fails {
					return exec.Fail(chain.StatusRefused, "told to")
				}
				return nil
			}
			m := s.external()
			m.Nonce += uint64(n)
			m.GasPrice = 0
			handled, refusal, err := o.Handle(&s.context, &exec.Delivery{Message: m.Seal()})
			if err != nil || refusal != nil || handled.Outcome.Status == chain.StatusOutOfGas {
				t.Fatal(err, refusal, handled)
			}
			if !fails {
				truth = now
			}
		}
	})
}

// stepNext writes, removes, or asks for the next key and compares.
func stepNext(t *rapid.T, env *exec.Env, now storage, name *rapid.Generator[string]) error {
	k := name.Draw(t, "key")
	switch rapid.IntRange(0, 2).Draw(t, "what") {
	case 0:
		now[k] = "y"
		return env.Write(k, []byte("y"))
	case 1:
		delete(now, k)
		return env.Write(k, nil)
	}
	prefix := rapid.StringMatching(`[ab]{0,2}`).Draw(t, "prefix")
	after := rapid.StringMatching(`[ab]{0,3}`).Draw(t, "after")
	got, err := env.Next(prefix, after)
	if want, _ := now.Next(prefix, after); got != want {
		t.Fatalf("after %q with prefix %q comes %q, want %q of %v", after, prefix, got, want, now)
	}
	return err
}

// countingStorage counts how often the storage below is asked for the next key.
type countingStorage struct {
	state
	asked *int
}

func (c countingStorage) Next(a chain.Address, prefix, after string) (string, error) {
	*c.asked++
	return c.state.Next(a, prefix, after)
}

// Asking for the next key costs the same however many were removed before it in the block: a contract that removes many and
// asks often makes nobody work for more than it pays.
func TestNextIsCheap(t *testing.T) {
	const keys, asks = 200, 50
	s := newScene()
	for i := range keys {
		s.storage[fmt.Sprintf("k%03d", i)] = "x"
	}
	s.account.StorageBytes = s.storage.bytes()
	asked := 0
	o := exec.NewOverlay(s.self, s.account, countingStorage{state{s}, &asked})
	s.program = func(env *exec.Env) error {
		for i := range keys {
			if err := env.Write(fmt.Sprintf("k%03d", i), nil); err != nil {
				return err
			}
		}
		for range asks {
			if key, err := env.Next("", ""); key != "" || err != nil {
				return fmt.Errorf("%q is left: %v", key, err)
			}
		}
		return nil
	}
	m := s.external()
	m.GasLimit, m.GasPrice = chain.MaxMessageGas, 0
	if h, _, err := o.Handle(&s.context, &exec.Delivery{Message: m.Seal()}); err != nil || h.Outcome.Status != chain.StatusOK {
		t.Fatal(err, h)
	}
	if most := keys + 2*asks; asked > most {
		t.Errorf("the storage below was asked %d times (at most %d)", asked, most)
	}
}

// A view reads and answers; what would change something fails, whatever the code makes of the error.
func TestQuery(t *testing.T) {
	s := newScene()
	s.storage["a"] = "x"
	ask := func(program func(env *exec.Env) error) exec.Answer {
		t.Helper()
		s.program = program
		a, err := exec.Query(&s.context, s.self, s.account, s.storage, exec.Question{Method: "get", Input: []byte("in"), GasLimit: 50_000})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := ask(func(env *exec.Env) error {
		v, err := env.Read("a")
		env.Log([]byte("looking"))
		return cmp.Or(err, env.Reply(append(v, env.Input...)))
	})
	if a.Status != chain.StatusOK || string(a.Output) != "xin" || a.GasUsed == 0 || len(a.Logs) != 1 {
		t.Errorf("%+v", a)
	}
	for name, change := range map[string]func(env *exec.Env) error{
		"write":           func(env *exec.Env) error { return env.Write("a", []byte("y")) },
		"emit an event":   func(env *exec.Env) error { return env.Emit("topic", nil) },
		"send":            func(env *exec.Env) error { return env.Send(chain.Sent{To: sender, Method: "do", GasLimit: 10_000}) },
		"change its code": func(env *exec.Env) error { return env.SetCode(chain.CodeHash{}) },
		"deploy": func(env *exec.Env) error {
			_, err := env.Deploy(chain.DeployInput{GasLimit: 10_000}, chain.Amount{})
			return err
		},
	} {
		a := ask(func(env *exec.Env) error { return cmp.Or(change(env), env.Reply([]byte("done"))) })
		if a.Status != chain.StatusRefused || !strings.Contains(a.Reason, "a view can't "+name) || a.Output != nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := ask(func(env *exec.Env) error { _ = env.Charge(60_000); return nil }); a.Status != chain.StatusOutOfGas {
		t.Errorf("a view that ignores that its gas is used up: %+v", a)
	}
	s.program = func(env *exec.Env) error { _, _ = env.Read("a"); return nil }
	s.storage["a"] = broken
	if _, err := exec.Query(&s.context, s.self, s.account, s.storage, exec.Question{GasLimit: 50_000}); err == nil {
		t.Error("a broken disk gave an answer")
	}
	delete(s.storage, "a")
	s.program = func(env *exec.Env) error { return env.Reply(nil) }
	if o := s.apply(t, s.external()); o.Status != chain.StatusRefused {
		t.Errorf("a message that replies: %+v", o)
	}
}

// What is logged is bounded in lines and bytes: it stays in memory until the block is final.
func TestLogIsBounded(t *testing.T) {
	for _, line := range []string{"", "x", strings.Repeat("y", 1000)} {
		s := newScene()
		s.program = func(env *exec.Env) error {
			for range 2 * chain.MaxLogBytes {
				env.Log([]byte(line))
			}
			return nil
		}
		m := &chain.Message{Kind: chain.Relay, From: sender, To: s.self, GasLimit: 100_000, GasPrice: 1, Method: "do"}
		o, err := exec.Apply(&s.context, s.self, s.account, s.storage, m.Seal())
		if err != nil {
			t.Fatal(err)
		}
		logs, bytes := o.Logs(), 0
		for _, l := range logs {
			bytes += len(l)
		}
		if len(logs) > chain.MaxEvents || bytes > chain.MaxLogBytes {
			t.Errorf("%d lines of %d bytes: %d kept, %d bytes", 2*chain.MaxLogBytes, len(line), len(logs), bytes)
		}
	}
}
