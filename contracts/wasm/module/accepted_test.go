package module

import (
	"math"
	"slices"
	"testing"
)

// accepted is code that is valid for a reason that is easy to get wrong.
var accepted = []struct {
	name string
	code []byte
}{
	{"a branch to a loop takes nothing along", code(OpLoop, I32, OpI32Const, 0, OpBrIf, 0, OpI32Const, 0, OpEnd, OpDrop)},
	{"a branch out of a loop takes its value along", code(OpBlock, I32, OpLoop, I32, OpI32Const, 7, OpBr, 1, OpEnd, OpEnd, OpDrop)},
	{"a conditional branch leaves what it would take along", code(OpBlock, I64, OpI64Const, 1, OpI32Const, 0, OpBrIf, 0, OpEnd, OpDrop)},
	{"a branch leaves operands below", code(OpBlock, I32, OpI64Const, 1, OpI32Const, 0, OpBr, 0, OpEnd, OpDrop)},
	{"a branch to the body is a return", code(OpBlock, BlockNone, OpBr, 1, OpEnd)},
	{"a block does not see what is below", code(OpI64Const, 0, OpBlock, I32, OpI32Const, 1, OpEnd, OpDrop, OpI64Eqz, OpDrop)},
	{"dead code takes what isn't there", code(OpUnreachable, OpI32Add, OpDrop, OpF64Neg, OpDrop, OpSelect, OpDrop)},
	{"dead code takes what is there first", code(OpUnreachable, OpI32Const, 1, OpI32Add, OpDrop)},
	{"dead select of one known operand", code(OpUnreachable, OpI64Const, 1, OpI32Const, 0, OpSelect, OpI64Eqz, OpDrop)},
	{"dead select of none", code(OpUnreachable, OpI32Const, 0, OpSelect, OpF32Abs, OpDrop)},
	{"the value of a dead block", code(OpBlock, I32, OpUnreachable, OpEnd, OpDrop)},
	{"dead code ends with its block", code(OpBlock, I32, OpBr, 1, OpEnd, OpI32Eqz, OpDrop)},
	{"dead branch", code(OpBlock, I32, OpUnreachable, OpBr, 0, OpEnd, OpDrop)},
	{"dead conditional branch", code(OpBlock, I32, OpUnreachable, OpBrIf, 0, OpI32Eqz, OpEnd, OpDrop)},
	{"dead branch table", code(OpBlock, I32, OpBlock, I32, OpUnreachable, OpBrTable, 1, 0, 1, OpEnd, OpEnd, OpDrop)},
	{"dead call", code(OpUnreachable, OpCall, 1, OpDrop)},
	{"a branch table to a loop and a block", code(OpBlock, BlockNone, OpLoop, BlockNone, OpI32Const, 0, OpBrTable, 2, 0, 1, 2, OpEnd, OpEnd)},
	{"if with both branches", code(OpI32Const, 0, OpIf, F32, OpF32Const, 0, 0, 0, 0, OpElse, OpUnreachable, OpEnd, OpDrop)},
	{"if without else", code(OpI32Const, 0, OpIf, BlockNone, OpReturn, OpEnd)},
	{"alignment below the size", code(OpI32Const, 0, OpI64Load, 0, 0, OpDrop)},
	{"alignment of the size", code(OpI32Const, 0, OpI64Load, 3, AppendU32(nil, 1<<32-1), OpDrop)},
	{"padded indices", code(OpLocalGet, 0x80, 0x80, 0, OpDrop, OpI32Const, 0, OpCallIndirect, 0x80, 0, 0x80, 0)},
	{"padded number behind 0xfc", code(times(3, code(OpI32Const, 0)), 0xfc, 0x8b, 0x80, 0, 0)},
	{"segments", code(times(3, code(OpI32Const, 0)), OpMemoryInit, 1, 0, OpDataDrop, 0, times(3, code(OpI32Const, 0)), OpTableInit, 1, 0, OpElemDrop, 0, times(3, code(OpI32Const, 0)), OpTableCopy, 0, 0)},
}

func TestAccepted(t *testing.T) {
	for _, c := range accepted {
		if _, _, err := Check(bare(c.code).Encode(), Any()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestEveryOpcodeHasItsEffect: an instruction of the table is accepted with exactly the operands of its signature, and
// gives its result.
func TestEveryOpcodeHasItsEffect(t *testing.T) {
	for _, o := range operations {
		if o.sig == "" {
			continue
		}
		e := effects[o.op.Place()]
		a := &author{}
		for i := int(e.n) - 1; i >= 0; i-- {
			a.add(true, OpLocalGet, localOf[e.takes[i]])
		}
		imm := map[immediate][]byte{index: {0}, pair: {0, 0}, indexZero: {0, 0}, memory: {byte(o.align), 0}}[o.imm]
		if imm == nil {
			imm = immediates[o.imm].bytes
		}
		a.add(e.n != 1 || e.takes[0] != e.gives, written(o.op), imm)
		if e.gives != unknown {
			a.add(true, OpLocalSet, localOf[e.gives])
		}
		if _, _, err := Check(bare(joined(a.code, -1)).Encode(), Any()); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
		for i, p := range a.code {
			if _, _, err := Check(bare(joined(a.code, i)).Encode(), Any()); err == nil && p.bound && len(a.code) > 1 {
				t.Errorf("%s is accepted without part %d", o.name, i)
			}
		}
		if o.imm == memory {
			c := code(OpUnreachable, written(o.op), int(o.align+1), 0)
			if _, _, err := Check(bare(c, OpUnreachable).Encode(), Any()); err == nil {
				t.Errorf("%s is accepted with an alignment beyond its size", o.name)
			}
		}
	}
}

// localOf is a local of each type in a bare module.
var localOf = map[ValueType]int{I32: 0, I64: 2, F32: 4, F64: 6}

func TestFacts(t *testing.T) {
	for _, c := range []struct {
		code []byte
		want FunctionFacts // without Work and Machine
	}{
		{code(), FunctionFacts{Locals: 8, Instructions: 1}},
		{code(OpI32Const, 0, OpI64Const, 0, OpCall, 1, OpDrop), FunctionFacts{Locals: 8, Stack: 2, Instructions: 5}},
		{code(OpBlock, BlockNone, OpLoop, BlockNone, OpI32Const, 0, OpBrIf, 0, OpEnd, OpEnd), FunctionFacts{Locals: 8, Stack: 1, Blocks: 3, Entries: 2, Loops: 1, Nesting: 2, Instructions: 7}},
		{code(OpI32Const, 0, OpIf, BlockNone, OpElse, OpEnd, OpBlock, BlockNone, OpEnd), FunctionFacts{Locals: 8, Stack: 1, Blocks: 3, Nesting: 1, Instructions: 7}},
		{code(times(3, code(OpLoop, BlockNone)), OpI32Const, 0, OpBrTable, 2, 0, 2, 1, times(3, code(OpEnd)), OpLoop, BlockNone, OpEnd), FunctionFacts{Locals: 8, Stack: 1, Blocks: 5, Labels: 3, Entries: 8, Loops: 3, Nesting: 3, Instructions: 11}},
		{code(OpI32Const, 0, OpBrTable, 3, 0, 0, 0, 0), FunctionFacts{Locals: 8, Stack: 1, Blocks: 1, Labels: 4, Instructions: 3}},
		{code(times(3, code(OpI32Const, 0)), OpMemoryFill, 0), FunctionFacts{Locals: 8, Stack: 3, Blocks: 7, Instructions: 5}},
		{code(OpUnreachable, times(9, code(OpI32Const, 0)), OpUnreachable), FunctionFacts{Locals: 8, Stack: 9, Instructions: 12}},
	} {
		_, facts, err := Check(bare(c.code).Encode(), Any())
		if err != nil {
			t.Fatal(err)
		}
		got := facts.Functions[0]
		got.Work, got.Machine = 0, 0
		if got != c.want {
			t.Errorf("%x: %+v, want %+v", c.code, got, c.want)
		}
		if sum := facts.Functions[0].Complexity() + facts.Functions[1].Complexity(); facts.Complexity != sum {
			t.Errorf("%x: complexity %d, of the functions %d", c.code, facts.Complexity, sum)
		}
		if second := facts.Functions[1]; second.Locals != 2 || second.Stack != 1 {
			t.Errorf("%x: the other function has %+v", c.code, second)
		}
	}
}

// TestComplexityGrows: each class of instruction counts, and so does each of what is multiplied.
func TestComplexityGrows(t *testing.T) {
	of := func(m *Module) uint64 {
		_, facts, err := Check(m.Encode(), Any())
		if err != nil {
			t.Fatal(err)
		}
		return facts.Functions[0].Complexity()
	}
	nothing := of(bare())
	for _, c := range []struct {
		name  string
		code  []byte
		least uint64 // units for a hundred
	}{
		{"plain", code(OpI32Const, 0, OpDrop), 100},
		{"call", code(OpCall, 0), 100 * workCall / workUnit},
		{"division", code(OpI64Const, 1, OpI64Const, 1, OpI64RemS, OpDrop), 100 * workDivide / workUnit},
		{"load", code(OpI32Const, 1, OpF32Load, 0, 0, OpDrop), 100 * workAccess / workUnit},
		{"truncation", code(OpLocalGet, 4, OpI64TruncF32U, OpDrop), 100 * workTruncate / workUnit},
		{"call_indirect", code(OpI32Const, 0, OpCallIndirect, 0, 0), 100 * workIndirect / workUnit},
		{"bulk", code(times(3, code(OpI32Const, 0)), OpMemoryCopy, 0, 0), 100 * workBulk / workUnit},
		{"block", code(OpBlock, BlockNone, OpEnd), (100*workBlock + 100*100*workBlockBlock) / workUnit},
		{"fill", code(times(3, code(OpI32Const, 0)), OpMemoryFill, 0), 700 * 700 * workBlockBlock / workUnit},
	} {
		if got := of(bare(times(100, c.code))) - nothing; got < c.least || got > 5*c.least {
			t.Errorf("a hundred times %s: %d units, want about %d", c.name, got, c.least)
		}
	}
	m := bare(times(100, code(OpBlock, BlockNone, OpEnd)))
	few := of(m)
	m.Bodies[0].Locals = append(m.Bodies[0].Locals, Locals{1000, I64})
	if got := of(m) - few; got != 100*1000*workBlockLocal/workUnit {
		t.Errorf("a thousand locals in a hundred blocks: %d units more", got)
	}
	m = bare(times(50, code(OpLoop, BlockNone)), times(50, code(OpI32Const, 0, OpBrIf, 0, OpEnd)))
	m.Bodies[0].Locals = []Locals{{100, I32}}
	if got := of(m); got < 100*50*100*100/loopsUnit {
		t.Errorf("fifty loops within each other, each with a branch back, and a hundred locals: %d units", got)
	}
	m.Bodies[0].Locals = []Locals{{1 << 31, I32}}
	if got := of(m); got < math.MaxUint64/loopsUnit {
		t.Errorf("two billion locals in the same loops: %d units", got)
	}
}

// TestByHand: a module that no binary was decoded to is refused, never the cause of a panic.
func TestByHand(t *testing.T) {
	for name, change := range map[string]func(m *Module){
		"code behind a constant's end": func(m *Module) { m.Globals[0].Init = code(zeroI32, OpEnd) },
		"constant without end":         func(m *Module) { m.Globals[0].Init = zeroI32[:2] },
		"no constant":                  func(m *Module) { m.Globals[0].Init = nil },
		"no code":                      func(m *Module) { m.Bodies[0].Code = nil },
		"no body":                      func(m *Module) { m.Bodies = m.Bodies[:1] },
		"no offset":                    func(m *Module) { m.Data[0].Offset = nil },
		"data count":                   func(m *Module) { *m.DataCount = 7 },
	} {
		m := bare()
		change(m)
		if _, err := Validate(m, Any()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestIndexSpaces(t *testing.T) {
	m := decoded(t, sample())
	if m.ImportedFuncs() != 1 || m.ImportedGlobals() != 1 || len(m.AllTables()) != 1 || len(m.AllMemories()) != 1 {
		t.Errorf("%d functions and %d globals imported", m.ImportedFuncs(), m.ImportedGlobals())
	}
	if got := m.FuncTypeIndices(); !slices.Equal(got, []uint32{2, 0, 1}) {
		t.Errorf("types of functions: %v", got)
	}
	if got := m.GlobalTypes(); !slices.Equal(got, []GlobalType{{I32, false}, {I32, true}, {F64, false}}) {
		t.Errorf("types of globals: %v", got)
	}
	if e, ok := m.Export("query"); !ok || e.Index != 1 {
		t.Errorf("export query: %v", e)
	}
}

// Selects of floats are told apart from those of integers.
func TestFloatSelects(t *testing.T) {
	choose := func(t ValueType) []byte {
		constant := map[ValueType][]byte{I32: code(OpI32Const, 0), F32: code(OpF32Const, 0, 0, 0, 0), F64: code(OpF64Const, 0, 0, 0, 0, 0, 0, 0, 0)}[t]
		return code(constant, constant, OpI32Const, 0, OpSelect, OpDrop)
	}
	_, facts, err := Check(bare(code(choose(I32), choose(F64), choose(F32), OpUnreachable, OpI32Const, 0, OpSelect, OpDrop)).Encode(), Any())
	if err != nil {
		t.Fatal(err)
	}
	want := []FloatSelect{{At: 8 + 20, Type: F64}, {At: 8 + 22 + 12, Type: F32}}
	if !slices.Equal(facts.Selects, want) {
		t.Errorf("%+v, want %+v", facts.Selects, want)
	}
}
