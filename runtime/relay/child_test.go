package relay_test

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Who certifies an ancestor is taken over once, from the chain right above it alone.
func TestChildOnce(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	slot := exec.Slot{Account: chain.DigestsAddress(main), Key: chain.ChildCommitteeKey(a)}
	shown, err := f.trunks[main].Show([]exec.Slot{slot})
	if err != nil {
		t.Fatal(err)
	}
	p := light.EntryProof{State: shown.Proofs[0]}
	for _, x := range []struct {
		on    chain.ID
		fact  chain.Fact
		words string
	}{
		{a1, chain.Fact{From: main, Of: a, Value: shown.Values[0], Proof: p.Append(nil)}, "who certifies chain 2 is known"},
		{a1, chain.Fact{From: main, Of: a, Value: shown.Values[0]}, "entry"},
		{a1, chain.Fact{From: main, Of: b}, "is none that chain 4 takes over"},
		{a1, chain.Fact{From: a, Of: main}, "is none that chain 4 takes over"},
		{a1, chain.Fact{From: a, Of: a1}, "is none that chain 4 takes over"},
		{a1, chain.Fact{From: main, Of: main}, "is none that chain 4 takes over"},
		{b, chain.Fact{From: main, Of: a}, "is none that chain 3 takes over"},
	} {
		arrival := f.trunks[x.on].arrival()
		if fault, err := arrival.View(&shown.Digest); fault != nil || err != nil {
			t.Fatal(fault, err)
		}
		x.fact.Kind = chain.FactChild
		if fault, err := arrival.Fact(&x.fact); err != nil || fault == nil || !strings.Contains(fault.Got, x.words) {
			t.Errorf("%+v: %v, error %v", x.fact, fault, err)
		}
	}
}
