package conform

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// bite is a defect of an instrumenter, made in its output: TestBites demands that the comparison finds it.
type bite struct {
	name string
	form form
	// rewrite returns what stands instead of an instruction; ok is false to leave it.
	rewrite func(w *wound, in *module.Instruction) (code []byte, ok bool)
	module  func(m *module.Module)
}

// wound is an instrumented module under way to being spoilt.
type wound struct {
	*module.Module
	before []module.Opcode // the instructions before, the last one first
	done   int             // instructions that were rewritten
}

// global is the index of one that the instrumenter exports.
func (w *wound) global(name string) uint32 {
	e, _ := w.Export(name)
	return e.Index
}

// code assembles.
func code(write func(a *assembler)) []byte {
	var a assembler
	write(&a)
	return a.code
}

var bites = []bite{
	{name: "another NaN, f32", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.constant(module.F32, canonical32|1) }), in.Op == module.OpF32Const && in.I64 == canonical32
	}},
	{name: "another NaN, f64", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.constant(module.F64, canonical64|1<<63) }), in.Op == module.OpF64Const && in.I64 == canonical64
	}},
	{name: "a mark forgotten", form: marked, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.op(module.OpDrop) }), in.Op == module.OpGlobalSet && in.A == w.global(meter.GlobalDirty)
	}},
	{name: "a mark of the next bucket", form: marked, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.constant(module.I64, 1); a.op(module.OpI64Rotl); a.op(module.OpGlobalSet, in.A) }),
			in.Op == module.OpGlobalSet && in.A == w.global(meter.GlobalDirty)
	}},
	{name: "one unit more", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return w.more(in, 1), w.setsGas(in)
	}},
	{name: "one unit less", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return w.more(in, -1), w.setsGas(in)
	}},
	{name: "stack never given back", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.op(module.OpDrop) }),
			in.Op == module.OpGlobalSet && in.A == w.global(meter.GlobalStack) && w.before[0] == module.OpI32Sub
	}},
	{name: "no limit of the stack", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.op(module.OpDrop) }),
			in.Op == module.OpGlobalSet && in.A == w.global(meter.GlobalStack) && w.before[0] == module.OpI32Add
	}},
	{name: "a branch the other way", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.op(module.OpI32Eqz); a.op(module.OpBrIf, in.A) }), in.Op == module.OpBrIf && w.done == 0
	}},
	{name: "a br_table off by one", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		labels := slices.Concat(in.Labels[1:], in.Labels[:1])
		return code(func(a *assembler) { a.branchTable(labels) }), in.Op == module.OpBrTable && !slices.Equal(labels, in.Labels)
	}},
	{name: "a call of the next function", form: metered, module: func(m *module.Module) {
		for i := range m.Elements {
			for j, f := range m.Elements[i].Funcs {
				m.Elements[i].Funcs[j] = max(1, f-1)
			}
		}
	}},
	{name: "an offset too far", form: metered, rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
		return code(func(a *assembler) { a.op(in.Op, in.A, in.B+1) }), accesses[in.Op].store
	}},
	{name: "a global of someone else", form: metered, module: func(m *module.Module) {
		for i := range m.Globals {
			if g := &m.Globals[i]; g.Type == module.I64 && g.Mutable && i < len(m.Globals)-2 {
				g.Init = expression(module.I64, 12345)
			}
		}
	}},
}

// setsGas says whether an instruction takes gas of a region.
func (w *wound) setsGas(in *module.Instruction) bool {
	return in.Op == module.OpGlobalSet && in.A == w.global(meter.GlobalGas) && w.done == 0
}

// more takes that much more gas.
func (w *wound) more(in *module.Instruction, units int64) []byte {
	return code(func(a *assembler) {
		a.constant(module.I64, uint64(units))
		a.op(module.OpI64Sub)
		a.op(module.OpGlobalSet, in.A)
	})
}

// spoil makes the defect in a copy of an instrumented module; false if there is nothing to spoil.
func (b *bite) spoil(t *testing.T, instrumented []byte) ([]byte, bool) {
	t.Helper()
	m, err := module.Decode(slices.Clone(instrumented))
	if err != nil {
		t.Fatal(err)
	}
	if b.module != nil {
		b.module(m)
		return m.Encode(), true
	}
	w := &wound{Module: m}
	for i := range m.Bodies {
		m.Bodies[i].Code = w.rewrite(m.Bodies[i].Code, b.rewrite)
	}
	return m.Encode(), w.done > 0
}

// rewrite replaces instructions of one body.
func (w *wound) rewrite(body []byte, instead func(w *wound, in *module.Instruction) ([]byte, bool)) []byte {
	var out []byte
	w.before = []module.Opcode{module.OpNop}
	for walk := module.Walk(body); walk.Next(); {
		in := walk.Instruction()
		c, ok := w.try(in, instead)
		if ok {
			w.done++
		} else {
			c = body[in.At:in.End]
		}
		out = append(out, c...)
		w.before = append([]module.Opcode{in.Op}, w.before[:min(len(w.before), 3)]...)
	}
	return out
}

// try keeps rewriting from looking at labels that aren't there.
func (w *wound) try(in *module.Instruction, instead func(w *wound, in *module.Instruction) ([]byte, bool)) ([]byte, bool) {
	if in.Op != module.OpBrTable {
		in.Labels = append(in.Labels[:0], 0)
	}
	return instead(w, in)
}

// TestBites spoils instrumented modules, and demands that the comparison with the reference finds every kind of defect on
// both engines.
func TestBites(t *testing.T) {
	rigs := newRigs(t)
	for i := range bites {
		b := &bites[i]
		t.Run(b.name, func(t *testing.T) {
			found := map[string]int{}
			spoilt := 0
			for seed := range uint64(16) {
				tr := newTrial(t, &dice{more: rand.New(rand.NewPCG(4711, seed))}, newCensus())
				if at := int(seed); at < len(practices) {
					tr = practices[slices.Sorted(maps.Keys(practices))[at]]().trial(t, markShift, newCensus())
				}
				f := b.form
				f.options.MarkShift = tr.shift
				instrumented, err := f.of(tr.module, tr.facts)
				if err != nil {
					t.Fatal(err)
				}
				defect, ok := b.spoil(t, instrumented)
				if !ok {
					continue
				}
				spoilt++
				for _, r := range rigs {
					if tr.compare(r, f, defect, wide) != nil {
						found[r.engine.name]++
					}
				}
			}
			for _, r := range rigs {
				if found[r.engine.name] == 0 {
					t.Errorf("%s: none of %d spoilt modules is found", r.engine.name, spoilt)
				}
			}
			t.Logf("%d modules spoilt, found %v", spoilt, found)
		})
	}
}

// TestDrillsBite puts every numeric instruction in the place of every other of the same operands and result: the drill of
// the one must notice.
func TestDrillsBite(t *testing.T) {
	r := newRigs(t)[1]
	for i := range numerics {
		n := &numerics[i]
		d := newDrill(t, n)
		for j := range numerics {
			o := &numerics[j]
			if i == j || n.result != o.result || !sameTypes(n.params, o.params) || testing.Short() && j != i+1 {
				continue
			}
			spoil := bite{rewrite: func(w *wound, in *module.Instruction) ([]byte, bool) {
				return code(func(a *assembler) { a.op(o.op) }), in.Op == n.op
			}}
			defect, _ := spoil.spoil(t, d.module.Encode())
			run, err := r.start(defect, original)
			if err != nil {
				t.Fatal(err)
			}
			lesson := d.lessons[0]
			if d.teach(run, lesson, rand.New(rand.NewPCG(7, 0)), newCensus()) == "" {
				t.Errorf("the drill of %v takes %v for it", n.op, o.op)
			}
			run.stop()
		}
	}
}
