package kit_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

func nothing(*kit.Chain) error { return nil }

// bids are n of them, each by an account of its own, and the house.
func bids(t testing.TB, n int) (k *kit.Chain, house *kit.Account, scenario func(*kit.Chain)) {
	k = kit.New(t)
	house = k.Deploy(k.Account("seller", kit.Balance(1)), auction, "")
	for i := range n {
		k.Account(bidder(i), kit.Balance(100))
	}
	return k, house, func(k *kit.Chain) {
		for i := range n {
			k.Send(k.Account(bidder(i)), house, "bid", kit.Amount(uint64(10+i)))
		}
	}
}

func bidder(i int) string { return string(rune('a' + i)) }

// How many orders there are, by hand: only those of the auction matter, and which refunds overtake which doesn't, as each goes
// to an account of its own.
func TestExploreCounts(t *testing.T) {
	for n := range 6 {
		k, _, scenario := bids(t, n)
		before, height := k.Snapshot(), k.Height()
		want := 1
		for i := range n {
			want *= i + 1
		}
		x := k.Explore(20, scenario, nothing)
		if x.Orders != want || x.Sampled {
			t.Errorf("%d bids: %+v, want %d orders", n, x, want)
		}
		if k.Snapshot() != before || k.Height() != height {
			t.Error("the chain is not as it was")
		}
	}
}

// outcomes are those of all orders, and of many random ones, by what they leave; both must be the same.
func TestExploreFindsAllOutcomes(t *testing.T) {
	seen := map[string]bool{}
	outcome := func(k *kit.Chain) string {
		text := ""
		for _, name := range []string{"a", "b", "c", "auction", "seller"} {
			if name == "auction" {
				continue
			}
			text += fmt.Sprintf("%s %s, ", name, k.Account(name).Balance())
		}
		return text
	}
	k, house, scenario := bids(t, 3)
	closing := func(k *kit.Chain) {
		scenario(k)
		k.Send(k.Account("seller"), house, "close")
	}
	x := k.Explore(20, closing, func(k *kit.Chain) error {
		seen[outcome(k)] = true
		return nil
	})
	random := map[string]bool{}
	for seed := range uint64(300) {
		k := kit.New(t, kit.Seed(seed))
		house := k.Deploy(k.Account("seller", kit.Balance(1)), auction, "")
		for i := range 3 {
			k.Account(bidder(i), kit.Balance(100))
		}
		k.Together(func(k *kit.Chain) {
			for i := range 3 {
				k.Send(k.Account(bidder(i)), house, "bid", kit.Amount(uint64(10+i)))
			}
			k.Send(k.Account("seller"), house, "close")
		})
		random[outcome(k)] = true
	}
	if len(seen) != len(random) {
		t.Errorf("%d outcomes of all %d orders, %d of random ones", len(seen), x.Orders, len(random))
	}
	for o := range random {
		if !seen[o] {
			t.Errorf("not found: %s", o)
		}
	}
}

// trap opens when it is called in one order alone: the one that came a long way first, and then the others, last first.
func trapOf(t testing.TB, calls, hops int, options ...kit.Option) (k *kit.Chain, scenario func(*kit.Chain), sprung func(*kit.Chain) error) {
	k = kit.New(t, options...)
	trap := kit.Native{Name: "trap", Handle: kit.Methods{
		"step": func(env *kit.Env) error {
			v, err := env.Read("steps")
			if err != nil {
				return err
			}
			return env.Write("steps", append(append([]byte(nil), v...), env.Input...))
		},
	}.Handle}
	hop := kit.Native{Name: "hop", Handle: kit.Methods{
		"go": func(env *kit.Env) error {
			next := env.Input
			if len(next) == chain.AddressSize {
				return send(env, chain.Address(next), "step", []byte("*"))
			}
			return send(env, chain.Address(next), "go", next[chain.AddressSize:])
		},
	}.Handle}
	alice := k.Account("alice", kit.Balance(1))
	goal := k.Deploy(alice, trap, "")
	var way []byte
	for i := range hops {
		a := k.Deploy(alice, hop, fmt.Sprint(i)).Address()
		way = append(way, a[:]...)
	}
	target := goal.Address()
	first := chain.Address(way[:chain.AddressSize])
	way = append(way[chain.AddressSize:], target[:]...)
	want := "*"
	for i := range calls {
		k.Account(bidder(i), kit.Balance(1))
		want = want[:1] + bidder(i) + want[1:]
	}
	return k, func(k *kit.Chain) {
			k.Send(alice, k.At(first), "go", kit.Raw(way))
			for i := range calls {
				k.Send(k.Account(bidder(i)), goal, "step", kit.Raw([]byte(bidder(i))))
			}
		}, func(k *kit.Chain) error {
			if got := string(k.Storage(goal, "steps")); got == want {
				return fmt.Errorf("the trap opened: %s", got)
			}
			return nil
		}
}

// A bug that needs one order of 5,040, which few interleavings lead to: Explore finds it, and as many random runs hardly
// ever do.
func TestExplorePlantedBug(t *testing.T) {
	const calls, hops, orders = 6, 5, 5040
	text := mustFail(t, func(t testing.TB) {
		k, scenario, sprung := trapOf(t, calls, hops)
		k.Explore(20, scenario, sprung)
	}, "the trap opened: *fedcba", "k.Replay(kit.Order{", `{"trap", "step#1.1.1.1.1.1.1"},`)
	t.Logf("%.60s…", text)
	k, scenario, _ := trapOf(t, calls, hops)
	if x := k.Explore(20, scenario, nothing); x.Orders != orders || x.Sampled {
		t.Fatalf("%+v, want %d orders", x, orders)
	}
	for seed := range uint64(2) {
		if text := failure(t, func(t testing.TB) {
			k, scenario, sprung := trapOf(t, calls, hops, kit.Seed(seed))
			k.Explore(1, scenario, sprung, kit.Budget(orders)) // 1 is too few, so it samples at once
		}); text != "" {
			t.Errorf("random orders found it with seed %d: it is too easy", seed)
		}
	}
}

// The order that is printed repeats the failure, and says no more than is needed.
func TestReplay(t *testing.T) {
	calls, hops := 3, 2
	text := mustFail(t, func(t testing.TB) {
		k, scenario, sprung := trapOf(t, calls, hops)
		k.Explore(20, scenario, sprung)
	}, "the trap opened: *cba")
	var o kit.Order
	for _, m := range regexp.MustCompile(`\t\t\{"(.*)", "(.*)"\},`).FindAllStringSubmatch(text, -1) {
		o = append(o, kit.Step{m[1], m[2]})
	}
	if want := (kit.Order{{"trap", "step#1.1.1.1"}, {"trap", "step#4"}, {"trap", "step#3"}}); !slices.Equal(o, want) {
		t.Errorf("order %v, want %v", o, want)
	}
	k, scenario, sprung := trapOf(t, calls, hops)
	k.Replay(o, scenario)
	if sprung(k) == nil {
		t.Error("the order that was printed doesn't repeat the failure")
	}
	for name, x := range map[string]struct {
		order kit.Order
		words string
	}{
		"an account": {kit.Order{{"tarp", "step#1"}}, `no account is called "tarp"`},
		"a message":  {kit.Order{{"trap", "step#9"}}, "trap processes step#9 next, and that can't be: only step#"},
		"too many":   {kit.Order{{"a", "call#2"}, {"a", "call#7"}}, "a processes call#7, and it was never sent"},
	} {
		t.Run(name, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				k, scenario, _ := trapOf(t, calls, hops)
				k.Replay(x.order, scenario)
			}, x.words)
		})
	}
}

// A failure in the order in which messages come by themselves needs no order to repeat it.
func TestExploreFailsAlways(t *testing.T) {
	mustFail(t, func(t testing.TB) {
		k, _, scenario := bids(t, 2)
		k.Explore(20, scenario, func(*kit.Chain) error { return fmt.Errorf("never right") })
	}, "order 1 fails: never right", "k.Together(scenario)", "✓ a → auction  bid 10")
	mustFail(t, func(t testing.TB) {
		k, _, scenario := bids(t, 2)
		k.Explore(20, scenario, func(k *kit.Chain) error {
			k.ExpectBalance(k.Account("b"), 100)
			return nil
		})
	}, "b has 89, expected 100", "the invariant failed the test", "k.Replay(kit.Order{")
	mustFail(t, func(t testing.TB) {
		k, house, scenario := bids(t, 2)
		k.Explore(20, scenario, func(k *kit.Chain) error {
			k.Call(k.Account("a"), house, "bid", kit.Amount(5))
			return nil
		})
	}, "expected nothing to fail", "it was order 1", "k.Replay(kit.Order{")
}

// Beyond its bounds Explore samples, and says so.
func TestExploreSamples(t *testing.T) {
	for name, x := range map[string]struct {
		n      int
		budget int
	}{"crowded": {3, 50}, "budget": {20, 50}} {
		t.Run(name, func(t *testing.T) {
			var x1 kit.Exploration
			text := failure(t, func(t testing.TB) {
				k, _, scenario := bids(t, 6)
				orders := map[string]bool{}
				x1 = k.Explore(x.n, scenario, func(k *kit.Chain) error {
					orders[k.Traces()[0].String()+k.Traces()[5].String()] = true
					return nil
				}, kit.Budget(x.budget))
				if len(orders) < 10 {
					t.Errorf("%d kinds of orders", len(orders))
				}
				t.Errorf("show the log")
			})
			if !x1.Sampled || x1.Orders < x.budget/2 || x1.Orders > 2*x.budget {
				t.Errorf("%+v", x1)
			}
			if !strings.Contains(text, "kit.Seed(1) repeats") {
				t.Error(text)
			}
		})
	}
}

// What an invariant does to the chain is gone for the next order.
func TestInvariantMayGoOn(t *testing.T) {
	k, house, scenario := bids(t, 3)
	high := uint64(0)
	k.Explore(20, scenario, func(k *kit.Chain) error {
		k.Call(k.Account("c"), house, "bid", kit.Amount(50))
		k.Advance(2)
		k.Call(k.Account("seller"), house, "close")
		k.Conserved()
		high = max(high, k.Height())
		if got := k.Account("seller").Balance(); got != chain.NewAmount(51) {
			return fmt.Errorf("the seller has %s", got)
		}
		return nil
	})
	if high != k.Height()+5 {
		t.Errorf("height %d after, %d before", high, k.Height())
	}
}

// A program that makes two orders differ where they must not is found out in one of them.
func TestExploreForbiddenMemory(t *testing.T) {
	runs := 0
	odd := kit.Native{Name: "odd", Handle: kit.Methods{"go": func(env *kit.Env) error {
		if runs++; runs == 7 {
			return kit.Refuse("no more")
		}
		return nil
	}}.Handle}
	mustFail(t, func(t testing.TB) {
		k := kit.New(t)
		a := k.Deploy(k.Account("seller", kit.Balance(1)), odd, "")
		for i := range 3 {
			k.Account(bidder(i), kit.Balance(1))
		}
		runs = 0
		k.Explore(9, func(k *kit.Chain) {
			for i := range 3 {
				k.Send(k.Account(bidder(i)), a, "go")
			}
		}, nothing)
	}, "order 1 fails", "odd handles go#", "twice from the same state", "its storage alone")
}

// A message that can't be let in at its place in one order, and can in another.
func TestExploreRefusedInput(t *testing.T) {
	k := kit.New(t, kit.GasPrice(1))
	alice, bob := k.Account("alice", kit.Balance(10)), k.Account("bob", kit.Balance(2_000_000))
	kinds := map[string]int{}
	x := k.Explore(9, func(k *kit.Chain) {
		k.Transfer(alice, bob, 1)
		k.Transfer(bob, alice, 1_000_000)
	}, func(k *kit.Chain) error {
		root := k.Traces()[0].Root()
		kinds[root.Status.String()+root.Reason]++
		if got := alice.Nonce() == 1; got != root.OK() {
			return fmt.Errorf("alice's nonce is %d\n%s", alice.Nonce(), k.Traces()[0])
		}
		return nil
	})
	if x.Orders != 2 || len(kinds) != 2 { // alice is first, or bob, who makes her rich enough
		t.Errorf("%+v, %v", x, kinds)
	}
}

// An account sees in its storage what earlier messages of the block left there, removed entries included.
func TestStorageWithinBlock(t *testing.T) {
	list := kit.Native{Name: "list", Handle: kit.Methods{
		"put":  func(env *kit.Env) error { return env.Write("item/"+string(env.Input), []byte{1}) },
		"drop": func(env *kit.Env) error { return env.Write("item/"+string(env.Input), nil) },
		"all": func(env *kit.Env) error {
			key, err := env.Next("item/", "")
			for ; key != "" && err == nil; key, err = env.Next("item/", key) {
				env.Log([]byte(key[5:]))
			}
			return err
		},
	}.Handle}
	k := kit.New(t)
	alice := k.Account("alice", kit.Balance(1))
	house := k.Deploy(alice, list, "")
	k.Call(alice, house, "put", kit.Raw([]byte("b")))
	k.Call(alice, house, "put", kit.Raw([]byte("d")))
	var all *kit.Trace
	k.Explore(20, func(k *kit.Chain) {
		k.Send(alice, house, "put", kit.Raw([]byte("a")))
		k.Send(alice, house, "drop", kit.Raw([]byte("b")))
		k.Send(alice, house, "put", kit.Raw([]byte("c")))
		k.Send(alice, house, "drop", kit.Raw([]byte("a")))
		all = k.Send(alice, house, "all")
	}, func(k *kit.Chain) error {
		if got := strings.Join(all.Root().Sent[0].Logs, ""); got != "cd" {
			return fmt.Errorf("it lists %q", got)
		}
		return nil
	})
}
