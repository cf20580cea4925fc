package chain_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// warm has every field set.
func warm() chain.Warm {
	return chain.Warm{First: 2, Given: 3, Slots: []chain.WarmSlot{{Last: 4, Load: 5}, {Last: 6, Load: 7}}}
}

// village is code by name, on a chain of its own.
type village struct {
	warm chain.Warm
	ran  map[string]uint64
	load map[string]uint64
}

func newVillage() *village {
	w, err := chain.DecodeWarm(nil)
	if err != nil {
		panic(err)
	}
	return &village{w, map[string]uint64{}, map[string]uint64{}}
}

func (v *village) run(name string, load uint64) {
	v.ran[name], v.load[name] = v.warm.Touch(v.ran[name], load), load
}

func (v *village) String() string {
	var slots []string
	for _, s := range v.warm.Slots {
		slots = append(slots, fmt.Sprintf("%d:%d", s.Last, s.Load>>20))
	}
	return fmt.Sprintf("from %d: %s", v.warm.First, strings.Join(slots, " "))
}

// check holds the invariants of Warm.
func (v *village) check(t *testing.T) {
	t.Helper()
	sums := make([]uint64, len(v.warm.Slots))
	for name, ran := range v.ran {
		if v.warm.Has(ran) {
			i := slices.IndexFunc(v.warm.Slots, func(s chain.WarmSlot) bool { return ran <= s.Last })
			sums[i] += v.load[name]
		}
	}
	for i, s := range v.warm.Slots {
		if s.Load != sums[i] {
			t.Fatalf("%v: slot %d holds %d, and the code in it %d", v, i, s.Load, sums[i])
		}
	}
	if total := v.warm.Total(); total > chain.MaxWarm || len(v.warm.Slots) > chain.WarmSlots {
		t.Fatalf("%v: %d in %d slots", v, total, len(v.warm.Slots))
	}
	if b := v.warm.Encode(); true {
		if again, err := chain.DecodeWarm(b); err != nil || !slices.Equal(again.Encode(), b) {
			t.Fatalf("%v decodes to %v, %v", v, again, err)
		}
	}
}

// A slot is full with 40 million.
func TestWarm(t *testing.T) {
	const m = 1 << 20
	many := func(letter string, n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("%s%d", letter, i))
		}
		return names
	}
	all := slices.Concat(many("a", 15), many("a", 15))
	for _, x := range []struct {
		name string
		load uint64
		runs []string
		want string
	}{
		{"none", m, nil, "from 1: 1:0"},
		{"one", m, []string{"a"}, "from 1: 1:1"},
		{"twice in a generation", m, []string{"a", "a"}, "from 1: 1:1"},
		{"a slot that gets full", 20 * m, []string{"a", "b", "c"}, "from 1: 1:40 2:20"},
		{"one that moves", 20 * m, []string{"a", "b", "c", "a"}, "from 1: 1:20 2:40"},
		{"all that move", 20 * m, []string{"a", "b", "c", "a", "b"}, "from 1: 1:0 2:40 3:20"},
		{"larger than a slot", 100 * m, []string{"a", "b"}, "from 1: 1:100 2:100"},
		{"as much as there may be", 40 * m, many("a", 16), "from 1: 1:40 2:40 3:40 4:40 5:40 6:40 7:40 8:40 9:40 10:40 11:40 12:40 13:40 14:40 15:40 16:40"},
		{"one more drops the first", 40 * m, many("a", 17), "from 2: 2:40 3:40 4:40 5:40 6:40 7:40 8:40 9:40 10:40 11:40 12:40 13:40 14:40 15:40 16:40 17:40"},
		{"what ran is not the first any more", 40 * m, append(many("a", 16), "a0", "b"), "from 3: 3:40 4:40 5:40 6:40 7:40 8:40 9:40 10:40 11:40 12:40 13:40 14:40 15:40 16:40 17:40 18:40"},
		{"what stays drops nothing, however often it runs", 40 * m, slices.Concat([]string{"b"}, all, all, all),
			"from 1: 76:40 77:40 78:40 79:40 80:40 81:40 82:40 83:40 84:40 85:40 86:40 87:40 88:40 89:40 90:40 91:40"},
		{"the largest", chain.MaxWarm, []string{"a", "b"}, "from 2: 2:640"},
	} {
		t.Run(x.name, func(t *testing.T) {
			v := newVillage()
			for _, name := range x.runs {
				v.run(name, x.load)
				v.check(t)
			}
			if got := v.String(); got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
			if x.name == "what stays drops nothing, however often it runs" && !v.warm.Has(v.ran["b"]) {
				t.Error("b is cold")
			}
		})
	}
}

// Whatever runs in whatever order: what is warm is bounded, code that is warm makes none cold, and what is warm is among what a
// cache of MaxWarm would hold that drops what ran longest ago.
func TestWarmRandom(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		v := newVillage()
		last := map[string]int{}
		n := 5 + rnd.IntN(120)
		for step := range 1500 {
			name := fmt.Sprint(rnd.IntN(n))
			if rnd.IntN(3) > 0 {
				name = fmt.Sprint(rnd.IntN(1 + n/8))
			}
			load := v.load[name]
			if load == 0 {
				load = 400_000 + rnd.Uint64N(100_000_000)>>rnd.IntN(8)
			}
			was, first := v.warm.Has(v.ran[name]), v.warm.First
			v.run(name, load)
			v.check(t)
			last[name] = step
			if was && v.warm.First != first || !v.warm.Has(v.ran[name]) {
				t.Fatalf("seed %d: %v: warm code that ran made other code cold, or is cold", seed, v)
			}
			if step%50 > 0 {
				continue // it takes long
			}
			for other, ran := range v.ran {
				used := uint64(0)
				for since, at := range last {
					if at >= last[other] {
						used += v.load[since]
					}
				}
				if v.warm.Has(ran) && used > chain.MaxWarm {
					t.Fatalf("seed %d: %v: %s is warm, and %d ran since", seed, v, other, used)
				}
			}
		}
	}
}

func TestWarmGiven(t *testing.T) {
	w := warm()
	w.Settle(chain.MaxGiven, 4)
	if !w.Gives() || w.Given != chain.MaxGiven-1 {
		t.Error(w.Given)
	}
	if w.Settle(1, 0); w.Gives() {
		t.Error("it gives more than there is")
	}
	if w.Settle(0, 2*chain.MaxGiven); w.Given != 0 {
		t.Error(w.Given)
	}
}
