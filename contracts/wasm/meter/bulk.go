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
	var c code
	if w.op == module.OpMemoryGrow {
		l.meter(&c, 0, func() {
			c.i64(gas.GrowPage)
			c.op(module.OpI64Mul)
		})
		c.at(module.OpLocalGet, 0)
		c.at(module.OpMemoryGrow, 0)
		c.op(module.OpEnd)
		return l.typeIndex([]module.ValueType{i32}, []module.ValueType{i32}), module.Body{Code: c}
	}
	b := module.Body{}
	if w.op == module.OpTableInit || w.op == module.OpTableCopy {
		l.meter(&c, 2, func() {
			c.i64(gas.BulkElement)
			c.op(module.OpI64Mul)
		})
	} else {
		l.meter(&c, 2, func() {
			c.i64(int64(bits.TrailingZeros(gas.BulkBytes)))
			c.op(module.OpI64ShrU)
		})
		if l.mark {
			l.markRange(&c)
			b.Locals = []module.Locals{{Count: 2, Type: module.I64}}
		}
	}
	for p := range uint32(3) {
		c.at(module.OpLocalGet, p)
	}
	w.write(&c)
	c.op(module.OpEnd)
	b.Code = c
	return l.typeIndex([]module.ValueType{i32, i32, i32}, nil), b
}

// write writes the instruction itself.
func (w wanted) write(c *code) {
	switch w.op {
	case module.OpMemoryInit:
		c.prefixed(w.op, w.a, 0)
	case module.OpMemoryCopy:
		c.prefixed(w.op, 0, 0)
	case module.OpMemoryFill:
		c.prefixed(w.op, 0)
	default:
		c.prefixed(w.op, w.a, w.b)
	}
}

// meter charges by an operand, which price turns from a number (as i64, so that nothing overflows) to units.
func (l *layout) meter(c *code, operand uint32, price func()) {
	c.at(module.OpGlobalGet, l.gas)
	c.at(module.OpLocalGet, operand)
	c.op(module.OpI64ExtendI32U)
	price()
	c.op(module.OpI64Sub)
	c.at(module.OpGlobalSet, l.gas)
	*c = append(*c, l.checkCode...)
}

// markRange marks the bytes of a bulk store: local 0 is the first, local 2 their number. All 64 bits if they touch more
// than 63 buckets.
func (l *layout) markRange(c *code) {
	const first, more = 3, 4 // the first bucket, and how many follow
	shift := int64(l.shift)
	c.at(module.OpLocalGet, 2)
	c.block(module.OpIf, module.BlockNone)
	c.at(module.OpLocalGet, 0)
	c.op(module.OpI64ExtendI32U)
	c.at(module.OpLocalGet, 2)
	c.op(module.OpI64ExtendI32U, module.OpI64Add)
	c.i64(1)
	c.op(module.OpI64Sub)
	c.i64(shift)
	c.op(module.OpI64ShrU)
	c.at(module.OpLocalGet, 0)
	c.op(module.OpI64ExtendI32U)
	c.i64(shift)
	c.op(module.OpI64ShrU)
	c.at(module.OpLocalTee, first)
	c.op(module.OpI64Sub)
	c.at(module.OpLocalSet, more)
	c.at(module.OpGlobalGet, l.dirty)
	c.i64(-1)
	c.i64(2)
	c.at(module.OpLocalGet, more)
	c.op(module.OpI64Shl)
	c.i64(1)
	c.op(module.OpI64Sub)
	c.at(module.OpLocalGet, first)
	c.op(module.OpI64Rotl)
	c.at(module.OpLocalGet, more)
	c.i64(63)
	c.op(module.OpI64GeU, module.OpSelect, module.OpI64Or)
	c.at(module.OpGlobalSet, l.dirty)
	c.op(module.OpEnd)
}
