package meter

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random bodies; 0 takes a new one")

// author writes random bodies. Local 0 and 1 are i32 parameters, 2 is an i64 one, 3 an i32, 4 an i64. What it writes
// runs on the test's machine.
type author struct {
	*rand.Rand
	module.Code
	labels []bool // of open blocks, outermost first: whether the label takes a value
}

// value writes an i32.
func (a *author) value(depth int) {
	if depth == 0 {
		a.leafValue()
		return
	}
	switch a.IntN(9) {
	case 0, 1:
		a.value(depth - 1)
		a.leafValue()
		a.Op([]module.Opcode{module.OpI32Add, module.OpI32Sub, module.OpI32Mul}[a.IntN(3)])
	case 2, 3:
		a.wide(depth - 1)
		a.Op(module.OpI32WrapI64)
	case 4:
		a.value(depth - 1)
		a.With(module.OpLocalTee, []uint32{0, 1, 3}[a.IntN(3)])
	case 5:
		a.Block(module.OpBlock, module.BlockType(module.I32))
		a.labels = append(a.labels, true)
		a.statements(depth-1, 2)
		a.value(depth - 1)
		a.leafValue()
		a.With(module.OpBrIf, 0)
		a.labels = a.labels[:len(a.labels)-1]
		a.Op(module.OpEnd)
	case 6:
		a.value(depth - 1)
		a.Block(module.OpIf, module.BlockType(module.I32))
		a.labels = append(a.labels, true)
		a.value(depth - 1)
		a.Op(module.OpElse)
		a.value(depth - 1)
		a.labels = a.labels[:len(a.labels)-1]
		a.Op(module.OpEnd)
	default:
		a.leafValue()
	}
}

func (a *author) leafValue() {
	if a.IntN(3) == 0 {
		a.I32([]int32{0, 1, -1, 8, 4090, int32(a.Uint32())}[a.IntN(6)])
		return
	}
	a.Get([]uint32{0, 1, 3}[a.IntN(3)])
}

// wide writes an i64.
func (a *author) wide(depth int) {
	switch a.IntN(4) {
	case 0:
		a.value(depth)
		a.Op(module.OpI64ExtendI32U)
	case 1:
		a.wide(depth)
		a.I64(int64(a.IntN(64) - 20))
		a.Op([]module.Opcode{module.OpI64Add, module.OpI64Sub}[a.IntN(2)])
	default:
		a.Get([]uint32{2, 4}[a.IntN(2)])
	}
}

// statements writes up to so many.
func (a *author) statements(depth, most int) {
	for range a.IntN(most + 1) {
		a.statement(depth)
	}
}

func (a *author) statement(depth int) {
	switch n := a.IntN(16); {
	case n < 5:
		a.store(depth)
	case n < 7:
		a.value(min(depth, 2))
		a.Set([]uint32{0, 1, 3}[a.IntN(3)])
	case n < 8:
		a.wide(min(depth, 2))
		a.Set([]uint32{2, 4}[a.IntN(2)])
	case n < 9:
		a.With(module.OpCall, []uint32{0, 2}[a.IntN(2)])
	case n < 12 && depth > 0:
		a.nest(depth)
	case n < 15:
		a.jump()
	default:
		a.Op(module.OpNop)
	}
}

// store writes one, often near another.
func (a *author) store(depth int) {
	a.value(min(depth, 2))
	o := []module.Opcode{module.OpI32Store, module.OpI64Store, module.OpI32Store8}[a.IntN(3)]
	if o == module.OpI64Store {
		a.wide(0)
	} else {
		a.value(min(depth, 1))
	}
	a.With(o, 0)
	a.Code = module.AppendU32(a.Code, []uint32{0, 4, 8, 100, 4095, 5000, 1 << 31, 1<<32 - 5}[min(a.IntN(12), a.IntN(8))])
}

// nest writes a block, loop or if.
func (a *author) nest(depth int) {
	o := []module.Opcode{module.OpBlock, module.OpLoop, module.OpIf}[a.IntN(3)]
	if o == module.OpIf {
		a.value(1)
	}
	a.Block(o, module.BlockNone)
	a.labels = append(a.labels, false)
	a.statements(depth-1, 5)
	if o == module.OpIf && a.IntN(2) == 0 {
		a.Op(module.OpElse)
		a.statements(depth-1, 5)
	}
	a.labels = a.labels[:len(a.labels)-1]
	a.Op(module.OpEnd)
}

// jump leaves for a label that takes no value, or for the function's end.
func (a *author) jump() {
	var to []uint32
	for i, takes := range a.labels {
		if !takes {
			to = append(to, uint32(len(a.labels)-1-i))
		}
	}
	to = append(to, uint32(len(a.labels)))
	label := to[a.IntN(len(to))]
	switch n := a.IntN(20); {
	case n < 12:
		a.value(1)
		a.With(module.OpBrIf, label)
	case n < 14:
		a.With(module.OpBr, label)
	case n < 16:
		a.value(1)
		a.Code = append(a.Code, byte(module.OpBrTable), 1)
		a.Code = module.AppendU32(module.AppendU32(a.Code, to[a.IntN(len(to))]), label)
	case n < 18:
		a.Op(module.OpReturn)
	case n < 19:
		a.Op(module.OpUnreachable)
	}
}

// seedOf is the seed of a test, printed with the command that repeats it.
func seedOf(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./contracts/wasm/meter -run %s -seed %d", t.Name(), seed)
	return seed
}

// TestRandomBodies: an instrumented body stores and calls what the original does, pays before it runs (G1), leaves
// nothing unchecked to the host (G2), and marks before it stores (G7).
func TestRandomBodies(t *testing.T) {
	seed := seedOf(t)
	rounds := 4000
	if testing.Short() {
		rounds = 400
	}
	finished := 0
	for i := range rounds {
		a := &author{Rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		a.statements(4, 12)
		a.Op(module.OpEnd)
		if compare(t, a) {
			finished++
		}
		if t.Failed() {
			t.Fatalf("body %d", i)
		}
	}
	if finished < rounds/2 {
		t.Errorf("only %d of %d bodies ended", finished, rounds)
	}
}

// compare runs one body both ways, on several arguments.
func compare(t *testing.T, a *author) (ended bool) {
	f := module.FuncType{Params: []module.ValueType{module.I32, module.I32, module.I64}}
	m := sample(t, f, []module.ValueType{module.I32, module.I64}, a.Code, []string{"f"}[a.IntN(2):]...)
	o := Options{MaxStack: 1 << 20, Mark: true, MarkShift: uint(MinMarkShift + a.IntN(14))}
	out := instrument(t, m, o)
	l := newLayout(m, o)
	for range 3 {
		args := []uint64{uint64(a.Uint32()), uint64(a.Uint32N(5000)), a.Uint64(), 0, 0}
		plain := load(a.Code, l)
		plain.locals = slices.Clone(args)
		if !plain.run(2000) {
			continue
		}
		ended = true
		b := newBill(out.Bodies[0].Code, l, args)
		if !b.run(100_000) || !slices.Equal(b.trace, plain.trace) || b.trap != plain.trap {
			b.errors = append(b.errors, fmt.Sprintf("it does %v (trap %v), not %v (trap %v)", b.trace, b.trap, plain.trace, plain.trap))
		}
		b.settle(len(m.Exports) > 0)
		if len(b.errors) > 0 {
			t.Fatalf("%s\nbecomes\n%son %v, buckets of %#x bytes: %v", disassemble(t, a.Code, l), disassemble(t, out.Bodies[0].Code, l),
				args, 1<<o.MarkShift, b.errors)
		}
	}
	return ended
}
