package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// lets runs a gate for some blocks, of which some set other valves, and says whether the oracle finds something in what it lets out. Where a block
// is hasty, the gate has a window that is shorter than the valve says.
func lets(seed uint64, hasty bool) (found bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	draw := func() chain.Valve {
		v := chain.Valve{Delay: rng.Uint32N(3)}
		if rng.IntN(4) > 0 {
			v.Limit, v.Window = chain.NewAmount(5+rng.Uint64N(10)), 1+rng.Uint32N(6)
		}
		return v
	}
	var g chain.Gate
	b := &valve{now: g.Valve, spans: []span{{}}}
	for height := uint64(1); height < 60; height++ {
		had, sum := []chain.Valve{b.now}, chain.Amount{}
		pass := func(left ...chain.Leaving) {
			if g.Valve.Open() && len(g.Waiting) == 0 {
				g = chain.Gate{} // it isn't kept
			}
			g.Take(height, left)
			valve := g.Valve
			if hasty && g.Valve.Window > 1 {
				g.Valve.Window--
			}
			for _, l := range g.Pass(height) {
				sum, _ = sum.Add(l.Amount)
			}
			g.Valve = valve
		}
		for range rng.IntN(3) {
			pass(chain.Leaving{Chain: 2 + chain.ID(rng.Uint32N(2)), Amount: chain.NewAmount(rng.Uint64N(12))})
			if rng.IntN(8) == 0 {
				had = append(had, draw())
				g.Set(height, had[len(had)-1])
				pass()
			}
		}
		b.now = had[len(had)-1]
		if !b.pass(height, sum, had) {
			return true
		}
	}
	return false
}

// What a gate lets out is within the windows that the oracle thinks possible, whatever valves it has had, several in one block, too; and what a
// gate with shorter windows lets out is not.
func TestValveWindows(t *testing.T) {
	const seeds = 20_000
	hasty := 0
	for seed := range uint64(seeds) {
		if lets(seed, false) {
			t.Fatalf("seed %d: a window is too full", seed)
		}
		if lets(seed, true) {
			hasty++
		}
	}
	if hasty < seeds/50 {
		t.Errorf("windows that are too short are found in %d of %d", hasty, seeds)
	}
	t.Logf("windows that are too short are found in %d of %d", hasty, seeds)
}
