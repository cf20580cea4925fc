package kit_test

import (
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// The payments of the paper (SPEC 11.1).
func TestTransfer(t *testing.T) {
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(20)), k.Account("bob", kit.Balance(5))
	k.Transfer(alice, bob, 10).Expect(kit.Sent("bob", "add", kit.Amount(10), kit.From("alice"))).ExpectOK()
	k.ExpectBalance(alice, 10)
	k.ExpectBalance(bob, 15)
	trace := k.Transfer(alice, bob, 11)
	if trace.OK() || trace.Root().Status != chain.StatusBalance {
		t.Errorf("11 of 10 were sent:\n%s", trace)
	}
	k.ExpectBalance(alice, 10)
	if alice.Nonce() != 2 {
		t.Errorf("nonce %d", alice.Nonce())
	}
	k.Conserved()
}

func auctionOf(t testing.TB, options ...kit.Option) (k *kit.Chain, house, alice, bob *kit.Account) {
	k = kit.New(t, options...)
	alice, bob = k.Account("alice", kit.Balance(20)), k.Account("bob", kit.Balance(20))
	return k, k.Deploy(k.Account("seller", kit.Balance(1)), auction, ""), alice, bob
}

func TestAuction(t *testing.T) {
	k, house, alice, bob := auctionOf(t)
	k.Call(alice, house, "bid", kit.Amount(5))
	trace := k.Call(bob, house, "bid", kit.Amount(7))
	trace.Expect(kit.Sent("alice", "add", kit.Amount(5)), kit.Sent("auction", "bid", kit.Emitted("outbid"), kit.Logged("best is 7")))
	k.Send(alice, house, "bid", kit.Amount(6)).
		Expect(kit.Sent("auction", "bid", kit.Refused("7 is bid")), kit.Sent("alice", "bounce", kit.Amount(6))).
		ExpectNone(kit.Sent("bob", ""))
	var best chain.Address
	k.Query(house, "best", &best)
	if k.At(best) != bob {
		t.Errorf("%s is best", k.At(best))
	}
	k.Call(k.Account("seller"), house, "close")
	k.ExpectBalance(k.Account("seller"), 8)
	k.ExpectBalance(alice, 20)
	k.ExpectBalance(bob, 13)
	k.Conserved()
}

func TestDeployTwice(t *testing.T) {
	k := kit.New(t)
	alice := k.Account("alice", kit.Balance(1))
	one := k.Deploy(alice, counter, "", kit.Input(uint64(1)))
	two := k.Deploy(alice, counter, "second", kit.Input(uint64(2)))
	if one.Name() != "counter" || two.Name() != "counter/second" || one.Address() == two.Address() {
		t.Errorf("%s %s", one, two)
	}
	k.Call(alice, two, "count")
	k.Call(alice, two, "count")
	k.Call(alice, one, "count")
	k.Send(alice, one, "count").Expect(kit.Sent("counter", "count", kit.Refused("2 is over the limit")))
	var n uint64
	if k.Query(two, "", &n); n != 2 {
		t.Errorf("counted %d", n)
	}
	made, trace := k.Deployment(alice, counter, "third")
	trace.Expect(kit.Sent("counter/third", "init", kit.Refused("a limit of 8 bytes")), kit.Sent("alice", "bounce"))
	if !made.Balance().IsZero() {
		t.Error(made.Balance())
	}
}

// An account with a key and code handles what its key signs, and what others send to it.
func TestCodeOfKeyAccount(t *testing.T) {
	k := kit.New(t)
	own := kit.Native{Name: "own", Handle: kit.Methods{"note": func(env *kit.Env) error {
		return env.Write("note", append([]byte(nil), env.Input...))
	}}.Handle}
	alice := k.Account("alice", kit.Balance(1), kit.Code(own))
	k.External(alice, "note", kit.Raw([]byte("signed"))).ExpectOK()
	if got := string(k.Storage(alice, "note")); got != "signed" {
		t.Errorf("%q", got)
	}
	k.Call(k.Account("bob", kit.Balance(1)), alice, "note", kit.Raw([]byte("sent")))
	if got := string(k.Storage(alice, "note")); got != "sent" {
		t.Errorf("%q", got)
	}
}

func TestTimeAndSnapshots(t *testing.T) {
	k, house, alice, bob := auctionOf(t, kit.BlockTime(2*time.Second))
	height, now := k.Height(), k.Time()
	k.Advance(3)
	if k.Height() != height+3 || k.Time().Sub(now) != 6*time.Second {
		t.Errorf("height %d, %s later", k.Height(), k.Time().Sub(now))
	}
	k.AdvanceTime(time.Hour)
	if k.Height() != height+4 || k.Time().Sub(now) != time.Hour+6*time.Second {
		t.Errorf("height %d, %s later", k.Height(), k.Time().Sub(now))
	}
	k.Call(alice, house, "bid", kit.Amount(5))
	before := k.Snapshot()
	for range 2 { // the same twice, from the same moment
		k.Call(bob, house, "bid", kit.Amount(6))
		k.ExpectBalance(alice, 20)
		k.ExpectBalance(bob, 14)
		k.Restore(before)
		k.ExpectBalance(alice, 15)
		k.ExpectBalance(bob, 20)
		k.Conserved()
	}
}

// Gas is paid, and refunded, as it is on a network.
func TestGasPrice(t *testing.T) {
	k := kit.New(t, kit.GasPrice(2))
	alice, bob := k.Account("alice", kit.Balance(1_000_000)), k.Account("bob")
	trace := k.Transfer(alice, bob, 5)
	k.ExpectBalance(alice, 1_000_000-5-2*trace.GasUsed())
	k.ExpectBalance(bob, 5)
	k.Conserved()
	trace = k.Transfer(bob, alice, 5)
	if root := trace.Root(); root.OK() || root.Status != 0 || bob.Nonce() != 0 {
		t.Errorf("who has 5 can't pay for gas:\n%s", trace)
	}
	trace.Expect(kit.Sent("bob", "transfer", kit.Because("gas over balance")))
}

// Equal tests give equal chains, whatever the order of messages.
func TestDeterminism(t *testing.T) {
	for _, options := range [][]kit.Option{nil, {kit.Seed(7)}} {
		var texts [2]string
		for i := range texts {
			k, house, alice, bob := auctionOf(t, options...)
			for _, trace := range k.Together(func(k *kit.Chain) {
				k.Send(alice, house, "bid", kit.Amount(5))
				k.Send(bob, house, "bid", kit.Amount(7))
				k.Transfer(alice, bob, 1)
			}) {
				texts[i] += trace.String()
			}
		}
		if texts[0] != texts[1] {
			t.Errorf("two runs differ:\n%s\n%s", texts[0], texts[1])
		}
	}
}

// Random seeds reach both orders of two bids.
func TestSeed(t *testing.T) {
	refused := 0
	for seed := range uint64(16) {
		k, house, alice, bob := auctionOf(t, kit.Seed(seed))
		var low *kit.Trace
		k.Together(func(k *kit.Chain) {
			low = k.Send(alice, house, "bid", kit.Amount(5))
			k.Send(bob, house, "bid", kit.Amount(7))
		})
		if !low.OK() {
			refused++
		}
	}
	if refused == 0 || refused == 16 {
		t.Errorf("the lower bid came second in %d of 16 chains", refused)
	}
}

// What goes wrong in a test is said with what to do.
func TestMistakes(t *testing.T) {
	for name, x := range map[string]struct {
		do    func(k *kit.Chain, house, alice *kit.Account)
		words []string
	}{
		"send from a contract": {func(k *kit.Chain, house, alice *kit.Account) { k.Send(house, alice, "x") },
			[]string{"auction has no key", "let a key account send to it"}},
		"an account that nobody paid": {func(k *kit.Chain, house, _ *kit.Account) { k.Call(k.Account("zoe"), house, "bid") },
			[]string{"no such account: somebody must pay it"}},
		"a call that fails": {func(k *kit.Chain, house, alice *kit.Account) { k.Call(alice, house, "dance") },
			[]string{"expected nothing to fail, and dance#1 did", "✗ alice → auction  dance", `there is no method "dance"`, "bounce(dance: refused"}},
		"a pattern that nothing fits": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Send(alice, house, "bid", kit.Amount(3)).Expect(kit.Sent("auction", "bid", kit.Amount(4)))
		}, []string{"expected bid 4 to auction, found", "✓ alice → auction  bid 3"}},
		"a name that nobody has": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Send(alice, house, "bid", kit.Amount(3)).Expect(kit.Sent("acution", "bid"))
		}, []string{`no account is called "acution"; there are alice, auction, bank`}},
		"a message that must not be": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Send(alice, house, "bid", kit.Amount(3)).ExpectNone(kit.Sent("auction", "", kit.From("alice")))
		}, []string{"expected no a message from alice to auction"}},
		"a wrong balance": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Send(alice, house, "bid", kit.Amount(3))
			k.ExpectBalance(alice, 20)
		}, []string{"alice has 17, expected 20", "bid 3"}},
		"an int without a schema": {func(k *kit.Chain, house, alice *kit.Account) { k.Send(alice, house, "bid", kit.Input(3)) },
			[]string{"input of auction.bid: int 3 has no encoding: use uint64"}},
		"a detail of a pattern": {func(k *kit.Chain, house, alice *kit.Account) { k.Send(alice, house, "bid", kit.From("bob")) },
			[]string{"[From] is for looking into a trace"}},
		"too much gas": {func(k *kit.Chain, house, alice *kit.Account) { k.Send(alice, house, "bid", kit.Gas(250_000_000)) },
			[]string{"a gas limit of 250", "at most 250000000 are allowed"}},
		"advance while messages are collected": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Together(func(k *kit.Chain) { k.Advance(1) })
		}, []string{"Advance makes a block", "do it before"}},
		"a trace that has not run": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Together(func(k *kit.Chain) { k.Send(alice, house, "bid").ExpectOK() })
		}, []string{"this trace is empty"}},
		"a key account with a contract's name": {func(k *kit.Chain, house, alice *kit.Account) { k.Account("auction") },
			[]string{`"auction" is no key account`}},
		"two contracts of one name": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Deploy(alice, kit.Native{Name: "auction", Handle: counter.Handle}, "")
		}, []string{`two native programs have the name "auction"`}},
		"two accounts of one name": {func(k *kit.Chain, house, alice *kit.Account) { k.Deploy(alice, auction, "") },
			[]string{`two accounts have the name "auction": give one another name, or another salt`}},
		"a question to no contract": {func(k *kit.Chain, house, alice *kit.Account) { k.Query(alice, "best", nil) },
			[]string{"the question alice.best failed: no code"}},
		"an answer of another type": {func(k *kit.Chain, house, alice *kit.Account) {
			var n uint64
			k.Query(house, "best", &n)
		}, []string{"is no *uint64", "has bytes behind its end"}},
		"a snapshot of another chain": {func(k *kit.Chain, house, alice *kit.Account) {
			k.Restore(kit.New(t).Snapshot())
		}, []string{"the snapshot is of another chain"}},
	} {
		t.Run(name, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				k, house, alice, _ := auctionOf(t)
				x.do(k, house, alice)
			}, x.words...)
		})
	}
}

// A program that remembers something outside of its account is found out: a block's messages are handled one by one, then
// account by account, and once more by who verifies the block.
func TestForbiddenMemory(t *testing.T) {
	for second := 2; second <= 3; second++ {
		runs := 0
		forgetful := kit.Native{Name: "forgetful", Handle: func(env *kit.Env) error {
			if runs++; runs == second {
				return kit.Refuse("not again")
			}
			return nil
		}}
		mustFail(t, func(t testing.TB) {
			k := kit.New(t)
			k.Deploy(k.Account("alice", kit.Balance(1)), forgetful, "")
		}, "forgetful handles init#1", "twice from the same state", "its storage alone")
	}
}
