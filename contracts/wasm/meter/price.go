package meter

import (
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// kind is what the plan does about an instruction.
type kind uint8

const (
	unpriced   kind = iota // refused: what has no price doesn't run
	plain                  // takes operands, gives results, nothing else
	choosing               // select
	branch                 // block, loop, if, else, end, br, br_if, br_table, return, unreachable
	calling                // call, call_indirect
	variable               // local.get, local.set, local.tee
	constant               // i32.const, i64.const
	sum                    // i32.add, i64.add
	difference             // i32.sub, i64.sub
	same32                 // the low 32 bits of the result are those of the operand: wrap, extend
	storing                // a store
	bulk                   // replaced by a call of a made function
	float32er              // makes an f32 that may be a NaN; which NaN its operands are doesn't matter
	float64er              // the same, f64
	reading                // takes floats, and which NaN they are doesn't matter
)

// trait is what there is to know about an opcode.
type trait struct {
	kind         kind
	tenths       uint16 // price
	pops, pushes uint8
	size         uint8 // of a store: bytes
}

// traits by the place of the opcode.
var traits = func() *[module.Places]trait {
	var t [module.Places]trait
	for _, s := range classes {
		for o := s.first; o <= s.last; o++ {
			t[o.Place()] = s.trait
		}
	}
	return &t
}()

// PriceOf is what an instruction costs, in tenths of a unit of gas, beside what it costs by its operands. ok is false for
// what is no instruction that runs.
func PriceOf(o module.Opcode) (tenths uint32, ok bool) {
	t := traits[o.Place()]
	return uint32(t.tenths), t.kind != unpriced
}

// class is a run of opcodes that are alike.
type class struct {
	first, last module.Opcode
	trait
}

// classes covers every instruction of a body once; a later one overrides a part of an earlier one.
var classes = []class{
	{module.OpUnreachable, module.OpUnreachable, trait{branch, gas.Nothing, 0, 0, 0}},
	{module.OpNop, module.OpNop, trait{plain, gas.Nothing, 0, 0, 0}},
	{module.OpBlock, module.OpLoop, trait{branch, gas.Nothing, 0, 0, 0}},
	{module.OpIf, module.OpElse, trait{branch, gas.Branch, 0, 0, 0}},
	{module.OpEnd, module.OpEnd, trait{branch, gas.Nothing, 0, 0, 0}},
	{module.OpBr, module.OpBrIf, trait{branch, gas.Branch, 0, 0, 0}},
	{module.OpBrTable, module.OpBrTable, trait{branch, gas.BranchTable, 0, 0, 0}},
	{module.OpReturn, module.OpReturn, trait{branch, gas.Branch, 0, 0, 0}},
	{module.OpCall, module.OpCall, trait{calling, gas.Call, 0, 0, 0}},
	{module.OpCallIndirect, module.OpCallIndirect, trait{calling, gas.CallTable, 0, 0, 0}},
	{module.OpDrop, module.OpDrop, trait{reading, gas.Nothing, 1, 0, 0}},
	{module.OpSelect, module.OpSelect, trait{choosing, gas.Count, 3, 1, 0}},

	{module.OpLocalGet, module.OpLocalTee, trait{variable, gas.Local, 0, 0, 0}},
	{module.OpGlobalGet, module.OpGlobalGet, trait{plain, gas.Global, 0, 1, 0}},
	{module.OpGlobalSet, module.OpGlobalSet, trait{plain, gas.Global, 1, 0, 0}},

	{module.OpI32Load, module.OpI64Load32U, trait{plain, gas.Load, 1, 1, 0}},
	{module.OpI32Store, module.OpI32Store, trait{storing, gas.Store, 2, 0, 4}},
	{module.OpI64Store, module.OpI64Store, trait{storing, gas.Store, 2, 0, 8}},
	{module.OpF32Store, module.OpF32Store, trait{storing, gas.Store, 2, 0, 4}},
	{module.OpF64Store, module.OpF64Store, trait{storing, gas.Store, 2, 0, 8}},
	{module.OpI32Store8, module.OpI32Store8, trait{storing, gas.Store, 2, 0, 1}},
	{module.OpI32Store16, module.OpI32Store16, trait{storing, gas.Store, 2, 0, 2}},
	{module.OpI64Store8, module.OpI64Store8, trait{storing, gas.Store, 2, 0, 1}},
	{module.OpI64Store16, module.OpI64Store16, trait{storing, gas.Store, 2, 0, 2}},
	{module.OpI64Store32, module.OpI64Store32, trait{storing, gas.Store, 2, 0, 4}},
	{module.OpMemorySize, module.OpMemorySize, trait{plain, gas.MemorySize, 0, 1, 0}},
	{module.OpMemoryGrow, module.OpMemoryGrow, trait{bulk, gas.Bulk, 1, 1, 0}},

	{module.OpI32Const, module.OpI64Const, trait{constant, gas.Local, 0, 1, 0}},
	{module.OpF32Const, module.OpF64Const, trait{plain, gas.Local, 0, 1, 0}},

	{module.OpI32Eqz, module.OpI32Eqz, trait{plain, gas.Integer, 1, 1, 0}},
	{module.OpI32Eq, module.OpI32GeU, trait{plain, gas.Integer, 2, 1, 0}},
	{module.OpI64Eqz, module.OpI64Eqz, trait{plain, gas.Integer, 1, 1, 0}},
	{module.OpI64Eq, module.OpI64GeU, trait{plain, gas.Integer, 2, 1, 0}},
	{module.OpF32Eq, module.OpF64Ge, trait{reading, gas.Float, 2, 1, 0}},

	{module.OpI32Clz, module.OpI32Popcnt, trait{plain, gas.Count, 1, 1, 0}},
	{module.OpI32Add, module.OpI32Add, trait{sum, gas.Integer, 2, 1, 0}},
	{module.OpI32Sub, module.OpI32Sub, trait{difference, gas.Integer, 2, 1, 0}},
	{module.OpI32Mul, module.OpI32Mul, trait{plain, gas.Multiply, 2, 1, 0}},
	{module.OpI32DivS, module.OpI32RemU, trait{plain, gas.Divide, 2, 1, 0}},
	{module.OpI32And, module.OpI32ShrU, trait{plain, gas.Integer, 2, 1, 0}},
	{module.OpI32Rotl, module.OpI32Rotr, trait{plain, gas.Count, 2, 1, 0}},
	{module.OpI64Clz, module.OpI64Popcnt, trait{plain, gas.Count, 1, 1, 0}},
	{module.OpI64Add, module.OpI64Add, trait{sum, gas.Integer, 2, 1, 0}},
	{module.OpI64Sub, module.OpI64Sub, trait{difference, gas.Integer, 2, 1, 0}},
	{module.OpI64Mul, module.OpI64Mul, trait{plain, gas.Multiply, 2, 1, 0}},
	{module.OpI64DivS, module.OpI64RemU, trait{plain, gas.Divide, 2, 1, 0}},
	{module.OpI64And, module.OpI64ShrU, trait{plain, gas.Integer, 2, 1, 0}},
	{module.OpI64Rotl, module.OpI64Rotr, trait{plain, gas.Count, 2, 1, 0}},

	// Sign operations keep which NaN it is: neither canonical nor indifferent.
	{module.OpF32Abs, module.OpF32Neg, trait{plain, gas.Float, 1, 1, 0}},
	{module.OpF32Ceil, module.OpF32Nearest, trait{float32er, gas.FloatResult, 1, 1, 0}},
	{module.OpF32Sqrt, module.OpF32Sqrt, trait{float32er, gas.FloatDivide, 1, 1, 0}},
	{module.OpF32Add, module.OpF32Mul, trait{float32er, gas.FloatResult, 2, 1, 0}},
	{module.OpF32Div, module.OpF32Div, trait{float32er, gas.FloatDivide, 2, 1, 0}},
	{module.OpF32Min, module.OpF32Max, trait{float32er, gas.FloatResult, 2, 1, 0}},
	{module.OpF32Copysign, module.OpF32Copysign, trait{plain, gas.Float, 2, 1, 0}},
	{module.OpF64Abs, module.OpF64Neg, trait{plain, gas.Float, 1, 1, 0}},
	{module.OpF64Ceil, module.OpF64Nearest, trait{float64er, gas.FloatResult, 1, 1, 0}},
	{module.OpF64Sqrt, module.OpF64Sqrt, trait{float64er, gas.FloatDivide, 1, 1, 0}},
	{module.OpF64Add, module.OpF64Mul, trait{float64er, gas.FloatResult, 2, 1, 0}},
	{module.OpF64Div, module.OpF64Div, trait{float64er, gas.FloatDivide, 2, 1, 0}},
	{module.OpF64Min, module.OpF64Max, trait{float64er, gas.FloatResult, 2, 1, 0}},
	{module.OpF64Copysign, module.OpF64Copysign, trait{plain, gas.Float, 2, 1, 0}},

	{module.OpI32WrapI64, module.OpI32WrapI64, trait{same32, gas.Integer, 1, 1, 0}},
	{module.OpI32TruncF32S, module.OpI32TruncF64U, trait{reading, gas.Float, 1, 1, 0}},
	{module.OpI64ExtendI32S, module.OpI64ExtendI32U, trait{same32, gas.Integer, 1, 1, 0}},
	{module.OpI64TruncF32S, module.OpI64TruncF64U, trait{reading, gas.Float, 1, 1, 0}},
	{module.OpF32ConvertI32S, module.OpF64ConvertI64U, trait{plain, gas.Float, 1, 1, 0}},
	{module.OpF32DemoteF64, module.OpF32DemoteF64, trait{float32er, gas.FloatResult, 1, 1, 0}},
	{module.OpF64PromoteF32, module.OpF64PromoteF32, trait{float64er, gas.FloatResult, 1, 1, 0}},
	{module.OpI32ReinterpretF32, module.OpF64ReinterpretI64, trait{plain, gas.Integer, 1, 1, 0}},
	{module.OpI32Extend8S, module.OpI64Extend16S, trait{plain, gas.Integer, 1, 1, 0}},
	{module.OpI64Extend32S, module.OpI64Extend32S, trait{same32, gas.Integer, 1, 1, 0}},
	{module.OpI32TruncSatF32S, module.OpI64TruncSatF64U, trait{reading, gas.Float, 1, 1, 0}},

	{module.OpMemoryInit, module.OpMemoryInit, trait{bulk, gas.Bulk, 3, 0, 0}},
	{module.OpDataDrop, module.OpDataDrop, trait{plain, gas.Bulk, 0, 0, 0}},
	{module.OpMemoryCopy, module.OpTableInit, trait{bulk, gas.Bulk, 3, 0, 0}},
	{module.OpElemDrop, module.OpElemDrop, trait{plain, gas.Bulk, 0, 0, 0}},
	{module.OpTableCopy, module.OpTableCopy, trait{bulk, gas.Bulk, 3, 0, 0}},
}
