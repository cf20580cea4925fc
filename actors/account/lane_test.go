package account

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

var self = chain.Address{3: 1, 9: 7}

func context() *exec.Context {
	p := chain.DefaultParams()
	p.MinGasPrice = 10
	return &exec.Context{Chain: 1, Height: 100, Params: p, Programs: spender{}}
}

// external makes a message of self's; change may be nil.
func external(nonce, price uint64, change func(*chain.Message)) *chain.Message {
	m := &chain.Message{
		Kind: chain.External, From: self, To: self, Payer: self, Nonce: nonce, ValidUntil: 200, GasLimit: 100_000, GasPrice: price,
		Method: chain.MethodTransfer,
	}
	if change != nil {
		change(m)
	}
	return m.Seal()
}

func TestLaneOffers(t *testing.T) {
	rich := chain.Account{Balance: chain.NewAmount(1 << 60), Nonce: 5}
	limits := Limits{Ahead: 64, Messages: 3, Publications: 1}
	publish := func(nonce, price uint64) *chain.Message {
		return external(nonce, price, func(m *chain.Message) { m.Method = chain.MethodPublish })
	}
	for _, c := range []struct {
		name    string
		waiting []*chain.Message
		final   chain.Account
		m       *chain.Message
		kind    Kind     // "" if it is taken
		words   []string // that the refusal must have
		len     int
	}{
		{"next", nil, rich, external(5, 10, nil), "", nil, 1},
		{"later", nil, rich, external(68, 10, nil), "", nil, 1},
		{"too late", nil, rich, external(69, 10, nil), NonceAhead, []string{"69", "5", "64"}, 0},
		{"used", nil, rich, external(4, 10, nil), NonceUsed, []string{"4", "5"}, 0},
		{"no account", nil, chain.Account{}, external(0, 10, nil), NoAccount, []string{"account"}, 0},
		{"expired", nil, rich, external(5, 10, func(m *chain.Message) { m.ValidUntil = 99 }), Expired, []string{"99", "100"}, 0},
		{"last height", nil, rich, external(5, 10, func(m *chain.Message) { m.ValidUntil = 100 }), "", nil, 1},
		{"low price", nil, rich, external(5, 9, nil), GasPriceLow, []string{"9", "10"}, 0},
		{"low limit", nil, rich, external(5, 10, func(m *chain.Message) { m.GasLimit = 100 }), GasLimitLow, []string{"100"}, 0},
		{"high limit", nil, rich, external(5, 10, func(m *chain.Message) { m.GasLimit = chain.MaxMessageGas + 1 }), GasLimitHigh, []string{"250000000"}, 0},
		{"same again", []*chain.Message{external(5, 10, nil)}, rich, external(5, 10, nil), "", nil, 1},
		{"taken", []*chain.Message{external(5, 100, nil)}, rich, external(5, 109, nil), NonceTaken, []string{"110", "109"}, 1},
		{"replaces", []*chain.Message{external(5, 100, nil)}, rich, external(5, 110, nil), "", nil, 1},
		{"full", []*chain.Message{external(5, 10, nil), external(6, 10, nil), external(9, 10, nil)}, rich, external(7, 10, nil), LaneFull, []string{"3"}, 3},
		{"full but replaces", []*chain.Message{external(5, 10, nil), external(6, 10, nil), external(9, 10, nil)}, rich, external(9, 11, nil), "", nil, 3},
		{"gas of both", []*chain.Message{external(5, 10, nil)}, chain.Account{Balance: chain.NewAmount(1_999_999), Nonce: 5}, external(6, 10, nil),
			GasOverBalance, []string{"1999999"}, 1},
		{"gas of both fits", []*chain.Message{external(5, 10, nil)}, chain.Account{Balance: chain.NewAmount(2_000_000), Nonce: 5}, external(6, 10, nil), "", nil, 2},
		{"gas of the replaced is free", []*chain.Message{external(5, 10, nil)}, chain.Account{Balance: chain.NewAmount(1_100_000), Nonce: 5},
			external(5, 11, nil), "", nil, 1},
		{"publication", nil, rich, publish(5, 10), "", nil, 1},
		{"second publication", []*chain.Message{publish(5, 10)}, rich, publish(6, 10), LaneFull, []string{"1 publications", "limit 1"}, 1},
		{"publication in place of another", []*chain.Message{publish(5, 10)}, rich, publish(5, 11), "", nil, 1},
		{"publication in place of a payment", []*chain.Message{publish(5, 10), external(6, 10, nil)}, rich, publish(6, 11), LaneFull, []string{"limit 1"}, 2},
		{"payment in place of a publication", []*chain.Message{publish(5, 10)}, rich, external(5, 11, nil), "", nil, 1},
		{"method of no code", nil, rich, external(5, 10, func(m *chain.Message) { m.Method = "unheard" }), UnknownMethod, []string{"unheard"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l Lane
			for _, m := range c.waiting {
				if _, err := l.Offer(context(), limits, rich, m); err != nil {
					t.Fatal(err)
				}
			}
			_, err := l.Offer(context(), limits, c.final, c.m)
			var refusal *Refusal
			errors.As(err, &refusal)
			if (c.kind == "") != (err == nil) || refusal != nil && refusal.Kind != c.kind {
				t.Fatalf("%v, want kind %q", err, c.kind)
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			if l.Len() != c.len {
				t.Errorf("%d wait, want %d", l.Len(), c.len)
			}
			if waits := l.Next(c.m.Nonce); err == nil && waits.ID() != c.m.ID() {
				t.Errorf("message %s waits, not the offered one", waits.ID())
			}
			checkCost(t, &l)
		})
	}
}

// checkCost holds that the sum is that of the parts (A3).
func checkCost(t *testing.T, l *Lane) {
	t.Helper()
	var sum chain.Amount
	for i, w := range l.waiting {
		sum, _ = sum.Add(gasCost(w.message))
		if i > 0 && l.waiting[i-1].nonce >= w.nonce {
			t.Errorf("nonce %d stands before %d", l.waiting[i-1].nonce, w.nonce)
		}
	}
	if sum != l.cost {
		t.Errorf("cost %s, the sum is %s", l.cost, sum)
	}
	publications := 0
	for _, w := range l.waiting {
		if publishes(w.message) {
			publications++
		}
	}
	if l.publications != publications || l.Load() != l.from(0) {
		t.Errorf("%d publications of %d, load %+v of %+v", l.publications, publications, l.Load(), l.from(0))
	}
}

func TestReplacementPrice(t *testing.T) {
	for price, want := range map[uint64]uint64{0: 1, 1: 2, 9: 10, 10: 11, 11: 13, 100: 110, 101: 112, math.MaxUint64 - 1: math.MaxUint64} {
		if got := replacementPrice(price); got != want {
			t.Errorf("to replace a price of %d takes %d, want %d", price, got, want)
		}
	}
}

func TestLaneLeavings(t *testing.T) {
	var l Lane
	rich := chain.Account{Balance: chain.NewAmount(1 << 60), Nonce: 5}
	offer := func(nonce, until uint64) *chain.Message {
		m := external(nonce, 10, func(m *chain.Message) { m.ValidUntil = until })
		if _, err := l.Offer(context(), DefaultLimits(), rich, m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	m9, m5, _, m6 := offer(9, 150), offer(5, 300), offer(12, 300), offer(6, 120)
	if l.Next(5) != m5 || l.Next(6) != m6 || l.Next(7) != nil || l.Next(9) != m9 || l.Next(4) != nil || l.Next(13) != nil {
		t.Error("Next finds the wrong message")
	}
	if got := l.Expire(121); len(got) != 1 || got[0] != m6 {
		t.Errorf("expired %v", got)
	}
	if got := l.Expire(150); got != nil {
		t.Errorf("expired %v though a block of height 150 may hold it", got)
	}
	l.Drop(external(9, 11, nil)) // another one
	if l.Len() != 3 {
		t.Errorf("%d wait", l.Len())
	}
	if l.Use(10); l.Len() != 1 || l.Next(12) == nil {
		t.Errorf("%d left", l.Len())
	}
	checkCost(t, &l)
	l.Drop(l.Next(12))
	if l.Len() != 0 || l.cost != (chain.Amount{}) {
		t.Errorf("%d left at a cost of %s", l.Len(), l.cost)
	}
}
