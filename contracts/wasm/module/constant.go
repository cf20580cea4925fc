package module

import "fmt"

// constant is the value of a constant expression; it is not known if it comes from an import.
type constant struct {
	value int64
	known bool
}

// constant checks a constant expression: one constant, or the value of an imported global that never changes, and end.
// A reference to a function is one where the type wanted is Funcref: in an element segment.
func (v *validator) constant(code []byte, want ValueType) (constant, *Refusal) {
	w := Walker{code: code}
	if !w.Next() {
		return constant{}, w.refusal("a constant expression is empty")
	}
	got, c, r := v.operand(&w.in)
	switch {
	case r != nil:
		return constant{}, r
	case got != want:
		return constant{}, refuse(-1, "a constant expression has the type %s, not %s", got, want)
	case !w.Next():
		return constant{}, w.refusal("a constant expression ends early")
	case w.in.Op != OpEnd:
		r := refuse(-1, "is not accepted in a constant expression, which is one constant (extended constants)")
		r.Instruction = w.in.Op.String()
		return constant{}, r.instead(adviceFor("extended constants"))
	case w.next != len(code):
		return constant{}, refuse(-1, "a constant expression goes on behind its end")
	}
	return c, nil
}

// refusal is why the walker stopped: its own reason, or that there is no more code.
func (w *Walker) refusal(ended string) *Refusal {
	if w.err != nil {
		w.err.Offset = -1
		return w.err
	}
	return refuse(-1, "%s", ended)
}

// operand is the type and value of the one instruction of a constant expression.
func (v *validator) operand(in *Instruction) (ValueType, constant, *Refusal) {
	c := constant{value: in.I64, known: true}
	switch in.Op {
	case OpI32Const:
		return I32, c, nil
	case OpI64Const:
		return I64, c, nil
	case OpF32Const:
		return F32, c, nil
	case OpF64Const:
		return F64, c, nil
	case OpRefNull:
		return Funcref, c, v.bulk()
	case OpRefFunc:
		if int(in.A) >= len(v.typeOf) {
			return 0, c, refuse(-1, "names function %d, which does not exist (there are %d)", in.A, len(v.typeOf))
		}
		return Funcref, c, v.bulk()
	case OpGlobalGet:
		return v.initial(in.A)
	}
	r := refuse(-1, "is not accepted in a constant expression")
	r.Instruction = in.Op.String()
	return 0, c, r
}

// bulk refuses what came with bulk memory, unless it is allowed.
func (v *validator) bulk() *Refusal {
	if v.p.Features&BulkMemory == 0 {
		return refuse(-1, "is a reference to a function (%s)", BulkMemory)
	}
	return nil
}

// initial is the value of a global in a constant expression.
func (v *validator) initial(index uint32) (ValueType, constant, *Refusal) {
	imported := len(v.globals) - len(v.m.Globals)
	if int(index) >= imported {
		return 0, constant{}, refuse(-1, "a constant expression takes global %d, which is not imported (%d are)", index, imported)
	}
	if v.globals[index].Mutable {
		return 0, constant{}, refuse(-1, "a constant expression takes global %d, which can change", index)
	}
	return v.globals[index].Type, constant{}, nil
}

// in puts before What which part of the module it is about.
func (r *Refusal) in(format string, args ...any) *Refusal {
	if r.Instruction != "" {
		r.What, r.Instruction = r.Instruction+": "+r.What, ""
	}
	r.What = fmt.Sprintf(format, args...) + ": " + r.What
	return r
}
