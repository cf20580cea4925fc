package kit_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
	text   strings.Builder
}

func (r *recorder) Helper()        {}
func (r *recorder) Failed() bool   { return r.failed }
func (r *recorder) Cleanup(func()) {}
func (r *recorder) Logf(format string, args ...any) {
	fmt.Fprintf(&r.text, format+"\n", args...)
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	r.Logf(format, args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failure is what a test that does f prints; "" if it passes.
func failure(t *testing.T, f func(t testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	if !r.failed {
		return ""
	}
	return r.text.String()
}

// mustFail is failure of a test that has to fail with these words.
func mustFail(t *testing.T, f func(t testing.TB), words ...string) string {
	t.Helper()
	text := failure(t, f)
	if text == "" {
		t.Fatal("it passes")
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("it doesn't say %q, but:\n%s", w, text)
		}
	}
	return text
}

// auction takes bids until it is closed. The highest bidder's money goes to the seller, all other money back. It is the
// example of the package's doc.
var auction = kit.Native{
	Name: "auction",
	Handle: kit.Methods{
		"init": func(env *kit.Env) error { return env.Write("seller", env.Message.From[:]) },
		"bid":  bid,
		"close": func(env *kit.Env) error {
			best, amount, err := highest(env)
			if err != nil || best.IsZero() {
				return err
			}
			seller, err := env.Read("seller")
			if err != nil {
				return err
			}
			if err := env.Write("closed", best[:]); err != nil {
				return err
			}
			return pay(env, chain.Address(seller), amount)
		},
	}.Handle,
	Query: func(env *kit.Env) error {
		best, _, err := highest(env)
		if err != nil {
			return err
		}
		return env.Reply(best[:])
	},
}

func bid(env *kit.Env) error {
	if closed, err := env.Read("closed"); err != nil || closed != nil {
		return kit.Refuse("the auction is closed")
	}
	best, amount, err := highest(env)
	switch {
	case err != nil:
		return err
	case !amount.Less(env.Message.Amount):
		return kit.Refuse("a bid of %s, and %s is bid", env.Message.Amount, amount)
	}
	if err := env.Write("best", append(env.Message.From[:], env.Message.Amount.Append(nil)...)); err != nil {
		return err
	}
	env.Log([]byte("best is " + env.Message.Amount.String()))
	if best.IsZero() {
		return nil
	}
	if err := env.Emit("outbid", best[:]); err != nil {
		return err
	}
	return pay(env, best, amount)
}

// highest is the best bid so far.
func highest(env *kit.Env) (who chain.Address, amount chain.Amount, err error) {
	v, err := env.Read("best")
	if err != nil || v == nil {
		return who, amount, err
	}
	amount, err = chain.DecodeAmount(v[chain.AddressSize:])
	return chain.Address(v[:chain.AddressSize]), amount, err
}

func pay(env *kit.Env, to chain.Address, amount chain.Amount) error {
	return env.Send(chain.Sent{To: to, Method: chain.MethodAdd, Amount: amount, GasLimit: 10_000})
}

// send is a message of a native program's with half of what gas is left, at the most 5 million.
func send(env *kit.Env, to chain.Address, method string, input []byte) error {
	return env.Send(chain.Sent{To: to, Method: method, Input: input, GasLimit: min(env.GasLeft()/2, 5_000_000)})
}

// counter counts, and refuses to count beyond its limit, the input of init.
var counter = kit.Native{
	Name: "counter",
	Handle: kit.Methods{
		"init": func(env *kit.Env) error {
			if len(env.Input) != 8 {
				return kit.Refuse("a limit of 8 bytes, please")
			}
			return env.Write("limit", env.Input)
		},
		"count": func(env *kit.Env) error {
			limit, err := env.Read("limit")
			if err != nil {
				return err
			}
			v, err := env.Read("n")
			if err != nil {
				return err
			}
			n := binary.BigEndian.Uint64(append(make([]byte, 8-len(v)), v...)) + 1
			if n > binary.BigEndian.Uint64(limit) {
				return kit.Refuse("%d is over the limit", n)
			}
			return env.Write("n", binary.BigEndian.AppendUint64(nil, n))
		},
	}.Handle,
	Query: func(env *kit.Env) error {
		v, err := env.Read("n")
		if err != nil {
			return err
		}
		return env.Reply(append(make([]byte, 8-len(v)), v...))
	},
}
