package module

import (
	"strings"
	"testing"
)

const (
	noReferences = "compile with clang -mcpu=mvp or -mno-reference-types, or Rust's wasm32v1-none target; references stand only in element segments"
	noThreads    = "compile without atomics and shared memory: clang -mno-atomics without -pthread, Rust's wasm32v1-none target; an actor handles one message at a time"
	noSIMD       = "compile without SIMD: clang -mcpu=mvp or -mno-simd128, Rust's wasm32v1-none target, and no v128 types"
	noMulti      = "compile with clang -mcpu=mvp or -mno-multivalue, or Rust's wasm32v1-none target; return a struct through a pointer"
	noExtended   = "compile with clang -mcpu=mvp or -mno-extended-const, or Rust's wasm32v1-none target"
	noMemories   = "link without a second memory; one memory of at most 16 MiB is what a contract has"
)

// binaries are whole files and the exact words with which Decode refuses them.
var binaries = []struct {
	name, file, want string
}{
	{"empty", "", "at byte 0x0: does not start as a WebAssembly module does; give the .wasm file itself, not its text form or an archive"},
	{"text", "(module)", "at byte 0x0: does not start as a WebAssembly module does; give the .wasm file itself, not its text form or an archive"},
	{"component", "\x00asm\x0d\x00\x01\x00", "at byte 0x4: has version 0d000100 of the format, not 01000000; compile to a core module, not to a component"},
	{"section 13", header + "\x0d\x00", "at byte 0x8: a tag section (exceptions) is not accepted; compile with clang -fno-exceptions, Rust's -C panic=abort"},
	{"section 14", header + "\x0e\x00", "at byte 0x8: section 14 is unknown"},
	{"section's size", header + "\x01", "at byte 0x9: the section's size: ends early"},
	{"section too long", header + "\x01\x05\x00", "at byte 0x8: the type section has 5 bytes, but the file has only 1 left"},
	{"section padded", header + "\x01\x02\x00\x00", "at byte 0xb: the type section has 1 bytes behind its last entry"},
	{"section twice", header + "\x01\x01\x00\x01\x01\x00", "at byte 0xb: a second type section"},
	{"section order", header + "\x03\x01\x00\x01\x01\x00", "at byte 0xb: the type section stands too late"},
	{"data count order", header + "\x0a\x01\x00\x0c\x01\x00", "at byte 0xb: the data count section stands too late"},
	{"integer", header + "\x01\x06\x80\x80\x80\x80\x80\x00", "at byte 0xa: types: integer too long for u32"},
	{"integer's bits", header + "\x01\x05\x80\x80\x80\x80\x10", "at byte 0xa: types: integer too large: it has bits beyond u32"},
	{"count", header + "\x01\x03\xff\xff\x03", "at byte 0xd: 65535 types announced, but only 0 bytes follow"},
	{"struct type", header + "\x01\x04\x01\x5f\x00\x00", "at byte 0xb: a type that is not a function's is a struct type, which is not accepted there; compile to linear memory: Go, Rust, C and AssemblyScript do"},
	{"v128 parameter", header + "\x01\x05\x01\x60\x01\x7b\x00", "at byte 0xd: one of the parameters is v128, which is not accepted there; " + noSIMD},
	{"externref result", header + "\x01\x05\x01\x60\x00\x01\x6f", "at byte 0xe: one of the results is externref, which is not accepted there; " + noReferences},
	{"multi-value", header + "\x01\x06\x01\x60\x00\x02\x7f\x7f", "at byte 0xb: type 0 has 2 results (multi-value); " + noMulti},
	{"tag import", header + "\x02\x06\x01\x00\x00\x04\x00\x00", "at byte 0xd: an import is a tag (exceptions); compile with clang -fno-exceptions, Rust's -C panic=abort"},
	{"import's kind", header + "\x02\x05\x01\x00\x00\x05\x00", "at byte 0xd: an import has the unknown kind 5"},
	{"import's name", header + "\x02\x08\x01\x01\xff\x01a\x00\x00\x00", "at byte 0xc: an import's module is not UTF-8"},
	{"surrogate", header + "\x02\x0a\x01\x03\xed\xa0\x80\x01a\x00\x00\x00", "at byte 0xc: an import's module is not UTF-8"},
	{"externref table", header + "\x04\x04\x01\x6f\x00\x00", "at byte 0xb: a table's type is externref, which is not accepted there; " + noReferences},
	{"shared memory", header + "\x05\x04\x01\x03\x01\x01", "at byte 0xb: a shared memory (threads) is not accepted; " + noThreads},
	{"memory64", header + "\x05\x03\x01\x04\x01", "at byte 0xb: a 64-bit memory is not accepted; compile for wasm32"},
	{"limits", header + "\x05\x03\x01\x08\x01", "at byte 0xb: a memory's limits start with the unknown flag 8"},
	{"funcref global", header + "\x06\x06\x01\x70\x00\xd0\x70\x0b", "at byte 0xb: a global's type is funcref, which is not accepted there; " + noReferences},
	{"mutability", header + "\x06\x06\x01\x7f\x02\x41\x00\x0b", "at byte 0xc: a global's mutability is 2, neither 0 nor 1"},
	{"global without end", header + "\x06\x05\x01\x7f\x00\x41\x00", "at byte 0xd: a constant expression ends early"},
	{"export's kind", header + "\x07\x04\x01\x00\x09\x00", "at byte 0xc: an export has the unknown kind 9"},
	{"element's flag", header + "\x09\x04\x01\x08\x00\x00", "at byte 0xb: an element segment starts with the unknown flag 8"},
	{"element's kind", header + "\x09\x04\x01\x01\x01\x00", "at byte 0xc: an element segment has the unknown kind 1"},
	{"element's type", header + "\x09\x04\x01\x05\x6f\x00", "at byte 0xc: an element segment's type is externref, which is not accepted there; " + noReferences},
	{"externref null", header + "\x09\x07\x01\x05\x70\x01\xd0\x6f\x0b", "at byte 0xe: ref.null: its type is externref, which is not accepted there; " + noReferences},
	{"no code", header + "\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00", "1 functions are declared, but 0 have code"},
	{"code without function", header + "\x0a\x04\x01\x02\x00\x0b", "0 functions are declared, but 1 have code"},
	{"body too long", header + "\x0a\x04\x01\x03\x00\x0b", "in function 0 at byte 0xc: a body of 3 bytes, but only 2 follow"},
	{"body without end", header + "\x0a\x04\x01\x02\x00\x01", "in function 0 at byte 0xe: a body does not finish with end"},
	{"body of nothing", header + "\x0a\x03\x01\x01\x00", "at byte 0xb: 1 function bodies announced, but only 2 bytes follow"},
	{"v128 local", header + "\x0a\x06\x01\x04\x01\x01\x7b\x0b", "in function 0 at byte 0xe: a local's type is v128, which is not accepted there; " + noSIMD},
	{"too many locals", header + "\x0a\x10\x01\x0e\x02\xff\xff\xff\xff\x0f\x7f\x01\x7f\x00\x00\x00\x00\x0b", "in function 0 at byte 0x13: 4294967296 locals (limit 4294967295)"},
	{"data count", header + "\x0c\x01\x01", "the data count section says 1 segments, but there are 0"},
	{"data's flag", header + "\x0b\x03\x01\x03\x00", "at byte 0xb: a data segment starts with the unknown flag 3"},
	{"second memory's data", header + "\x0b\x07\x01\x02\x01\x41\x00\x0b\x00", "at byte 0xb: a data segment for memory 1: there is only memory 0; " + noMemories},
	{"data too long", header + "\x0b\x04\x01\x01\x02\x00", "at byte 0xd: a data segment: ends early"},
	{"custom section's name", header + "\x00\x02\x02a", "at byte 0xb: the custom section's name: ends early"},
}

func TestBinariesRefused(t *testing.T) {
	for _, c := range binaries {
		_, err := Decode([]byte(c.file))
		expect(t, c.name, err, c.want)
	}
}

// expect compares a refusal with the words wanted; "" wants none.
func expect(t *testing.T, name string, err error, want string) {
	t.Helper()
	const all = "module refused"
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want == "":
	case err == nil:
		t.Errorf("%s: accepted, want %q", name, want)
	default:
		if _, ok := err.(*Refusal); !ok {
			t.Errorf("%s: the error is a %T", name, err)
		}
		got := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(err.Error(), all), ": "), " ")
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// instructions are bodies of a module without a policy, and the words with which Validate refuses them. The place is cut
// off here: all are in function 0.
var instructions = []struct {
	name string
	code []byte
	want string
}{
	{"vector", code(0xfd, 12), "a vector instruction: is not accepted (vector instructions (SIMD)); " + noSIMD},
	{"atomic", code(0xfe, 3, 0), "an atomic instruction: is not accepted (threads); " + noThreads},
	{"table.get", code(OpI32Const, 0, 0x25, 0), "table.get: is not accepted (reference types); " + noReferences},
	{"table.set", code(0x26, 0), "table.set: is not accepted (reference types); " + noReferences},
	{"table.grow", code(0xfc, 15, 0), "table.grow: is not accepted (reference types); " + noReferences},
	{"table.size", code(0xfc, 16, 0), "table.size: is not accepted (reference types); " + noReferences},
	{"table.fill", code(0xfc, 17, 0), "table.fill: is not accepted (reference types); " + noReferences},
	{"ref.null", code(OpRefNull, Funcref, OpDrop), "ref.null: is not accepted (reference types); " + noReferences},
	{"ref.func", code(OpRefFunc, 0, OpDrop), "ref.func: is not accepted (reference types); " + noReferences},
	{"ref.is_null", code(0xd1), "ref.is_null: is not accepted (reference types); " + noReferences},
	{"select with a type", code(0x1c, 1, I32), "select with a type: is not accepted (reference types); " + noReferences},
	{"return_call", code(0x12, 0), "return_call: is not accepted (tail calls); compile with clang -mcpu=mvp or -mno-tail-call, or Rust's wasm32v1-none target"},
	{"throw", code(0x08, 0), "throw: is not accepted (exceptions); compile with clang -fno-exceptions, Rust's -C panic=abort"},
	{"try", code(0x06, 0x40), "try: is not accepted (exceptions); compile with clang -fno-exceptions, Rust's -C panic=abort"},
	{"struct", code(0xfb, 0), "an instruction behind 0xfb: is not accepted (garbage-collected types); compile to linear memory: Go, Rust, C and AssemblyScript do"},
	{"0x27", code(0x27), "opcode 0x27: is no instruction of WebAssembly 1.0; compile for WebAssembly 1.0: clang -mcpu=mvp, Rust's wasm32v1-none target, Go needs nothing"},
	{"0xfc 300", code(0xfc, 0xac, 2), "opcode 0xfc: no instruction has number 300 behind the prefix 0xfc"},
	{"block type by index", code(OpBlock, 0, OpEnd), "block: has a block type given by an index (multi-value); " + noMulti},
	{"v128 block", code(OpLoop, 0x7b, OpEnd), "loop: the block's type is v128, which is not accepted there; " + noSIMD},
	{"second memory", code(OpMemorySize, 1, OpDrop), "memory.size: names memory 1: there is only memory 0, written as one zero byte; " + noMemories},
	{"padded memory", code(OpMemorySize, 0x80, 0, OpDrop), "memory.size: names memory 128: there is only memory 0, written as one zero byte; " + noMemories},
	{"copy from a second memory", code(OpMemoryCopy, 0, 1), "memory.copy: names memory 1: there is only memory 0, written as one zero byte; " + noMemories},
	{"constant too large", code(OpI32Const, 0xff, 0xff, 0xff, 0xff, 0x0f, OpDrop), "i32.const: integer too large: it has bits beyond s32"},
	{"labels", code(OpI32Const, 0, OpBrTable, 0xff, 0xff, 3, 0), "br_table: has 65535 labels: the code ends before"},

	{"local", code(OpLocalGet, 8, OpDrop), "local.get: local 8 does not exist (there are 8)"},
	{"local", code(OpI32Const, 0, OpLocalSet, 99), "local.set: local 99 does not exist (there are 8)"},
	{"global", code(OpGlobalGet, 2, OpDrop), "global.get: global 2 does not exist (there are 2)"},
	{"constant global", code(OpF64Const, times(8, code(0)), OpGlobalSet, 1), "global.set: global 1 can't be changed"},
	{"function", code(OpCall, 2), "call: function 2 does not exist (there are 2)"},
	{"type", code(OpI32Const, 0, OpCallIndirect, 2, 0), "call_indirect: type 2 does not exist (there are 2)"},
	{"table", code(OpI32Const, 0, OpCallIndirect, 0, 1), "call_indirect: table 1 does not exist (there are 1)"},
	{"label", code(OpBr, 1), "br: there is no label 1: 1 blocks are open"},
	{"label", code(OpBlock, BlockNone, OpI32Const, 0, OpBrIf, 2, OpEnd), "br_if: there is no label 2: 2 blocks are open"},
	{"label", code(OpI32Const, 0, OpBrTable, 1, 9, 0), "br_table: there is no label 9: 1 blocks are open"},
	{"data segment", code(times(3, code(OpI32Const, 0)), OpMemoryInit, 2, 0), "memory.init: data segment 2 does not exist (there are 2)"},
	{"data segment", code(OpDataDrop, 2), "data.drop: data segment 2 does not exist (there are 2)"},
	{"element segment", code(OpElemDrop, 2), "elem.drop: element segment 2 does not exist (there are 2)"},
	{"element segment", code(times(3, code(OpI32Const, 0)), OpTableInit, 2, 0), "table.init: element segment 2 does not exist (there are 2)"},
	{"tables", code(times(3, code(OpI32Const, 0)), OpTableInit, 0, 1), "table.init: table 1 does not exist (there are 1)"},
	{"tables", code(times(3, code(OpI32Const, 0)), OpTableCopy, 0, 1), "table.copy: table 1 does not exist (there are 1)"},
	{"alignment", code(OpI32Const, 0, OpI32Load16U, 2, 0, OpDrop), "i32.load16_u: is aligned to 2^2 bytes, more than its size of 2^1"},
	{"alignment", code(OpI32Const, 0, OpI64Load, 0x80, 1, 0, OpDrop), "i64.load: is aligned to 2^128 bytes, more than its size of 2^3"},

	{"nothing to drop", code(OpDrop), "drop: takes an operand, but the block has none on the stack"},
	{"out of a block", code(OpI32Const, 0, OpBlock, BlockNone, OpDrop, OpEnd), "drop: takes an operand, but the block has none on the stack"},
	{"wrong operand", code(OpI64Const, 0, OpI32Eqz, OpDrop), "i32.eqz: takes i32, but i64 is on the stack"},
	{"first operand", code(OpI64Const, 0, OpI32Const, 0, OpI32Add, OpDrop), "i32.add: takes i32, but i64 is on the stack"},
	{"operands left", code(OpI32Const, 0), "end: the block leaves 1 operands more than its type says"},
	{"operands left in a block", code(OpBlock, I32, OpI32Const, 0, OpI32Const, 0, OpEnd, OpDrop), "end: the block leaves 1 operands more than its type says"},
	{"operands left before else", code(OpI32Const, 0, OpIf, BlockNone, OpI32Const, 0, OpElse, OpEnd), "else: the block leaves 1 operands more than its type says"},
	{"block leaves nothing", code(OpBlock, I32, OpEnd, OpDrop), "end: takes an operand, but the block has none on the stack"},
	{"block leaves another type", code(OpBlock, I32, OpF32Const, 0, 0, 0, 0, OpEnd, OpDrop), "end: takes i32, but f32 is on the stack"},
	{"if without else", code(OpI32Const, 0, OpIf, I32, OpI32Const, 0, OpEnd, OpDrop), "end: an if that leaves i32 has no else"},
	{"else without if", code(OpBlock, BlockNone, OpElse, OpEnd), "else: stands without an if"},
	{"else twice", code(OpI32Const, 0, OpIf, BlockNone, OpElse, OpElse, OpEnd), "else: stands without an if"},
	{"else in the body", code(OpElse), "else: stands without an if"},
	{"branch with nothing", code(OpBlock, I32, OpBr, 0, OpEnd, OpBr, 0, OpI32Eqz), "br: takes an operand, but the block has none on the stack"},
	{"branch tables", code(OpBlock, I32, OpI32Const, 0, OpI32Const, 0, OpBrTable, 1, 0, 1, OpEnd, OpDrop), "br_table: label 0 takes another type along than the default"},
	{"dead branch table", code(OpBlock, I32, OpBlock, I64, OpUnreachable, OpBrTable, 1, 0, 1, OpEnd, OpDrop, OpI32Const, 0, OpEnd, OpDrop), "br_table: label 0 takes another type along than the default"},
	{"select", code(OpI32Const, 0, OpI64Const, 0, OpI32Const, 0, OpSelect, OpDrop), "select: chooses between i32 and i64"},
	{"dead code", code(OpUnreachable, OpI64Const, 0, OpI32Eqz, OpDrop), "i32.eqz: takes i32, but i64 is on the stack"},
	{"dead code", code(OpUnreachable, OpI32Const, 0), "end: the block leaves 1 operands more than its type says"},
	{"dead code behind a block", code(OpBlock, BlockNone, OpUnreachable, OpEnd, OpDrop), "drop: takes an operand, but the block has none on the stack"},
	{"else is alive", code(OpI32Const, 0, OpIf, BlockNone, OpUnreachable, OpElse, OpDrop, OpEnd), "drop: takes an operand, but the block has none on the stack"},
	{"parameters", code(OpI32Const, 0, OpCall, 1, OpDrop), "call: takes i64, but i32 is on the stack"},
	{"operands of a store", code(OpI64Const, 0, OpI32Const, 0, OpI64Store, 3, 0), "i64.store: takes i64, but i32 is on the stack"},
	{"tee", code(OpI64Const, 0, OpLocalTee, 0, OpDrop), "local.tee: takes i32, but i64 is on the stack"},
	{"result of a call", code(OpI32Const, 0, OpI64Const, 0, OpCall, 1, OpI64Eqz, OpDrop), "i64.eqz: takes i64, but i32 is on the stack"},
	{"return", code(OpReturn, OpI64Const, 0, OpI32Eqz), "i32.eqz: takes i32, but i64 is on the stack"},
	{"condition", code(OpI64Const, 0, OpBrIf, 0), "br_if: takes i32, but i64 is on the stack"},
	{"condition", code(OpI64Const, 0, OpIf, BlockNone, OpEnd), "if: takes i32, but i64 is on the stack"},
}

func TestInstructionsRefused(t *testing.T) {
	for _, c := range instructions {
		_, _, err := Check(bare(c.code).Encode(), Any())
		r, ok := err.(*Refusal)
		if !ok {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.Function != 0 || r.Offset < 0 {
			t.Errorf("%s: refused in function %d at byte %d", c.name, r.Function, r.Offset)
		}
		r.Function, r.Offset = -1, -1
		expect(t, c.name, r, c.want)
	}
}

func TestStructureOfCode(t *testing.T) {
	for _, c := range []struct {
		code []byte
		at   int // in the code
		want string
	}{
		{code(OpBlock, BlockNone, OpEnd), 3, "the code ends within a block"},
		{code(OpNop, OpEnd, OpNop, OpEnd), 2, "the code goes on behind the function's end"},
	} {
		m := bare()
		m.Bodies[0].Code = c.code
		_, _, err := Check(m.Encode(), Any())
		r, ok := err.(*Refusal)
		if !ok || r.What != c.want || r.Function != 0 || r.Offset != decoded(t, m).Bodies[0].Offset+c.at {
			t.Errorf("%x: %+v, want %q at %d", c.code, r, c.want, c.at)
		}
	}
}

func TestPlaceOfARefusal(t *testing.T) {
	m := contract(OpNop, OpI64Const, 0, OpI32Eqz, OpDrop)
	b := m.Encode()
	_, _, err := Check(b, chain())
	r := err.(*Refusal)
	if r.Function != 1 || r.Name != "handle" || r.Instruction != "i32.eqz" || b[r.Offset] != byte(OpI32Eqz) {
		t.Errorf("refused: %+v", r)
	}
	m = contract()
	m.Bodies[1].Code = code(OpDrop, OpEnd)
	m.Customs = []Custom{{"name", code(0, 2, 1, 'm', 1, 11, 2, 1, 1, 'x', 2, 5, []byte("inner"))}}
	_, _, err = Check(m.Encode(), chain())
	if r := err.(*Refusal); r.Function != 2 || r.Name != "inner" {
		t.Errorf("refused: %+v", r)
	}
	if want := "module refused in function 2 (inner) at byte "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s…", err, want)
	}
}
