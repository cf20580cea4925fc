package module

import (
	"fmt"
	"strings"
	"testing"
)

// immediates are bytes to stand behind an opcode, and what is read of them.
var immediates = map[immediate]struct {
	bytes []byte
	want  Instruction
}{
	plain:     {code(), Instruction{}},
	index:     {code(0xe5, 0x8e, 0x26), Instruction{A: 624485}},
	pair:      {code(3, 4), Instruction{A: 3, B: 4}},
	indexZero: {code(3, 0), Instruction{A: 3}},
	zero:      {code(0), Instruction{}},
	zeroZero:  {code(0, 0), Instruction{}},
	memory:    {code(2, 0x80, 1), Instruction{A: 2, B: 128}},
	typed:     {code(I64), Instruction{Block: BlockType(I64)}},
	labels:    {code(2, 5, 6, 7), Instruction{Labels: []uint32{5, 6, 7}}},
	constI32:  {code(0xc0, 0xbb, 0x78), Instruction{I64: -123456}},
	constI64:  {code(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f), Instruction{I64: -1 << 63}},
	constF32:  {code(1, 2, 3, 0xff), Instruction{I64: 0xff030201}},
	constF64:  {code(1, 2, 3, 4, 5, 6, 7, 0xff), Instruction{I64: -0xf8f9fafbfcfdff}},
	reference: {code(Funcref), Instruction{}},
}

// written is an opcode's bytes.
func written(o Opcode) []byte {
	if o > 0xff {
		return []byte{0xfc, byte(o)}
	}
	return []byte{byte(o)}
}

func TestEveryOpcodeIsDecodedAndNamed(t *testing.T) {
	names := map[string]Opcode{}
	for _, o := range operations {
		if twice, ok := names[o.name]; ok {
			t.Errorf("%#x and %#x are both %s", uint16(twice), uint16(o.op), o.name)
		}
		names[o.name] = o.op
		imm, ok := immediates[o.imm]
		if !ok {
			t.Fatalf("%s: no sample of its immediate", o.name)
		}
		c := code(written(o.op), imm.bytes)
		w := Walk(code(c, OpNop))
		if !w.Next() {
			t.Errorf("%s: %v", o.name, w.Err())
			continue
		}
		got, want := *w.Instruction(), imm.want
		want.Op, want.End = o.op, len(c)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: decoded as %+v, want %+v", o.name, got, want)
		}
		if o.op.String() != o.name || !o.op.Known() {
			t.Errorf("%#x is named %q, want %q", uint16(o.op), o.op, o.name)
		}
		if !w.Next() || w.Instruction().Op != OpNop || w.Next() || w.Err() != nil {
			t.Errorf("%s: what follows is not found: %v", o.name, w.Err())
		}
	}
	if len(names) != 194 {
		t.Errorf("%d opcodes, want 172 of WebAssembly 1.0, 5 of sign extension, 8 saturating, 7 of bulk memory, 2 references", len(names))
	}
}

func TestEveryOpcodeNeedsItsImmediates(t *testing.T) {
	for _, o := range operations {
		c := code(written(o.op), immediates[o.imm].bytes)
		for n := 1; n < len(c); n++ {
			w := Walk(c[:n])
			if w.Next() {
				t.Errorf("%s: accepted as %x of %x", o.name, c[:n], c)
			}
			if r, ok := w.Err().(*Refusal); !ok || r.Offset != 0 || r.Instruction == "" {
				t.Errorf("%s cut short: %v", o.name, w.Err())
			}
		}
	}
}

func TestEveryOtherOpcodeIsRefused(t *testing.T) {
	refused := 0
	check := func(c []byte, name string) {
		refused++
		w := Walk(code(OpNop, c, times(32, code(0))))
		for w.Next() {
			if w.Instruction().Op != OpNop {
				t.Errorf("%s is accepted", name)
				return
			}
		}
		r, ok := w.Err().(*Refusal)
		if !ok || r.Offset != 1 || r.Instruction == "" || r.What == "" {
			t.Errorf("%s: refused as %v", name, w.Err())
		}
		if strings.Contains(r.What, "(") && r.Instead == "" {
			t.Errorf("%s: nothing says what to do instead", name)
		}
	}
	for b := range 256 {
		if o := Opcode(b); b != 0xfc && !o.Known() {
			check(code(b), fmt.Sprintf("%#x", b))
		}
	}
	for n := range uint32(600) {
		if n >= 15 {
			check(code(0xfc, AppendU32(nil, n)), fmt.Sprintf("0xfc %d", n))
		}
	}
	check(code(0xfc, 0x80, 0x80, 0x80, 0x80, 0x80, 0), "0xfc and an integer that is too long")
	if refused != 256-1-(194-15)+585+1 {
		t.Errorf("%d opcodes refused", refused)
	}
}

func TestAliensAreNamed(t *testing.T) {
	for o, a := range aliens {
		if o.Known() && o != OpRefNull && o != OpRefFunc {
			t.Errorf("%s is both accepted and refused", a.name)
		}
		r := refuseOpcode(0, o)
		if !strings.Contains(r.Error(), a.name) && !o.Known() || r.Instead == "" {
			t.Errorf("%#x: %v", uint16(o), r)
		}
	}
}

func TestWalkDoesNotAllocate(t *testing.T) {
	c := times(1000, code(OpI32Const, 1, OpDrop, OpBlock, BlockNone, OpEnd, OpBrTable, 2, 0, 0, 0))
	w := Walk(c)
	n := testing.AllocsPerRun(10, func() {
		w.next = 0
		for w.Next() {
		}
	})
	if n > 0 {
		t.Errorf("%v allocations in a walk", n)
	}
}

// TestSignaturesFollowFromNames: an instruction's name says what it takes and gives, and how much memory it touches.
func TestSignaturesFollowFromNames(t *testing.T) {
	letters := map[string]string{"i32": "i", "i64": "l", "f32": "f", "f64": "d"}
	sizes := map[string]uint32{"8": 0, "16": 1, "32": 2, "64": 3}
	special := map[string]string{"memory.size": ":i", "memory.grow": "i:i", "data.drop": ":", "elem.drop": ":",
		"memory.init": "iii:", "memory.copy": "iii:", "memory.fill": "iii:", "table.init": "iii:", "table.copy": "iii:"}
	checked := 0
	for _, o := range operations {
		kind, name, _ := strings.Cut(o.name, ".")
		own, verb, _ := strings.Cut(name, "_")
		t1, typed := letters[kind]
		want, ok := special[o.name]
		var align uint32
		switch from := letters[strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(verb, "sat_"), "_s"), "_u")]; {
		case ok:
		case !typed:
			continue
		case o.imm == memory:
			size := strings.TrimLeft(own, "loadstre")
			if align, ok = sizes[size]; !ok {
				align = sizes[kind[1:]]
			}
			if want = "i:" + t1; strings.HasPrefix(own, "store") {
				want = "i" + t1 + ":"
			}
		case own == "const":
			want = ":" + t1
		case from != "":
			want = from + ":" + t1
		case own == "eqz":
			want = t1 + ":i"
		case strings.Contains(" eq ne lt gt le ge ", " "+own+" "):
			want = t1 + t1 + ":i"
		case strings.Contains(" clz ctz popcnt abs neg ceil floor trunc nearest sqrt extend8 extend16 extend32 ", " "+own+" "):
			want = t1 + ":" + t1
		default:
			want = t1 + t1 + ":" + t1
		}
		checked++
		if o.sig != want || o.align != align {
			t.Errorf("%s: signature %q, alignment %d, want %q, %d", o.name, o.sig, o.align, want, align)
		}
	}
	if checked != 172 {
		t.Errorf("%d signatures checked", checked)
	}
}
