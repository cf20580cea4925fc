package meter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

var standard = Options{MaxStack: 128 << 10}

// TestIndices: what is added moves nothing but the functions defined in the module, and they are followed everywhere.
func TestIndices(t *testing.T) {
	m := sample(t, module.FuncType{}, nil, assemble(t, "call 0; call 1; call 2; i32.const 0; call_indirect 1"), "one", "uno")
	m.Exports = append(m.Exports, module.Export{Name: "host", Kind: module.ExternFunc, Index: 0}, module.Export{Name: "memory", Kind: module.ExternMemory})
	start := uint32(2)
	m.Start = &start
	m.Elements = append(m.Elements, module.Element{Mode: module.Passive, Exprs: [][]byte{{byte(module.OpRefFunc), 2, byte(module.OpEnd)}, {byte(module.OpRefNull), 0x70, byte(module.OpEnd)}}})
	m.Imports = append(m.Imports, module.Import{Module: "host", Name: "g", Kind: module.ExternGlobal, Global: module.GlobalType{Type: module.I32}})
	out := instrument(t, m, Options{MaxStack: 1000, Mark: true, MarkShift: 16})

	last := out.Imports[len(out.Imports)-1]
	if last.Module != "thinkey_meter" || last.Name != "refill" || len(out.Types[last.Type].Params) != 0 {
		t.Errorf("last import is %+v", last)
	}
	var exports []string
	for _, e := range out.Exports {
		exports = append(exports, fmt.Sprintf("%s %s %d", e.Name, e.Kind, e.Index))
	}
	want := "one function 2, uno function 2, host function 0, memory memory 0, thinkey_gas global 3, thinkey_stack global 4, thinkey_dirty global 5, thinkey_global_1 global 2"
	if got := strings.Join(exports, ", "); got != want {
		t.Errorf("exports are %s\nwant %s", got, want)
	}
	if *out.Start != 3 {
		t.Errorf("start is %d", *out.Start)
	}
	for i, want := range [][]uint32{{0, 2, 3}, {3}} {
		if !slices.Equal(out.Elements[i].Funcs, want) {
			t.Errorf("element %d is %v, want %v", i, out.Elements[i].Funcs, want)
		}
	}
	if x := out.Elements[2].Exprs; x[0][1] != 3 || x[1][1] != 0x70 {
		t.Errorf("expressions are %v", x)
	}
	var called []uint32
	for w := module.Walk(out.Bodies[0].Code); w.Next(); {
		if in := w.Instruction(); in.Op == module.OpCall {
			called = append(called, in.A)
		}
	}
	if want := []uint32{1, 0, 2, 3, 1}; !slices.Equal(called, want) { // refill first and last
		t.Errorf("calls %v, want %v", called, want)
	}
}

// TestRefusals: what can't be done is refused, with what is wrong and what is allowed.
func TestRefusals(t *testing.T) {
	plain := func() *module.Module { return sample(t, module.FuncType{}, nil, assemble(t, "nop"), "f") }
	taken := plain()
	taken.Exports[0].Name = GlobalStack
	many := plain()
	many.Bodies[0].Locals = []module.Locals{{Count: maxLocals + 1, Type: module.I32}}
	for _, c := range []struct {
		m    *module.Module
		o    Options
		want string
	}{
		{plain(), Options{}, "MaxStack is 0 words"},
		{plain(), Options{MaxStack: 1<<30 + 1}, "MaxStack is 1073741825 words, allowed are 1 to 1073741824"},
		{plain(), Options{MaxStack: 1, Mark: true, MarkShift: 2}, "MarkShift is 2, allowed are 3 to 26"},
		{plain(), Options{MaxStack: 1, Mark: true, MarkShift: 27}, "MarkShift is 27"},
		{taken, standard, `exports "thinkey_stack"`},
		{many, standard, "function 1 has 65537 locals"},
	} {
		facts, err := module.Validate(c.m, module.Any())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Instrument(c.m, facts, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
	taken.Exports[0].Name = GlobalDirty // free without Mark
	instrument(t, taken, standard)
}

// TestFrames: the words that a frame counts for, so that frames are bounded in number, in values, and in code (G4).
func TestFrames(t *testing.T) {
	for _, c := range []struct {
		max   uint32
		f     module.FunctionFacts
		words uint32
	}{
		{128 << 10, module.FunctionFacts{Locals: 1, Stack: 1, Instructions: 10}, 74},
		{128 << 10, module.FunctionFacts{Locals: 100, Stack: 20, Instructions: 10}, 120},
		{128 << 10, module.FunctionFacts{Instructions: 32_000}, 1000},
		{128 << 10, module.FunctionFacts{Instructions: 320, Blocks: 100, Locals: 99}, 319},
		{1000, module.FunctionFacts{Locals: 2, Stack: 2}, 4},
		{1000, module.FunctionFacts{Instructions: 1 << 20}, 1001},
		{maxMaxStack, module.FunctionFacts{Instructions: 1 << 40, Blocks: 1 << 20, Locals: 1 << 16}, maxMaxStack + 1},
	} {
		p := plan{layout: &layout{maxStack: c.max}}
		if got := p.words(&c.f); got != c.words {
			t.Errorf("of %d, %+v counts for %d words, want %d", c.max, c.f, got, c.words)
		}
		if frames := c.max / c.words; frames >= 1800 {
			t.Errorf("%d frames of %d words fit into %d", frames, c.words, c.max)
		}
	}
}
