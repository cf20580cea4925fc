package meter

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// opcodes by name.
var opcodes = func() map[string]module.Opcode {
	all := map[string]module.Opcode{}
	for o := range module.Opcode(0x100) {
		if o.Known() {
			all[o.String()] = o
		}
	}
	for o := module.Opcode(0xfc00); o < 0xfc10; o++ {
		if o.Known() {
			all[o.String()] = o
		}
	}
	return all
}()

var types = map[string]module.ValueType{"i32": module.I32, "i64": module.I64, "f32": module.F32, "f64": module.F64}

// parse reads types, with commas between.
func parse(t testing.TB, s string) []module.ValueType {
	var all []module.ValueType
	for name := range strings.SplitSeq(s, ",") {
		if v, ok := types[name]; ok {
			all = append(all, v)
		} else if name != "" && name != "-" {
			t.Fatalf("no type %q", name)
		}
	}
	return all
}

// assemble translates one instruction to a line, or to a field between semicolons; the last end is added.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	var c module.Code
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		o, ok := opcodes[f[0]]
		if !ok {
			t.Fatalf("no instruction %q", line)
		}
		appendInstruction(&c, o, f[1:])
	}
	c.Op(module.OpEnd)
	return c
}

// appendInstruction appends one.
func appendInstruction(c *module.Code, o module.Opcode, args []string) {
	arg := func(i int) int64 {
		if i >= len(args) {
			return 0
		}
		v, err := strconv.ParseInt(args[i], 0, 64)
		if err != nil {
			panic(err)
		}
		return v
	}
	switch {
	case o >= 0xfc00 && traits[o.Place()].kind == bulk:
		write := wanted{o, uint32(arg(0)), uint32(arg(1))}
		write.write(c)
	case o == module.OpDataDrop || o == module.OpElemDrop:
		c.With(o, uint32(arg(0)))
	case o >= 0xfc00:
		c.With(o)
	case o == module.OpBlock || o == module.OpLoop || o == module.OpIf:
		b := module.BlockNone
		if len(args) > 0 {
			b = module.BlockType(types[args[0]])
		}
		c.Block(o, b)
	case o == module.OpBrTable:
		*c = append(*c, byte(o), byte(len(args)-1))
		for i := range args {
			*c = module.AppendU32(*c, uint32(arg(i)))
		}
	case o == module.OpI32Const:
		c.I32(int32(arg(0)))
	case o == module.OpI64Const:
		c.I64(arg(0))
	case o == module.OpF32Const:
		*c = binary.LittleEndian.AppendUint32(append(*c, byte(o)), uint32(arg(0)))
	case o == module.OpF64Const:
		*c = binary.LittleEndian.AppendUint64(append(*c, byte(o)), uint64(arg(0)))
	case o == module.OpMemorySize || o == module.OpMemoryGrow:
		c.With(o, 0)
	case o >= module.OpI32Load && o <= module.OpI64Store32:
		c.With(o, 0) // alignment 1
		*c = module.AppendU32(*c, uint32(arg(0)))
	case o == module.OpCallIndirect:
		c.With(o, uint32(arg(0)))
		*c = append(*c, 0)
	case indexed(o):
		c.With(o, uint32(arg(0)))
	default:
		c.Op(o)
	}
}

// indexed says whether one index follows.
func indexed(o module.Opcode) bool {
	return o >= module.OpBr && o <= module.OpCallIndirect && o != module.OpReturn ||
		o >= module.OpLocalGet && o <= module.OpGlobalSet
}

// disassemble is the opposite of assemble, with our globals and refill by name.
func disassemble(t testing.TB, b []byte, l *layout) string {
	t.Helper()
	var out strings.Builder
	w := module.Walk(b)
	for depth := 0; w.Next(); {
		in := w.Instruction()
		if in.Op == module.OpEnd || in.Op == module.OpElse {
			depth--
		}
		if depth < 0 {
			break // the function's end
		}
		fmt.Fprintf(&out, "%s%s%s\n", strings.Repeat("  ", depth), in.Op, immediates(in, l))
		if in.Op >= module.OpBlock && in.Op <= module.OpElse {
			depth++
		}
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// immediates prints what follows an opcode.
func immediates(in *module.Instruction, l *layout) string {
	switch o := in.Op; {
	case o == module.OpBlock || o == module.OpLoop || o == module.OpIf:
		if r, ok := in.Block.Result(); ok {
			return " " + r.String()
		}
		return ""
	case o == module.OpBrTable:
		return " " + strings.Trim(fmt.Sprint(in.Labels), "[]")
	case o >= module.OpI32Const && o <= module.OpI64Const:
		return fmt.Sprint(" ", in.I64)
	case o == module.OpF32Const || o == module.OpF64Const:
		return fmt.Sprintf(" %#x", in.I64)
	case o >= module.OpI32Load && o <= module.OpI64Store32:
		return fmt.Sprint(" ", in.B)
	case (o == module.OpGlobalGet || o == module.OpGlobalSet) && in.A >= l.gas:
		return " $" + [...]string{"gas", "stack", "dirty"}[in.A-l.gas]
	case o == module.OpCall && in.A == l.refill:
		return " $refill"
	case o == module.OpCall && in.A >= l.firstMade:
		return fmt.Sprint(" $made", in.A-l.firstMade)
	case indexed(o):
		return fmt.Sprint(" ", in.A)
	}
	return ""
}

// sample is a module around one function, number 1. Number 0 is imported, 2 is an empty one; all have one type. There is
// a memory, a table with all three functions, a passive data segment and a passive element segment, and two globals.
func sample(t testing.TB, f module.FuncType, locals []module.ValueType, body []byte, names ...string) *module.Module {
	t.Helper()
	passive := module.Data{Mode: module.Passive, Bytes: []byte("data")}
	one := uint32(1)
	m := &module.Module{
		Types:     []module.FuncType{f, {}},
		Imports:   []module.Import{{Module: "host", Name: "call", Kind: module.ExternFunc, Type: 1}},
		Funcs:     []uint32{0, 1},
		Tables:    []module.Limits{{Min: 3}},
		Memories:  []module.Limits{{Min: 1}},
		Globals:   []module.Global{constant32(7, false), constant32(8, true)},
		Elements:  []module.Element{{Mode: module.Active, Offset: assemble(t, "i32.const 0"), Funcs: []uint32{0, 1, 2}}, {Mode: module.Passive, Funcs: []uint32{2}}},
		DataCount: &one,
		Bodies:    []module.Body{{Code: body}, {Code: []byte{byte(module.OpEnd)}}},
		Data:      []module.Data{passive},
	}
	for _, l := range locals {
		m.Bodies[0].Locals = append(m.Bodies[0].Locals, module.Locals{Count: 1, Type: l})
	}
	for _, n := range names {
		m.Exports = append(m.Exports, module.Export{Name: n, Kind: module.ExternFunc, Index: 1})
	}
	return m
}

// constant32 is an i32 global.
func constant32(v int32, mutable bool) module.Global {
	var c module.Code
	c.I32(v)
	c.Op(module.OpEnd)
	return module.Global{GlobalType: module.GlobalType{Type: module.I32, Mutable: mutable}, Init: c}
}

// instrument validates m, instruments it, and validates what comes out, encoded and decoded.
func instrument(t testing.TB, m *module.Module, o Options) *module.Module {
	t.Helper()
	before := string(m.Encode())
	facts, err := module.Validate(m, module.Any())
	if err != nil {
		t.Fatalf("the test's module: %v", err)
	}
	out, err := Instrument(m, facts, o)
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Encode()) != before {
		t.Fatal("Instrument changed its argument")
	}
	again, facts, err := module.Check(out.Encode(), module.Any())
	if err != nil {
		t.Fatalf("the result: %v", err)
	}
	if len(facts.Selects) > 0 {
		t.Fatalf("%d selects of floats are left (G9)", len(facts.Selects))
	}
	return again
}
