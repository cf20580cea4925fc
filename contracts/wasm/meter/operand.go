package meter

import "github.com/thinkey/thinkey/contracts/wasm/module"

// operand is what is known of a value on the operand stack. An address counts modulo 2^32, whatever the type it is
// computed in, so that Go's pointers (i64 until they are used) are seen through.
type operand struct {
	kind  operandKind
	at    int32  // where the value (other), or the local or number it is made of (based, number), is on top of the stack; float: index of the edit
	scope int32  // at that place: see marking (based, number)
	root  int32  // what it is counted from (based)
	add   uint32 // the distance from its root (based); the value (number)
	local uint32 // at that place holds root + lift (based)
	lift  uint32
}

type operandKind uint8

const (
	other  operandKind = iota // anything
	based                     // root + add
	number                    // add
	float                     // the result of float arithmetic, which edit at makes canonical
)

func (p *plan) push(o operand) { p.operands = append(p.operands, o) }

// pushOther pushes the result of an instruction.
func (p *plan) pushOther(in *module.Instruction) { p.push(operand{at: int32(in.End)}) }

func (p *plan) pop() operand {
	o := p.operands[len(p.operands)-1]
	p.operands = p.operands[:len(p.operands)-1]
	return o
}

// variable is local.get, local.set or local.tee.
func (p *plan) variable(in *module.Instruction) {
	if in.Op != module.OpLocalGet {
		p.marks.assign(in.A, p.pop())
	}
	if in.Op != module.OpLocalSet {
		p.push(p.marks.local(in.A, in.End))
	}
}

// add is an addition or subtraction: of a number, it leaves the base.
func (p *plan) add(in *module.Instruction, k kind) {
	b, a := p.pop(), p.pop()
	if k == sum && a.kind == number {
		a, b = b, a
	}
	if b.kind != number || a.kind != based && a.kind != number {
		p.pushOther(in)
		return
	}
	if k == sum {
		a.add += b.add
	} else {
		a.add -= b.add
	}
	p.push(a)
}

// same32 is an instruction that keeps the low 32 bits.
func (p *plan) same32(in *module.Instruction) {
	if o := &p.operands[len(p.operands)-1]; o.kind != based && o.kind != number {
		*o = operand{at: int32(in.End)}
	}
}

// store marks what it will write.
func (p *plan) store(in *module.Instruction, t *trait) {
	p.pop()
	address := p.pop()
	if !p.mark {
		return
	}
	from := int64(in.B)
	switch address.kind {
	case number:
		p.marks.number(address, uint64(address.add)+uint64(from), uint64(t.size))
	case based:
		p.marks.based(address, int64(int32(address.add))+from, int64(t.size))
	default:
		p.scratch = true
		p.marks.other(address, from, int64(t.size))
	}
}
