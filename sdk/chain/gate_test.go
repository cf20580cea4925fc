package chain_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

func leaving(pairs ...uint64) (list []chain.Leaving) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, chain.Leaving{Chain: chain.ID(pairs[i]), Amount: chain.NewAmount(pairs[i+1])})
	}
	return list
}

// A gate lets through at most its limit within a window, nothing before the delay, and gives each chain its turn.
func TestGate(t *testing.T) {
	type step struct {
		height uint64
		take   []chain.Leaving
		pass   string
	}
	for name, c := range map[string]struct {
		valve chain.Valve
		steps []step
	}{
		"open": {chain.Valve{}, []step{{5, leaving(2, 7, 3, 1), "[{2 7} {3 1}]"}, {6, nil, "[]"}}},
		"limit": {chain.Valve{Limit: chain.NewAmount(10), Window: 4}, []step{
			{5, leaving(2, 25), "[{2 10}]"}, {8, nil, "[]"}, {9, nil, "[{2 10}]"}, {12, leaving(2, 1), "[]"}, {13, nil, "[{2 6}]"}, {14, leaving(2, 9), "[{2 4}]"},
		}},
		"delay": {chain.Valve{Delay: 3}, []step{
			{5, leaving(2, 7), "[]"}, {7, leaving(2, 1), "[]"}, {8, nil, "[]"}, {10, nil, "[]"}, {11, nil, "[{2 8}]"},
		}},
		"delay, asked late":   {chain.Valve{Delay: 3}, []step{{5, leaving(2, 7), "[]"}, {11, nil, "[{2 7}]"}}},
		"everybody's turn":    {chain.Valve{Limit: chain.NewAmount(5), Window: 1}, []step{{1, leaving(2, 9, 3, 9, 4, 2), "[{2 5}]"}, {2, nil, "[{3 5}]"}, {3, nil, "[{2 3} {4 2}]"}, {4, nil, "[{2 1} {3 4}]"}, {5, nil, "[]"}}},
		"nothing of no value": {chain.Valve{Delay: 3}, []step{{5, leaving(2, 0), "[]"}, {20, nil, "[]"}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := chain.Gate{Valve: c.valve}
			for _, s := range c.steps {
				g.Take(s.height, s.take)
				due, passed := g.Due(s.height), g.Pass(s.height)
				if got := fmt.Sprint(passed); got != s.pass || due != (len(passed) > 0) {
					t.Errorf("height %d: passed %s, due %v; want %s", s.height, got, due, s.pass)
				}
			}
		})
	}
}

// G3 where the delay changes: what came just before waits for the new one; what was ripe passes. Without a delay all passes.
func TestGateSet(t *testing.T) {
	for _, c := range []struct {
		name  string
		delay uint32
		at    uint64 // the height of the change
		want  map[uint64]string
	}{
		{"shorter", 2, 18, map[uint64]string{18: "[]", 19: "[]", 20: "[{2 7}]"}},
		{"longer", 20, 18, map[uint64]string{18: "[]", 36: "[]", 37: "[]", 38: "[{2 7}]"}},
		{"none", 0, 18, map[uint64]string{18: "[{2 7}]"}},
		{"before a turn", 2, 17, map[uint64]string{17: "[]", 18: "[]", 19: "[]", 21: "[{2 7}]"}},
	} {
		g := chain.Gate{Valve: chain.Valve{Delay: 8}}
		g.Take(10, leaving(3, 1))
		g.Take(17, leaving(2, 7))
		for height := uint64(17); height <= 60; height++ {
			if height == c.at {
				g.Set(height, chain.Valve{Delay: c.delay})
			}
			passed := g.Pass(height)
			for i := range passed {
				if passed[i].Chain == 3 { // an older one, that keeps generations turning
					passed = append(passed[:i:i], passed[i+1:]...)
					break
				}
			}
			if want, ok := c.want[height]; ok && fmt.Sprint(passed) != want {
				t.Errorf("%s: height %d: passed %v; want %s", c.name, height, passed, want)
			}
		}
	}
}

// G1 to G3 for any sends, at any heights: what comes out was taken Delay heights before, is within the limit, and all of it comes out.
func TestGateRandom(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		v := chain.Valve{Delay: r.Uint32N(4)}
		if r.IntN(3) > 0 {
			v.Limit, v.Window = chain.NewAmount(1+r.Uint64N(20)), 1+r.Uint32N(5)
		}
		g := chain.Gate{Valve: v}
		type taken struct{ height, amount uint64 }
		var all []taken
		passed, out := map[uint64]uint64{}, uint64(0)
		for height := uint64(1); height < 2500; height++ {
			if height < 60 && r.IntN(2) == 0 {
				amount := r.Uint64N(9)
				g.Take(height, leaving(2+r.Uint64N(3), amount))
				all = append(all, taken{height, amount})
			}
			if r.IntN(3) > 0 || height > 60 {
				for _, l := range g.Pass(height) {
					n := uint64(0)
					for ; chain.NewAmount(n) != l.Amount; n++ {
					}
					passed[height], out = passed[height]+n, out+n
				}
			}
			ripe := uint64(0)
			for _, a := range all {
				if a.height+uint64(v.Delay) <= height {
					ripe += a.amount
				}
			}
			if out > ripe {
				t.Fatalf("seed %d, %+v: %d passed up to height %d, of %d that waited long enough", seed, v, out, height, ripe)
			}
		}
		sum := uint64(0)
		for _, a := range all {
			sum += a.amount
		}
		if out != sum {
			t.Fatalf("seed %d, %+v: %d passed of %d", seed, v, out, sum)
		}
		if v.Limit.IsZero() {
			continue
		}
		for height := range uint64(2500) { // two windows may touch
			within := uint64(0)
			for h := height; h < height+uint64(v.Window); h++ {
				within += passed[h]
			}
			if twice, _ := v.Limit.Add(v.Limit); twice.Less(chain.NewAmount(within)) {
				t.Fatalf("seed %d, %+v: %d passed in a window from height %d on", seed, v, within, height)
			}
		}
	}
}
