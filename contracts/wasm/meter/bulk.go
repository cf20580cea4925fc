package meter

import (
	"math/bits"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// BulkBytes is a power of two, so that a shift divides by it: this doesn't compile otherwise.
const _ uint = -(gas.BulkBytes & (gas.BulkBytes - 1))

// wanted is an instruction whose price and marks depend on its operands. One function is made for each that a module
// has; it charges, marks, then runs the instruction (G3). So a use of it stays a call, and the module grows little.
type wanted struct {
	op   module.Opcode
	a, b uint32
}

// made is the function for an instruction.
func (l *layout) made(in *module.Instruction) uint32 {
	w := wanted{in.Op, in.A, in.B}
	index, ok := l.madeFor[w]
	if !ok {
		index = l.firstMade + uint32(len(l.wanted))
		l.wanted = append(l.wanted, w)
		l.madeFor[w] = index
	}
	return index
}

// make writes the function for an instruction, and returns its type.
func (l *layout) make(w wanted) (uint32, module.Body) {
	i32 := module.I32
	var c module.Code
	if w.op == module.OpMemoryGrow {
		l.meter(&c, 0, func() {
			c.I64(gas.GrowPage)
			c.Op(module.OpI64Mul)
		})
		c.Get(0)
		c.With(module.OpMemoryGrow, 0)
		c.Op(module.OpEnd)
		return l.typeIndex([]module.ValueType{i32}, []module.ValueType{i32}), module.Body{Code: c}
	}
	b := module.Body{}
	if w.op == module.OpTableInit || w.op == module.OpTableCopy {
		l.meter(&c, 2, func() {
			c.I64(gas.BulkElement)
			c.Op(module.OpI64Mul)
		})
	} else {
		l.meter(&c, 2, func() {
			c.I64(int64(bits.TrailingZeros(gas.BulkBytes)))
			c.Op(module.OpI64ShrU)
		})
		if l.mark {
			l.markRange(&c)
			b.Locals = []module.Locals{{Count: 2, Type: module.I64}}
		}
	}
	for p := range uint32(3) {
		c.Get(p)
	}
	w.write(&c)
	c.Op(module.OpEnd)
	b.Code = c
	return l.typeIndex([]module.ValueType{i32, i32, i32}, nil), b
}

// write writes the instruction itself.
func (w wanted) write(c *module.Code) {
	switch w.op {
	case module.OpMemoryInit:
		c.With(w.op, w.a, 0)
	case module.OpMemoryCopy:
		c.With(w.op, 0, 0)
	case module.OpMemoryFill:
		c.With(w.op, 0)
	default:
		c.With(w.op, w.a, w.b)
	}
}

// meter charges by an operand, which price turns from a number (as i64, so that nothing overflows) to units.
func (l *layout) meter(c *module.Code, operand uint32, price func()) {
	c.With(module.OpGlobalGet, l.gas)
	c.Get(operand)
	c.Op(module.OpI64ExtendI32U)
	price()
	c.Op(module.OpI64Sub)
	c.With(module.OpGlobalSet, l.gas)
	*c = append(*c, l.checkCode...)
}

// markRange marks the bytes of a bulk store: local 0 is the first, local 2 their number. All 64 bits if they touch more
// than 63 buckets.
func (l *layout) markRange(c *module.Code) {
	const first, more = 3, 4 // the first bucket, and how many follow
	shift := int64(l.shift)
	c.Get(2)
	c.Block(module.OpIf, module.BlockNone)
	c.Get(0)
	c.Op(module.OpI64ExtendI32U)
	c.Get(2)
	c.Op(module.OpI64ExtendI32U, module.OpI64Add)
	c.I64(1)
	c.Op(module.OpI64Sub)
	c.I64(shift)
	c.Op(module.OpI64ShrU)
	c.Get(0)
	c.Op(module.OpI64ExtendI32U)
	c.I64(shift)
	c.Op(module.OpI64ShrU)
	c.With(module.OpLocalTee, first)
	c.Op(module.OpI64Sub)
	c.Set(more)
	c.With(module.OpGlobalGet, l.dirty)
	c.I64(-1)
	c.I64(2)
	c.Get(more)
	c.Op(module.OpI64Shl)
	c.I64(1)
	c.Op(module.OpI64Sub)
	c.Get(first)
	c.Op(module.OpI64Rotl)
	c.Get(more)
	c.I64(63)
	c.Op(module.OpI64GeU, module.OpSelect, module.OpI64Or)
	c.With(module.OpGlobalSet, l.dirty)
	c.Op(module.OpEnd)
}
