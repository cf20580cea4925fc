package meter

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/assert"
)

// Instrument makes the module that runs instead of m: it computes what m computes, and counts. f is what module.Validate
// said of m. m is left as it is; the result shares memory with it. Custom sections are dropped: they speak of m.
//
// An error is about the options, an export of m that has one of our names, or what no policy for the chain lets through:
// more locals than maxLocals, an instruction without a price.
func Instrument(m *module.Module, f *module.Facts, o Options) (*module.Module, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	assert.That(len(f.Functions) == len(m.Bodies), "facts are of the same module")
	l := newLayout(m, o)
	out := &module.Module{Tables: m.Tables, Memories: m.Memories, DataCount: m.DataCount, Data: m.Data}
	out.Globals = l.globals(m.Globals)
	var err error
	if out.Exports, err = exports(m, l); err != nil {
		return nil, err
	}
	if err := bodies(m, f, l, out); err != nil {
		return nil, err
	}
	out.Imports = append(m.Imports[:len(m.Imports):len(m.Imports)], module.Import{
		Module: ImportModule, Name: ImportRefill, Kind: module.ExternFunc, Type: l.typeIndex(nil, nil),
	})
	out.Types = l.types
	if m.Start != nil {
		start := l.renumber(*m.Start)
		out.Start = &start
	}
	out.Elements = elements(m.Elements, l)
	return out, nil
}

// Bare is m with the globals and exports that Instrument adds for every host, and nothing that counts: to measure against.
func Bare(m *module.Module) *module.Module {
	l, out := newLayout(m, Options{}), *m
	out.Globals = l.globals(m.Globals)
	out.Exports = append(m.Exports[:len(m.Exports):len(m.Exports)], l.added(m)...)
	return &out
}

// exports renumbers the exports of functions and adds ours.
func exports(m *module.Module, l *layout) ([]module.Export, error) {
	added := l.added(m)
	all := make([]module.Export, 0, len(m.Exports)+len(added))
	taken := make(map[string]bool, len(added))
	for _, e := range added {
		taken[e.Name] = true
	}
	for _, e := range m.Exports {
		if taken[e.Name] {
			return nil, fmt.Errorf("meter: the module exports %q, which is a name of the instrumenter", e.Name)
		}
		if e.Kind == module.ExternFunc {
			e.Index = l.renumber(e.Index)
		}
		all = append(all, e)
	}
	return append(all, added...), nil
}

// bodies instruments every function, then writes those that are made.
func bodies(m *module.Module, f *module.Facts, l *layout, out *module.Module) error {
	out.Bodies = make([]module.Body, 0, len(m.Bodies)+8)
	outside := calledFromOutside(m)
	p := &plan{layout: l, selects: f.Selects}
	p.marks.shift = l.shift
	w := &weaver{layout: l}
	for i := range m.Bodies {
		t := m.Types[m.Funcs[i]]
		if n := f.Functions[i].Locals; n > maxLocals {
			return fmt.Errorf("meter: function %d has %d locals, allowed are %d", l.imported+uint32(i), n, maxLocals)
		}
		p.marks.begin(f.Functions[i].Locals)
		p.function = int32(i)
		if err := p.make(&m.Bodies[i], len(t.Results) > 0); err != nil {
			return err
		}
		s := p.settle(&f.Functions[i], outside[i])
		out.Bodies = append(out.Bodies, w.weave(p, t, s))
	}
	out.Funcs = m.Funcs[:len(m.Funcs):len(m.Funcs)]
	for _, made := range l.wanted {
		t, body := l.make(made)
		out.Funcs = append(out.Funcs, t)
		out.Bodies = append(out.Bodies, body)
	}
	return nil
}

// calledFromOutside says which functions defined here the host may call.
func calledFromOutside(m *module.Module) []bool {
	all := make([]bool, len(m.Funcs))
	imported := uint32(m.ImportedFuncs())
	note := func(function uint32) {
		if function >= imported {
			all[function-imported] = true
		}
	}
	for _, e := range m.Exports {
		if e.Kind == module.ExternFunc {
			note(e.Index)
		}
	}
	if m.Start != nil {
		note(*m.Start)
	}
	return all
}

// elements renumbers the functions that tables are filled with.
func elements(all []module.Element, l *layout) []module.Element {
	all = slices.Clone(all)
	for i := range all {
		e := &all[i]
		e.Funcs = slices.Clone(e.Funcs)
		for j, f := range e.Funcs {
			e.Funcs[j] = l.renumber(f)
		}
		e.Exprs = slices.Clone(e.Exprs)
		for j, x := range e.Exprs {
			e.Exprs[j] = l.reference(x)
		}
	}
	return all
}

// reference renumbers the function of a constant expression.
func (l *layout) reference(expression []byte) []byte {
	w := module.Walk(expression)
	if !w.Next() || w.Instruction().Op != module.OpRefFunc {
		return expression
	}
	var c module.Code
	c.With(module.OpRefFunc, l.renumber(w.Instruction().A))
	c.Op(module.OpEnd)
	return c
}
