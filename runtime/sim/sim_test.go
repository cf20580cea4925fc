package sim

import (
	"flag"
	"testing"
)

var seedFlag = flag.Uint64("seed", 0, "run this seed alone, and tell its timeline")
var seedsFlag = flag.Uint64("seeds", 100, "run so many")

func TestSeeds(t *testing.T) {
	all := Census{}
	for seed := uint64(1); seed <= *seedsFlag; seed++ {
		o := Options{Tier: Stub, Messages: -1}
		if *seedFlag != 0 {
			seed = *seedFlag
			o.Say = func(millis uint64, node int, line string) { t.Logf("%8d %3d %s", millis, node, line) }
		}
		out, err := Run(seed, o)
		if err != nil {
			t.Fatal(err)
		}
		if out.Violation != nil {
			t.Errorf("seed %d: %v", seed, out.Violation)
		}
		if *seedFlag != 0 {
			t.Logf("%+v", out.Plan)
		}
		all.join(out.Census)
		if *seedFlag != 0 {
			return
		}
	}
	for _, name := range all.Names() {
		t.Logf("%8d %s", all[name], name)
	}
	t.Logf("missing: %q", all.Missing())
}
