package wasm

import (
	"encoding/binary"
	"slices"

	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
)

const pageBytes = module.PageBytes

// guest is a module in the making: it imports all host functions, in the order of abi.Functions, and has a memory.
type guest struct {
	pages, most uint32            // of memory; most 0 is no maximum
	data        map[uint32]string // active segments
	passive     []string          // passive segments
	globals     []module.Global
	table       []uint32   // functions, by their place among those of the guest
	elements    [][]uint32 // passive
	handle      asm
	bounce      asm
	query       asm
	merge       asm
	merges      []string
	more        []function // after the entries
}

// entryLocals are the locals of every entry. The first is for repeat.
var entryLocals = []module.ValueType{module.I32, module.I32, module.I64, module.I64, module.F32, module.F64, module.I32}

type function struct {
	params, results []module.ValueType
	locals          []module.ValueType
	code            asm
}

// asm is instructions, without the last end.
type asm []byte

// text joins pieces of code: asm, opcodes.
func text(parts ...any) (all asm) {
	for _, p := range parts {
		switch p := p.(type) {
		case asm:
			all = append(all, p...)
		case module.Opcode:
			if p >= 0xfc00 {
				all = append(all, 0xfc, byte(p))
			} else {
				all = append(all, byte(p))
			}
		case byte:
			all = append(all, p)
		case rune:
			all = append(all, i32(int(p))...)
		case int:
			all = append(all, i32(p)...)
		default:
			panic(p)
		}
	}
	return all
}

func i32(v int) asm                       { return module.AppendI32(asm{byte(module.OpI32Const)}, int32(v)) }
func i64(v int64) asm                     { return module.AppendI64(asm{byte(module.OpI64Const)}, v) }
func at(o module.Opcode, index int) asm   { return module.AppendU32(asm{byte(o)}, uint32(index)) }
func access(o module.Opcode, off int) asm { return module.AppendU32(asm{byte(o), 0}, uint32(off)) }

// block is a block, loop or if without a result.
func block(o module.Opcode, parts ...any) asm {
	return text(o, byte(module.BlockNone), text(parts...), module.OpEnd)
}

// host calls a host function; what it returns is left on the stack.
func host(name string, args ...any) asm {
	i := slices.IndexFunc(abi.Functions, func(f abi.Function) bool { return f.Name == name })
	if i < 0 {
		panic(name)
	}
	return append(text(args...), at(module.OpCall, i)...)
}

// call calls one of guest.more.
func call(i int) asm { return at(module.OpCall, len(abi.Functions)+len(entries)+i) }

// forever repeats.
func forever(parts ...any) asm { return block(module.OpLoop, text(parts...), at(module.OpBr, 0)) }

// repeat runs parts n times; it needs the local.
func repeat(local, n int, parts ...any) asm {
	return text(i32(n), at(module.OpLocalSet, local), block(module.OpLoop, text(parts...),
		at(module.OpLocalGet, local), 1, module.OpI32Sub, at(module.OpLocalTee, local), at(module.OpBrIf, 0)))
}

// failWith fails with the bytes at a place.
func failWith(at, n any) asm { return host(abi.Fail, at, n) }

// build encodes the module. All entries are functions, exported if they have code.
func (g guest) build() []byte {
	m := &module.Module{Memories: []module.Limits{{Min: max(g.pages, 1), Max: g.most, HasMax: g.most > 0}}}
	for _, f := range abi.Functions {
		m.Imports = append(m.Imports, module.Import{Module: abi.Module, Name: f.Name, Type: typeOf(m, types(f.Params), types(f.Results))})
	}
	m.Exports = []module.Export{{Name: abi.Memory, Kind: module.ExternMemory}}
	for i, c := range []asm{g.handle, g.bounce, g.query, g.merge} {
		if c != nil || i == 0 {
			m.Exports = append(m.Exports, module.Export{Name: entries[i], Index: uint32(len(abi.Functions) + i)})
		}
		add(m, function{code: c, locals: entryLocals})
	}
	for _, f := range g.more {
		add(m, f)
	}
	m.Globals = g.globals
	g.segments(m)
	if g.merges != nil {
		var names []byte
		for _, n := range g.merges {
			names = append(append(names, byte(len(n))), n...)
		}
		m.Customs = []module.Custom{{Name: abi.MergeSection, Bytes: names}}
	}
	return m.Encode()
}

func (g guest) segments(m *module.Module) {
	var places []uint32
	for p := range g.data {
		places = append(places, p)
	}
	slices.Sort(places)
	for _, p := range places {
		m.Data = append(m.Data, module.Data{Offset: text(int(p), module.OpEnd), Bytes: []byte(g.data[p])})
	}
	for _, b := range g.passive {
		m.Data = append(m.Data, module.Data{Mode: module.Passive, Bytes: []byte(b)})
	}
	if g.passive != nil {
		n := uint32(len(m.Data))
		m.DataCount = &n
	}
	if g.table == nil {
		return
	}
	n := uint32(len(g.table)) + 2
	m.Tables = []module.Limits{{Min: n, Max: n, HasMax: true}}
	m.Elements = append(m.Elements, module.Element{Offset: text(0, module.OpEnd), Funcs: indices(g.table)})
	for _, e := range g.elements {
		m.Elements = append(m.Elements, module.Element{Mode: module.Passive, Funcs: indices(e)})
	}
}

func indices(more []uint32) (all []uint32) {
	for _, f := range more {
		all = append(all, uint32(len(abi.Functions)+len(entries))+f)
	}
	return all
}

func add(m *module.Module, f function) {
	m.Funcs = append(m.Funcs, typeOf(m, f.params, f.results))
	b := module.Body{Code: append(slices.Clone(f.code), byte(module.OpEnd))}
	for _, l := range f.locals {
		b.Locals = append(b.Locals, module.Locals{Count: 1, Type: l})
	}
	m.Bodies = append(m.Bodies, b)
}

func typeOf(m *module.Module, params, results []module.ValueType) uint32 {
	for i, t := range m.Types {
		if slices.Equal(t.Params, params) && slices.Equal(t.Results, results) {
			return uint32(i)
		}
	}
	m.Types = append(m.Types, module.FuncType{Params: params, Results: results})
	return uint32(len(m.Types) - 1)
}

// global is a mutable global.
func global(t module.ValueType, init asm) module.Global {
	return module.Global{GlobalType: module.GlobalType{Type: t, Mutable: true}, Init: text(init, module.OpEnd)}
}

// amount is an amount as memory holds it.
func amount(v uint64) string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], v)
	return string(b[:])
}
