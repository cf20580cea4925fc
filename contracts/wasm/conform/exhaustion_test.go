package conform

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// TestExhaustion runs calls on every budget up to what they need: exactly enough is enough, one less is not, and where a
// call stops is the same on both engines, however the budget is sliced.
func TestExhaustion(t *testing.T) {
	seed := seedOf(t)
	rigs := newRigs(t)
	budgets := 0
	for i := range modules(60, 8) {
		tr := newTrial(t, &dice{more: rand.New(rand.NewPCG(seed, uint64(i)))}, newCensus())
		if len(tr.calls) == 0 || tr.want[0].ended != "" {
			continue
		}
		code, err := marked.of(tr.module, tr.facts)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.exhaust(rigs, code, &budgets); err != nil {
			t.Fatalf("module %d %v\n%s", i, err, dump(tr.module))
		}
	}
	t.Logf("%d budgets", budgets)
}

// budgetsFor is some budgets of which few are enough.
func budgetsFor(gas int64) []int64 {
	all := []int64{gas + 1, gas}
	step := max(1, gas/20)
	for b := gas - 1; b >= 0; b -= step {
		all = append(all, b)
	}
	return all
}

// exhaust makes the first call on each budget.
func (tr *trial) exhaust(rigs []*rig, code []byte, count *int) error {
	first := map[int64]*stop{}
	for _, r := range rigs {
		run, err := r.start(code, marked)
		if err != nil {
			return err
		}
		defer run.stop()
		for _, budget := range budgetsFor(tr.want[0].gas) {
			for _, slice := range []int64{budget, 1 + budget/3, 1} {
				s, err := tr.stopAt(run, purse{budget, slice})
				if err != nil {
					return err
				}
				*count++
				what := fmt.Sprintf("%s on %d gas in slices of %d", r.engine.name, budget, slice)
				if why := s.differs(tr.want[0], budget); why != "" {
					return fmt.Errorf("%s: %s", what, why)
				}
				if first[budget] == nil {
					first[budget] = s
				} else if !s.equal(first[budget]) {
					return fmt.Errorf("%s: stopped elsewhere: %v; before %v", what, s.outcome, first[budget].outcome)
				}
			}
		}
	}
	return nil
}

// stop is where a call ended, and what it left behind.
type stop struct {
	outcome
	memory  []byte
	globals []uint64
}

// stopAt makes the first call in a new instance.
func (tr *trial) stopAt(run *running, p purse) (*stop, error) {
	if err := run.renew(); err != nil {
		return nil, err
	}
	s := &stop{outcome: run.call(tr.calls[0], p)}
	memory, _ := run.mod.Memory().Read(0, run.mod.Memory().Size())
	s.memory = bytes.Clone(memory)
	for i, g := range tr.module.Globals {
		if g.Mutable && (g.Type == module.I64 || g.Type == module.F64) {
			s.globals = append(s.globals, run.global(fmt.Sprint(meter.GlobalOwn, i)).Get())
		}
	}
	return s, nil
}

// differs says what is wrong with how a call went that needs what want says.
func (s *stop) differs(want outcome, budget int64) string {
	switch {
	case budget >= want.gas:
		return s.outcome.differs(want, metered)
	case s.ended != trapGas:
		return fmt.Sprintf("ended with %q although %d gas are needed", s.ended, want.gas)
	}
	return ""
}

func (s *stop) equal(o *stop) bool {
	return s.ended == o.ended && s.gas == o.gas && bytes.Equal(s.memory, o.memory) && fmt.Sprint(s.globals) == fmt.Sprint(o.globals)
}
