package conform

import (
	"fmt"
	"math/rand/v2"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// dice makes choices of bytes; when they are used up, of a random source, or always the first.
type dice struct {
	bytes []byte
	more  *rand.Rand
	taken []byte // from more: what repeats it
}

// roll chooses one of n.
func (d *dice) roll(n int) int {
	v := int(d.next())
	if n > 256 {
		v |= int(d.next())<<8 | int(d.next())<<16
	}
	return v % n
}

func (d *dice) next() byte {
	if len(d.bytes) > 0 {
		b := d.bytes[0]
		d.bytes = d.bytes[1:]
		return b
	}
	if d.more != nil {
		d.taken = append(d.taken, byte(d.more.Uint32()))
		return d.taken[len(d.taken)-1]
	}
	return 0
}

// chance is true in percent of 100 cases; used-up bytes say no.
func (d *dice) chance(percent int) bool { return d.roll(100) >= 100-percent }

// word is 64 bits.
func (d *dice) word() uint64 {
	var v uint64
	for range 8 {
		v = v<<8 | uint64(d.next())
	}
	return v
}

func pick[T any](d *dice, from []T) T { return from[d.roll(len(from))] }

var numbers = []module.ValueType{module.I32, module.I64, module.F32, module.F64}

// generator makes a valid module of choices. Programs end, nearly always: loops count down, and each call takes one from
// a global, at whose zero functions return at once.
type generator struct {
	*dice
	m      *module.Module
	fuel   uint32 // the global that calls count down
	kinds  []module.FuncType
	budget int // instructions left for the module
}

const (
	calls    = 200 // of functions, in the life of an instance
	maxPages = 4
)

// generate makes a module of choices.
func generate(d *dice) *module.Module {
	g := &generator{dice: d, m: &module.Module{}, budget: 1500}
	g.declare()
	for i := range g.kinds {
		b := &body{generator: g, kind: g.kinds[i]}
		b.write(i)
	}
	g.segments()
	return g.m
}

// declare chooses everything but code.
func (g *generator) declare() {
	for range 2 + g.roll(5) {
		kind := module.FuncType{}
		for range g.roll(5) {
			kind.Params = append(kind.Params, pick(g.dice, numbers))
		}
		if !g.chance(25) {
			kind.Results = []module.ValueType{pick(g.dice, numbers)}
		}
		g.kinds = append(g.kinds, kind)
		typeIndex(g.m, kind)
	}
	typeIndex(g.m, module.FuncType{Params: i2, Results: d1}) // of which there need not be a function
	g.m.Types = append(g.m.Types, g.m.Types[0])              // the same again: call_indirect compares structure
	g.m.Memories = []module.Limits{{Min: uint32(1 + g.roll(2)), Max: maxPages, HasMax: true}}
	size := uint32(4 + g.roll(12))
	g.m.Tables = []module.Limits{{Min: size, Max: size, HasMax: true}}
	g.m.Exports = []module.Export{{Name: "memory", Kind: module.ExternMemory}}
	g.m.Globals = []module.Global{{GlobalType: module.GlobalType{Type: module.I32, Mutable: true}, Init: expression(module.I32, calls)}}
	for _, t := range numbers {
		for range 1 + g.roll(3) {
			kind := module.GlobalType{Type: t, Mutable: !g.chance(20)}
			g.m.Globals = append(g.m.Globals, module.Global{GlobalType: kind, Init: expression(t, g.value(t))})
		}
	}
	for i := range g.m.Globals {
		g.m.Exports = append(g.m.Exports, module.Export{Name: fmt.Sprint("g", i), Kind: module.ExternGlobal, Index: uint32(i)})
	}
	dataSegments := uint32(3)
	g.m.DataCount = &dataSegments
}

// segments places data and functions; two of each stay behind for memory.init and table.init.
func (g *generator) segments() {
	for i := range *g.m.DataCount {
		s := module.Data{Mode: module.Passive, Bytes: make([]byte, g.roll(40))}
		for j := range s.Bytes {
			s.Bytes[j] = g.next()
		}
		if i == 0 {
			s.Mode, s.Offset = module.Active, expression(module.I32, uint64(g.roll(1<<16-40)))
		}
		g.m.Data = append(g.m.Data, s)
	}
	size := int(g.m.Tables[0].Min)
	at := g.roll(size)
	g.m.Elements = []module.Element{
		{Mode: module.Active, Offset: expression(module.I32, 0), Funcs: g.functions(g.roll(size + 1))},
		{Mode: module.Passive, Funcs: g.functions(g.roll(8))},
		{Mode: module.Passive, Exprs: g.references(g.roll(8))},
		{Mode: module.Active, Offset: expression(module.I32, uint64(at)), Funcs: g.functions(g.roll(size - at))},
		{Mode: module.Declarative, Funcs: g.functions(1)},
	}
}

func (g *generator) functions(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(g.roll(len(g.kinds)))
	}
	return out
}

// references are functions and nulls as expressions.
func (g *generator) references(n int) [][]byte {
	out := [][]byte{}
	for range n {
		var a assembler
		if g.chance(30) {
			a.op(module.OpRefNull, uint32(module.Funcref))
		} else {
			a.op(module.OpRefFunc, uint32(g.roll(len(g.kinds))))
		}
		a.end()
		out = append(out, a.code)
	}
	return out
}

// value is one of the edges, something near one, or anything.
func (g *generator) value(t module.ValueType) uint64 {
	v := edges[t][g.roll(edgeCount)]
	switch g.roll(4) {
	case 1:
		v += uint64(g.roll(5)) - 2
	case 2:
		v = g.word()
	}
	if t == module.I32 || t == module.F32 {
		v = uint64(uint32(v))
	}
	return v
}

// body writes one function.
type body struct {
	*generator
	assembler
	kind   module.FuncType
	locals []module.ValueType // parameters first
	hidden map[uint32]bool    // counters of loops
	labels []module.ValueType // of open blocks: what a branch to it takes, 0 for nothing
	depth  int                // of expressions
	loops  int
	left   int // of this function's budget
}

// write makes the function and exports it.
func (b *body) write(index int) {
	b.locals = append(b.locals, b.kind.Params...)
	b.hidden = map[uint32]bool{}
	for range b.roll(6) {
		b.locals = append(b.locals, pick(b.dice, numbers))
	}
	var result module.ValueType
	if len(b.kind.Results) > 0 {
		result = b.kind.Results[0]
	}
	b.labels = []module.ValueType{result}
	b.left = min(b.budget, 50+b.roll(500))
	b.budget -= b.left
	if !b.chance(3) { // the others may call themselves for ever
		b.countCall(result)
	}
	b.statements(1 + b.roll(8))
	b.leave(result)
	b.end()
	define(b.m, functionName(int(index)), b.kind, b.locals[len(b.kind.Params):], b.code)
}

// countCall returns at once when the calls are used up.
func (b *body) countCall(result module.ValueType) {
	b.op(module.OpGlobalGet, b.fuel)
	b.op(module.OpI32Eqz)
	b.block(module.OpIf, 0)
	if result != 0 {
		b.constant(result, b.value(result))
	}
	b.op(module.OpReturn)
	b.end()
	b.op(module.OpGlobalGet, b.fuel)
	b.i32(1)
	b.op(module.OpI32Sub)
	b.op(module.OpGlobalSet, b.fuel)
}

// leave puts a result where one is due.
func (b *body) leave(result module.ValueType) {
	if result != 0 {
		b.expression(result)
	}
}

// local is one of a type that may be written, if there is one.
func (b *body) local(t module.ValueType) (uint32, bool) {
	return choose(b.dice, len(b.locals), func(i int) bool { return b.locals[i] == t && !b.hidden[uint32(i)] })
}

// global is one of a type; the fuel is not for everyone.
func (b *body) global(t module.ValueType, writable bool) (uint32, bool) {
	return choose(b.dice, len(b.m.Globals), func(i int) bool {
		return uint32(i) != b.fuel && b.m.Globals[i].Type == t && (b.m.Globals[i].Mutable || !writable)
	})
}

// function is one with that result, 0 for none.
func (b *body) function(result module.ValueType) (uint32, bool) {
	return choose(b.dice, len(b.kinds), func(i int) bool { return resultOf(b.kinds[i]) == result })
}

func resultOf(kind module.FuncType) module.ValueType {
	if len(kind.Results) == 0 {
		return 0
	}
	return kind.Results[0]
}

// label is an open block whose branches take t, counted from the innermost.
func (b *body) label(t module.ValueType) (uint32, bool) {
	return choose(b.dice, len(b.labels), func(i int) bool { return b.labels[len(b.labels)-1-i] == t })
}

// choose picks one of those that fit.
func choose(d *dice, n int, fits func(i int) bool) (uint32, bool) {
	at := d.roll(max(n, 1))
	for i := range n {
		if c := (at + i) % n; fits(c) {
			return uint32(c), true
		}
	}
	return 0, false
}
