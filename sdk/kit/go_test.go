package kit_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/thinkey/thinkey/sdk/kit"
)

// A Go contract and a native program on one chain: two count to the limit, and one of them gets the money, whatever the order.
func TestGoContract(t *testing.T) {
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(50)), k.Account("bob", kit.Balance(50))
	tally := k.Deploy(alice, kit.Go("testdata/counter"), "", kit.Input(10), kit.Amount(5))
	relay := k.Deploy(bob, kit.Native{Name: "relay", Handle: kit.Methods{"pass": func(env *kit.Env) error {
		return send(env, tally.Address(), "count", env.Input)
	}}.Handle}, "")
	if tally.Name() != "Tally" {
		t.Errorf("its name is %s", tally.Name())
	}
	by, err := kit.Encode(uint64(6))
	if err != nil {
		t.Fatal(err)
	}
	x := k.Explore(9, func(k *kit.Chain) {
		k.Send(alice, tally, "count", kit.Input(4))
		k.Send(bob, relay, "pass", kit.Raw(by))
		k.Send(alice, tally, "count", kit.Input(6))
	}, func(k *kit.Chain) error {
		if got := alice.Balance().String() + " " + relay.Balance().String(); got != "50 0" && got != "45 5" {
			return fmt.Errorf("alice and the relay have %s", got)
		}
		return nil
	})
	if x.Orders != 4 { // 3 at the tally, and where 6 and 4 make it full alice may get the money before she sends her 6
		t.Errorf("%+v", x)
	}
	trace := k.Send(alice, tally, "count", kit.Input(10)).
		Expect(kit.Sent("Tally", "count", kit.Input(10), kit.Emitted("reached")), kit.Sent("alice", "add", kit.Amount(5)))
	var n uint64
	if k.Query(tally, "value", &n); n != 10 {
		t.Errorf("%d\n%s", n, trace)
	}
	t.Logf("\n%s", trace)
}

// Code that has turned cold is loaded by who brings the gas for it, and is warm in the next block. What contracts send brings as much as
// they say.
func TestCool(t *testing.T) {
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(50)), k.Account("bob", kit.Balance(50))
	tally := k.Deploy(alice, kit.Go("testdata/counter"), "", kit.Input(10))
	relay := k.Deploy(bob, kit.Native{Name: "relay", Handle: kit.Methods{"pass": func(env *kit.Env) error {
		return send(env, tally.Address(), "count", env.Input)
	}}.Handle}, "")
	by, err := kit.Encode(uint64(1))
	if err != nil {
		t.Fatal(err)
	}
	k.Send(bob, relay, "pass", kit.Raw(by)).ExpectOK()
	k.Cool()
	k.Send(bob, relay, "pass", kit.Raw(by)).
		Expect(kit.Sent("Tally", "count", kit.Because("which has not run lately")), kit.Sent("relay", "bounce"))
	k.Send(alice, tally, "count", kit.Input(1)).Expect(kit.Sent("Tally", "count", kit.Because("which has not run lately")))
	k.Send(alice, tally, "count", kit.Input(1), kit.Gas(100_000_000)).ExpectOK()
	k.Send(bob, relay, "pass", kit.Raw(by)).ExpectOK()
	k.Cool()
	k.Cool()
	k.Send(bob, relay, "pass", kit.Raw(by)).Expect(kit.Sent("relay", "bounce"))
}

func TestGoContractMistakes(t *testing.T) {
	for name, x := range map[string]struct{ dir, words string }{
		"no folder":   {"testdata/none", "no such file or directory"},
		"no contract": {"testdata", "no Go files"},
	} {
		t.Run(name, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				k := kit.New(t)
				k.Deploy(k.Account("alice", kit.Balance(1)), kit.Go(x.dir), "")
			}, "contract in", x.words)
		})
	}
	mustFail(t, func(t testing.TB) {
		k := kit.New(t)
		k.Deploy(k.Account("alice", kit.Balance(1)), kit.File("testdata/none.wasm"), "")
	}, "testdata/none.wasm", os.ErrNotExist.Error()[:4])
	mustFail(t, func(t testing.TB) {
		k := kit.New(t)
		k.Deploy(k.Account("alice", kit.Balance(1)), kit.Module{Name: "bad", Code: []byte("\x00asm\x01\x00\x00\x00")}, "")
	}, "publish", "code not accepted")
}
