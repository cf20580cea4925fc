package module

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// code joins instructions given as bytes, opcodes and other pieces.
func code(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case rune:
			b = append(b, byte(p))
		case []byte:
			b = append(b, p...)
		case Opcode:
			if p >= 0xfc00 {
				b = append(b, 0xfc)
			}
			b = append(b, byte(p))
		case ValueType:
			b = append(b, byte(p))
		case BlockType:
			b = append(b, byte(p))
		default:
			panic(fmt.Sprintf("%T is no code", p))
		}
	}
	return b
}

// times repeats code.
func times(n int, c []byte) []byte { return bytes.Repeat(c, n) }

// zeroI32 is the constant expression 0.
var zeroI32 = code(OpI32Const, 0, OpEnd)

// bare is a module of one function () -> () with the given code (its end is added), two i32, i64, f32 and f64 locals each,
// a memory, a table, a mutable and a constant global.
func bare(parts ...any) *Module {
	two := uint32(2)
	return &Module{
		Types: []FuncType{
			{},
			{Params: []ValueType{I32, I64}, Results: []ValueType{I32}},
		},
		Funcs:    []uint32{0, 1},
		Tables:   []Limits{{Min: 2}},
		Memories: []Limits{{Min: 1}},
		Globals: []Global{
			{GlobalType{I32, true}, zeroI32},
			{GlobalType{F64, false}, code(OpF64Const, 0, 0, 0, 0, 0, 0, 0, 0, OpEnd)},
		},
		Elements:  []Element{{Mode: Active, Offset: zeroI32, Funcs: []uint32{0, 1}}, {Mode: Passive, Exprs: [][]byte{code(OpRefFunc, 1, OpEnd), code(OpRefNull, Funcref, OpEnd)}}},
		DataCount: &two,
		Bodies: []Body{
			{Locals: []Locals{{2, I32}, {2, I64}, {2, F32}, {2, F64}}, Code: append(code(parts...), byte(OpEnd))},
			{Code: code(OpLocalGet, 0, OpEnd)},
		},
		Data: []Data{{Mode: Active, Offset: zeroI32, Bytes: []byte("abc")}, {Mode: Passive, Bytes: []byte("d")}},
	}
}

// host is the interface of the tests' contracts.
func host(module, name string) (FuncType, bool) {
	if name == "log" {
		return FuncType{Params: []ValueType{I32, I32}}, true
	}
	return FuncType{}, false
}

// chain is the policy of the tests' contracts.
func chain() Policy {
	p := OnChain()
	p.Module, p.Imports = "thinkey_1", host
	return p
}

// contract is a module that the chain accepts.
func contract(parts ...any) *Module {
	m := bare(parts...)
	m.Types = append(m.Types, FuncType{Params: []ValueType{I32, I32}})
	m.Imports = []Import{{Module: "thinkey_1", Name: "log", Kind: ExternFunc, Type: 2}}
	m.Exports = []Export{{"memory", ExternMemory, 0}, {"handle", ExternFunc, 1}, {"query", ExternFunc, 1}}
	return m
}

// sample is a module with every section.
func sample() *Module {
	m := contract(OpBlock, BlockNone, OpLocalGet, 0, OpBrTable, 1, 0, 1, OpEnd, OpLocalGet, 2, OpDrop)
	start := uint32(1)
	m.Start = &start
	m.Imports = append(m.Imports,
		Import{Module: "m", Name: "g", Kind: ExternGlobal, Global: GlobalType{I32, false}})
	m.Tables[0] = Limits{Min: 2, Max: 7, HasMax: true}
	m.Elements = append(m.Elements, Element{Mode: Declarative, Funcs: []uint32{0}})
	m.Data = append(m.Data, Data{Mode: Active, Offset: code(OpGlobalGet, 0, OpEnd), Bytes: []byte{1}})
	*m.DataCount = 3
	m.Customs = []Custom{{"name", code(1, 8, 1, 1, 5, []byte("start"))}, {"x", []byte("anything")}}
	return m
}

// same compares two modules but for the offsets of bodies (V6).
func same(a, b *Module) bool {
	bare := func(m *Module) *Module {
		c := *m
		c.Bodies = slices.Clone(m.Bodies)
		for i := range c.Bodies {
			c.Bodies[i].Offset = 0
		}
		return &c
	}
	return reflect.DeepEqual(bare(a), bare(b))
}

// decoded is what comes out of encoding and decoding.
func decoded(t testing.TB, m *Module) *Module {
	t.Helper()
	d, err := Decode(m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSampleIsAccepted(t *testing.T) {
	if _, _, err := Check(sample().Encode(), Any()); err != nil {
		t.Error(err)
	}
	if _, _, err := Check(contract().Encode(), chain()); err != nil {
		t.Error(err)
	}
}
