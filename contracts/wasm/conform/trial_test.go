package conform

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// invocation is a call from outside, of a function by its index.
type invocation struct {
	function int
	args     []uint64
}

// outcome is what a call leads to, as far as one can see it.
type outcome struct {
	results []uint64
	ended   trap
	gas     int64
	dirty   uint64 // after this call; the reference: of all stores
	doubt   bool   // the original may differ: a NaN was made, or the stack's limit was met
}

func (o outcome) String() string {
	return fmt.Sprintf("%x %q, gas %d", o.results, o.ended, o.gas)
}

// trial is a module with calls to make, and what the reference says about them.
type trial struct {
	module   *module.Module
	facts    *module.Facts
	shift    uint // of marks
	calls    []invocation
	want     []outcome
	memory   []byte
	globals  []uint64
	instance *reference
	trapGas  map[int]int64 // of calls that trapped, as the first engine counted
}

// newTrial generates a module and calls, and runs them on the reference.
func newTrial(t testing.TB, d *dice, seen *census) *trial {
	t.Helper()
	code := generate(d).Encode()
	m, facts, err := module.Check(code, module.Any())
	if err != nil {
		t.Fatalf("a generated module is refused: %v\n%s", err, hex.EncodeToString(code))
	}
	tr := &trial{module: m, facts: facts, shift: pick(d, []uint{16, 3, 6, 12})}
	for range 2 {
		for i := range m.Funcs {
			kind := m.Types[m.Funcs[i]]
			call := invocation{function: i}
			for _, p := range kind.Params {
				call.args = append(call.args, edges[p][d.roll(edgeCount)])
			}
			tr.calls = append(tr.calls, call)
		}
	}
	tr.consult(seen)
	return tr
}

// trialSteps is how long the reference runs a call; hardly any takes longer.
const trialSteps = 200_000

// consult runs the calls on the reference. Those behind one that runs too long are dropped.
func (tr *trial) consult(seen *census) {
	tr.trapGas = map[int]int64{}
	r := newReference(tr.module, tr.facts, seen)
	r.shift = tr.shift
	tr.instance = r
	doubt := false
	for i, c := range tr.calls {
		r.steps, r.toll.gas = trialSteps, 0
		results, ended := r.call(c.function, c.args)
		if ended == gaveUp {
			// What it did up to here can't be undone: start again without it.
			tr.calls, tr.want = tr.calls[:i], nil
			tr.consult(newCensus())
			return
		}
		doubt = doubt || r.nans > 0 || ended == trapStack
		tr.want = append(tr.want, outcome{results, ended, r.toll.gas, r.dirty, doubt})
	}
	tr.memory, tr.globals = r.memory, r.globals
}

// rig is one engine with the forms of a module on it.
type rig struct {
	engine engine
	host   *host
}

func newRigs(t testing.TB) []*rig {
	var rigs []*rig
	for _, e := range engines {
		rigs = append(rigs, &rig{e, newHost(t, e, features)})
	}
	return rigs
}

// running is an instance of a trial's module on an engine, in a form.
type running struct {
	rig  *rig
	form form
	mod  api.Module
	code wazero.CompiledModule
}

// start compiles and instantiates. Errors are defects of the instrumenter or an engine.
func (r *rig) start(code []byte, f form) (*running, error) {
	compiled, err := r.host.runtime.CompileModule(context.Background(), code)
	if err != nil {
		return nil, fmt.Errorf("%s %s: not compiled: %w", r.engine.name, f.name, err)
	}
	return r.instantiate(compiled, f)
}

// instantiate makes an instance, with which the code is closed.
func (r *rig) instantiate(compiled wazero.CompiledModule, f form) (*running, error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	mod, err := r.host.runtime.InstantiateModule(context.Background(), compiled, config)
	if err != nil {
		_ = compiled.Close(context.Background())
		return nil, fmt.Errorf("%s %s: not instantiated: %w", r.engine.name, f.name, err)
	}
	return &running{rig: r, form: f, mod: mod, code: compiled}, nil
}

// renew makes a new instance of the same code.
func (r *running) renew() error {
	_ = r.mod.Close(context.Background())
	again, err := r.rig.instantiate(r.code, r.form)
	if err == nil {
		*r = *again
	}
	return err
}

func (r *running) stop() {
	_ = r.mod.Close(context.Background())
	_ = r.code.Close(context.Background())
}

func (r *running) global(name string) api.MutableGlobal {
	g, _ := r.mod.ExportedGlobal(name).(api.MutableGlobal)
	return g
}

// purse is the gas for a call and how it is handed out.
type purse struct{ budget, slice int64 }

// wide is a purse that no call empties, in one slice; thin makes the host refill often.
var (
	wide = purse{1 << 62, 1 << 62}
	thin = purse{1 << 62, 777}
)

// narrow clears what an engine leaves above results of 32 bits.
func narrow(types []api.ValueType, values []uint64) {
	for i := range values {
		if t := types[i]; t == api.ValueTypeI32 || t == api.ValueTypeF32 {
			values[i] &= math.MaxUint32
		}
	}
}

// call makes one call with a purse.
func (r *running) call(c invocation, p purse) outcome {
	h := r.rig.host
	if r.form.metered {
		h.slice, h.left = p.slice, p.budget-min(p.slice, p.budget)
		r.global(meter.GlobalGas).Set(uint64(min(p.slice, p.budget)))
		h.ready(r.mod)
	}
	f := r.mod.ExportedFunction(functionName(c.function))
	results, err := f.Call(context.Background(), c.args...)
	narrow(f.Definition().ResultTypes(), results)
	out := outcome{results: results, ended: h.trapOf(r.mod, err)}
	if r.form.metered {
		out.gas = p.budget - h.left - int64(r.global(meter.GlobalGas).Get())
	}
	if r.form.options.Mark {
		out.dirty = r.global(meter.GlobalDirty).Get()
	}
	return out
}

// differs says in what an outcome is not what the reference says, "" for nothing. What a call took that trapped may be
// more: what both ways of a fork cost is paid before it, so also by who doesn't reach it.
func (o outcome) differs(want outcome, f form) string {
	switch {
	case o.ended != want.ended:
		return fmt.Sprintf("ended with %q; want %q", o.ended, want.ended)
	case fmt.Sprint(o.results) != fmt.Sprint(want.results):
		return fmt.Sprintf("returned %x; want %x", o.results, want.results)
	case f.metered && (o.gas < want.gas || o.gas > want.gas && want.ended == ""):
		return fmt.Sprintf("took %d gas; want %d", o.gas, want.gas)
	case f.options.Mark && want.dirty&^o.dirty != 0:
		return fmt.Sprintf("marked %#x; stored to %#x", o.dirty, want.dirty)
	}
	return ""
}

// compare runs the calls in a form on an engine and says what is not as the reference has it.
func (tr *trial) compare(r *rig, f form, code []byte, p purse) error {
	run, err := r.start(code, f)
	if err != nil {
		return err
	}
	defer run.stop()
	for i, c := range tr.calls {
		if tr.want[i].doubt && !f.metered {
			return nil // from here on the original may do something else
		}
		got := run.call(c, p)
		if why := got.differs(tr.want[i], f); why != "" {
			return fmt.Errorf("%s %s: call %d, f%d%x: %s", r.engine.name, f.name, i, c.function, c.args, why)
		}
		if before, ok := tr.trapGas[i]; ok && f.metered && before != got.gas {
			return fmt.Errorf("%s %s: call %d, f%d%x: trapped after %d gas; before it was %d", r.engine.name, f.name, i, c.function, c.args, got.gas, before)
		}
		if f.metered && got.ended != "" {
			tr.trapGas[i] = got.gas
		}
	}
	return tr.compareState(run)
}

// compareState holds memory and globals against the reference's.
func (tr *trial) compareState(run *running) error {
	what := run.rig.engine.name + " " + run.form.name
	memory, _ := run.mod.Memory().Read(0, run.mod.Memory().Size())
	if !bytes.Equal(memory, tr.memory) {
		at := 0
		for at < len(memory) && at < len(tr.memory) && memory[at] == tr.memory[at] {
			at++
		}
		return fmt.Errorf("%s: memory of %d bytes (want %d) differs from %#x on", what, len(memory), len(tr.memory), at)
	}
	for i, g := range tr.module.Globals {
		if !g.Mutable {
			continue
		}
		name := fmt.Sprint("g", i)
		if run.form.metered {
			name = fmt.Sprint(meter.GlobalOwn, i)
		}
		got := run.global(name).Get()
		if g.Type == module.I32 || g.Type == module.F32 {
			got &= math.MaxUint32
		}
		if got != tr.globals[i] {
			return fmt.Errorf("%s: global %d (%v) is %#x; want %#x", what, i, g.Type, got, tr.globals[i])
		}
	}
	return nil
}

// formsFor are the forms in which a trial is run, with the gas to run them on.
func (tr *trial) formsFor() []form {
	m := marked
	m.options.MarkShift = tr.shift
	return []form{original, metered, m}
}

// run compares every form on every engine.
func (tr *trial) run(rigs []*rig) error {
	for _, f := range tr.formsFor() {
		code, err := f.of(tr.module, tr.facts)
		if err != nil {
			return fmt.Errorf("not instrumented: %w", err)
		}
		p := wide
		if f.options.Mark {
			p = thin
		}
		if _, facts, err := module.Check(code, module.Any()); err != nil || f.metered && len(facts.Selects) > 0 {
			return fmt.Errorf("%s: %d selects of floats are left, error %v", f.name, len(facts.Selects), err)
		}
		for _, r := range rigs {
			if !f.metered && r.engine.name == "compiler" && len(tr.facts.Selects) > 0 {
				continue // what it makes of them may be wrong: see TestFloatSelect
			}
			if err := tr.compare(r, f, code, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// dump is a module to look at.
func dump(m *module.Module) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%x\n", m.Encode())
	for i := range m.Bodies {
		kind := m.Types[m.Funcs[i]]
		fmt.Fprintf(&b, "func %d %v %v\n", i, kind, m.Bodies[i].Locals)
		for w := module.Walk(m.Bodies[i].Code); w.Next(); {
			in := w.Instruction()
			fmt.Fprintf(&b, "  %4d %v %d %d %d\n", in.At, in.Op, in.A, in.B, in.I64)
		}
	}
	return b.String()
}
