package exec_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// step is one thing that a random program does. It says whether the program gives up on an error of it or goes on.
type step struct {
	name   string
	do     func(env *exec.Env) error
	insist bool
}

// steps draws a program.
func steps(t *rapid.T) []step {
	key := rapid.SampledFrom([]string{"", "a", "b", "c", "old", strings.Repeat("k", chain.MaxStorageKey+1)})
	size := rapid.OneOf(rapid.IntRange(0, 40), rapid.SampledFrom([]int{chain.MaxEventBytes, chain.MaxInputBytes + 1, chain.MaxStorageValue, chain.MaxStorageValue + 1}))
	one := rapid.Custom(func(t *rapid.T) step {
		insist := rapid.Bool().Draw(t, "insist")
		k, v := key.Draw(t, "key"), make([]byte, size.Draw(t, "size"))
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0:
			gas := rapid.OneOf(rapid.Uint64Range(0, 200_000), rapid.Uint64()).Draw(t, "gas")
			return step{fmt.Sprintf("charge %d", gas), func(env *exec.Env) error { return env.Charge(gas) }, insist}
		case 1:
			return step{"read " + k, func(env *exec.Env) error { _, err := env.Read(k); return err }, insist}
		case 2:
			return step{fmt.Sprintf("write %s %d", k, len(v)), func(env *exec.Env) error { return env.Write(k, v) }, insist}
		case 3:
			return step{"emit " + k, func(env *exec.Env) error { return env.Emit(k, v) }, insist}
		case 4:
			return step{"walk " + k, func(env *exec.Env) error { return walk(env, k) }, insist}
		case 5:
			s := sentOf(v).Draw(t, "sent")
			return step{fmt.Sprintf("send %s %s %d", s.Method, s.Amount, s.GasLimit), func(env *exec.Env) error { return env.Send(s) }, insist}
		}
		s := exec.Fail(chain.Status(rapid.IntRange(2, 13).Draw(t, "status")), "%s", k)
		return step{"fail", func(*exec.Env) error { return s }, insist}
	})
	return rapid.SliceOfN(one, 0, 8).Draw(t, "program")
}

// walk tells all keys that begin with prefix.
func walk(env *exec.Env, prefix string) error {
	for key := ""; ; {
		next, err := env.Next(prefix, key)
		if next == "" || err != nil {
			return err
		}
		if err := env.Emit("key", []byte(next)); err != nil {
			return err
		}
		key = next
	}
}

func sentOf(input []byte) *rapid.Generator[chain.Sent] {
	return rapid.Custom(func(t *rapid.T) chain.Sent {
		return chain.Sent{
			To:       rapid.SampledFrom([]chain.Address{self, sender, {}, chain.SystemAddress(7)}).Draw(t, "to"),
			Method:   rapid.SampledFrom([]string{"do", chain.MethodAdd, chain.MethodBounce, "", strings.Repeat("m", 65)}).Draw(t, "method"),
			Input:    input,
			Amount:   someAmount().Draw(t, "amount"),
			GasLimit: rapid.OneOf(rapid.Uint64Range(0, 30_000), rapid.Uint64()).Draw(t, "gas limit"),
		}
	})
}

// someAmount is small or up to 2^125: sums of a few don't exceed what can be issued.
func someAmount() *rapid.Generator[chain.Amount] {
	return rapid.Custom(func(t *rapid.T) chain.Amount {
		if rapid.IntRange(0, 3).Draw(t, "large") == 0 {
			return chain.Mul(rapid.Uint64().Draw(t, "amount"), 1<<61)
		}
		return chain.NewAmount(rapid.Uint64Range(0, 2_000_000).Draw(t, "amount"))
	})
}

func run(program []step) func(env *exec.Env) error {
	return func(env *exec.Env) error {
		for _, s := range program {
			if err := s.do(env); err != nil && s.insist {
				return err
			}
		}
		return nil
	}
}

// drawScene draws an account, its storage, its chain's params, and what it does.
func drawScene(t *rapid.T) *scene {
	s := newScene()
	program := steps(t)
	s.program = run(program)
	extreme := rapid.OneOf(rapid.Uint64Range(0, 50), rapid.SampledFrom([]uint64{0, math.MaxUint64}))
	usual := rapid.Uint64Range(0, 1)
	s.context.Params.MinGasPrice = often(t, usual, extreme)
	s.context.Params.DepositPerAccount = often(t, usual, extreme)
	s.context.Params.DepositPerByte = often(t, usual, extreme)
	s.account = chain.Account{}
	if rapid.IntRange(0, 9).Draw(t, "exists") > 0 {
		balance := rapid.OneOf(someAmount(), rapid.Just(chain.NewAmount(100_000_000)))
		s.account = chain.Account{
			Balance: balance.Draw(t, "balance"), Deposit: someAmount().Draw(t, "deposit"), Nonce: rapid.Uint64Range(0, 3).Draw(t, "nonce"),
		}
		if rapid.Bool().Draw(t, "has storage") {
			s.storage["old"] = "value"
			s.storage["a"] = "x"
		}
		s.account.StorageBytes = s.storage.bytes()
	}
	if rapid.IntRange(0, 9).Draw(t, "system") == 0 {
		s.self, s.account, s.storage = chain.SystemAddress(chain.Main), chain.Account{}, storage{}
	}
	return s
}

// often draws from usual in most cases, from edge in the others.
func often(t *rapid.T, usual, edge *rapid.Generator[uint64]) uint64 {
	if rapid.IntRange(0, 5).Draw(t, "edge") == 5 {
		return edge.Draw(t, "edge")
	}
	return usual.Draw(t, "usual")
}

// drawMessage draws a message to the scene's account; half of them are relays.
func drawMessage(t *rapid.T, s *scene) *chain.Message {
	m := s.external()
	if rapid.Bool().Draw(t, "relay") {
		m = s.relay()
		m.Depth = rapid.SampledFrom([]uint32{1, chain.MaxDepth - 1, chain.MaxDepth, math.MaxUint32}).Draw(t, "depth")
		m.To[3] = rapid.SampledFrom([]byte{1, 9}).Draw(t, "chain")
	}
	m.Method = rapid.SampledFrom([]string{"do", chain.MethodAdd, chain.MethodBounce, chain.MethodRefund, chain.MethodTransfer}).Draw(t, "method")
	m.Amount = someAmount().Draw(t, "amount")
	m.GasLimit = often(t, rapid.Uint64Range(50_000, 5_000_000), rapid.OneOf(rapid.Uint64Range(0, 50_000), rapid.Uint64Range(0, math.MaxUint64-gas.Bounce)))
	m.GasPrice = often(t, rapid.Uint64Range(0, 3), rapid.Uint64())
	m.Input = make([]byte, rapid.SampledFrom([]int{0, 24, chain.MaxBounceInput + 1, chain.MaxInputBytes}).Draw(t, "input"))
	return m.Seal()
}

// E1 to E5 for any account, message and program. scene.apply holds them; here stands what is drawn.
func TestProperties(t *testing.T) {
	ends := map[string]int{}
	handling := func(t *rapid.T) {
		s := drawScene(t)
		m := drawMessage(t, s)
		if m.Kind == chain.External {
			if refusal := exec.Admit(&s.context, s.account, m); refusal != nil {
				ends["refused: "+strings.SplitN(refusal.Error(), " ", 2)[0]]++
				return
			}
		}
		o := s.apply(t, m)
		ends[fmt.Sprintf("kind %d %s", m.Kind, o.Status)]++
		if o.Status == chain.StatusOK && o.Account.StorageBytes > s.account.StorageBytes && o.Account.Deposit != exec.Deposit(s.context.Params, o.Account) {
			t.Fatalf("a deposit of %s for %d bytes", o.Account.Deposit, o.Account.StorageBytes)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 20 { // so many that the ends below are all reached, whatever the seed
			handling(t)
		}
	})
	for _, end := range []string{"kind 1 ok", "kind 2 ok", "kind 1 out of gas", "kind 2 out of gas", "kind 2 no such chain", "kind 2 limit exceeded"} {
		if ends[end] == 0 {
			t.Errorf("no random handling ended in %q: the generator is too narrow: %v", end, ends)
		}
	}
}

// Any order of handlings of one account, through an Overlay: money is conserved over all of them, the nonce counts the
// external ones (I6), and what the overlay says it changed is what changed.
func TestOverlayProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		o := exec.NewOverlay(s.self, s.account, state{s})
		now, external := s.account, uint64(0)
		seen := s.storage
		for range rapid.IntRange(1, 6).Draw(t, "messages") {
			s.program = run(steps(t))
			view := *s
			view.account, view.storage, view.context.Programs = now, seen, s
			m := drawMessage(t, &view)
			handled, refusal, err := o.Handle(&s.context, &exec.Delivery{Message: m})
			if err != nil {
				t.Fatal(err)
			}
			if refusal != nil {
				if o.Now != now {
					t.Fatalf("a refused message left %+v, was %+v", o.Now, now)
				}
				continue
			}
			if want := view.apply(t, m); fmt.Sprint(want) != fmt.Sprint(handled.Outcome) {
				t.Fatalf("in the overlay %+v, by itself %+v", handled.Outcome, want)
			}
			if m.Kind == chain.External {
				external++
			}
			now, seen = handled.Outcome.Account, seen.with(handled.Outcome.Writes)
		}
		if o.Now != now || now.Nonce != s.account.Nonce+external {
			t.Fatalf("I6: %+v after %d external messages to %+v", o.Now, external, s.account)
		}
		checkChanges(t, s.storage, seen, o.Changes())
	})
}

// checkChanges holds that the changes lead from before to after, name nothing else, and are sorted.
func checkChanges(t *rapid.T, before, after storage, changes []exec.Change) {
	now := before.with(nil)
	for _, c := range changes {
		if string(c.Before) != now[c.Key] || string(c.Before) == string(c.After) {
			t.Fatalf("change %+v of %q", c, now[c.Key])
		}
		now = now.with([]exec.Write{{Slot: c.Slot, Value: c.After}})
	}
	if fmt.Sprint(now) != fmt.Sprint(after) {
		t.Fatalf("changes lead to %v, want %v", now, after)
	}
	if !slices.IsSortedFunc(changes, func(a, b exec.Change) int { return strings.Compare(a.Key, b.Key) }) {
		t.Fatalf("changes out of order: %+v", changes)
	}
}

// state is the state before, as a scene has it.
type state struct{ s *scene }

func (s state) Account(chain.Address) (chain.Account, error)      { return s.s.account, nil }
func (s state) Entry(_ chain.Address, key string) ([]byte, error) { return s.s.storage.Entry(key) }
func (s state) Next(_ chain.Address, prefix, after string) (string, error) {
	return s.s.storage.Next(prefix, after)
}
