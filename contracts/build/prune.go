package build

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// prune removes every function and import that nothing can reach. Roots are the exports and the elements of the table that
// a call through it may find.
func prune(m *module.Module, by reachability) error {
	r := newReach(m, by)
	if err := r.all(); err != nil {
		return err
	}
	return r.drop()
}

// reachability is what is known about a module beside its calls; the zero value is nothing.
type reachability struct {
	// table says which elements of the table can be called through it; nil stands for all.
	table func(function uint32) bool
	// references marks the functions that an instruction refers to beside a call.
	references func(in *module.Instruction, mark func(function uint32))
}

// reach finds what can be called.
type reach struct {
	m        *module.Module
	by       reachability
	imported uint32
	seen     []bool
	open     []uint32 // seen, but not looked into yet
}

func newReach(m *module.Module, by reachability) *reach {
	return &reach{m: m, by: by, imported: uint32(m.ImportedFuncs()), seen: make([]bool, m.ImportedFuncs()+len(m.Funcs))}
}

func (r *reach) mark(function uint32) {
	if int(function) < len(r.seen) && !r.seen[function] {
		r.seen[function] = true
		r.open = append(r.open, function)
	}
}

func (r *reach) all() error {
	for _, e := range r.m.Exports {
		if e.Kind == module.ExternFunc {
			r.mark(e.Index)
		}
	}
	for i := range r.m.Elements {
		for _, f := range r.m.Elements[i].Funcs {
			if r.by.table == nil || r.by.table(f) {
				r.mark(f)
			}
		}
	}
	for len(r.open) > 0 {
		f := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		if f < r.imported {
			continue
		}
		w := module.Walk(r.m.Bodies[f-r.imported].Code)
		for w.Next() {
			in := w.Instruction()
			if in.Op == module.OpCall {
				r.mark(in.A)
			} else if r.by.references != nil {
				r.by.references(in, r.mark)
			}
		}
		if err := w.Err(); err != nil {
			return fmt.Errorf("function %d: %w", f, err)
		}
	}
	return nil
}

// drop removes what was not seen, and renumbers the rest.
func (r *reach) drop() error {
	m := r.m
	to := make([]uint32, len(r.seen))
	next := uint32(0)
	for i := range to {
		to[i] = gone
		if r.seen[i] {
			to[i] = next
			next++
		}
	}
	at := 0
	m.Imports = slices.DeleteFunc(m.Imports, func(module.Import) bool { at++; return !r.seen[at-1] })
	at = int(r.imported)
	m.Funcs = slices.DeleteFunc(m.Funcs, func(uint32) bool { at++; return !r.seen[at-1] })
	at = int(r.imported)
	m.Bodies = slices.DeleteFunc(m.Bodies, func(module.Body) bool { at++; return !r.seen[at-1] })
	return renumber(m, to)
}
