package meter

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// edit is one change of a body: what stands from at to end is replaced.
type edit struct {
	at, end int32
	arg     uint32 // charge: units; call: index; leave: depth
	kind    editKind
}

type editKind uint8

const (
	nothing     editKind = iota // was not needed after all
	charge                      // gas -= arg
	chargeCheck                 // the same, and refill if it is below zero
	call                        // call function arg
	leave                       // return
	canonical32                 // the f32 on the stack, if it is a NaN, becomes the canonical one
	canonical64                 // the same, f64
	select32                    // select between two f32
	select64                    // the same, f64
	dead                        // never runs: dropped
)

// plan is what one pass over a body finds out. Its slices are reused for the next body.
type plan struct {
	*layout
	edits []edit  // by place
	marks marking // of stores, only with mark
	forks []fork
	flow
	operands []operand
	body     *module.Body
	selects  []module.FloatSelect // between floats, in this body and behind
	function int32                // being planned

	calls   bool   // calls another function
	leaves  bool   // branches to the function's label, or returns
	loops   bool   // has a loop
	total   uint64 // units of all regions
	widths  [2]bool
	scratch bool // a mark or a select needs a local for an address or a condition
}

// begin forgets the body before.
func (p *plan) begin(b *module.Body, result bool) {
	p.body = b
	p.edits, p.operands, p.forks = p.edits[:0], p.operands[:0], p.forks[:0]
	p.calls, p.leaves, p.loops, p.total = false, false, false, 0
	p.widths, p.scratch = [2]bool{}, false
	p.flow = flow{blocks: append(p.blocks[:0], block{result: result})}
	p.open(0, 0, checked)
	for _, l := range b.Locals {
		p.region.tenths += uint64(l.Count) * gas.LocalZero
	}
}

// make plans the changes of a body. The module is valid, so that every operand is there and every label is one.
func (p *plan) make(b *module.Body, result bool) error {
	p.begin(b, result)
	w := module.Walk(b.Code)
	in := w.Instruction()
	for w.Next() {
		t := &traits[in.Op.Place()]
		if p.dead && !p.wakes(in) {
			continue
		}
		if t.kind == unpriced {
			return fmt.Errorf("meter: %s at %d has no price", in.Op, b.Offset+in.At)
		}
		p.step(in, t)
	}
	return w.Err()
}

// step plans for one instruction that can run.
func (p *plan) step(in *module.Instruction, t *trait) {
	if in.Op != module.OpElse || !p.dead {
		p.region.tenths += uint64(t.tenths)
	}
	switch t.kind {
	case plain:
		p.plain(in, t)
	case choosing:
		p.choose(in, t)
	case branch:
		p.branch(in)
	case calling:
		p.call(in)
	case variable:
		p.variable(in)
	case constant:
		p.push(operand{kind: number, add: uint32(in.I64), at: int32(in.End), scope: p.marks.scope})
	case sum, difference:
		p.add(in, t.kind)
	case same32:
		p.same32(in)
	case storing:
		p.store(in, t)
	case bulk:
		p.bulk(in, t)
	case float32er:
		p.makeFloat(in, t, canonical32)
	case float64er:
		p.makeFloat(in, t, canonical64)
	case reading:
		p.read(int(t.pops))
		if t.pushes == 1 {
			p.pushOther(in)
		}
	}
}

// plain takes operands and gives at most one result.
func (p *plan) plain(in *module.Instruction, t *trait) {
	p.operands = p.operands[:len(p.operands)-int(t.pops)]
	if t.pushes == 1 {
		p.pushOther(in)
	}
}

// choose replaces a select between floats. Those that never run are passed over.
func (p *plan) choose(in *module.Instruction, t *trait) {
	for len(p.selects) > 0 && earlier(&p.selects[0], p.function, in.At) {
		p.selects = p.selects[1:]
	}
	if len(p.selects) > 0 && p.selects[0].Function == p.function && int(p.selects[0].At) == in.At {
		k := select32
		if p.selects[0].Type == module.F64 {
			k = select64
		}
		p.edits = append(p.edits, edit{kind: k, at: int32(in.At), end: int32(in.End)})
		p.scratch = true
		p.region.tenths += gas.FloatSelect
	}
	p.plain(in, t)
}

// earlier says that a select stands before a place.
func earlier(s *module.FloatSelect, function int32, at int) bool {
	return s.Function < function || s.Function == function && int(s.At) < at
}

// call renumbers, and counts what a function defined here may leave unchecked (G2).
func (p *plan) call(in *module.Instruction) {
	p.calls = true
	defined, t := true, in.A
	if in.Op == module.OpCall {
		defined, t = in.A >= p.imported, p.funcs[in.A]
		if defined {
			p.edits = append(p.edits, edit{kind: call, at: int32(in.At), end: int32(in.End), arg: in.A + 1})
		}
	} else {
		p.pop()
	}
	p.operands = p.operands[:len(p.operands)-int(p.arity[t].params)]
	if p.arity[t].result {
		p.pushOther(in)
	}
	if defined {
		p.region.callees += leafLag
	}
}

// bulk replaces an instruction by a call of the function made for it.
func (p *plan) bulk(in *module.Instruction, t *trait) {
	p.edits = append(p.edits, edit{kind: call, at: int32(in.At), end: int32(in.End), arg: p.made(in)})
	p.plain(in, t)
}

// makeFloat makes a NaN canonical, unless whoever takes it turns out not to care (G5).
func (p *plan) makeFloat(in *module.Instruction, t *trait, k editKind) {
	p.read(int(t.pops))
	p.push(operand{kind: float, at: int32(len(p.edits))})
	p.edits = append(p.edits, edit{kind: k, at: int32(in.End), end: int32(in.End)})
}

// read takes operands of which it doesn't matter which NaN they are: an edit that made one canonical is taken back.
func (p *plan) read(n int) {
	for _, o := range p.operands[len(p.operands)-n:] {
		if o.kind == float {
			p.edits[o.at].kind = nothing
		}
	}
	p.operands = p.operands[:len(p.operands)-n]
}
