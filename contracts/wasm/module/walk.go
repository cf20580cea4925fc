package module

import "encoding/binary"

// Instruction is one instruction of a body. Fields that its opcode doesn't have are zero, but for Labels, which is
// meaningful for br_table alone.
type Instruction struct {
	Op      Opcode
	At, End int       // offsets in the code walked
	Block   BlockType // of block, loop and if
	A       uint32    // index of a local, global, function, type, label or segment; alignment (as a power of two) of a memory access
	B       uint32    // offset of a memory access; table of call_indirect and table.init; source table of table.copy (A: destination)
	I64     int64     // constant: sign-extended, floats by their bits
	Labels  []uint32  // br_table: the default last; overwritten by the next br_table
}

// Walker goes through code, one instruction at a time, without allocating. It checks the encoding of each, not whether it
// makes sense where it stands.
type Walker struct {
	code []byte
	next int
	in   Instruction
	err  *Refusal
}

// Walk starts at the beginning of code.
func Walk(code []byte) *Walker { return &Walker{code: code} }

// Instruction is the one that Next found; the next Next overwrites it.
func (w *Walker) Instruction() *Instruction { return &w.in }

// Err is a *Refusal if Next stopped before the end of the code; its Offset counts from there.
func (w *Walker) Err() error {
	if w.err == nil {
		return nil
	}
	return w.err
}

// Next goes to the next instruction; false at the end of the code or at what is none.
func (w *Walker) Next() bool {
	if w.next >= len(w.code) || w.err != nil {
		return false
	}
	in := &w.in
	in.At, in.A, in.B, in.I64, in.Block = w.next, 0, 0, 0, 0
	in.Op = Opcode(w.code[w.next])
	w.next++
	if in.Op == prefix {
		n, next := uleb(w.code, w.next)
		if next < 0 || n > 0xff {
			return w.badPrefixed(n, next)
		}
		in.Op, w.next = prefix<<8|Opcode(n), next
	}
	w.immediates(in)
	in.End = w.next
	return w.err == nil
}

// badPrefixed refuses what stands behind the prefix 0xfc.
func (w *Walker) badPrefixed(n uint32, next int) bool {
	if next < 0 {
		w.fail("%s", lebFault(w.code, w.next, u32))
	} else {
		w.fail("no instruction has number %d behind the prefix 0xfc", n)
	}
	return false
}

// immediates reads what stands behind the opcode.
func (w *Walker) immediates(in *Instruction) {
	switch in.Op.operation().imm {
	case plain:
	case index:
		in.A = w.u32()
	case memory, pair:
		in.A = w.u32()
		in.B = w.u32()
	case typed:
		w.block(in)
	case constI32:
		w.signed(in, s32)
	case constI64:
		w.signed(in, s64)
	case constF32:
		if b := w.fixed(4); b != nil {
			in.I64 = int64(binary.LittleEndian.Uint32(b))
		}
	case constF64:
		if b := w.fixed(8); b != nil {
			in.I64 = int64(binary.LittleEndian.Uint64(b))
		}
	case labels:
		w.labels(in)
	case indexZero:
		in.A = w.u32()
		w.zero()
	case zero:
		w.zero()
	case zeroZero:
		w.zero()
		w.zero()
	case reference:
		if b := w.fixed(1); b != nil && ValueType(b[0]) != Funcref {
			w.err = refuseType(in.At, b[0], "its type")
			w.err.Instruction = in.Op.String()
		}
	default:
		w.err = refuseOpcode(in.At, in.Op)
	}
}

// fail makes the refusal of the instruction under way.
func (w *Walker) fail(format string, args ...any) {
	if w.err == nil {
		w.err = refuse(w.in.At, format, args...)
		w.err.Instruction = w.in.Op.String()
	}
}

// u32 reads an index; zero after a failure.
func (w *Walker) u32() uint32 {
	v, next := uleb(w.code, w.next)
	if next < 0 {
		w.fail("%s", lebFault(w.code, w.next, u32))
		return 0
	}
	w.next = next
	return v
}

// signed reads the value of a constant.
func (w *Walker) signed(in *Instruction, as width) {
	var next int
	if as.bits == 64 {
		in.I64, next = sleb64(w.code, w.next)
	} else {
		var v int32
		v, next = sleb32(w.code, w.next)
		in.I64 = int64(v)
	}
	if next < 0 {
		w.fail("%s", lebFault(w.code, w.next, as))
		return
	}
	w.next = next
}

// fixed reads n bytes; nil after a failure.
func (w *Walker) fixed(n int) []byte {
	if len(w.code)-w.next < n {
		w.fail("ends early")
		return nil
	}
	w.next += n
	return w.code[w.next-n : w.next]
}

// zero reads the byte that stands for the one memory.
func (w *Walker) zero() {
	if b := w.fixed(1); b != nil && b[0] != 0 {
		w.fail("names memory %d: there is only memory 0, written as one zero byte", b[0])
		w.err.Instead = adviceFor("several memories")
	}
}

// block reads a block type: nothing or one number.
func (w *Walker) block(in *Instruction) {
	b := w.fixed(1)
	if b == nil {
		return
	}
	in.Block = BlockType(b[0])
	if in.Block == BlockNone || ValueType(b[0]).number() {
		return
	}
	if _, foreign := foreignTypes[b[0]]; foreign {
		w.err = refuseType(in.At, b[0], "the block's type")
	} else {
		w.err = refuse(in.At, "has a block type given by an index (multi-value)").instead(adviceFor("multi-value"))
	}
	w.err.Instruction = in.Op.String()
}

// labels reads a br_table. A label takes a byte, so that the vector is bounded by the code left.
func (w *Walker) labels(in *Instruction) {
	n := int(w.u32())
	if n >= len(w.code)-w.next {
		w.fail("has %d labels: the code ends before", n)
		return
	}
	in.Labels = in.Labels[:0]
	for range n + 1 {
		in.Labels = append(in.Labels, w.u32())
	}
}
