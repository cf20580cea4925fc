package kit_test

import (
	"regexp"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// gas is what a gas table may change in a drawing.
var gas = regexp.MustCompile(`gas [0-9.]+[kM]?`)

func drawn(t *kit.Trace) string { return gas.ReplaceAllString(t.String(), "gas …") }

// The drawing of a tree: events and logs before what was sent, failures with their reason, siblings and what is below them.
func TestDraw(t *testing.T) {
	k := kit.New(t)
	alice, bob := k.Account("alice", kit.Balance(100)), k.Account("bob", kit.Balance(1))
	fan := kit.Native{Name: "fan", Handle: kit.Methods{
		"spread": func(env *kit.Env) error {
			env.Log([]byte("two\nlines"))
			if err := env.Emit("spread", []byte{0xff}); err != nil {
				return err
			}
			for _, to := range []chain.Address{bob.Address(), {0, 0, 0, 9, 1}, alice.Address()} {
				if err := env.Send(chain.Sent{To: to, Method: "add", Amount: chain.NewAmount(2), GasLimit: 10_000}); err != nil {
					return err
				}
			}
			return env.Send(chain.Sent{To: env.Self, Method: "spin", GasLimit: 200_000})
		},
		"spin": func(env *kit.Env) error {
			env.Log([]byte("dizzy"))
			return exec.Fail(chain.StatusTrap, "it fell")
		},
	}.Handle}
	house := k.Deploy(alice, fan, "")
	trace := k.Send(alice, house, "spread", kit.Raw([]byte("wide")), kit.Amount(50))
	want := `✓ alice  call → fan spread 50  block 6 σ(alice)[0]  ok  gas …
└─✓ alice → fan  spread("wide") 50  block 6 σ(fan)[0]  ok  gas …
  ├─ event spread 0xff
  ├─ log two⏎lines
  ├─✓ fan → bob  add 2  block 6 σ(bob)[0]  ok  gas …
  ├─✗ fan → tk1qqqqq…9ch6  add 2  block 6 σ(system)[0]  no such chain (chain 9 does not exist)  gas …
  │ └─✓ system → fan  bounce(add: no such chain (chain 9 does not exist)) 2  block 6 σ(fan)[2]  ok  gas …
  ├─✓ fan → alice  add 2  block 6 σ(alice)[1]  ok  gas …
  └─✗ fan → fan  spin  block 6 σ(fan)[1]  trap (it fell)  gas …
    ├─ log dizzy
    └─✓ fan → fan  bounce(spin: trap (it fell))  block 6 σ(fan)[3]  ok  gas …
`
	if got := drawn(trace); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, x := range []struct {
		pattern kit.Pattern
		count   int
	}{
		{kit.Sent("", ""), 8}, {kit.Sent("", "add"), 3}, {kit.Sent("", "bounce", kit.From("fan")), 1},
		{kit.Sent("", "", kit.Amount(2)), 4}, {kit.Sent("", "", kit.Status(chain.StatusOK)), 6},
		{kit.Sent("", "", kit.Because("not exist")), 1}, {kit.Sent("", "", kit.Refused("")), 0},
		{kit.Sent("", "", kit.Emitted("spread")), 1}, {kit.Sent("", "", kit.Logged("izz")), 1},
		{kit.Sent("fan", "spread", kit.Raw([]byte("wide"))), 1}, {kit.Sent("fan", "spread", kit.Raw(nil)), 0},
	} {
		if n := trace.Count(x.pattern); n != x.count {
			t.Errorf("%d times %s, want %d", n, x.pattern, x.count)
		}
		if m := trace.Find(x.pattern); (m == nil) != (x.count == 0) {
			t.Errorf("found %v for %s", m, x.pattern)
		}
	}
	if failed := trace.Failed(); len(failed) != 2 || failed[1].Label != "spin#1.1.4" || failed[1].Parent.Label != "spread#1" {
		t.Errorf("failed: %v", failed)
	}
}

// What the kit does by itself is not in the report, nor what is only explored.
func TestGasReport(t *testing.T) {
	k, house, alice, bob := auctionOf(t)
	k.Call(alice, house, "bid", kit.Amount(5))
	k.Call(bob, house, "bid", kit.Amount(7))
	k.Send(alice, house, "bid", kit.Amount(1))
	k.Explore(9, func(k *kit.Chain) { k.Send(alice, house, "bid", kit.Amount(9)) }, func(k *kit.Chain) error {
		k.Call(bob, house, "bid", kit.Amount(11))
		return nil
	})
	r := k.GasReport()
	bids := r.Line("auction", "bid")
	if bids.Calls != 3 || bids.Across != 3 || bids.Min > bids.Median || bids.Median > bids.Max || bids.Total != bids.AcrossGas ||
		bids.Total != bids.Min+bids.Median+bids.Max {
		t.Errorf("%+v", bids)
	}
	if calls := r.Line("", "call"); calls.Calls != 3 || calls.Across != 0 || calls.AcrossGas != 0 {
		t.Errorf("%+v", calls)
	}
	if init := r.Line("auction", "init"); init.Calls != 1 {
		t.Errorf("%+v", init)
	}
	if none := r.Line("auction", "dance"); none.Calls != 0 {
		t.Errorf("%+v", none)
	}
	if messages, across, share := r.Across(); messages != 10 || across != 6 || share <= 0 || share >= 1 {
		t.Errorf("%d of %d, %v of the gas\n%s", across, messages, share, r)
	}
}
