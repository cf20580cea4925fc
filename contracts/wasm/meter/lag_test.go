package meter

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// TestLag: in random bodies that call, no more runs ahead of a check than G2 says. What is paid before a fork is left at
// its ways for this: it is paid earlier, but not run.
func TestLag(t *testing.T) {
	seed := seedOf(t)
	checks := 0
	for i := range 1000 {
		a := &author{Rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		for range 8 {
			a.statements(3, 5)
			a.With(module.OpCall, 2)
		}
		a.Op(module.OpEnd)
		checks += lag(t, a)
	}
	if checks < 1000 {
		t.Errorf("only %d checks were passed", checks)
	}
}

// lag runs one body and returns how many checks it passed.
func lag(t *testing.T, a *author) (checks int) {
	f := module.FuncType{Params: []module.ValueType{module.I32, module.I32, module.I64}}
	m := sample(t, f, []module.ValueType{module.I32, module.I64}, a.Code)
	if _, err := module.Validate(m, module.Any()); err != nil {
		t.Fatal(err)
	}
	l := newLayout(m, Options{MaxStack: 1 << 20})
	p, w := &plan{layout: l}, &weaver{layout: l}
	p.marks.begin(5)
	if err := p.make(&m.Bodies[0], false); err != nil {
		t.Fatal(err)
	}
	code := w.weave(p, f, shape{}).Code
	b := newBill(code, l, []uint64{uint64(a.Uint32()), 1, a.Uint64(), 0, 0})
	ahead, called := int64(0), false
	b.store = nil
	b.step = func(in *module.Instruction) {
		switch {
		case b.checks[b.at]:
			ahead, called, checks = 0, false, checks+1
		case in.Op == module.OpCall && in.A == 3:
			if !called {
				ahead, called = 0, true
			}
			ahead += leafLag
		case in.Op == module.OpGlobalGet && !b.checks[b.at+4]:
			ahead += b.code[b.at+1].I64
			if most := map[bool]int64{true: callLag, false: maxLag}[called]; ahead > most {
				t.Fatalf("%s\nbecomes\n%s%d run ahead, %d may", disassemble(t, a.Code, l), disassemble(t, code, l), ahead, most)
			}
		}
	}
	b.run(3000)
	return checks
}
