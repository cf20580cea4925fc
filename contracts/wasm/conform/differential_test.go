package conform

import (
	"flag"
	"math/rand/v2"
	"testing"
)

var (
	seedFlag    = flag.Uint64("seed", 0, "repeat the random tests with this seed")
	modulesFlag = flag.Int("modules", 0, "how many modules the random tests make; 0 is as many as take some seconds")
)

// seedOf chooses the seed of a random test and says how to repeat it.
func seedOf(t testing.TB) uint64 {
	seed := *seedFlag
	for seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./contracts/wasm/conform -run '^%s$' -seed %d", t.Name(), seed)
	return seed
}

// modules is how many a random test makes.
func modules(normal, short int) int {
	switch {
	case *modulesFlag > 0:
		return *modulesFlag
	case testing.Short():
		return short
	}
	return normal
}

// TestDifferential runs random modules as published and instrumented, on both engines, against the reference.
func TestDifferential(t *testing.T) {
	seed := seedOf(t)
	rigs := newRigs(t)
	ends := map[trap]int{}
	trusted := 0
	for i := range modules(300, 50) {
		d := &dice{more: rand.New(rand.NewPCG(seed, uint64(i)))}
		tr := newTrial(t, d, newCensus())
		for _, w := range tr.want {
			ends[w.ended]++
			if !w.doubt {
				trusted++
			}
		}
		if err := tr.run(rigs); err != nil {
			t.Errorf("module %d: %v", i, err)
			explain(t, rigs, d.taken)
			return
		}
	}
	t.Logf("calls by end: %v; %d compared with the original too", ends, trusted)
}

// explain shows a small module that fails too.
func explain(t testing.TB, rigs []*rig, choices []byte) {
	t.Helper()
	choices = shrink(choices, 3_000, func(c []byte) bool {
		return newTrial(t, &dice{bytes: c}, newCensus()).run(rigs) != nil
	})
	tr := newTrial(t, &dice{bytes: choices}, newCensus())
	t.Logf("choices %x\n%v\n%s", choices, tr.run(rigs), dump(tr.module))
}

// FuzzEngines is TestDifferential with the choices made by the fuzzer.
func FuzzEngines(f *testing.F) {
	for i := range uint64(10) {
		more := rand.New(rand.NewPCG(1, i))
		b := make([]byte, 200<<(i%5))
		for j := range b {
			b[j] = byte(more.Uint32())
		}
		f.Add(b)
	}
	rigs := newRigs(f)
	f.Fuzz(func(t *testing.T, choices []byte) {
		tr := newTrial(t, &dice{bytes: choices}, newCensus())
		if err := tr.run(rigs); err != nil {
			t.Fatalf("%v\n%s", err, dump(tr.module))
		}
	})
}
