package node

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Nothing fixes the order in advance (SPEC 4.3): the live accounts of 100 networks are given the same messages, and come
// to different σ. Another node verifies every one of them, and the money is the same whatever the order.
func TestSameInputsDifferentOrders(t *testing.T) {
	const accounts, payments, runs = 8, 10, 100
	var who []byte
	for n := range byte(accounts) {
		who = append(who, n+1)
	}
	g := testGenesis(1_000_000_000, who...)
	verifier := open(t, testConfig(t, g, "", Pace{Manual: true}))
	defer closeNode(t, verifier)
	random := rand.New(rand.NewPCG(1, 2))
	var messages [][]byte
	for nonce := range uint64(payments) {
		for _, from := range who {
			messages = append(messages, payment(verifier, from, who[random.IntN(accounts)], 1, nonce).Encode())
		}
	}
	orders, states := map[chain.Hash]int{}, map[string]int{}
	for range runs {
		raw, balances := oneBlock(t, g, who, messages)
		r, fault, err := verifier.Verify(raw)
		if err != nil || fault != nil {
			t.Fatalf("%v, %v", fault, err)
		}
		if err := verifier.tree.Discard(r.Version); err != nil {
			t.Fatal(err)
		}
		if len(r.Block.Inputs) != len(messages) {
			t.Fatalf("%d inputs of %d", len(r.Block.Inputs), len(messages))
		}
		orders[r.Block.Header.Roots.Order]++
		states[balances]++
	}
	if len(orders) < 2 {
		t.Errorf("%d runs gave %d different σ", runs, len(orders))
	}
	if len(states) != 1 {
		t.Errorf("the same payments led to %d different balances", len(states))
	}
}

// oneBlock is the block that a fresh network makes of the messages, and the balances behind it.
func oneBlock(t *testing.T, g *chain.Genesis, who []byte, messages [][]byte) (raw []byte, balances string) {
	t.Helper()
	n := open(t, testConfig(t, g, "", Pace{Manual: true}))
	defer closeNode(t, n)
	for _, a := range n.Submit(messages) {
		if a.Refused != nil {
			t.Fatal(a.Refused)
		}
	}
	if err := n.Mine(1); err != nil {
		t.Fatal(err)
	}
	raw, err := n.RawBlock(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range who {
		a, err := n.Account(testAddress(w))
		if err != nil {
			t.Fatal(err)
		}
		balances += a.Account.Balance.String() + " "
	}
	return raw, balances
}
