package sim

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var (
	seedFlag   = flag.Uint64("seed", 1, "begin with this seed")
	freshFlag  = flag.Duration("fresh", 4*time.Second, "run fresh seeds for so long, in CPU time")
	chainsFlag = flag.Int("chains", 0, "run them on trees of so many chains; 0 for what each seed draws")
)

const neverHappened = "this never happened"

// Seeds hold every invariant, and show together what can go wrong.
func TestFresh(t *testing.T) {
	o := Options{Tier: Stub, Messages: -1, Chains: *chainsFlag}
	r, err := Campaign{First: *seedFlag, CPU: *freshFlag, Options: o}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Violation != nil {
		t.Fatalf("VIOLATION %v; repeat it with: %s", r.Violation, Command(*r.FailingSeed, o))
	}
	if len(r.Missing) > 0 {
		t.Errorf("VIOLATION %s: %s", neverHappened, strings.Join(r.Missing, ", "))
	}
	t.Logf("%d seeds, %.0f blocks for an hour of CPU", r.Seeds, r.Blocks)
}

// Seeds that ever failed: seed/chains (0: what the seed draws), each without the classes of faults that there were none of then.
func TestKept(t *testing.T) {
	raw, err := os.ReadFile("testdata/seeds.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		var seed uint64
		var without string
		o := Options{Tier: Stub, Messages: -1}
		if _, err := fmt.Sscanf(line, "%d/%d -%s", &seed, &o.Chains, &without); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, name := range strings.Split(strings.TrimPrefix(without, "nothing"), ",") {
			if name == "" {
				continue
			}
			c, ok := ClassNamed(name)
			if !ok {
				t.Fatalf("%q: there is no class %q", line, name)
			}
			o.Without = append(o.Without, c)
		}
		if out, err := Run(seed, o); err != nil || out.Violation != nil {
			t.Errorf("seed %d: %v, %v; repeat it with: %s", seed, out.Violation, err, Command(seed, o))
		}
	}
}

// Y1: equal seeds give equal histories, others don't.
func TestSameSeedSameHistory(t *testing.T) {
	for _, c := range []struct {
		tier   Tier
		chains int
		seeds  uint64
	}{{Stub, 1, 8}, {Stub, MostChains, 3}, {Store, 1, 1}, {Store, 3, 1}} {
		known := map[[32]byte]uint64{}
		for seed := range c.seeds {
			for range 2 {
				out, err := Run(seed, Options{Tier: c.tier, Messages: -1, Chains: c.chains})
				if err != nil {
					t.Fatal(err)
				}
				if of, ok := known[out.History]; ok && of != seed {
					t.Errorf("%s, %d chains: seeds %d and %d have one history", c.tier, c.chains, of, seed)
				}
				known[out.History] = seed
			}
		}
		if len(known) != int(c.seeds) {
			t.Errorf("%s, %d chains: %d seeds, run twice, have %d histories", c.tier, c.chains, c.seeds, len(known))
		}
	}
}

// Digests that nobody carries for thousands of blocks, in the first seed that has such.
func TestThousandsOfBlocksLate(t *testing.T) {
	o := Options{Tier: Stub, Messages: -1}
	seed := uint64(0)
	for Draw(seed, o).Late == 0 {
		seed++
	}
	out, err := Run(seed, o)
	if err != nil || out.Violation != nil {
		t.Fatalf("seed %d: VIOLATION %v, %v; repeat it with: %s", seed, out.Violation, err, Command(seed, o))
	}
	if out.Census["digests thousands of blocks late"] != 1 {
		t.Errorf("seed %d: they were in time", seed)
	}
	t.Logf("seed %d: %d blocks recorded, %d relays taken in", seed, out.Census["block recorded"], out.Census["relay taken in"])
}

// With the store of a node under each.
func TestStore(t *testing.T) {
	o := Options{Tier: Store, Messages: -1}
	r, err := Campaign{First: *seedFlag, Seeds: 8, Options: o}.Run(t.Context())
	if err != nil || r.Violation != nil {
		t.Fatalf("VIOLATION %v, %v", r.Violation, err)
	}
	if r.Census["audit"] == 0 || r.Census["crash"] == 0 {
		t.Errorf("%d audits, %d crashes", r.Census["audit"], r.Census["crash"])
	}
}

// With real signatures, one run of few messages.
func TestReal(t *testing.T) {
	for chains := range 3 {
		out, err := Run(3, Options{Tier: Real, Messages: 4, Nodes: 4, Chains: 1 + chains})
		if err != nil || out.Violation != nil {
			t.Fatal(out.Violation, err)
		}
	}
}
