package kit_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// Payments between all chains of a tree arrive by themselves.
func TestPayAcross(t *testing.T) {
	k := kit.New(t, kit.Tree("main(a(a1,a2),b)"))
	names := []string{"alice", "alice@a", "alice@a1", "alice@a2", "alice@b"}
	for _, name := range names {
		k.Account(name, kit.Balance(100))
	}
	for _, from := range names {
		for _, to := range names {
			if from != to {
				k.Transfer(k.Account(from), k.Account(to), 3).ExpectOK().Expect(kit.Sent(to, "add", kit.From(from), kit.Amount(3)))
			}
		}
	}
	for _, name := range names {
		k.ExpectBalance(k.Account(name), 100)
	}
	k.Conserved()
}

func TestTraceAcross(t *testing.T) {
	k := kit.New(t, kit.Chains(2))
	alice, bob := k.Account("alice@a", kit.Balance(20)), k.Account("bob@b", kit.Balance(5))
	trace := k.Transfer(alice, bob, 10)
	want := `✓ alice@a  transfer → bob@b 10  a block 2 σ(alice@a)[0]  ok  gas …
└─✓ alice@a → bob@b  add 10  b block 2 σ(bob@b)[0]  ok  gas …
`
	if got := drawn(trace); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	nobody := k.Account("nobody@b")
	trace = k.Send(alice, nobody, "hello", kit.Amount(3))
	want = `✓ alice@a  call → nobody@b hello 3  a block 3 σ(alice@a)[0]  ok  gas …
└─✗ alice@a → nobody@b  hello 3  b block 3 σ(nobody@b)[0]  no such account (account … does not exist)  gas …
  └─✓ nobody@b → alice@a  bounce(hello: no such account (account … does not exist)) 3  a block 4 σ(alice@a)[0]  ok  gas …
`
	if got := strings.ReplaceAll(drawn(trace), nobody.Address().String(), "…"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	k.ExpectBalance(alice, 10)
	k.ExpectBalance(bob, 15)
}

func TestHold(t *testing.T) {
	k := kit.New(t, kit.Chains(3))
	alice, bob, cleo := k.Account("alice@a", kit.Balance(20)), k.Account("bob@b", kit.Balance(5)), k.Account("cleo@c", kit.Balance(1))
	k.Hold("a", "b")
	first := k.Transfer(alice, bob, 1)
	second := k.Transfer(alice, bob, 2)
	k.Transfer(alice, cleo, 3).ExpectOK()
	k.ExpectBalance(cleo, 4)
	k.ExpectBalance(bob, 5)
	if len(first.UnderWay()) != 1 || k.UnderWay("a", "b") != 2 {
		t.Errorf("%d under way\n%s", k.UnderWay("a", "b"), first)
	}
	want := `✓ alice@a  transfer → bob@b 1  a block 2 σ(alice@a)[0]  ok  gas …
└─… alice@a → bob@b  add 1  on its way from a to b
`
	if got := drawn(first); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	k.Conserved()
	k.ReleaseNext("a", "b", 1)
	k.ExpectBalance(bob, 6)
	if len(first.UnderWay()) != 0 || len(second.UnderWay()) != 1 {
		t.Errorf("the first is to arrive\n%s%s", first, second)
	}
	e, trust := k.Envelope("a", "b")
	passage, err := e.Verify(&trust)
	if err != nil || passage.Carried != chain.NewAmount(2) || e.Import.Messages[0].To != bob.Address() {
		t.Errorf("%+v, %v", passage, err)
	}
	e.Import.Messages[0] = e.Import.Messages[0].Clone()
	e.Import.Messages[0].Amount = chain.NewAmount(3)
	if _, err := e.Verify(&trust); err == nil {
		t.Error("a relay that was changed is proven")
	}
	k.Release("", "")
	k.ExpectBalance(bob, 8)
	second.ExpectOK()
	k.Conserved()
}

// Bids come from two chains, in the order sent from each: who bids what when decides which are refused, not who wins.
func TestExploreArrivals(t *testing.T) {
	k, _, scenario := farBids(t)
	seen := map[string]int{}
	height := k.Height()
	x := k.Explore(20, scenario, func(k *kit.Chain) error {
		k.Conserved()
		text := ""
		for _, t := range k.Traces() {
			m := t.Find(kit.Sent("auction@c", "bid"))
			text += fmt.Sprintf("%s %t ", m.Amount, m.OK())
		}
		seen[text]++
		for name, v := range map[string]uint64{"a@a": 100, "b@b": 100, "c@b": 88} {
			if got := k.Account(name).Balance(); got != chain.NewAmount(v) {
				return fmt.Errorf("%s has %s", name, got)
			}
		}
		return nil
	})
	want := map[string]int{"10 true 11 true 12 true ": 1, "10 false 11 true 12 true ": 2, "10 true 11 false 12 true ": 1, "10 false 11 false 12 true ": 2}
	if x.Sampled || x.Orders != 6 || !maps.Equal(seen, want) {
		t.Errorf("%+v: %v, want %v", x, seen, want)
	}
	for _, name := range []string{"a@a", "b@b", "c@b"} {
		k.ExpectBalance(k.Account(name), 100)
	}
	if k.Height() != height || k.UnderWay("b", "c") != 0 {
		t.Error("the chains are not as they were")
	}
}

// farBids are bids from two chains for the kitten of a third one.
func farBids(t testing.TB, options ...kit.Option) (k *kit.Chain, house *kit.Account, scenario func(*kit.Chain)) {
	k = kit.New(t, append(options, kit.Chains(3))...)
	house = k.Deploy(k.Account("seller@c", kit.Balance(1)), auction, "")
	bidders := []*kit.Account{k.Account("a@a", kit.Balance(100)), k.Account("b@b", kit.Balance(100)), k.Account("c@b", kit.Balance(100))}
	return k, house, func(k *kit.Chain) {
		for i, b := range bidders {
			k.Send(b, house, "bid", kit.Amount(uint64(10+i)))
		}
	}
}

// What is held when the exploration begins arrives in any order, too.
func TestExploreHeld(t *testing.T) {
	k, _, scenario := farBids(t)
	k.Hold("", "c")
	scenario(k)
	x := k.Explore(20, func(*kit.Chain) {}, func(k *kit.Chain) error {
		k.ExpectBalance(k.Account("c@b"), 88)
		return nil
	})
	if x.Sampled || x.Orders != 3 || k.UnderWay("a", "c") != 1 || k.UnderWay("b", "c") != 2 {
		t.Errorf("%+v, and %d and %d under way", x, k.UnderWay("a", "c"), k.UnderWay("b", "c"))
	}
}

// An order of arrivals that breaks the invariant is printed as a test that repeats it.
func TestReplayArrivals(t *testing.T) {
	second := func(k *kit.Chain) error {
		if m := k.Traces()[1].Find(kit.Sent("auction@c", "bid")); !m.OK() {
			return fmt.Errorf("the second bid failed")
		}
		return nil
	}
	text := mustFail(t, func(t testing.TB) {
		k, _, scenario := farBids(t)
		k.Explore(20, scenario, second)
	}, "the second bid failed", "k.Replay(kit.Order{", `{"b", "call#3"},`, "✗ b@b → auction@c  bid 11  c block")
	var o kit.Order
	for _, m := range regexp.MustCompile(`\t\t\{"(.*)", "(.*)"\},`).FindAllStringSubmatch(text, -1) {
		o = append(o, kit.Step{m[1], m[2]})
	}
	if want := (kit.Order{{"b", "call#3"}}); !slices.Equal(o, want) {
		t.Errorf("order %v, want %v", o, want)
	}
	k, house, scenario := farBids(t)
	k.Replay(o, scenario)
	if second(k) == nil {
		t.Error("the order that was printed doesn't repeat the failure")
	}
	k.Call(k.Account("seller@c"), house, "close") // relays are carried again
	k.Conserved()
}

// Random orders come to nothing that the exploration of all orders does not.
func TestExploreArrivalsFindsAll(t *testing.T) {
	play := func(house *kit.Account, scenario func(*kit.Chain)) func(*kit.Chain) {
		return func(k *kit.Chain) {
			scenario(k)
			k.Send(k.Account("seller@c"), house, "close")
		}
	}
	outcome := func(k *kit.Chain) (text string) {
		for _, t := range k.Traces() {
			for m := range t.All() {
				text += fmt.Sprintf("%s %s %s, ", m.To, m.Method, m.Status)
			}
		}
		return text
	}
	seen, random := map[string]bool{}, map[string]bool{}
	k, house, scenario := farBids(t)
	all := k.Explore(20, play(house, scenario), func(k *kit.Chain) error {
		seen[outcome(k)] = true
		return nil
	})
	k, house, scenario = farBids(t, kit.Seed(5))
	some := k.Explore(1, play(house, scenario), func(k *kit.Chain) error { // 1 is too few, so it samples at once
		random[outcome(k)] = true
		return nil
	}, kit.Budget(120))
	t.Logf("%+v with %d outcomes, %+v with %d", all, len(seen), some, len(random))
	if all.Sampled || !some.Sampled || len(seen) != len(random) {
		t.Errorf("%d outcomes of all %d orders, %d of random ones", len(seen), all.Orders, len(random))
	}
	for o := range random {
		if !seen[o] {
			t.Errorf("not found: %s", o)
		}
	}
}

// Gas that is left over goes back to who paid for it, whichever chain that is on, and money is conserved on the way.
func TestGasAcross(t *testing.T) {
	k := kit.New(t, kit.Chains(3), kit.GasPrice(1))
	rich := func(name string) *kit.Account { return k.Account(name, kit.Balance(1_000_000_000)) }
	house := k.Deploy(rich("seller@c"), auction, "")
	a, b := rich("a@a"), rich("b@b")
	k.Hold("c", "")
	k.Send(a, house, "bid", kit.Amount(5))
	if n := k.UnderWay("c", "a"); n != 1 {
		t.Errorf("%d relays under way", n)
	}
	k.Conserved()
	k.Release("", "")
	k.Conserved()
	if n := k.UnderWay("c", "a"); n != 0 {
		t.Errorf("%d relays under way", n)
	}
	x := k.Explore(20, func(k *kit.Chain) {
		k.Send(a, house, "bid", kit.Amount(10))
		k.Send(b, house, "bid", kit.Amount(11))
	}, func(k *kit.Chain) error {
		k.Conserved()
		return nil
	})
	if x.Sampled || x.Orders != 3 { // a's is first; or b's, whose return of the 5 may come to a before or after it bids
		t.Errorf("%+v", x)
	}
}

func TestTreeOption(t *testing.T) {
	for text, words := range map[string]string{
		"main(a,a)":  `two chains have the name "a"`,
		"a(main)":    `called "a": it must be main`,
		"main":       "0 chains under the main chain: there must be 1 to 15",
		"main(a":     "a parenthesis is open at character 7",
		"main(a))":   "outside of parentheses",
		"main(,a)":   "a name is missing at character 6",
		"main(a)(b)": "a second list of chains",
		"main(a)b":   "a comma is missing",
		"main,b":     "outside of parentheses",
		"main(a b)":  "must be a word without @",
		"":           "a name is missing",
	} {
		mustFail(t, func(t testing.TB) { kit.New(t, kit.Tree(text)) }, words)
	}
	mustFail(t, func(t testing.TB) { kit.New(t, kit.Chains(16)) }, "16 chains under the main chain")
	mustFail(t, func(t testing.TB) { kit.New(t, kit.Chains(1)).Account("bob@x") }, `no chain is called "x"; there are main, a`)
	mustFail(t, func(t testing.TB) { kit.New(t).Hold("", "") }, "there is one chain")
	mustFail(t, func(t testing.TB) { kit.New(t, kit.Chains(1)).ReleaseNext("main", "a", 1) }, "1 relay from main to a: 0 are held")
}

// Time passes on all chains at once; a snapshot is of all, and of what is held.
func TestAllChains(t *testing.T) {
	k := kit.New(t, kit.Chains(2))
	alice, bob := k.Account("alice@a", kit.Balance(20)), k.Account("bob@b", kit.Balance(5))
	heights := func() string { return fmt.Sprint(k.Height(), alice.Chain().Height(), bob.Chain().Height()) }
	before := heights()
	k.Advance(2)
	if got := heights(); before != "0 1 1" || got != "2 3 3" {
		t.Errorf("heights %s, then %s", before, got)
	}
	if !k.Time().Equal(bob.Chain().Time()) {
		t.Errorf("%s and %s", k.Time(), bob.Chain().Time())
	}
	k.Hold("a", "b")
	trace := k.Transfer(alice, bob, 1)
	s := k.Snapshot()
	for range 2 {
		k.Release("", "")
		k.ExpectBalance(bob, 6)
		k.Restore(s)
		k.ExpectBalance(bob, 5)
		if k.UnderWay("a", "b") != 1 {
			t.Error("it is not held any more")
		}
	}
	k.ReleaseNext("a", "b", 1)
	trace.ExpectOK().Expect(kit.Sent("bob@b", "add", kit.Status(chain.StatusOK)))
	k.Conserved()
}
