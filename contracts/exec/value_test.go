package exec_test

import (
	"math"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What is under way is worth what its sender gave up for it (SPEC 2.3), and never less, however absurd it is.
func TestValue(t *testing.T) {
	mul := func(a, b uint64) chain.Amount { return chain.Mul(a, b) }
	for _, x := range []struct {
		name, method string
		amount       chain.Amount
		limit, price uint64
		want         chain.Amount
	}{
		{"add", chain.MethodAdd, chain.NewAmount(7), 100, 3, chain.NewAmount(7 + 3*(100+gas.Bounce))},
		{"free gas", "do", chain.NewAmount(7), 100, 0, chain.NewAmount(7)},
		{"bounce", chain.MethodBounce, chain.NewAmount(7), 100, 3, chain.NewAmount(7 + 3*100)},
		{"refund", chain.MethodRefund, chain.NewAmount(7), 100, 3, chain.NewAmount(7 + 3*100)},
		{"most gas", "do", chain.Amount{}, math.MaxUint64 - gas.Bounce, math.MaxUint64, mul(math.MaxUint64, math.MaxUint64)},
		{"too much gas", "do", chain.Amount{}, math.MaxUint64 - gas.Bounce + 1, 1, chain.MaxAmount},
		{"all the gas of a bounce", chain.MethodBounce, chain.Amount{}, math.MaxUint64, 1, chain.NewAmount(math.MaxUint64)},
		{"most", "do", chain.MaxAmount, 0, 0, chain.MaxAmount},
		{"too much", "do", chain.MaxAmount, 0, 1, chain.MaxAmount},
	} {
		m := &chain.Message{Kind: chain.Relay, Method: x.method, Amount: x.amount, GasLimit: x.limit, GasPrice: x.price}
		if got := exec.Value(m); got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
}
