package conform

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// reference runs modules slowly and plainly, from the specification: the third opinion beside the two engines, and the
// only one that knows how often each instruction was executed, what it must cost, and which memory it stored to.
type reference struct {
	module   *module.Module
	code     []routine // by function; imports are empty
	types    []uint32  // by function: its type's index
	memory   []byte
	maxPages uint32
	table    []int // functions by index, -1 for none
	globals  []uint64
	data     [][]byte // by segment, nil when dropped
	elements [][]int

	toll  toll
	steps int // instructions left before it gives up
	seen  *census
	nans  int // results of arithmetic that are NaN: from here on the original may differ
	// dirty has a bit for each bucket that was stored to, of 1<<shift bytes and counted modulo 64.
	dirty uint64
	shift uint
	where module.Opcode // being executed
}

// toll is what the instrumented module must count.
type toll struct {
	gas   int64 // spent
	words int64 // of the stack, in use
}

// census counts executions and traps by instruction.
type census struct {
	ran, trapped map[module.Opcode]uint64
}

func newCensus() *census {
	return &census{ran: map[module.Opcode]uint64{}, trapped: map[module.Opcode]uint64{}}
}

// gaveUp ends a program that runs too long for the reference. It is no trap of the module.
const gaveUp trap = "gave up"

// routine is a function with its jumps resolved.
type routine struct {
	kind   module.FuncType
	locals []module.ValueType // without parameters
	code   []step
	facts  module.FunctionFacts
	frame  int64 // words of the stack
}

// step is an instruction.
type step struct {
	op     module.Opcode
	a, b   uint32
	value  int64
	labels []uint32
	result int   // values that a block leaves
	end    int   // of block, loop, if, else: the step of its end
	other  int   // of if: the step of its else, or its end
	toll   int64 // paid when control comes here
	live   bool  // may run
	floats bool  // of select: it chooses between them
}

// label is an open block in a frame.
type label struct {
	target int // the step to go on with
	arity  int
	height int  // of the operands
	loop   bool // stays open when it is branched to
}

// newReference instantiates m, whose imports are the meter's alone. The module must be valid, its segments must fit.
func newReference(m *module.Module, facts *module.Facts, seen *census) *reference {
	r := &reference{module: m, types: m.FuncTypeIndices(), seen: seen, shift: markShift, steps: math.MaxInt}
	r.code = make([]routine, len(r.types))
	for i := range m.Bodies {
		at := m.ImportedFuncs() + i
		kind := m.Types[m.Funcs[i]]
		r.code[at] = compile(kind, &m.Bodies[i], facts.Functions[i], floatSelects(facts, i))
	}
	for _, g := range m.Globals {
		r.globals = append(r.globals, r.constant(g.Init))
	}
	for _, l := range m.AllMemories() {
		r.memory, r.maxPages = make([]byte, int(l.Min)<<16), 65536
		if l.HasMax {
			r.maxPages = l.Max
		}
	}
	for _, l := range m.AllTables() {
		r.table = make([]int, l.Min)
		for i := range r.table {
			r.table[i] = -1
		}
	}
	r.placeSegments()
	return r
}

// placeSegments copies the active segments.
func (r *reference) placeSegments() {
	for _, e := range r.module.Elements {
		refs := make([]int, 0, e.Len())
		for _, f := range e.Funcs {
			refs = append(refs, int(f))
		}
		for _, x := range e.Exprs {
			refs = append(refs, referenced(x))
		}
		if e.Mode == module.Active {
			copy(r.table[uint32(r.constant(e.Offset)):], refs)
		}
		if e.Mode != module.Passive {
			refs = nil
		}
		r.elements = append(r.elements, refs)
	}
	for _, d := range r.module.Data {
		if d.Mode == module.Active {
			copy(r.memory[uint32(r.constant(d.Offset)):], d.Bytes)
			r.data = append(r.data, nil)
		} else {
			r.data = append(r.data, d.Bytes)
		}
	}
}

// constant is the value of a constant expression.
func (r *reference) constant(code []byte) uint64 {
	w := module.Walk(code)
	w.Next()
	in := w.Instruction()
	switch in.Op {
	case module.OpGlobalGet:
		return r.globals[in.A]
	case module.OpI32Const, module.OpF32Const:
		return uint64(uint32(in.I64))
	}
	return uint64(in.I64)
}

// referenced is the function of an expression in an element segment, -1 for null.
func referenced(code []byte) int {
	w := module.Walk(code)
	w.Next()
	if w.Instruction().Op == module.OpRefNull {
		return -1
	}
	return int(w.Instruction().A)
}

// floatSelects says where a function defined in the module chooses between floats.
func floatSelects(facts *module.Facts, function int) map[int]bool {
	all := map[int]bool{}
	for _, s := range facts.Selects {
		if int(s.Function) == function {
			all[int(s.At)] = true
		}
	}
	return all
}

// compile resolves the jumps of a body and says what must be paid where.
func compile(kind module.FuncType, body *module.Body, facts module.FunctionFacts, floats map[int]bool) routine {
	f := routine{kind: kind, facts: facts}
	for _, l := range body.Locals {
		for range l.Count {
			f.locals = append(f.locals, l.Type)
		}
	}
	var open []int
	for w := module.Walk(body.Code); w.Next(); {
		in := w.Instruction()
		s := step{op: in.Op, a: in.A, b: in.B, value: in.I64, floats: floats[in.At]}
		at := len(f.code)
		switch in.Op {
		case module.OpBlock, module.OpLoop, module.OpIf:
			if _, ok := in.Block.Result(); ok {
				s.result = 1
			}
			open = append(open, at)
		case module.OpElse:
			f.code[open[len(open)-1]].other = at
		case module.OpEnd:
			if len(open) > 0 {
				f.closeBlock(open[len(open)-1], at)
				open = open[:len(open)-1]
			}
		case module.OpBrTable:
			s.labels = append(s.labels, in.Labels...)
		}
		f.code = append(f.code, s)
	}
	f.charge()
	return f
}

// closeBlock tells a block and its else where they end.
func (f *routine) closeBlock(start, end int) {
	b := &f.code[start]
	b.end = end
	if b.op == module.OpIf && b.other == 0 {
		b.other = end
	}
	if b.other != 0 && b.other != end {
		f.code[b.other].end = end
	}
}

// call runs a function from outside.
func (r *reference) call(index int, args []uint64) (results []uint64, ended trap) {
	defer func() {
		if e := recover(); e != nil {
			t, ok := e.(trap)
			if !ok {
				panic(fmt.Sprintf("%v at %v", e, r.where))
			}
			if t != trapGas && t != trapStack && t != gaveUp {
				r.seen.trapped[r.where]++
			}
			results, ended = nil, t
		}
	}()
	r.toll.words = 0
	return r.run(index, args), ""
}

// frame is a call under way.
type frame struct {
	locals, stack []uint64
	labels        []label
}

func (f *frame) push(v uint64) { f.stack = append(f.stack, v) }

func (f *frame) pop() uint64 {
	v := f.stack[len(f.stack)-1]
	f.stack = f.stack[:len(f.stack)-1]
	return v
}

// branch leaves n blocks more than the innermost one and returns the step to go on with.
func (f *frame) branch(n uint32) int {
	at := len(f.labels) - 1 - int(n)
	l := f.labels[at]
	kept := f.stack[len(f.stack)-l.arity:]
	f.stack = append(f.stack[:l.height], kept...)
	if l.loop {
		at++
	}
	f.labels = f.labels[:at]
	return l.target
}

// run is one call.
func (r *reference) run(index int, args []uint64) []uint64 {
	fn := &r.code[index]
	r.enter(fn)
	f := &frame{locals: append(append([]uint64{}, args...), make([]uint64, len(fn.locals))...)}
	f.labels = append(f.labels, label{target: len(fn.code), arity: len(fn.kind.Results)})
	for pc := 0; pc < len(fn.code); {
		s := &fn.code[pc]
		r.spend(s.toll)
		if r.steps--; r.steps < 0 {
			panic(gaveUp)
		}
		r.where = s.op
		r.seen.ran[s.op]++
		pc = r.execute(fn, f, s, pc)
	}
	r.leave(fn)
	return f.stack
}

// execute does one instruction and returns the step to go on with.
func (r *reference) execute(fn *routine, f *frame, s *step, pc int) int {
	switch s.op {
	case module.OpUnreachable:
		panic(trapUnreachable)
	case module.OpNop:
	case module.OpBlock:
		f.labels = append(f.labels, label{target: s.end + 1, arity: s.result, height: len(f.stack)})
	case module.OpLoop:
		f.labels = append(f.labels, label{target: pc + 1, height: len(f.stack), loop: true})
	case module.OpIf:
		taken := uint32(f.pop()) != 0
		f.labels = append(f.labels, label{target: s.end + 1, arity: s.result, height: len(f.stack)})
		if !taken {
			return r.alternative(fn, s)
		}
	case module.OpElse: // the end of the first arm
		return s.end
	case module.OpEnd:
		f.labels = f.labels[:len(f.labels)-1]
	case module.OpBr:
		return f.branch(s.a)
	case module.OpBrIf:
		if uint32(f.pop()) != 0 {
			return f.branch(s.a)
		}
	case module.OpBrTable:
		return f.branch(s.labels[min(int(uint32(f.pop())), len(s.labels)-1)])
	case module.OpReturn:
		return f.branch(uint32(len(f.labels) - 1))
	case module.OpCall:
		r.invoke(f, int(s.a))
	case module.OpCallIndirect:
		r.invoke(f, r.pointed(s, uint32(f.pop())))
	default:
		r.compute(f, s)
	}
	return pc + 1
}

// alternative is where an if goes on whose condition is zero: behind its else, or at its end.
func (r *reference) alternative(fn *routine, s *step) int {
	if fn.code[s.other].op == module.OpElse {
		return s.other + 1
	}
	return s.other
}

// pointed is the function that call_indirect calls.
func (r *reference) pointed(s *step, at uint32) int {
	if int(at) >= len(r.table) || r.table[at] < 0 {
		panic(trapTable)
	}
	f := r.table[at]
	want, got := r.module.Types[s.a], r.module.Types[r.types[f]]
	if !sameTypes(want.Params, got.Params) || !sameTypes(want.Results, got.Results) {
		panic(trapType)
	}
	return f
}

func sameTypes(a, b []module.ValueType) bool { return string(bytesOf(a)) == string(bytesOf(b)) }

func bytesOf(types []module.ValueType) []byte {
	out := make([]byte, len(types))
	for i, t := range types {
		out[i] = byte(t)
	}
	return out
}

// invoke calls with operands as arguments.
func (r *reference) invoke(f *frame, index int) {
	n := len(f.stack) - len(r.code[index].kind.Params)
	args := append([]uint64{}, f.stack[n:]...)
	f.stack = f.stack[:n]
	f.stack = append(f.stack, r.run(index, args)...)
}

// compute does an instruction that goes on with the next one.
func (r *reference) compute(f *frame, s *step) {
	switch s.op {
	case module.OpDrop:
		f.pop()
	case module.OpSelect:
		c, b, a := uint32(f.pop()), f.pop(), f.pop()
		if c != 0 {
			b = a
		}
		f.push(b)
	case module.OpLocalGet:
		f.push(f.locals[s.a])
	case module.OpLocalSet:
		f.locals[s.a] = f.pop()
	case module.OpLocalTee:
		f.locals[s.a] = f.stack[len(f.stack)-1]
	case module.OpGlobalGet:
		f.push(r.globals[s.a])
	case module.OpGlobalSet:
		r.globals[s.a] = f.pop()
	case module.OpI32Const:
		f.push(uint64(uint32(s.value)))
	case module.OpI64Const, module.OpF32Const, module.OpF64Const:
		f.push(uint64(s.value))
	case module.OpMemorySize:
		f.push(uint64(len(r.memory) >> 16))
	case module.OpMemoryGrow:
		f.push(r.grow(uint32(f.pop())))
	default:
		switch n, known := numericOf[s.op]; {
		case known:
			r.number(f, n)
		case accesses[s.op].size != 0:
			r.access(f, s, accesses[s.op])
		default:
			r.bulk(f, s)
		}
	}
}

// numericOf finds a numeric instruction.
var numericOf = func() map[module.Opcode]*numeric {
	all := map[module.Opcode]*numeric{}
	for i := range numerics {
		all[numerics[i].op] = &numerics[i]
	}
	return all
}()

// number does a numeric instruction, with the canonical NaN.
func (r *reference) number(f *frame, n *numeric) {
	var a, b uint64
	if n.binary != nil {
		b = f.pop()
	}
	a = f.pop()
	v, isNaN := n.canonical(a, b)
	if isNaN {
		r.nans++
	}
	f.push(v)
}

// canonical is the result with every NaN that arithmetic makes as the canonical one.
func (n *numeric) canonical(a, b uint64) (v uint64, isNaN bool) {
	v = n.eval(a, b)
	switch {
	case !n.arithmetic():
	case n.result == module.F32 && to32(v) != to32(v):
		return canonical32, true
	case n.result == module.F64 && to64(v) != to64(v):
		return canonical64, true
	}
	return v, false
}

// access is what a load or store does.
type access struct {
	value  module.ValueType
	size   int
	signed bool // a load extends the sign
	store  bool
}

var accesses = map[module.Opcode]access{
	module.OpI32Load:    {module.I32, 4, false, false},
	module.OpI64Load:    {module.I64, 8, false, false},
	module.OpF32Load:    {module.F32, 4, false, false},
	module.OpF64Load:    {module.F64, 8, false, false},
	module.OpI32Load8S:  {module.I32, 1, true, false},
	module.OpI32Load8U:  {module.I32, 1, false, false},
	module.OpI32Load16S: {module.I32, 2, true, false},
	module.OpI32Load16U: {module.I32, 2, false, false},
	module.OpI64Load8S:  {module.I64, 1, true, false},
	module.OpI64Load8U:  {module.I64, 1, false, false},
	module.OpI64Load16S: {module.I64, 2, true, false},
	module.OpI64Load16U: {module.I64, 2, false, false},
	module.OpI64Load32S: {module.I64, 4, true, false},
	module.OpI64Load32U: {module.I64, 4, false, false},
	module.OpI32Store:   {module.I32, 4, false, true},
	module.OpI64Store:   {module.I64, 8, false, true},
	module.OpF32Store:   {module.F32, 4, false, true},
	module.OpF64Store:   {module.F64, 8, false, true},
	module.OpI32Store8:  {module.I32, 1, false, true},
	module.OpI32Store16: {module.I32, 2, false, true},
	module.OpI64Store8:  {module.I64, 1, false, true},
	module.OpI64Store16: {module.I64, 2, false, true},
	module.OpI64Store32: {module.I64, 4, false, true},
}

// access loads or stores.
func (r *reference) access(f *frame, s *step, a access) {
	var v uint64
	if a.store {
		v = f.pop()
	}
	at := uint64(uint32(f.pop())) + uint64(s.b)
	if at+uint64(a.size) > uint64(len(r.memory)) {
		panic(trapMemory)
	}
	var word [8]byte
	if a.store {
		binary.LittleEndian.PutUint64(word[:], v)
		copy(r.memory[at:], word[:a.size])
		r.touch(at, uint64(a.size))
		return
	}
	copy(word[:], r.memory[at:at+uint64(a.size)])
	v = binary.LittleEndian.Uint64(word[:])
	if free := 64 - 8*a.size; a.signed {
		v = uint64(int64(v<<free) >> free)
		if a.value == module.I32 {
			v = uint64(uint32(v))
		}
	}
	f.push(v)
}

// touch remembers what was stored to.
func (r *reference) touch(at, size uint64) {
	for n := at >> r.shift; size > 0 && n <= (at+size-1)>>r.shift; n++ {
		r.dirty |= 1 << (n % 64)
	}
}

// grow adds pages; all bits set is no.
func (r *reference) grow(pages uint32) uint64 {
	r.spend(growToll(pages))
	old := uint64(len(r.memory) >> 16)
	if old+uint64(pages) > uint64(r.maxPages) {
		return math.MaxUint32
	}
	r.memory = append(r.memory, make([]byte, int(pages)<<16)...)
	return old
}

// bulk does the instructions on ranges of memory and table.
func (r *reference) bulk(f *frame, s *step) {
	switch s.op {
	case module.OpDataDrop:
		r.data[s.a] = nil
		return
	case module.OpElemDrop:
		r.elements[s.a] = nil
		return
	}
	n, from, to := uint64(uint32(f.pop())), uint64(uint32(f.pop())), uint64(uint32(f.pop()))
	r.spend(bulkToll(s.op, n))
	switch s.op {
	case module.OpMemoryFill:
		limit(to, n, len(r.memory), trapMemory)
		for i := range n {
			r.memory[to+i] = byte(from)
		}
		r.touch(to, n)
	case module.OpMemoryCopy:
		limit(from, n, len(r.memory), trapMemory)
		limit(to, n, len(r.memory), trapMemory)
		copy(r.memory[to:to+n], r.memory[from:from+n])
		r.touch(to, n)
	case module.OpMemoryInit:
		limit(from, n, len(r.data[s.a]), trapMemory)
		limit(to, n, len(r.memory), trapMemory)
		copy(r.memory[to:to+n], r.data[s.a][from:from+n])
		r.touch(to, n)
	case module.OpTableInit:
		limit(from, n, len(r.elements[s.a]), trapTable)
		limit(to, n, len(r.table), trapTable)
		copy(r.table[to:to+n], r.elements[s.a][from:from+n])
	case module.OpTableCopy:
		limit(from, n, len(r.table), trapTable)
		limit(to, n, len(r.table), trapTable)
		copy(r.table[to:to+n], r.table[from:from+n])
	default:
		panic(fmt.Sprintf("the reference doesn't know %v", s.op))
	}
}

// limit traps if n from at on aren't there.
func limit(at, n uint64, size int, t trap) {
	if at+n > uint64(size) {
		panic(t)
	}
}
