package conform

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// bomb is code that is small and slow to compile.
type bomb struct {
	name  string
	write func(f *fuse)
}

// fuse writes the body of one function of a bomb.
type fuse struct {
	assembler
	n      int // how often: every bomb grows linearly with it
	locals int
	kind   module.ValueType // of the locals
	labels int              // of a br_table; or the operands kept on the stack
	depth  int              // blocks that are open
}

// local is the index of the ith local, around and around; 0 is the parameter, an i32.
func (f *fuse) local(i int) uint32 { return uint32(1 + i%max(f.locals, 1)) }

// change gives a local another value.
func (f *fuse) change(i int) {
	f.op(module.OpLocalGet, f.local(i))
	f.op(module.OpLocalGet, f.local(i+1))
	f.add()
	f.op(module.OpLocalSet, f.local(i))
}

func (f *fuse) add() {
	f.op(map[module.ValueType]module.Opcode{
		module.I32: module.OpI32Add, module.I64: module.OpI64Add, module.F32: module.OpF32Add, module.F64: module.OpF64Add,
	}[f.kind])
}

func (f *fuse) condition() { f.op(module.OpLocalGet, 0) }

// useAll reads every local at the end, so that all live to there.
func (f *fuse) useAll() {
	for i := range f.locals {
		f.op(module.OpLocalGet, f.local(i))
		f.op(module.OpDrop)
	}
	for i := range f.locals {
		f.i32(int32(8 * i))
		f.op(module.OpLocalGet, f.local(i))
		f.op(map[module.ValueType]module.Opcode{
			module.I32: module.OpI32Store, module.I64: module.OpI64Store, module.F32: module.OpF32Store, module.F64: module.OpF64Store,
		}[f.kind], 0, 0)
	}
}

// repeat is a bomb of n times the same.
func repeat(name string, once func(f *fuse, i int)) bomb {
	return bomb{name, func(f *fuse) {
		for i := range f.n {
			once(f, i)
		}
	}}
}

// nest is a bomb of blocks in one another, at most depth deep.
func nest(name string, depth int, op module.Opcode, inside func(f *fuse, i int)) bomb {
	return bomb{name, func(f *fuse) {
		for done := 0; done < f.n; {
			level := min(depth, f.n-done)
			for i := range level {
				if op == module.OpIf {
					f.condition()
				}
				f.block(op, 0)
				f.depth++
				inside(f, done+i)
			}
			for i := range level {
				inside(f, done+i)
				f.end()
				f.depth--
			}
			done += level
		}
	}}
}

func nothing(*fuse, int) {}

var bombs = []bomb{
	repeat("if", func(f *fuse, i int) {
		f.condition()
		f.block(module.OpIf, 0)
		f.change(i)
		f.end()
	}),
	repeat("if-all", func(f *fuse, i int) { // every local changed in the arm, a few per block
		f.condition()
		f.block(module.OpIf, 0)
		for j := range 4 {
			f.change(4*i + j)
		}
		f.end()
	}),
	repeat("if-else", func(f *fuse, i int) {
		f.condition()
		f.block(module.OpIf, 0)
		f.change(i)
		f.op(module.OpElse)
		f.change(i + 7)
		f.end()
	}),
	repeat("br_if", func(f *fuse, i int) {
		f.block(module.OpBlock, 0)
		f.condition()
		f.op(module.OpBrIf, 0)
		f.change(i)
		f.end()
	}),
	repeat("loop", func(f *fuse, i int) {
		f.block(module.OpLoop, 0)
		f.change(i)
		f.condition()
		f.op(module.OpBrIf, 0)
		f.end()
	}),
	nest("nested blocks", 1000, module.OpBlock, nothing),
	nest("nested blocks out", 1000, module.OpBlock, func(f *fuse, i int) {
		f.change(i)
		f.condition()
		f.op(module.OpBrIf, uint32(i%min(2, f.depth)))
	}),
	nest("nested loops", 1000, module.OpLoop, func(f *fuse, i int) { f.change(i) }),
	nest("nested loops back", 1000, module.OpLoop, func(f *fuse, i int) {
		f.change(i)
		f.condition()
		f.op(module.OpBrIf, 0)
	}),
	nest("nested loops far", 500, module.OpLoop, func(f *fuse, i int) {
		f.change(i)
		f.condition()
		f.op(module.OpBrIf, uint32(i%f.depth))
	}),
	nest("nested ifs", 1000, module.OpIf, func(f *fuse, i int) { f.change(i) }),
	nest("loops of 8", 8, module.OpLoop, func(f *fuse, i int) {
		f.change(i)
		f.condition()
		f.op(module.OpBrIf, 0)
	}),
	nest("loops of 64", 64, module.OpLoop, func(f *fuse, i int) {
		f.change(i)
		f.condition()
		f.op(module.OpBrIf, 0)
	}),
	repeat("br_table", func(f *fuse, i int) {
		f.block(module.OpBlock, 0)
		f.block(module.OpBlock, 0)
		f.condition()
		labels := make([]uint32, max(f.labels, 1))
		for j := range labels {
			labels[j] = uint32(j % 2)
		}
		f.branchTable(labels)
		f.end()
		f.change(i)
		f.end()
	}),
	{"br_table wide", func(f *fuse) {
		for range 100 {
			f.block(module.OpBlock, 0)
		}
		f.condition()
		labels := make([]uint32, f.n)
		for j := range labels {
			labels[j] = uint32(j % 100)
		}
		f.branchTable(labels)
		for i := range 100 {
			f.end()
			f.change(i)
		}
	}},
	{"br_table of values", func(f *fuse) { // blocks with results: parameters of blocks
		for i := range f.n {
			f.block(module.OpBlock, f.kind)
			f.op(module.OpLocalGet, f.local(i))
			f.condition()
			f.op(module.OpBrIf, 0)
			f.op(module.OpDrop)
			f.op(module.OpLocalGet, f.local(i+1))
			f.end()
			f.op(module.OpLocalSet, f.local(i+2))
		}
	}},
	{"operands", func(f *fuse) { // a deep stack over many blocks
		for i := range f.labels {
			f.op(module.OpLocalGet, f.local(i))
		}
		for i := range f.n {
			f.condition()
			f.block(module.OpIf, 0)
			f.change(i)
			f.end()
		}
		for range f.labels {
			f.op(module.OpDrop)
		}
	}},
	{"pressure", func(f *fuse) { // values computed early and used late, without blocks
		for i := range f.n {
			f.op(module.OpLocalGet, f.local(i*7))
			f.op(module.OpLocalGet, f.local(i*13))
			f.add()
			f.op(module.OpLocalSet, f.local(i))
		}
	}},
	{"pressure calls", func(f *fuse) {
		for i := range f.n {
			f.condition()
			f.op(module.OpCall, 0)
			f.op(module.OpDrop)
			f.change(i)
		}
	}},
	repeat("load", func(f *fuse, i int) { f.condition(); f.op(module.OpI32Load, 0, uint32(i)); f.op(module.OpDrop) }),
	repeat("load8", func(f *fuse, i int) {
		f.op(module.OpLocalGet, 0)
		f.op(module.OpI32Load8U, 0, 0)
		f.op(module.OpLocalSet, 0)
	}),
	repeat("store", func(f *fuse, i int) { f.condition(); f.condition(); f.op(module.OpI32Store, 0, uint32(i)) }),
	repeat("store8", func(f *fuse, i int) { f.condition(); f.condition(); f.op(module.OpI32Store8, 0, 0) }),
	repeat("store to results", func(f *fuse, i int) {
		f.condition()
		f.i32(int32(i))
		f.op(module.OpI32Mul)
		f.condition()
		f.op(module.OpI32Store, 0, 0)
	}),
	repeat("call", func(f *fuse, i int) { f.condition(); f.op(module.OpCall, 0); f.op(module.OpLocalSet, 0) }),
	repeat("call void", func(f *fuse, i int) { f.op(module.OpCall, 1) }),
	repeat("call of many", func(f *fuse, i int) {
		for range 20 {
			f.condition()
		}
		f.op(module.OpCall, 2)
	}),
	repeat("call_indirect", func(f *fuse, i int) {
		f.condition()
		f.condition()
		f.op(module.OpCallIndirect, 0, 0)
		f.op(module.OpLocalSet, 0)
	}),
	repeat("global", func(f *fuse, i int) {
		f.op(module.OpGlobalGet, 0)
		f.op(module.OpLocalGet, 0)
		f.op(module.OpI32Add)
		f.op(module.OpGlobalSet, 0)
	}),
	repeat("constants", func(f *fuse, i int) { f.constant(module.I64, uint64(i)<<40); f.op(module.OpDrop) }),
	repeat("constants f64", func(f *fuse, i int) {
		f.constant(module.F64, uint64(i)<<40)
		f.op(module.OpI64ReinterpretF64)
		f.op(module.OpI32WrapI64)
		f.op(module.OpLocalSet, 0)
	}),
	repeat("add", func(f *fuse, i int) { f.change(i) }),
	chain("i32.div_s", module.I32, module.OpI32DivS), chain("i64.rem_s", module.I64, module.OpI64RemS),
	chain("i64.mul", module.I64, module.OpI64Mul), chain("i64.rotl", module.I64, module.OpI64Rotl),
	chain("f32.add", module.F32, module.OpF32Add), chain("f64.add", module.F64, module.OpF64Add),
	chain("f64.min", module.F64, module.OpF64Min), chain("f32.max", module.F32, module.OpF32Max),
	chain("f64.copysign", module.F64, module.OpF64Copysign),
	chain("f32.div", module.F32, module.OpF32Div),
	unaryChain("f32.sqrt", module.F32, module.OpF32Sqrt), unaryChain("f64.nearest", module.F64, module.OpF64Nearest),
	unaryChain("i64.popcnt", module.I64, module.OpI64Popcnt), unaryChain("i32.clz", module.I32, module.OpI32Clz),
	unaryChain("i32 f32 trunc", module.I32, module.OpF32ConvertI32S, module.OpI32TruncF32U),
	unaryChain("i64 f64 trunc", module.I64, module.OpF64ConvertI64U, module.OpI64TruncF64U),
	unaryChain("i32 f32 trunc_sat", module.I32, module.OpF32ConvertI32U, module.OpI32TruncSatF32U),
	unaryChain("i64 f32 trunc_sat", module.I64, module.OpF32ConvertI64U, module.OpI64TruncSatF32U),
	unaryChain("demote promote", module.F64, module.OpF32DemoteF64, module.OpF64PromoteF32),
	{"roots with changes of sign", func(f *fuse) { // what grows most when it is instrumented
		f.constant(module.F64, 0)
		for range f.n {
			f.op(module.OpF64Sqrt)
			f.op(module.OpF64Neg)
		}
		f.op(module.OpDrop)
	}},
	repeat("select", func(f *fuse, i int) {
		f.op(module.OpLocalGet, f.local(i))
		f.op(module.OpLocalGet, f.local(i+1))
		f.condition()
		f.op(module.OpSelect)
		f.op(module.OpLocalSet, f.local(i))
	}),
	repeat("memory.size", func(f *fuse, i int) { f.op(module.OpMemorySize, 0); f.op(module.OpDrop) }),
	repeat("memory.grow", func(f *fuse, i int) { f.condition(); f.op(module.OpMemoryGrow, 0); f.op(module.OpDrop) }),
	repeat("memory.fill", func(f *fuse, i int) { f.condition(); f.condition(); f.condition(); f.op(module.OpMemoryFill, 0) }),
	repeat("memory.copy", func(f *fuse, i int) { f.condition(); f.condition(); f.condition(); f.op(module.OpMemoryCopy, 0, 0) }),
	repeat("table.copy", func(f *fuse, i int) { f.condition(); f.condition(); f.condition(); f.op(module.OpTableCopy, 0, 0) }),
	repeat("data.drop", func(f *fuse, i int) { f.op(module.OpDataDrop, 0) }),
	repeat("return", func(f *fuse, i int) {
		f.condition()
		f.block(module.OpIf, 0)
		f.op(module.OpLocalGet, 0)
		f.op(module.OpReturn)
		f.end()
	}),
	repeat("unreachable", func(f *fuse, i int) {
		f.condition()
		f.block(module.OpIf, 0)
		f.op(module.OpUnreachable)
		f.end()
	}),
	repeat("empty blocks", func(f *fuse, i int) { f.block(module.OpBlock, 0); f.end() }),
	repeat("empty loops", func(f *fuse, i int) { f.block(module.OpLoop, 0); f.end() }),
	repeat("nop", func(f *fuse, i int) { f.op(module.OpNop) }),
}

// chain is a bomb of one binary instruction over the locals.
func chain(name string, t module.ValueType, op module.Opcode) bomb {
	return bomb{name, func(f *fuse) {
		if f.kind != t { // the instruction has another type: nothing but the locals
			return
		}
		for i := range f.n {
			f.op(module.OpLocalGet, f.local(i))
			f.op(module.OpLocalGet, f.local(i+1))
			f.op(op)
			f.op(module.OpLocalSet, f.local(i))
		}
	}}
}

// unaryChain is a bomb of instructions of which each takes the result of the one before.
func unaryChain(name string, t module.ValueType, ops ...module.Opcode) bomb {
	return bomb{name, func(f *fuse) {
		if f.kind != t { // the instruction has another type: nothing but the locals
			return
		}
		for i := range f.n {
			f.op(module.OpLocalGet, f.local(i))
			for _, op := range ops {
				f.op(op)
			}
			f.op(module.OpLocalSet, f.local(i))
		}
	}}
}

// charge is a bomb with its sizes.
type charge struct {
	bomb
	n, locals, labels int
	kind              module.ValueType
	copies            int
}

func (c charge) String() string {
	return fmt.Sprintf("%s ×%d, %d %v locals, %d labels, %d functions", c.name, c.n, c.locals, c.kind, c.labels, c.copies)
}

// module makes it: three small functions to call, and the copies.
func (c charge) module() *module.Module {
	m := &module.Module{
		Memories: []module.Limits{{Min: 1}}, Tables: []module.Limits{{Min: 4, Max: 4, HasMax: true}},
		Globals: []module.Global{{GlobalType: module.GlobalType{Type: module.I32, Mutable: true}, Init: expression(module.I32, 1)}},
		Exports: []module.Export{{Name: "memory", Kind: module.ExternMemory}},
		Data:    []module.Data{{Mode: module.Passive, Bytes: []byte{1}}},
	}
	m.DataCount = new(uint32)
	*m.DataCount = 1
	unary := module.FuncType{Params: i1, Results: i1}
	var same, none assembler
	same.op(module.OpLocalGet, 0)
	same.end()
	none.end()
	define(m, "", unary, nil, same.code)
	define(m, "", module.FuncType{}, nil, none.code)
	define(m, "", module.FuncType{Params: slices.Repeat(i1, 20)}, nil, none.code)
	define(m, "handle", module.FuncType{}, nil, none.code)
	f := &fuse{n: c.n, locals: c.locals, kind: c.kind, labels: c.labels}
	c.write(f)
	if c.locals > 0 {
		f.useAll()
	}
	f.op(module.OpLocalGet, 0)
	f.end()
	for range c.copies {
		define(m, "", unary, slices.Repeat([]module.ValueType{c.kind}, max(c.locals, 2)), f.code)
	}
	return m
}

// accepted says whether the module is one that may be published, with its facts.
func (c charge) accepted() (*module.Module, *module.Facts, []byte, error) {
	code := c.module().Encode()
	m, facts, err := module.Check(code, module.OnChain())
	return m, facts, code, err
}

// limit is how many copies of the function may be published at most.
func (c charge) limit() (copies int, err error) {
	c.copies = 1
	_, facts, code, err := c.accepted()
	if err != nil {
		return 0, err
	}
	c.copies = 2
	_, more, longer, err := c.accepted()
	if err != nil {
		return 1, nil
	}
	work, size := more.Complexity-facts.Complexity, len(longer)-len(code)
	c.copies = min(int((module.MaxComplexity-facts.Complexity)/max(work, 1))+1, (module.MaxBytes-len(code))/max(size, 1)+1, module.MaxFuncs-4)
	for c.copies > 1 {
		if _, _, _, err := c.accepted(); err == nil {
			break
		}
		c.copies -= 1 + c.copies/200
	}
	return c.copies, nil
}

// cost is what compiling takes.
type cost struct {
	cpu     time.Duration
	alloc   uint64
	bytes   int    // published
	work    uint64 // Complexity, as published
	metered uint64 // and of what is compiled
}

// detonate compiles what the instrumenter makes of it.
func (c charge) detonate(t testing.TB) cost {
	t.Helper()
	m, facts, published, err := c.accepted()
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	instrumented, err := marked.of(m, facts)
	if err != nil {
		t.Fatal(err)
	}
	_, behind, err := module.Check(instrumented, module.Any())
	if err != nil {
		t.Fatalf("%v: what the instrumenter makes is refused: %v", c, err)
	}
	h := newHost(t, engines[0], features)
	defer h.close()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	from := cpuTime()
	if _, err := h.runtime.CompileModule(context.Background(), instrumented); err != nil {
		t.Logf("%v: not compiled: %v", c, err)
	}
	out := cost{cpu: cpuTime() - from, bytes: len(published), work: facts.Complexity, metered: behind.Complexity}
	runtime.ReadMemStats(&after)
	out.alloc = after.TotalAlloc - before.TotalAlloc
	return out
}

// cpuTime is what the process has used, collection included.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestBombs: small ones of every kind are accepted, instrumented and compiled. How long the largest take BenchmarkBombs
// tells.
func TestBombs(t *testing.T) {
	for _, b := range bombs {
		for _, kind := range numbers {
			c := charge{bomb: b, n: 10, locals: 10, labels: 5, kind: kind, copies: 2}
			c.detonate(t)
		}
	}
}

// BenchmarkBombs compiles a part of the largest module of each kind that may be published, and says what all of it would
// take. Functions are compiled one by one, so that it grows with their number.
//
//	go test ./contracts/wasm/conform -run '^$' -bench 'Bombs/loop' -benchtime 1x -v [-part 0.1]
func BenchmarkBombs(b *testing.B) {
	for _, kind := range bombs {
		b.Run(strings.ReplaceAll(kind.name, " ", "-"), func(b *testing.B) {
			worst := explosion{}
			for range b.N {
				for _, e := range explode(b, kind) {
					b.Log(e)
					if e.seconds > worst.seconds {
						worst = e
					}
				}
			}
			b.ReportMetric(worst.seconds, "s/module")
			b.ReportMetric(float64(worst.cpu)/float64(worst.work), "ns/unit")
		})
	}
}

var partFlag = flag.Float64("part", 0.02, "BenchmarkBombs: how much of the largest module is compiled")

// explosion is what compiling a whole module of one kind of function would take.
type explosion struct {
	charge
	cost
	seconds float64
}

func (e explosion) String() string {
	return fmt.Sprintf("%6.1f s, %5d MB allocated  %5.0f ns/unit, %5.0f of what is compiled; a function %8.1f ms, %6.1f KB; %v",
		e.seconds, e.alloc>>20, float64(e.cpu)/float64(e.work), float64(e.cpu)/float64(e.metered),
		e.cpu.Seconds()*1000/float64(e.copies), float64(e.bytes)/1024/float64(e.copies), e.charge)
}

// explode tries a kind of bomb in several sizes.
func explode(b *testing.B, kind bomb) (all []explosion) {
	for _, t := range []module.ValueType{module.I64, module.F64} {
		for _, locals := range []int{2, 30, 300, 1000} {
			for _, n := range []int{10, 100, 300, 1000, 3000, 10000} {
				c := charge{bomb: kind, n: n, locals: locals, labels: 100, kind: t}
				most, err := c.limit()
				if err != nil {
					break // larger ones are refused too
				}
				c.copies = max(1, int(*partFlag*float64(most)))
				e := explosion{charge: c, cost: c.detonate(b)}
				e.seconds = e.cpu.Seconds() * float64(most) / float64(c.copies)
				all = append(all, e)
				if c.copies == 1 && e.cpu > 2*time.Second {
					break // bad enough
				}
			}
		}
	}
	slices.SortFunc(all, func(x, y explosion) int { return cmp.Compare(y.seconds, x.seconds) })
	return all[:min(len(all), 3)]
}
