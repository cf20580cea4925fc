package meter

import (
	"slices"
	"strconv"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// layout is where things are in the module that is made, and what was made for it.
//
//	functions  imported | refill | defined here | made
//	globals    imported | defined here | gas, stack, dirty
//
// So nothing but the functions defined here gets another number: one more.
type layout struct {
	funcs    []uint32 // type of every function, by its index before
	arity    []arity  // of every type
	imported uint32   // functions that are imported
	refill   uint32
	gas      uint32 // globals
	stack    uint32
	dirty    uint32

	mark     bool
	shift    uint
	maxStack uint32

	checkCode []byte // refill if gas is below zero

	types     []module.FuncType
	wanted    []wanted
	madeFor   map[wanted]uint32
	firstMade uint32
	arena     arena
}

// arity is what a call takes and gives.
type arity struct {
	params int
	result bool
}

// newLayout lays out what Instrument makes of m.
func newLayout(m *module.Module, o Options) *layout {
	l := &layout{
		funcs: m.FuncTypeIndices(), imported: uint32(m.ImportedFuncs()),
		mark: o.Mark, shift: o.MarkShift, maxStack: o.MaxStack,
		types: m.Types[:len(m.Types):len(m.Types)], madeFor: map[wanted]uint32{},
	}
	l.arity = make([]arity, len(m.Types))
	for i, t := range m.Types {
		l.arity[i] = arity{params: len(t.Params), result: len(t.Results) > 0}
	}
	l.refill = l.imported
	l.firstMade = uint32(len(l.funcs)) + 1
	l.gas = uint32(m.ImportedGlobals() + len(m.Globals))
	l.stack, l.dirty = l.gas+1, l.gas+2
	var c module.Code
	c.With(module.OpGlobalGet, l.gas)
	c.I64(0)
	c.Op(module.OpI64LtS)
	c.Block(module.OpIf, module.BlockNone)
	c.With(module.OpCall, l.refill)
	c.Op(module.OpEnd)
	l.checkCode = c
	return l
}

// renumber is a function's index in the module that is made.
func (l *layout) renumber(function uint32) uint32 {
	if function < l.imported {
		return function
	}
	return function + 1
}

// typeIndex finds a type, or adds it.
func (l *layout) typeIndex(params, results []module.ValueType) uint32 {
	for i, t := range l.types {
		if slices.Equal(t.Params, params) && slices.Equal(t.Results, results) {
			return uint32(i)
		}
	}
	l.types = append(l.types, module.FuncType{Params: params, Results: results})
	return uint32(len(l.types) - 1)
}

// globals appends those that are added.
func (l *layout) globals(own []module.Global) []module.Global {
	var zero32, zero64 module.Code
	zero32.I32(0)
	zero32.Op(module.OpEnd)
	zero64.I64(0)
	zero64.Op(module.OpEnd)
	all := append(own[:len(own):len(own)],
		module.Global{GlobalType: module.GlobalType{Type: module.I64, Mutable: true}, Init: zero64},
		module.Global{GlobalType: module.GlobalType{Type: module.I32, Mutable: true}, Init: zero32})
	if l.mark {
		all = append(all, module.Global{GlobalType: module.GlobalType{Type: module.I64, Mutable: true}, Init: zero64})
	}
	return all
}

// added is the exports that are added.
func (l *layout) added(m *module.Module) []module.Export {
	global := func(name string, index uint32) module.Export {
		return module.Export{Name: name, Kind: module.ExternGlobal, Index: index}
	}
	all := []module.Export{global(GlobalGas, l.gas), global(GlobalStack, l.stack)}
	if l.mark {
		all = append(all, global(GlobalDirty, l.dirty))
	}
	first := l.gas - uint32(len(m.Globals))
	for i := range m.Globals {
		if m.Globals[i].Mutable {
			all = append(all, global(GlobalOwn+strconv.Itoa(i), first+uint32(i)))
		}
	}
	return all
}

// arena keeps code in few large pieces.
type arena struct{ free []byte }

const piece = 256 << 10

// keep copies b to where it stays.
func (a *arena) keep(b []byte) []byte {
	if len(b) > len(a.free) {
		a.free = make([]byte, max(piece, len(b)))
	}
	kept := a.free[:len(b):len(b)]
	a.free = a.free[len(b):]
	copy(kept, b)
	return kept
}
