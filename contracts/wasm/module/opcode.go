// lint:long one line to an opcode

package module

import "strconv"

// Opcode is an instruction: a one-byte opcode as it is, or 0xfc00 and the number behind the prefix 0xfc.
type Opcode uint16

// Every instruction that is decoded. RefNull and RefFunc stand only in the expressions of an element segment.
const (
	OpUnreachable       Opcode = 0x00
	OpNop               Opcode = 0x01
	OpBlock             Opcode = 0x02
	OpLoop              Opcode = 0x03
	OpIf                Opcode = 0x04
	OpElse              Opcode = 0x05
	OpEnd               Opcode = 0x0b
	OpBr                Opcode = 0x0c
	OpBrIf              Opcode = 0x0d
	OpBrTable           Opcode = 0x0e
	OpReturn            Opcode = 0x0f
	OpCall              Opcode = 0x10
	OpCallIndirect      Opcode = 0x11
	OpDrop              Opcode = 0x1a
	OpSelect            Opcode = 0x1b
	OpLocalGet          Opcode = 0x20
	OpLocalSet          Opcode = 0x21
	OpLocalTee          Opcode = 0x22
	OpGlobalGet         Opcode = 0x23
	OpGlobalSet         Opcode = 0x24
	OpI32Load           Opcode = 0x28
	OpI64Load           Opcode = 0x29
	OpF32Load           Opcode = 0x2a
	OpF64Load           Opcode = 0x2b
	OpI32Load8S         Opcode = 0x2c
	OpI32Load8U         Opcode = 0x2d
	OpI32Load16S        Opcode = 0x2e
	OpI32Load16U        Opcode = 0x2f
	OpI64Load8S         Opcode = 0x30
	OpI64Load8U         Opcode = 0x31
	OpI64Load16S        Opcode = 0x32
	OpI64Load16U        Opcode = 0x33
	OpI64Load32S        Opcode = 0x34
	OpI64Load32U        Opcode = 0x35
	OpI32Store          Opcode = 0x36
	OpI64Store          Opcode = 0x37
	OpF32Store          Opcode = 0x38
	OpF64Store          Opcode = 0x39
	OpI32Store8         Opcode = 0x3a
	OpI32Store16        Opcode = 0x3b
	OpI64Store8         Opcode = 0x3c
	OpI64Store16        Opcode = 0x3d
	OpI64Store32        Opcode = 0x3e
	OpMemorySize        Opcode = 0x3f
	OpMemoryGrow        Opcode = 0x40
	OpI32Const          Opcode = 0x41
	OpI64Const          Opcode = 0x42
	OpF32Const          Opcode = 0x43
	OpF64Const          Opcode = 0x44
	OpI32Eqz            Opcode = 0x45
	OpI32Eq             Opcode = 0x46
	OpI32Ne             Opcode = 0x47
	OpI32LtS            Opcode = 0x48
	OpI32LtU            Opcode = 0x49
	OpI32GtS            Opcode = 0x4a
	OpI32GtU            Opcode = 0x4b
	OpI32LeS            Opcode = 0x4c
	OpI32LeU            Opcode = 0x4d
	OpI32GeS            Opcode = 0x4e
	OpI32GeU            Opcode = 0x4f
	OpI64Eqz            Opcode = 0x50
	OpI64Eq             Opcode = 0x51
	OpI64Ne             Opcode = 0x52
	OpI64LtS            Opcode = 0x53
	OpI64LtU            Opcode = 0x54
	OpI64GtS            Opcode = 0x55
	OpI64GtU            Opcode = 0x56
	OpI64LeS            Opcode = 0x57
	OpI64LeU            Opcode = 0x58
	OpI64GeS            Opcode = 0x59
	OpI64GeU            Opcode = 0x5a
	OpF32Eq             Opcode = 0x5b
	OpF32Ne             Opcode = 0x5c
	OpF32Lt             Opcode = 0x5d
	OpF32Gt             Opcode = 0x5e
	OpF32Le             Opcode = 0x5f
	OpF32Ge             Opcode = 0x60
	OpF64Eq             Opcode = 0x61
	OpF64Ne             Opcode = 0x62
	OpF64Lt             Opcode = 0x63
	OpF64Gt             Opcode = 0x64
	OpF64Le             Opcode = 0x65
	OpF64Ge             Opcode = 0x66
	OpI32Clz            Opcode = 0x67
	OpI32Ctz            Opcode = 0x68
	OpI32Popcnt         Opcode = 0x69
	OpI32Add            Opcode = 0x6a
	OpI32Sub            Opcode = 0x6b
	OpI32Mul            Opcode = 0x6c
	OpI32DivS           Opcode = 0x6d
	OpI32DivU           Opcode = 0x6e
	OpI32RemS           Opcode = 0x6f
	OpI32RemU           Opcode = 0x70
	OpI32And            Opcode = 0x71
	OpI32Or             Opcode = 0x72
	OpI32Xor            Opcode = 0x73
	OpI32Shl            Opcode = 0x74
	OpI32ShrS           Opcode = 0x75
	OpI32ShrU           Opcode = 0x76
	OpI32Rotl           Opcode = 0x77
	OpI32Rotr           Opcode = 0x78
	OpI64Clz            Opcode = 0x79
	OpI64Ctz            Opcode = 0x7a
	OpI64Popcnt         Opcode = 0x7b
	OpI64Add            Opcode = 0x7c
	OpI64Sub            Opcode = 0x7d
	OpI64Mul            Opcode = 0x7e
	OpI64DivS           Opcode = 0x7f
	OpI64DivU           Opcode = 0x80
	OpI64RemS           Opcode = 0x81
	OpI64RemU           Opcode = 0x82
	OpI64And            Opcode = 0x83
	OpI64Or             Opcode = 0x84
	OpI64Xor            Opcode = 0x85
	OpI64Shl            Opcode = 0x86
	OpI64ShrS           Opcode = 0x87
	OpI64ShrU           Opcode = 0x88
	OpI64Rotl           Opcode = 0x89
	OpI64Rotr           Opcode = 0x8a
	OpF32Abs            Opcode = 0x8b
	OpF32Neg            Opcode = 0x8c
	OpF32Ceil           Opcode = 0x8d
	OpF32Floor          Opcode = 0x8e
	OpF32Trunc          Opcode = 0x8f
	OpF32Nearest        Opcode = 0x90
	OpF32Sqrt           Opcode = 0x91
	OpF32Add            Opcode = 0x92
	OpF32Sub            Opcode = 0x93
	OpF32Mul            Opcode = 0x94
	OpF32Div            Opcode = 0x95
	OpF32Min            Opcode = 0x96
	OpF32Max            Opcode = 0x97
	OpF32Copysign       Opcode = 0x98
	OpF64Abs            Opcode = 0x99
	OpF64Neg            Opcode = 0x9a
	OpF64Ceil           Opcode = 0x9b
	OpF64Floor          Opcode = 0x9c
	OpF64Trunc          Opcode = 0x9d
	OpF64Nearest        Opcode = 0x9e
	OpF64Sqrt           Opcode = 0x9f
	OpF64Add            Opcode = 0xa0
	OpF64Sub            Opcode = 0xa1
	OpF64Mul            Opcode = 0xa2
	OpF64Div            Opcode = 0xa3
	OpF64Min            Opcode = 0xa4
	OpF64Max            Opcode = 0xa5
	OpF64Copysign       Opcode = 0xa6
	OpI32WrapI64        Opcode = 0xa7
	OpI32TruncF32S      Opcode = 0xa8
	OpI32TruncF32U      Opcode = 0xa9
	OpI32TruncF64S      Opcode = 0xaa
	OpI32TruncF64U      Opcode = 0xab
	OpI64ExtendI32S     Opcode = 0xac
	OpI64ExtendI32U     Opcode = 0xad
	OpI64TruncF32S      Opcode = 0xae
	OpI64TruncF32U      Opcode = 0xaf
	OpI64TruncF64S      Opcode = 0xb0
	OpI64TruncF64U      Opcode = 0xb1
	OpF32ConvertI32S    Opcode = 0xb2
	OpF32ConvertI32U    Opcode = 0xb3
	OpF32ConvertI64S    Opcode = 0xb4
	OpF32ConvertI64U    Opcode = 0xb5
	OpF32DemoteF64      Opcode = 0xb6
	OpF64ConvertI32S    Opcode = 0xb7
	OpF64ConvertI32U    Opcode = 0xb8
	OpF64ConvertI64S    Opcode = 0xb9
	OpF64ConvertI64U    Opcode = 0xba
	OpF64PromoteF32     Opcode = 0xbb
	OpI32ReinterpretF32 Opcode = 0xbc
	OpI64ReinterpretF64 Opcode = 0xbd
	OpF32ReinterpretI32 Opcode = 0xbe
	OpF64ReinterpretI64 Opcode = 0xbf
	OpI32Extend8S       Opcode = 0xc0
	OpI32Extend16S      Opcode = 0xc1
	OpI64Extend8S       Opcode = 0xc2
	OpI64Extend16S      Opcode = 0xc3
	OpI64Extend32S      Opcode = 0xc4
	OpI32TruncSatF32S   Opcode = 0xfc00
	OpI32TruncSatF32U   Opcode = 0xfc01
	OpI32TruncSatF64S   Opcode = 0xfc02
	OpI32TruncSatF64U   Opcode = 0xfc03
	OpI64TruncSatF32S   Opcode = 0xfc04
	OpI64TruncSatF32U   Opcode = 0xfc05
	OpI64TruncSatF64S   Opcode = 0xfc06
	OpI64TruncSatF64U   Opcode = 0xfc07
	OpMemoryInit        Opcode = 0xfc08
	OpDataDrop          Opcode = 0xfc09
	OpMemoryCopy        Opcode = 0xfc0a
	OpMemoryFill        Opcode = 0xfc0b
	OpTableInit         Opcode = 0xfc0c
	OpElemDrop          Opcode = 0xfc0d
	OpTableCopy         Opcode = 0xfc0e
	OpRefNull           Opcode = 0xd0
	OpRefFunc           Opcode = 0xd2
)

// immediate is what stands behind an opcode.
type immediate byte

const (
	foreign   immediate = iota // not an opcode that is decoded
	plain                      // nothing
	typed                      // a block type
	index                      // one index: A
	pair                       // two indices: A, B
	indexZero                  // an index, and the memory's index as one zero byte: A
	zero                       // the memory's index as one zero byte
	zeroZero                   // the same twice
	labels                     // a vector of labels, and the default
	memory                     // alignment A and offset B
	constI32                   // s32
	constI64                   // s64
	constF32                   // four bytes
	constF64                   // eight bytes
	reference                  // a reference type
)

// operation is what there is to know about one opcode.
type operation struct {
	op    Opcode
	name  string
	imm   immediate
	sig   string   // operands:results, one letter each: i32, l = i64, f32, d = f64; "" for what the validator treats by itself
	align uint32   // memory access: the alignment of its size, as a power of two
	needs Features // beyond WebAssembly 1.0
}

var operations = [...]operation{
	{OpUnreachable, "unreachable", plain, "", 0, 0},
	{OpNop, "nop", plain, "", 0, 0},
	{OpBlock, "block", typed, "", 0, 0},
	{OpLoop, "loop", typed, "", 0, 0},
	{OpIf, "if", typed, "", 0, 0},
	{OpElse, "else", plain, "", 0, 0},
	{OpEnd, "end", plain, "", 0, 0},
	{OpBr, "br", index, "", 0, 0},
	{OpBrIf, "br_if", index, "", 0, 0},
	{OpBrTable, "br_table", labels, "", 0, 0},
	{OpReturn, "return", plain, "", 0, 0},
	{OpCall, "call", index, "", 0, 0},
	{OpCallIndirect, "call_indirect", pair, "", 0, 0},
	{OpDrop, "drop", plain, "", 0, 0},
	{OpSelect, "select", plain, "", 0, 0},
	{OpLocalGet, "local.get", index, "", 0, 0},
	{OpLocalSet, "local.set", index, "", 0, 0},
	{OpLocalTee, "local.tee", index, "", 0, 0},
	{OpGlobalGet, "global.get", index, "", 0, 0},
	{OpGlobalSet, "global.set", index, "", 0, 0},
	{OpI32Load, "i32.load", memory, "i:i", 2, 0},
	{OpI64Load, "i64.load", memory, "i:l", 3, 0},
	{OpF32Load, "f32.load", memory, "i:f", 2, 0},
	{OpF64Load, "f64.load", memory, "i:d", 3, 0},
	{OpI32Load8S, "i32.load8_s", memory, "i:i", 0, 0},
	{OpI32Load8U, "i32.load8_u", memory, "i:i", 0, 0},
	{OpI32Load16S, "i32.load16_s", memory, "i:i", 1, 0},
	{OpI32Load16U, "i32.load16_u", memory, "i:i", 1, 0},
	{OpI64Load8S, "i64.load8_s", memory, "i:l", 0, 0},
	{OpI64Load8U, "i64.load8_u", memory, "i:l", 0, 0},
	{OpI64Load16S, "i64.load16_s", memory, "i:l", 1, 0},
	{OpI64Load16U, "i64.load16_u", memory, "i:l", 1, 0},
	{OpI64Load32S, "i64.load32_s", memory, "i:l", 2, 0},
	{OpI64Load32U, "i64.load32_u", memory, "i:l", 2, 0},
	{OpI32Store, "i32.store", memory, "ii:", 2, 0},
	{OpI64Store, "i64.store", memory, "il:", 3, 0},
	{OpF32Store, "f32.store", memory, "if:", 2, 0},
	{OpF64Store, "f64.store", memory, "id:", 3, 0},
	{OpI32Store8, "i32.store8", memory, "ii:", 0, 0},
	{OpI32Store16, "i32.store16", memory, "ii:", 1, 0},
	{OpI64Store8, "i64.store8", memory, "il:", 0, 0},
	{OpI64Store16, "i64.store16", memory, "il:", 1, 0},
	{OpI64Store32, "i64.store32", memory, "il:", 2, 0},
	{OpMemorySize, "memory.size", zero, ":i", 0, 0},
	{OpMemoryGrow, "memory.grow", zero, "i:i", 0, 0},
	{OpI32Const, "i32.const", constI32, ":i", 0, 0},
	{OpI64Const, "i64.const", constI64, ":l", 0, 0},
	{OpF32Const, "f32.const", constF32, ":f", 0, 0},
	{OpF64Const, "f64.const", constF64, ":d", 0, 0},
	{OpI32Eqz, "i32.eqz", plain, "i:i", 0, 0},
	{OpI32Eq, "i32.eq", plain, "ii:i", 0, 0},
	{OpI32Ne, "i32.ne", plain, "ii:i", 0, 0},
	{OpI32LtS, "i32.lt_s", plain, "ii:i", 0, 0},
	{OpI32LtU, "i32.lt_u", plain, "ii:i", 0, 0},
	{OpI32GtS, "i32.gt_s", plain, "ii:i", 0, 0},
	{OpI32GtU, "i32.gt_u", plain, "ii:i", 0, 0},
	{OpI32LeS, "i32.le_s", plain, "ii:i", 0, 0},
	{OpI32LeU, "i32.le_u", plain, "ii:i", 0, 0},
	{OpI32GeS, "i32.ge_s", plain, "ii:i", 0, 0},
	{OpI32GeU, "i32.ge_u", plain, "ii:i", 0, 0},
	{OpI64Eqz, "i64.eqz", plain, "l:i", 0, 0},
	{OpI64Eq, "i64.eq", plain, "ll:i", 0, 0},
	{OpI64Ne, "i64.ne", plain, "ll:i", 0, 0},
	{OpI64LtS, "i64.lt_s", plain, "ll:i", 0, 0},
	{OpI64LtU, "i64.lt_u", plain, "ll:i", 0, 0},
	{OpI64GtS, "i64.gt_s", plain, "ll:i", 0, 0},
	{OpI64GtU, "i64.gt_u", plain, "ll:i", 0, 0},
	{OpI64LeS, "i64.le_s", plain, "ll:i", 0, 0},
	{OpI64LeU, "i64.le_u", plain, "ll:i", 0, 0},
	{OpI64GeS, "i64.ge_s", plain, "ll:i", 0, 0},
	{OpI64GeU, "i64.ge_u", plain, "ll:i", 0, 0},
	{OpF32Eq, "f32.eq", plain, "ff:i", 0, 0},
	{OpF32Ne, "f32.ne", plain, "ff:i", 0, 0},
	{OpF32Lt, "f32.lt", plain, "ff:i", 0, 0},
	{OpF32Gt, "f32.gt", plain, "ff:i", 0, 0},
	{OpF32Le, "f32.le", plain, "ff:i", 0, 0},
	{OpF32Ge, "f32.ge", plain, "ff:i", 0, 0},
	{OpF64Eq, "f64.eq", plain, "dd:i", 0, 0},
	{OpF64Ne, "f64.ne", plain, "dd:i", 0, 0},
	{OpF64Lt, "f64.lt", plain, "dd:i", 0, 0},
	{OpF64Gt, "f64.gt", plain, "dd:i", 0, 0},
	{OpF64Le, "f64.le", plain, "dd:i", 0, 0},
	{OpF64Ge, "f64.ge", plain, "dd:i", 0, 0},
	{OpI32Clz, "i32.clz", plain, "i:i", 0, 0},
	{OpI32Ctz, "i32.ctz", plain, "i:i", 0, 0},
	{OpI32Popcnt, "i32.popcnt", plain, "i:i", 0, 0},
	{OpI32Add, "i32.add", plain, "ii:i", 0, 0},
	{OpI32Sub, "i32.sub", plain, "ii:i", 0, 0},
	{OpI32Mul, "i32.mul", plain, "ii:i", 0, 0},
	{OpI32DivS, "i32.div_s", plain, "ii:i", 0, 0},
	{OpI32DivU, "i32.div_u", plain, "ii:i", 0, 0},
	{OpI32RemS, "i32.rem_s", plain, "ii:i", 0, 0},
	{OpI32RemU, "i32.rem_u", plain, "ii:i", 0, 0},
	{OpI32And, "i32.and", plain, "ii:i", 0, 0},
	{OpI32Or, "i32.or", plain, "ii:i", 0, 0},
	{OpI32Xor, "i32.xor", plain, "ii:i", 0, 0},
	{OpI32Shl, "i32.shl", plain, "ii:i", 0, 0},
	{OpI32ShrS, "i32.shr_s", plain, "ii:i", 0, 0},
	{OpI32ShrU, "i32.shr_u", plain, "ii:i", 0, 0},
	{OpI32Rotl, "i32.rotl", plain, "ii:i", 0, 0},
	{OpI32Rotr, "i32.rotr", plain, "ii:i", 0, 0},
	{OpI64Clz, "i64.clz", plain, "l:l", 0, 0},
	{OpI64Ctz, "i64.ctz", plain, "l:l", 0, 0},
	{OpI64Popcnt, "i64.popcnt", plain, "l:l", 0, 0},
	{OpI64Add, "i64.add", plain, "ll:l", 0, 0},
	{OpI64Sub, "i64.sub", plain, "ll:l", 0, 0},
	{OpI64Mul, "i64.mul", plain, "ll:l", 0, 0},
	{OpI64DivS, "i64.div_s", plain, "ll:l", 0, 0},
	{OpI64DivU, "i64.div_u", plain, "ll:l", 0, 0},
	{OpI64RemS, "i64.rem_s", plain, "ll:l", 0, 0},
	{OpI64RemU, "i64.rem_u", plain, "ll:l", 0, 0},
	{OpI64And, "i64.and", plain, "ll:l", 0, 0},
	{OpI64Or, "i64.or", plain, "ll:l", 0, 0},
	{OpI64Xor, "i64.xor", plain, "ll:l", 0, 0},
	{OpI64Shl, "i64.shl", plain, "ll:l", 0, 0},
	{OpI64ShrS, "i64.shr_s", plain, "ll:l", 0, 0},
	{OpI64ShrU, "i64.shr_u", plain, "ll:l", 0, 0},
	{OpI64Rotl, "i64.rotl", plain, "ll:l", 0, 0},
	{OpI64Rotr, "i64.rotr", plain, "ll:l", 0, 0},
	{OpF32Abs, "f32.abs", plain, "f:f", 0, 0},
	{OpF32Neg, "f32.neg", plain, "f:f", 0, 0},
	{OpF32Ceil, "f32.ceil", plain, "f:f", 0, 0},
	{OpF32Floor, "f32.floor", plain, "f:f", 0, 0},
	{OpF32Trunc, "f32.trunc", plain, "f:f", 0, 0},
	{OpF32Nearest, "f32.nearest", plain, "f:f", 0, 0},
	{OpF32Sqrt, "f32.sqrt", plain, "f:f", 0, 0},
	{OpF32Add, "f32.add", plain, "ff:f", 0, 0},
	{OpF32Sub, "f32.sub", plain, "ff:f", 0, 0},
	{OpF32Mul, "f32.mul", plain, "ff:f", 0, 0},
	{OpF32Div, "f32.div", plain, "ff:f", 0, 0},
	{OpF32Min, "f32.min", plain, "ff:f", 0, 0},
	{OpF32Max, "f32.max", plain, "ff:f", 0, 0},
	{OpF32Copysign, "f32.copysign", plain, "ff:f", 0, 0},
	{OpF64Abs, "f64.abs", plain, "d:d", 0, 0},
	{OpF64Neg, "f64.neg", plain, "d:d", 0, 0},
	{OpF64Ceil, "f64.ceil", plain, "d:d", 0, 0},
	{OpF64Floor, "f64.floor", plain, "d:d", 0, 0},
	{OpF64Trunc, "f64.trunc", plain, "d:d", 0, 0},
	{OpF64Nearest, "f64.nearest", plain, "d:d", 0, 0},
	{OpF64Sqrt, "f64.sqrt", plain, "d:d", 0, 0},
	{OpF64Add, "f64.add", plain, "dd:d", 0, 0},
	{OpF64Sub, "f64.sub", plain, "dd:d", 0, 0},
	{OpF64Mul, "f64.mul", plain, "dd:d", 0, 0},
	{OpF64Div, "f64.div", plain, "dd:d", 0, 0},
	{OpF64Min, "f64.min", plain, "dd:d", 0, 0},
	{OpF64Max, "f64.max", plain, "dd:d", 0, 0},
	{OpF64Copysign, "f64.copysign", plain, "dd:d", 0, 0},
	{OpI32WrapI64, "i32.wrap_i64", plain, "l:i", 0, 0},
	{OpI32TruncF32S, "i32.trunc_f32_s", plain, "f:i", 0, 0},
	{OpI32TruncF32U, "i32.trunc_f32_u", plain, "f:i", 0, 0},
	{OpI32TruncF64S, "i32.trunc_f64_s", plain, "d:i", 0, 0},
	{OpI32TruncF64U, "i32.trunc_f64_u", plain, "d:i", 0, 0},
	{OpI64ExtendI32S, "i64.extend_i32_s", plain, "i:l", 0, 0},
	{OpI64ExtendI32U, "i64.extend_i32_u", plain, "i:l", 0, 0},
	{OpI64TruncF32S, "i64.trunc_f32_s", plain, "f:l", 0, 0},
	{OpI64TruncF32U, "i64.trunc_f32_u", plain, "f:l", 0, 0},
	{OpI64TruncF64S, "i64.trunc_f64_s", plain, "d:l", 0, 0},
	{OpI64TruncF64U, "i64.trunc_f64_u", plain, "d:l", 0, 0},
	{OpF32ConvertI32S, "f32.convert_i32_s", plain, "i:f", 0, 0},
	{OpF32ConvertI32U, "f32.convert_i32_u", plain, "i:f", 0, 0},
	{OpF32ConvertI64S, "f32.convert_i64_s", plain, "l:f", 0, 0},
	{OpF32ConvertI64U, "f32.convert_i64_u", plain, "l:f", 0, 0},
	{OpF32DemoteF64, "f32.demote_f64", plain, "d:f", 0, 0},
	{OpF64ConvertI32S, "f64.convert_i32_s", plain, "i:d", 0, 0},
	{OpF64ConvertI32U, "f64.convert_i32_u", plain, "i:d", 0, 0},
	{OpF64ConvertI64S, "f64.convert_i64_s", plain, "l:d", 0, 0},
	{OpF64ConvertI64U, "f64.convert_i64_u", plain, "l:d", 0, 0},
	{OpF64PromoteF32, "f64.promote_f32", plain, "f:d", 0, 0},
	{OpI32ReinterpretF32, "i32.reinterpret_f32", plain, "f:i", 0, 0},
	{OpI64ReinterpretF64, "i64.reinterpret_f64", plain, "d:l", 0, 0},
	{OpF32ReinterpretI32, "f32.reinterpret_i32", plain, "i:f", 0, 0},
	{OpF64ReinterpretI64, "f64.reinterpret_i64", plain, "l:d", 0, 0},
	{OpI32Extend8S, "i32.extend8_s", plain, "i:i", 0, SignExtension},
	{OpI32Extend16S, "i32.extend16_s", plain, "i:i", 0, SignExtension},
	{OpI64Extend8S, "i64.extend8_s", plain, "l:l", 0, SignExtension},
	{OpI64Extend16S, "i64.extend16_s", plain, "l:l", 0, SignExtension},
	{OpI64Extend32S, "i64.extend32_s", plain, "l:l", 0, SignExtension},
	{OpI32TruncSatF32S, "i32.trunc_sat_f32_s", plain, "f:i", 0, SaturatingFloat},
	{OpI32TruncSatF32U, "i32.trunc_sat_f32_u", plain, "f:i", 0, SaturatingFloat},
	{OpI32TruncSatF64S, "i32.trunc_sat_f64_s", plain, "d:i", 0, SaturatingFloat},
	{OpI32TruncSatF64U, "i32.trunc_sat_f64_u", plain, "d:i", 0, SaturatingFloat},
	{OpI64TruncSatF32S, "i64.trunc_sat_f32_s", plain, "f:l", 0, SaturatingFloat},
	{OpI64TruncSatF32U, "i64.trunc_sat_f32_u", plain, "f:l", 0, SaturatingFloat},
	{OpI64TruncSatF64S, "i64.trunc_sat_f64_s", plain, "d:l", 0, SaturatingFloat},
	{OpI64TruncSatF64U, "i64.trunc_sat_f64_u", plain, "d:l", 0, SaturatingFloat},
	{OpMemoryInit, "memory.init", indexZero, "iii:", 0, BulkMemory},
	{OpDataDrop, "data.drop", index, ":", 0, BulkMemory},
	{OpMemoryCopy, "memory.copy", zeroZero, "iii:", 0, BulkMemory},
	{OpMemoryFill, "memory.fill", zero, "iii:", 0, BulkMemory},
	{OpTableInit, "table.init", pair, "iii:", 0, BulkMemory},
	{OpElemDrop, "elem.drop", index, ":", 0, BulkMemory},
	{OpTableCopy, "table.copy", pair, "iii:", 0, BulkMemory},
	{OpRefNull, "ref.null", reference, "", 0, 0},
	{OpRefFunc, "ref.func", index, "", 0, 0},
}

// prefix begins the opcodes of more than one byte.
const prefix = 0xfc

// Tables by opcode have Places, one for each opcode of a byte and then for each that is behind the prefix.
const (
	prefixed = 0x100
	Places   = prefixed + 16
)

// Place is where a table by opcode has o. What can be no instruction has the place of 0xff, which is none.
func (o Opcode) Place() int {
	switch behind := int(o) - prefix<<8; {
	case o < prefixed:
		return int(o)
	case behind >= 0 && behind < Places-prefixed:
		return prefixed + behind
	}
	return 0xff
}

// byOpcode finds an operation by its place; one that is not decoded has the immediate foreign.
var byOpcode = func() (all [Places]operation) {
	for _, o := range operations {
		all[o.op.Place()] = o
	}
	return all
}()

// operation is what there is to know about o.
func (o Opcode) operation() *operation { return &byOpcode[o.Place()] }

// Known says whether o is an instruction that is decoded.
func (o Opcode) Known() bool { return o.operation().imm != foreign }

// String is the name in the text format.
func (o Opcode) String() string {
	if o.Known() {
		return o.operation().name
	}
	if f, ok := foreigner(o); ok {
		return f.name
	}
	return "opcode 0x" + strconv.FormatUint(uint64(o), 16)
}
