package kit_test

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// A test sends messages, and looks at what they led to.
func Example() {
	t := new(testing.T) // a test is given it
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(20)), k.Account("bob", kit.Balance(20))
	house := k.Deploy(k.Account("seller", kit.Balance(1)), auction, "")

	k.Call(alice, house, "bid", kit.Amount(5))
	trace := k.Call(bob, house, "bid", kit.Amount(7))
	trace.Expect(kit.Sent("alice", "add", kit.Amount(5)))
	k.ExpectBalance(alice, 20)

	k.Send(alice, house, "bid", kit.Amount(6)).Expect(kit.Sent("auction", "bid", kit.Refused("7 is bid")))
	for m := range k.Traces()[0].All() {
		fmt.Println(m.From, m.Method, m.To, m.Amount, m.Status)
	}
	// Output:
	// alice call alice 6 ok
	// alice bid auction 6 refused
	// auction bounce alice 6 ok
}

// shop sells one thing, for 10, to who pays first; but it forgets to look whether it was sold: the last one gets it.
var shop = kit.Native{Name: "shop", Handle: kit.Methods{
	"buy": func(env *kit.Env) error {
		if env.Message.Amount.Less(chain.NewAmount(10)) {
			return kit.Refuse("it costs 10")
		}
		return env.Write("owner", env.Message.From[:])
	},
}.Handle}

// Explore runs every order, and asks after each.
func ExampleChain_Explore() {
	t := new(testing.T) // a test is given it
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(10)), k.Account("bob", kit.Balance(10))
	house := k.Deploy(alice, shop, "")

	owners := map[string]int{}
	x := k.Explore(4, func(k *kit.Chain) {
		k.Send(alice, house, "buy", kit.Amount(10))
		k.Send(bob, house, "buy", kit.Amount(10))
	}, func(k *kit.Chain) error {
		owner := k.At(chain.Address(k.Storage(house, "owner")))
		owners[owner.Name()]++
		return nil // an error would end the test, with the order that led to it
	})
	fmt.Println(x.Orders, "orders:", owners)
	// Output: 2 orders: map[alice:1 bob:1]
}

// Replay runs one order, as a failing exploration prints it.
func ExampleChain_Replay() {
	t := new(testing.T) // a test is given it
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(20)), k.Account("bob", kit.Balance(20))
	house := k.Deploy(k.Account("seller", kit.Balance(1)), auction, "")

	k.Replay(kit.Order{
		{"auction", "bid#2"}, // the one that bob's message sends
	}, func(k *kit.Chain) {
		k.Send(alice, house, "bid", kit.Amount(5))
		k.Send(bob, house, "bid", kit.Amount(7))
	})
	for _, trace := range k.Traces() {
		fmt.Println(trace.OK())
	}
	// Output:
	// false
	// true
}

// The gas of every method, over all that the test did.
func ExampleChain_GasReport() {
	t := new(testing.T) // a test is given it
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(20)), k.Account("bob", kit.Balance(20))
	house := k.Deploy(k.Account("seller", kit.Balance(1)), auction, "")
	k.Call(alice, house, "bid", kit.Amount(5))
	k.Call(bob, house, "bid", kit.Amount(7))
	k.Transfer(alice, bob, 1)
	fmt.Println(k.GasReport().Line("auction", "bid").Max > k.GasReport().Line("auction", "bid").Min)
	messages, across, _ := k.GasReport().Across()
	fmt.Println(across, "of", messages)
	// Output:
	// true
	// 5 of 9
}
