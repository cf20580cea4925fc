package module

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random code; 0 takes a new one")

// piece is one instruction of random code. Every piece that is bound changes the height of the operand stack or the blocks
// that are open, or takes and gives different types: code without it, or with it twice, is not valid.
type piece struct {
	code  []byte
	bound bool
	gives ValueType // of a constant
}

// author writes random code that is valid and can be reached.
type author struct {
	*rand.Rand
	code []piece
}

func (a *author) add(bound bool, parts ...any) {
	a.code = append(a.code, piece{code: code(parts...), bound: bound})
}

// constant writes a constant of a type.
func (a *author) constant(t ValueType) {
	p := map[ValueType][]byte{
		I32: code(OpI32Const, AppendI32(nil, int32(a.Uint32()))),
		I64: code(OpI64Const, AppendI64(nil, int64(a.Uint64()))),
		F32: code(OpF32Const, 0, 0, 0x80, 0x3f),
		F64: code(OpF64Const, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f),
	}[t]
	a.code = append(a.code, piece{code: p, bound: true, gives: t})
}

// value writes code that leaves one value of a type.
func (a *author) value(t ValueType, depth int) {
	if depth == 0 || a.IntN(8) == 0 {
		a.constant(t)
		return
	}
	depth--
	switch a.IntN(8) {
	case 0:
		a.add(true, OpBlock, t)
		a.value(t, depth)
		a.add(true, OpEnd)
	case 1:
		a.value(I32, depth)
		a.add(true, OpIf, t)
		a.value(t, depth)
		a.add(true, OpElse)
		a.value(t, depth)
		a.add(true, OpEnd)
	case 2:
		a.value(t, depth)
		a.value(t, depth)
		a.value(I32, depth)
		a.add(true, OpSelect)
	case 3: // a branch that takes a value along
		a.add(true, OpBlock, t)
		a.value(t, depth)
		a.value(I32, depth)
		a.add(true, OpBrIf, 0)
		a.add(true, OpEnd)
	default:
		a.operation(t, depth)
	}
}

// operation writes an instruction from the table that gives a type.
func (a *author) operation(t ValueType, depth int) {
	var fit []operation
	for _, o := range operations {
		if e := effects[o.op.Place()]; o.imm == plain && o.sig != "" && e.gives == t {
			fit = append(fit, o)
		}
	}
	o := fit[a.IntN(len(fit))]
	e := effects[o.op.Place()]
	for i := int(e.n) - 1; i >= 0; i-- {
		a.value(e.takes[i], depth)
	}
	a.add(e.n != 1 || e.takes[0] != t, written(o.op))
}

// statements writes code that leaves nothing: each value goes into a local of its type.
func (a *author) statements(n, depth int) {
	for range n {
		at := a.IntN(4)
		a.value([]ValueType{I32, I64, F32, F64}[at], depth)
		a.add(true, OpLocalSet, 2*at)
	}
}

// joined is the code with the piece at i replaced.
func joined(pieces []piece, i int, by ...[]byte) (b []byte) {
	for k, p := range pieces {
		if k == i {
			b = append(b, slices.Concat(by...)...)
			continue
		}
		b = append(b, p.code...)
	}
	return b
}

// TestEveryInstructionCounts: random valid code is accepted; with any one instruction left out, written twice, or a
// constant of another type it is refused.
func TestEveryInstructionCounts(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test -run %s ./contracts/wasm/module -seed %d", t.Name(), seed)
	a := &author{Rand: rand.New(rand.NewPCG(seed, 0))}
	check := func(what string, i int, c []byte, accepted bool) {
		_, _, err := Check(bare(c).Encode(), Any())
		if (err == nil) != accepted {
			t.Fatalf("seed %d: %s %d of %x: %v", seed, what, i, c, err)
		}
	}
	for range 100 {
		a.code = nil
		a.statements(2, 4)
		check("valid", 0, joined(a.code, -1), true)
		for i, p := range a.code {
			if p.bound {
				check("without", i, joined(a.code, i), false)
				check("twice", i, joined(a.code, i, p.code, p.code), false)
			}
			if p.gives != 0 {
				other := &author{Rand: a.Rand}
				other.constant(F64 + (p.gives-F64+ValueType(1+a.IntN(3)))%4)
				check("another type", i, joined(a.code, i, other.code[0].code), false)
			}
		}
	}
}
