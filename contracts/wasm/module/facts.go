package module

import (
	"math"
	"math/bits"
)

// Facts is what validation learned of the functions defined in the module, in their order.
type Facts struct {
	Functions  []FunctionFacts
	Complexity uint64 // the sum over the functions: about how long compiling takes, in units of 160 ns
	Selects    []FloatSelect
}

// FloatSelect is a select between floats, which its opcode doesn't tell. They come in the order of functions and code. Of
// those in code that never runs some are missing: their operands may be of no type.
type FloatSelect struct {
	Function int32 // index among those defined in the module
	At       int32 // offset in the body's code
	Type     ValueType
}

// FunctionFacts is what one function makes of the machine, and what bounds the time to compile it.
type FunctionFacts struct {
	Locals       int // parameters included
	Stack        int // most operands on the stack
	Blocks       int // where a basic block starts: block, loop, if, else, br_if, br_table; and those of a memory.fill
	Labels       int // of br_tables
	Entries      int // ways into loops: each loop, and each branch back to one
	Loops        int // deepest loop within loops
	Nesting      int // deepest block within blocks; 0 for a body without any
	Instructions int
	Work         uint64 // of the instructions by themselves (work.go)
	Machine      uint64 // likewise, what becomes of them (machine.go)
}

// Complexity is about how long compiling the function takes, in units of 160 ns: fine enough to tell functions apart, and
// coarse enough that publishing the largest module costs less gas than one message can buy.
func (f *FunctionFacts) Complexity() uint64 {
	blocks, locals := uint64(f.Blocks), uint64(f.Locals)
	work := f.Work +
		blocks*(workBlock+workBlockBlock*blocks+workBlockStack*uint64(f.Stack)+workBlockLocal*locals) +
		uint64(f.Labels)*(workLabel+workLabelLocal*locals)
	return saturate((work+workUnit-1)/workUnit, product(f.Entries, f.Loops, f.Locals, f.Locals)/loopsUnit)
}

// product multiplies without overflow: a few bytes can declare four billion locals.
func product(factors ...int) uint64 {
	p := uint64(1)
	for _, f := range factors {
		hi, lo := bits.Mul64(p, uint64(f))
		if p = lo; hi != 0 {
			p = math.MaxUint64
		}
		if f == 0 {
			return 0
		}
	}
	return p
}

// saturate adds without overflow.
func saturate(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}
