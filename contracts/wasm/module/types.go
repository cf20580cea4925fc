package module

import (
	"slices"
	"strings"
)

// ValueType is the type of a value, by its byte in the binary format.
type ValueType byte

// The value types. Funcref is a table's element type only: no local, parameter or global has it.
const (
	I32     ValueType = 0x7f
	I64     ValueType = 0x7e
	F32     ValueType = 0x7d
	F64     ValueType = 0x7c
	Funcref ValueType = 0x70

	unknown ValueType = 0 // on the operand stack of code that can't be reached: of any type
)

// String is the name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case Funcref:
		return "funcref"
	case unknown:
		return "any"
	}
	return foreignType(byte(t))
}

// number says whether t is one of the four types of WebAssembly 1.0.
func (t ValueType) number() bool { return t >= F64 && t <= I32 }

// BlockType is what a block, loop or if leaves on the stack: BlockNone, or one value of a ValueType.
type BlockType byte

// BlockNone is the type of a block that leaves nothing.
const BlockNone BlockType = 0x40

// Result is the type of the value that the block leaves, if it leaves one.
func (b BlockType) Result() (ValueType, bool) { return ValueType(b), b != BlockNone }

// ExternKind is what an import or export is.
type ExternKind byte

// The kinds of imports and exports.
const (
	ExternFunc ExternKind = iota
	ExternTable
	ExternMemory
	ExternGlobal
)

// String is the name in the text format.
func (k ExternKind) String() string {
	switch k {
	case ExternFunc:
		return "function"
	case ExternTable:
		return "table"
	case ExternMemory:
		return "memory"
	case ExternGlobal:
		return "global"
	}
	return "tag"
}

// FuncType is a function's signature. Without multi-value it has at most one result.
type FuncType struct{ Params, Results []ValueType }

// Equal says whether both take and give the same.
func (t FuncType) Equal(o FuncType) bool {
	return slices.Equal(t.Params, o.Params) && slices.Equal(t.Results, o.Results)
}

// String reads (i32, i64) -> (i32).
func (t FuncType) String() string { return list(t.Params) + " -> " + list(t.Results) }

// list is the first few types in brackets.
func list(all []ValueType) string {
	const most = 16
	names := make([]string, 0, most)
	for _, t := range all[:min(len(all), most)] {
		names = append(names, t.String())
	}
	if len(all) > most {
		names = append(names, "…")
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// PageBytes is a page of memory.
const PageBytes = 64 << 10

// Limits are the smallest and largest size of a table (in elements) or memory (in pages).
type Limits struct {
	Min, Max uint32
	HasMax   bool
}

// GlobalType is the type of a global.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// Import is what a module takes from outside; Kind says which of the last three fields counts.
type Import struct {
	Module, Name string
	Kind         ExternKind
	Type         uint32     // of a function: its index in Types
	Limits       Limits     // of a table or memory
	Global       GlobalType // of a global
}

// Global is a global that the module defines.
type Global struct {
	GlobalType
	Init []byte // a constant expression, with its end
}

// Export is what a module gives to the outside: Index counts in the index space of Kind, imports first.
type Export struct {
	Name  string
	Kind  ExternKind
	Index uint32
}

// The modes of element and data segments.
const (
	Active      byte = iota // copied when the module is instantiated
	Passive                 // copied by table.init, memory.init
	Declarative             // elements only: never copied
)

// Element is a segment of function references. Exprs is set instead of Funcs when they are given as expressions.
type Element struct {
	Mode   byte
	Table  uint32
	Offset []byte // of an active one: a constant expression, with its end
	Funcs  []uint32
	Exprs  [][]byte // each a constant expression, with its end
}

// Len is the number of references.
func (e *Element) Len() int { return max(len(e.Funcs), len(e.Exprs)) }

// Data is a segment of memory.
type Data struct {
	Mode   byte
	Offset []byte // of an active one: a constant expression, with its end
	Bytes  []byte
}

// Locals is a run of locals of one type.
type Locals struct {
	Count uint32
	Type  ValueType
}

// Body is the code of one function that the module defines.
type Body struct {
	Offset int      // of Code in the binary that was decoded; Encode doesn't look at it
	Locals []Locals // without the parameters
	Code   []byte   // instructions, with the last end
}

// Custom is a custom section.
type Custom struct {
	Name  string
	Bytes []byte
}

// Module is a decoded module. Its slices share memory with the binary, which must not change.
type Module struct {
	Types     []FuncType
	Imports   []Import
	Funcs     []uint32 // index in Types of each function defined here
	Tables    []Limits // defined here
	Memories  []Limits // defined here
	Globals   []Global // defined here
	Exports   []Export
	Start     *uint32
	Elements  []Element
	DataCount *uint32
	Bodies    []Body // one for each of Funcs
	Data      []Data
	Customs   []Custom
}
