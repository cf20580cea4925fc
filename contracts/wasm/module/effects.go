package module

import "strings"

// effect is what a plain instruction does to the operand stack, made from its signature for speed.
type effect struct {
	takes  [3]ValueType // topmost first
	n      byte
	gives  ValueType // unknown for nothing
	memory bool      // needs one
	access bool      // has an alignment
	align  uint32
	needs  Features
}

// effects is, by place, the effect of every instruction that has a signature.
var effects = func() (all [Places]effect) {
	for _, o := range operations {
		takes, gives, _ := strings.Cut(o.sig, ":")
		e := effect{n: byte(len(takes)), align: o.align, needs: o.needs}
		for i := range len(takes) {
			e.takes[i] = letter(takes[len(takes)-1-i])
		}
		if gives != "" {
			e.gives = letter(gives[0])
		}
		e.access = o.imm == memory
		e.memory = e.access || o.imm == zero || o.imm == zeroZero || o.imm == indexZero
		all[o.op.Place()] = e
	}
	return all
}()

// letter is the type that stands for itself in a signature.
func letter(c byte) ValueType {
	switch c {
	case 'i':
		return I32
	case 'l':
		return I64
	case 'f':
		return F32
	}
	return F64
}
