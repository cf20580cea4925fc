package kit_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/sdk/guest"
	"github.com/thinkey/thinkey/sdk/kit"
)

// token is a contract in Rust with a schema, built and kept by the example.
const token = kit.File("../../examples/token/rust/token.wasm")

// tokenOf deploys the token accounts of some owners: each account, called owner/token, holds its owner's tokens.
func tokenOf(t testing.TB, issuer string, supply uint64, owners ...string) (k *kit.Chain, accounts map[string]*kit.Account) {
	k = kit.New(t)
	first := k.Account(issuer, kit.Balance(100))
	raw, err := kit.Encode(first, "KIT", uint8(2))
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256(raw)
	accounts = make(map[string]*kit.Account)
	for _, name := range append([]string{issuer}, owners...) {
		mint := uint64(0)
		if name == issuer {
			mint = supply
		}
		accounts[name] = k.Deploy(k.Account(name, kit.Balance(100)), token, string(id[:]), kit.As(name+"/token"), kit.Input(first, "KIT", 2, mint))
	}
	return k, accounts
}

func tokens(k *kit.Chain, of *kit.Account) uint64 {
	var n guest.Amount
	k.Query(of, "balance", &n)
	v, _ := n.Uint64()
	return v
}

func TestModule(t *testing.T) {
	k, at := tokenOf(t, "alice", 1000, "bob")
	alice, bob := k.Account("alice"), k.Account("bob")
	trace := k.Call(alice, at["alice"], "pay", kit.Input(bob, 300))
	trace.Expect(
		kit.Sent("bob/token", "receive", kit.From("alice/token"), kit.Input(alice, 300), kit.Emitted("transferred")),
	)
	if a, b := tokens(k, at["alice"]), tokens(k, at["bob"]); a != 700 || b != 300 {
		t.Errorf("alice has %d, bob %d\n%s", a, b, trace)
	}
	t.Logf("\n%s\n%s", trace, k.GasReport())
	k.Send(bob, at["alice"], "pay", kit.Input(bob, 300)).Expect(kit.Sent("alice/token", "pay", kit.Refused("")))
	mustFail(t, func(t testing.TB) {
		k, at := tokenOf(t, "alice", 1000)
		k.Send(k.Account("alice"), at["alice"], "pay", kit.Input("bob", 300))
	}, `input of alice/token.pay: to: a value of type address is asked for, and this is bob of type string`)
}

// Payments in a circle, in every order: no token is lost or made.
func TestExploreModule(t *testing.T) {
	k, at := tokenOf(t, "alice", 300, "bob", "carol")
	for _, name := range []string{"bob", "carol"} {
		k.Call(k.Account("alice"), at["alice"], "pay", kit.Input(k.Account(name), 100))
	}
	x := k.Explore(12, func(k *kit.Chain) {
		pay := func(from, to string, amount int) {
			k.Send(k.Account(from), at[from], "pay", kit.Input(k.Account(to), amount))
		}
		pay("alice", "bob", 50)
		pay("bob", "carol", 40)
		pay("carol", "alice", 30)
	}, func(k *kit.Chain) error {
		if sum := tokens(k, at["alice"]) + tokens(k, at["bob"]) + tokens(k, at["carol"]); sum != 300 {
			return fmt.Errorf("%d of 300 tokens", sum)
		}
		return nil
	})
	if x.Orders != 7 || x.Sampled { // each account pays before it receives, or after; all after would be a cycle
		t.Errorf("%+v", x)
	}
}
