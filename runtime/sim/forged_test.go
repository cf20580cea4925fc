package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// What can be wrong with an envelope, with who it is for and with who carries it happens in few trees as seeds draw them (rare). In trees where
// nothing else goes wrong each of it happens soon, and does no harm.
func TestForged(t *testing.T) {
	const seeds = 40
	missing := []string{
		"forged envelope", "forged: leaf as node", "forged: wrong side", "forged: index overflow", "forged: unfinal root", "forged: unfinal view", "old envelope", "envelope twice",
		"parallel carriers", "carriers stopped", "flood", "chain halted",
		failedThere(chain.StatusNoAccount), failedThere(chain.StatusRefused), failedThere(chain.StatusOutOfGas), failedThere(chain.StatusNoCode),
	}
	o := Options{Tier: Stub, Messages: -1, Chains: MostChains}
	for _, c := range Classes {
		if !slices.Contains([]Class{Tree, Carriers, Envelopes, Halt, Flood}, c) {
			o.Without = append(o.Without, c)
		}
	}
	all := Census{}
	for seed := range uint64(seeds) {
		out, err := Run(seed, o)
		if err != nil || out.Violation != nil {
			t.Fatalf("%v, %v; repeat it with: %s", out.Violation, err, Command(seed, o))
		}
		all.join(out.Census)
		missing = slices.DeleteFunc(missing, func(name string) bool { return all[name] > 0 })
		if len(missing) == 0 {
			return
		}
	}
	t.Errorf("never in %d seeds: %s", seeds, strings.Join(missing, ", "))
}
