package build

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// gone is where a function goes that is no more.
const gone = ^uint32(0)

// renumber changes every mention of a function: the one with index i gets the index to[i]. Nothing may mention one that is
// gone but the elements of the table, which lose it.
func renumber(m *module.Module, to []uint32) error {
	for i := range m.Bodies {
		code, err := renumberCode(m.Bodies[i].Code, to)
		if err != nil {
			return fmt.Errorf("function %d: %w", i+m.ImportedFuncs(), err)
		}
		m.Bodies[i].Code = code
	}
	for i := range m.Exports {
		if m.Exports[i].Kind == module.ExternFunc {
			m.Exports[i].Index = to[m.Exports[i].Index]
		}
	}
	if m.Start != nil {
		start := to[*m.Start]
		m.Start = &start
	}
	var elements []module.Element
	for i := range m.Elements {
		split, err := renumberElement(&m.Elements[i], to)
		if err != nil {
			return err
		}
		elements = append(elements, split...)
	}
	m.Elements = elements
	return nil
}

// renumberCode copies code with the functions that it calls renumbered.
func renumberCode(code []byte, to []uint32) ([]byte, error) {
	out := make([]byte, 0, len(code))
	w := module.Walk(code)
	from := 0
	for w.Next() {
		in := w.Instruction()
		if in.Op != module.OpCall {
			continue
		}
		if int(in.A) >= len(to) || to[in.A] == gone {
			return nil, fmt.Errorf("calls function %d, which is not there", in.A)
		}
		out = append(out, code[from:in.At]...)
		out = module.AppendU32(append(out, byte(module.OpCall)), to[in.A])
		from = in.End
	}
	return append(out, code[from:]...), w.Err()
}

// renumberElement renumbers a segment. One that loses functions becomes several, so that the others keep their places.
func renumberElement(e *module.Element, to []uint32) ([]module.Element, error) {
	if len(e.Exprs) > 0 {
		return nil, fmt.Errorf("a table's segment is given by expressions; link without reference types")
	}
	if e.Mode != module.Active {
		return nil, fmt.Errorf("a table's segment is passive; link without bulk table operations")
	}
	base, ok := constantOf(e.Offset)
	if !ok {
		return nil, fmt.Errorf("a table's segment lies where a global says; link without -fPIC")
	}
	var out []module.Element
	for at := 0; at < len(e.Funcs); {
		if to[e.Funcs[at]] == gone {
			at++
			continue
		}
		run := module.Element{Table: e.Table, Offset: *new(module.Code).I32(int32(base) + int32(at)).Op(module.OpEnd)}
		for ; at < len(e.Funcs) && to[e.Funcs[at]] != gone; at++ {
			run.Funcs = append(run.Funcs, to[e.Funcs[at]])
		}
		out = append(out, run)
	}
	return out, nil
}

// constantOf is the value of an expression that is one i32.const.
func constantOf(expression []byte) (uint32, bool) {
	w := module.Walk(expression)
	if !w.Next() || w.Instruction().Op != module.OpI32Const {
		return 0, false
	}
	v := uint32(w.Instruction().I64)
	return v, w.Next() && w.Instruction().Op == module.OpEnd && !w.Next()
}

// typeIndex finds a function's type, or adds it.
func typeIndex(m *module.Module, t module.FuncType) uint32 {
	for i := range m.Types {
		if m.Types[i].Equal(t) {
			return uint32(i)
		}
	}
	m.Types = append(m.Types, t)
	return uint32(len(m.Types) - 1)
}
