package conform

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// shape is a way in which a numeric instruction gets its operands and its result is used: engines make other machine
// code of each.
type shape struct {
	name  string
	write func(a *assembler, n *numeric, x, y uint64) // x, y are used where they are constants
	// fixed says which operand is a constant: there is a function for each edge.
	left, right bool
	results     func(n *numeric) []module.ValueType
}

func own(n *numeric) []module.ValueType { return []module.ValueType{n.result} }

// Where shapes keep operands in memory.
const (
	leftAt  = 64
	rightAt = 72
)

var shapes = []shape{
	{name: "variables", results: own, write: func(a *assembler, n *numeric, x, y uint64) {
		for i := range n.params {
			a.op(module.OpLocalGet, uint32(i))
		}
		a.op(n.op)
	}},
	{name: "right constant", right: true, results: own, write: func(a *assembler, n *numeric, x, y uint64) {
		a.op(module.OpLocalGet, 0)
		a.constant(n.params[1], y)
		a.op(n.op)
	}},
	{name: "left constant", left: true, results: own, write: func(a *assembler, n *numeric, x, y uint64) {
		a.constant(n.params[0], x)
		a.op(module.OpLocalGet, 1)
		a.op(n.op)
	}},
	{name: "memory", results: own, write: func(a *assembler, n *numeric, x, y uint64) {
		for i, at := range []int32{leftAt, rightAt}[:len(n.params)] {
			a.i32(at)
			a.op(module.OpLocalGet, uint32(i))
			a.op(storeOf[n.params[i]], 0, 0)
		}
		for i, at := range []int32{leftAt, rightAt}[:len(n.params)] {
			a.i32(at)
			a.op(loadOf[n.params[i]], 0, 0)
		}
		a.op(n.op)
	}},
	{name: "condition", results: func(*numeric) []module.ValueType { return l1 }, write: func(a *assembler, n *numeric, x, y uint64) {
		// 1 from an if, 2 from a br_if, 4 from a select: all of them or none
		for i, bit := range []uint64{1, 2, 4} {
			test := func() {
				for j := range n.params {
					a.op(module.OpLocalGet, uint32(j))
				}
				a.op(n.op)
				truthOf(a, n.result)
			}
			switch i {
			case 0:
				test()
				a.block(module.OpIf, module.I64)
				a.constant(module.I64, bit)
				a.op(module.OpElse)
				a.constant(module.I64, 0)
				a.end()
			case 1:
				a.block(module.OpBlock, module.I64)
				a.constant(module.I64, bit)
				test()
				a.op(module.OpBrIf, 0)
				a.op(module.OpDrop)
				a.constant(module.I64, 0)
				a.end()
				a.op(module.OpI64Or)
			default:
				a.constant(module.I64, bit)
				a.constant(module.I64, 0)
				test()
				a.op(module.OpSelect)
				a.op(module.OpI64Or)
			}
		}
	}},
}

// truthOf makes a condition of any number: its lowest bits, or that it is below zero.
func truthOf(a *assembler, t module.ValueType) {
	switch t {
	case module.I64:
		a.op(module.OpI32WrapI64)
	case module.F32:
		a.constant(t, 0)
		a.op(module.OpF32Lt)
	case module.F64:
		a.constant(t, 0)
		a.op(module.OpF64Lt)
	}
}

var (
	loadOf = map[module.ValueType]module.Opcode{
		module.I32: module.OpI32Load, module.I64: module.OpI64Load, module.F32: module.OpF32Load, module.F64: module.OpF64Load,
	}
	storeOf = map[module.ValueType]module.Opcode{
		module.I32: module.OpI32Store, module.I64: module.OpI64Store, module.F32: module.OpF32Store, module.F64: module.OpF64Store,
	}
)

// want is what the instruction makes of x and y in this shape.
func (s *shape) want(n *numeric, x, y uint64) (v uint64, isNaN bool, t trap) {
	defer func() {
		if e := recover(); e != nil {
			t = e.(trap)
		}
	}()
	v, isNaN = n.canonical(x, y)
	if s.name != "condition" {
		return v, isNaN, ""
	}
	switch n.result {
	case module.F32:
		v = truth(to32(v) < 0)
	case module.F64:
		v = truth(to64(v) < 0)
	}
	return 7 * truth(uint32(v) != 0), false, ""
}

// drill is a module with one numeric instruction in every shape.
type drill struct {
	n       *numeric
	module  *module.Module
	facts   *module.Facts
	lessons []lesson
}

// lesson is one function of a drill.
type lesson struct {
	shape    *shape
	function int
	at       int // the edge that is a constant
}

func newDrill(t testing.TB, n *numeric) *drill {
	d := &drill{n: n, module: &module.Module{Memories: []module.Limits{{Min: 1}}}}
	for i := range shapes {
		s := &shapes[i]
		count := 1
		switch {
		case (s.left || s.right) && n.binary == nil:
			continue
		case s.left || s.right:
			count = edgeCount
		}
		for at := range count {
			var a assembler
			var x, y uint64
			if s.left {
				x = edges[n.params[0]][at]
			}
			if s.right {
				y = edges[n.params[1]][at]
			}
			s.write(&a, n, x, y)
			a.end()
			index := define(d.module, "", module.FuncType{Params: n.params, Results: s.results(n)}, nil, a.code)
			d.module.Exports = append(d.module.Exports, module.Export{Name: functionName(int(index)), Kind: module.ExternFunc, Index: index})
			d.lessons = append(d.lessons, lesson{s, int(index), at})
		}
	}
	var err error
	if d.module, d.facts, err = module.Check(d.module.Encode(), module.Any()); err != nil {
		t.Fatalf("%v: %v", n.op, err)
	}
	return d
}

// pairs are the operands with which a lesson is called.
func (l lesson) pairs(n *numeric, more *rand.Rand) (pairs [][2]uint64) {
	left, right := edges[n.params[0]], []uint64{0}
	if n.binary != nil {
		right = edges[n.params[1]]
	} else {
		left = slices.Clone(left)
		for range 1000 - edgeCount { // of one operand there are too few edges
			v := more.Uint64()
			if t := n.params[0]; t == module.I32 || t == module.F32 {
				v = uint64(uint32(v))
			}
			left = append(left, v)
		}
	}
	for i, x := range left {
		for j, y := range right {
			if l.shape.left && i != l.at || l.shape.right && j != l.at {
				continue
			}
			pairs = append(pairs, [2]uint64{x, y})
		}
	}
	return pairs
}

// instruct runs a drill in a form on an engine.
func (d *drill) instruct(t testing.TB, r *rig, f form, seen *census) {
	code, err := f.of(d.module, d.facts)
	if err != nil {
		t.Fatal(err)
	}
	run, err := r.start(code, f)
	if err != nil {
		t.Fatalf("%v: %v", d.n.op, err)
	}
	defer run.stop()
	if f.metered {
		run.global(meter.GlobalGas).Set(1 << 62)
	}
	more := rand.New(rand.NewPCG(7, uint64(d.n.op)))
	for _, l := range d.lessons {
		if why := d.teach(run, l, more, seen); why != "" {
			t.Errorf("%s %s: %v, %s: %s", r.engine.name, f.name, d.n.op, l.shape.name, why)
			return
		}
	}
}

// teach calls one function with all its operands, and says what is wrong.
func (d *drill) teach(run *running, l lesson, more *rand.Rand, seen *census) string {
	f := run.mod.ExportedFunction(functionName(l.function))
	stack := make([]uint64, 2)
	result := l.shape.results(d.n)[0]
	for _, p := range l.pairs(d.n, more) {
		want, isNaN, ended := l.shape.want(d.n, p[0], p[1])
		stack[0], stack[1] = p[0], p[1]
		if run.form.metered {
			run.rig.host.ready(run.mod)
		}
		err := f.CallWithStack(context.Background(), stack[:max(len(d.n.params), 1)])
		seen.ran[d.n.op]++
		if ended != "" {
			seen.trapped[d.n.op]++
		}
		if err != nil || ended != "" {
			if got := run.rig.host.trapOf(run.mod, err); got != ended {
				return fmt.Sprintf("of %#x, %#x ended with %q; want %q", p[0], p[1], got, ended)
			}
			continue
		}
		got := stack[0]
		if result == module.I32 || result == module.F32 {
			got &= math.MaxUint32
		}
		if !run.form.metered && isNaN && alsoNaN(result, got) {
			continue // which one is open
		}
		if got != want {
			return fmt.Sprintf("of %#x, %#x is %#x; want %#x", p[0], p[1], got, want)
		}
	}
	return ""
}

// alsoNaN says whether a value is any NaN.
func alsoNaN(t module.ValueType, v uint64) bool {
	return t == module.F32 && to32(v) != to32(v) || t == module.F64 && to64(v) != to64(v)
}

// enough is how often every instruction is executed at least, on each engine.
const enough = 1000

// TestOpcodes runs every numeric instruction over all edges in every shape, and random modules until every other
// instruction was executed often enough.
func TestOpcodes(t *testing.T) {
	forms := []form{metered, original}
	if testing.Short() {
		forms = forms[:1]
	}
	counts := map[string]*census{}
	for _, r := range newRigs(t) {
		counts[r.engine.name] = newCensus()
		for i := range numerics {
			if i%4 != 0 && testing.Short() {
				continue
			}
			d := newDrill(t, &numerics[i])
			for _, f := range forms {
				seen := newCensus()
				d.instruct(t, r, f, seen)
				if f.metered { // count what is to run on the chain
					counts[r.engine.name].add(seen)
				}
			}
		}
	}
	if testing.Short() {
		return
	}
	mix(t, counts)
	report(t, counts)
}

func (c *census) add(d *census) {
	for op, n := range d.ran {
		c.ran[op] += n
	}
	for op, n := range d.trapped {
		c.trapped[op] += n
	}
}

// mix adds what the same random modules execute on both engines, always the same ones. The engines don't count: the
// reference does, and where results, traps, memory and gas are equal the path was.
func mix(t *testing.T, counts map[string]*census) {
	rigs := newRigs(t)
	for i := range uint64(100) {
		seen := newCensus()
		tr := newTrial(t, &dice{more: rand.New(rand.NewPCG(2026, i))}, seen)
		if at := int(i); at < len(practices) {
			seen = newCensus()
			tr = practices[slices.Sorted(maps.Keys(practices))[at]]().trial(t, markShift, seen)
		}
		code, err := metered.of(tr.module, tr.facts)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rigs {
			if err := tr.compare(r, metered, code, wide); err != nil {
				t.Fatalf("module %d: %v", i, err)
			}
			counts[r.engine.name].add(seen)
		}
	}
}

// report demands that nothing is left out, and prints the table with -v.
func report(t *testing.T, counts map[string]*census) {
	compiled, interpreted := counts[engines[0].name], counts[engines[1].name]
	permitted := 0
	for op := module.Opcode(0); op < 0xfc40; op++ {
		if op == 0x100 {
			op = 0xfc00
		}
		if _, ok := meter.PriceOf(op); !ok {
			if compiled.ran[op] > 0 {
				t.Errorf("%v was executed and has no price", op)
			}
			continue
		}
		permitted++
		if compiled.ran[op] < enough || interpreted.ran[op] < enough {
			t.Errorf("%v was executed %d and %d times; at least %d are due", op, compiled.ran[op], interpreted.ran[op], enough)
		}
		t.Logf("%-20v %9d executed, %6d trapped (compiler); %9d, %6d (interpreter)", op, compiled.ran[op], compiled.trapped[op], interpreted.ran[op], interpreted.trapped[op])
	}
	const want = 192
	if permitted != want {
		t.Errorf("%d instructions are permitted; this test was written for %d", permitted, want)
	}
}
