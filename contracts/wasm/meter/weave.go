package meter

import (
	"encoding/binary"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// weaver writes what a plan found, into code that it reuses.
type weaver struct {
	module.Code
	*layout
	body  *module.Body
	types []module.ValueType // of the locals, if there are marks

	// Where the added locals are.
	scratchAddress, scratch32, scratch64 uint32

	wrapped  bool
	branches int // made for floats
}

const (
	// maxBranches is how many floats of a body are made canonical by a branch.
	maxBranches = 16
	// unequal is from the opcode of a float's eq to that of its ne.
	unequal = module.OpF64Ne - module.OpF64Eq
)

// shape is how a body is wrapped.
type shape struct {
	words uint32 // of stack that it counts; 0 for none
	check bool   // of gas at the end
}

// weave writes the body that a plan makes.
func (w *weaver) weave(p *plan, f module.FuncType, s shape) module.Body {
	w.Code, w.body, w.branches = w.Code[:0], p.body, 0
	out := module.Body{Locals: w.locals(p, len(f.Params))}
	if len(p.marks.all) > 0 {
		w.expand(f.Params, p.body.Locals)
	}
	around := s.words > 0 || s.check
	w.wrapped = around && p.leaves
	if s.words > 0 {
		w.push(s.words)
	}
	if w.wrapped {
		t := module.BlockNone
		if len(f.Results) == 1 {
			t = module.BlockType(f.Results[0])
		}
		w.Block(module.OpBlock, t)
	}
	w.splice(p)
	if around {
		if !w.wrapped {
			w.Code = w.Code[:len(w.Code)-1]
		}
		if s.words > 0 {
			w.pop(s.words)
		}
		if s.check {
			w.Code = append(w.Code, w.checkCode...)
		}
		w.Op(module.OpEnd)
	}
	out.Code = w.arena.keep(w.Code)
	return out
}

// locals adds the scratch locals that the plan needs.
func (w *weaver) locals(p *plan, params int) []module.Locals {
	next := uint32(params)
	for _, l := range p.body.Locals {
		next += l.Count
	}
	all := p.body.Locals
	add := func(needed bool, t module.ValueType, index *uint32) {
		if needed {
			all = append(all[:len(all):len(all)], module.Locals{Count: 1, Type: t})
			*index = next
			next++
		}
	}
	add(p.widths[0], module.F32, &w.scratch32)
	add(p.widths[1], module.F64, &w.scratch64)
	add(p.scratch, module.I32, &w.scratchAddress)
	return all
}

// expand lists the types of all locals, which marks are written by.
func (w *weaver) expand(params []module.ValueType, runs []module.Locals) {
	w.types = append(w.types[:0], params...)
	for _, l := range runs {
		for range l.Count {
			w.types = append(w.types, l.Type)
		}
	}
}

// splice copies the body with the edits and marks in it, both in the order of their places. Where both stand at one place
// the mark is for what was before, and comes first.
func (w *weaver) splice(p *plan) {
	from, marks := int32(0), p.marks.all
	for i := range p.edits {
		e := &p.edits[i]
		for len(marks) > 0 && marks[0].at <= e.at {
			from = w.copy(from, marks[0].at)
			w.mark(&marks[0])
			marks = marks[1:]
		}
		if e.kind != nothing {
			w.copy(from, e.at)
			w.edit(e)
			from = e.end
		}
	}
	for i := range marks {
		from = w.copy(from, marks[i].at)
		w.mark(&marks[i])
	}
	w.copy(from, int32(len(w.body.Code)))
}

// copy copies code as it is, and returns where it ends.
func (w *weaver) copy(from, to int32) int32 {
	w.Code = append(w.Code, w.body.Code[from:to]...)
	return to
}

// edit writes one edit.
func (w *weaver) edit(e *edit) {
	switch e.kind {
	case charge:
		w.charge(e.arg)
	case chargeCheck:
		if e.arg > 0 {
			w.charge(e.arg)
		}
		w.Code = append(w.Code, w.checkCode...)
	case call:
		w.With(module.OpCall, e.arg)
	case leave:
		if w.wrapped {
			w.With(module.OpBr, e.arg)
		} else {
			w.Op(module.OpReturn)
		}
	case canonical32:
		w.canonical(&width32, w.scratch32)
	case canonical64:
		w.canonical(&width64, w.scratch64)
	case select32:
		w.choose(&width32, w.scratch32)
	case select64:
		w.choose(&width64, w.scratch64)
	}
}

// charge takes units from the gas global.
func (w *weaver) charge(units uint32) {
	w.With(module.OpGlobalGet, w.gas)
	w.I64(int64(units))
	w.Op(module.OpI64Sub)
	w.With(module.OpGlobalSet, w.gas)
}

// width is what differs between f32 and f64.
type width struct {
	nan, bits       module.Code // the canonical NaN, as a float and as an integer
	equal           module.Opcode
	toBits, toFloat module.Opcode
}

var width32, width64 = widths()

func widths() (f32, f64 width) {
	const nan32, nan64, nanShift = 0x7fc0_0000, 0x7ff8_0000_0000_0000, 51
	f32 = width{equal: module.OpF32Eq, toBits: module.OpI32ReinterpretF32, toFloat: module.OpF32ReinterpretI32}
	f64 = width{equal: module.OpF64Eq, toBits: module.OpI64ReinterpretF64, toFloat: module.OpF64ReinterpretI64}
	f32.nan = binary.LittleEndian.AppendUint32(module.Code{byte(module.OpF32Const)}, nan32)
	f64.nan = binary.LittleEndian.AppendUint64(module.Code{byte(module.OpF64Const)}, nan64)
	f32.bits.I32(nan32)
	f64.bits.I64(nan64 >> nanShift) // shifted: 6 bytes instead of 11
	f64.bits.I64(nanShift)
	f64.bits.Op(module.OpI64Shl)
	return f32, f64
}

// canonical replaces a NaN on the stack: it is what doesn't equal itself. A branch over the constant is what the compiler
// makes the fastest code of, but many branches make it slow to compile: the rest of a body's are selects, of bits (G9).
func (w *weaver) canonical(f *width, scratch uint32) {
	w.With(module.OpLocalTee, scratch)
	if w.branches++; w.branches > maxBranches {
		w.Op(f.toBits)
		w.Code = append(w.Code, f.bits...)
		w.Get(scratch)
		w.Get(scratch)
		w.Op(f.equal, module.OpSelect, f.toFloat)
		return
	}
	w.Get(scratch)
	w.Op(f.equal + unequal)
	w.Block(module.OpIf, module.BlockNone)
	w.Code = append(w.Code, f.nan...)
	w.Set(scratch)
	w.Op(module.OpEnd)
	w.Get(scratch)
}

// choose selects between the bits of two floats (G9).
func (w *weaver) choose(f *width, scratch uint32) {
	w.Set(w.scratchAddress)
	w.Set(scratch)
	w.Op(f.toBits)
	w.Get(scratch)
	w.Op(f.toBits)
	w.Get(w.scratchAddress)
	w.Op(module.OpSelect, f.toFloat)
}

// push counts a frame, or traps with a count above the limit (G4).
func (w *weaver) push(words uint32) {
	w.With(module.OpGlobalGet, w.stack)
	w.I32(int32(words))
	w.Op(module.OpI32Add)
	w.With(module.OpGlobalSet, w.stack)
	w.With(module.OpGlobalGet, w.stack)
	w.I32(int32(w.maxStack))
	w.Op(module.OpI32GtU)
	w.Block(module.OpIf, module.BlockNone)
	w.Op(module.OpUnreachable, module.OpEnd)
}

// pop uncounts a frame.
func (w *weaver) pop(words uint32) {
	w.With(module.OpGlobalGet, w.stack)
	w.I32(int32(words))
	w.Op(module.OpI32Sub)
	w.With(module.OpGlobalSet, w.stack)
}
