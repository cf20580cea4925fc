package conform

import (
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// assembler writes instructions.
type assembler struct{ code []byte }

// op writes an instruction with indices behind it.
func (a *assembler) op(o module.Opcode, indices ...uint32) {
	if o >= 0xfc00 {
		a.code = module.AppendU32(append(a.code, 0xfc), uint32(o-0xfc00))
	} else {
		a.code = append(a.code, byte(o))
	}
	for _, i := range indices {
		a.code = module.AppendU32(a.code, i)
	}
}

// block opens a block, loop or if; 0 is no result.
func (a *assembler) block(o module.Opcode, result module.ValueType) {
	if result == 0 {
		result = module.ValueType(module.BlockNone)
	}
	a.code = append(a.code, byte(o), byte(result))
}

// constant writes a value by its bits.
func (a *assembler) constant(t module.ValueType, bits uint64) {
	switch t {
	case module.I32:
		a.code = module.AppendI32(append(a.code, byte(module.OpI32Const)), int32(bits))
	case module.I64:
		a.code = module.AppendI64(append(a.code, byte(module.OpI64Const)), int64(bits))
	case module.F32:
		a.code = binary.LittleEndian.AppendUint32(append(a.code, byte(module.OpF32Const)), uint32(bits))
	case module.F64:
		a.code = binary.LittleEndian.AppendUint64(append(a.code, byte(module.OpF64Const)), bits)
	}
}

// i32 writes a constant.
func (a *assembler) i32(v int32) { a.constant(module.I32, uint64(uint32(v))) }

// branchTable writes a br_table; the last label is the default.
func (a *assembler) branchTable(labels []uint32) {
	a.op(module.OpBrTable, uint32(len(labels)-1))
	for _, l := range labels {
		a.code = module.AppendU32(a.code, l)
	}
}

// end closes a block or the body.
func (a *assembler) end() { a.op(module.OpEnd) }

// expression is a constant expression.
func expression(t module.ValueType, bits uint64) []byte {
	var a assembler
	a.constant(t, bits)
	a.end()
	return a.code
}

// typeIndex finds or adds a signature.
func typeIndex(m *module.Module, kind module.FuncType) uint32 {
	for i, t := range m.Types {
		if sameTypes(t.Params, kind.Params) && sameTypes(t.Results, kind.Results) {
			return uint32(i)
		}
	}
	m.Types = append(m.Types, kind)
	return uint32(len(m.Types) - 1)
}

// define adds a function to a module without imports, and exports it if it has a name.
func define(m *module.Module, name string, kind module.FuncType, locals []module.ValueType, code []byte) uint32 {
	body := module.Body{Code: code}
	for _, t := range locals {
		if n := len(body.Locals); n > 0 && body.Locals[n-1].Type == t {
			body.Locals[n-1].Count++
		} else {
			body.Locals = append(body.Locals, module.Locals{Count: 1, Type: t})
		}
	}
	m.Funcs = append(m.Funcs, typeIndex(m, kind))
	m.Bodies = append(m.Bodies, body)
	index := uint32(len(m.Funcs) - 1)
	if name != "" {
		m.Exports = append(m.Exports, module.Export{Name: name, Kind: module.ExternFunc, Index: index})
	}
	return index
}

// functionName is under what the host calls a function.
func functionName(index int) string { return fmt.Sprint("f", index) }
