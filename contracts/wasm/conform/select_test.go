package conform

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// choosing is a function (x, c) -> (c ? 5 + x : 5 * (c ? x : 7)) + x. At its select wazero's compiler for amd64 has x on
// its stack, for the call; wants it in the register where the first arm had it, for the sum; and takes that from the 7.
func choosing(t module.ValueType) *module.Module {
	m := &module.Module{Memories: []module.Limits{{Min: 1, Max: 1, HasMax: true}}}
	load, align, add, mul := module.OpF32Load, uint32(2), module.OpF32Add, module.OpF32Mul
	numbers := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, from32(5)), from32(7))
	if t == module.F64 {
		load, align, add, mul = module.OpF64Load, 3, module.OpF64Add, module.OpF64Mul
		numbers = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, from64(5)), from64(7))
	}
	m.Data = []module.Data{{Mode: module.Active, Offset: expression(module.I32, 0), Bytes: numbers}}
	nothing := define(m, "", module.FuncType{}, nil, code((*assembler).end))
	kind := module.FuncType{Params: []module.ValueType{t, module.I32}, Results: []module.ValueType{t}}
	define(m, functionName(1), kind, nil, code(func(a *assembler) {
		at := func(offset uint32) { a.i32(0); a.op(load, align, offset) }
		x, c := func() { a.op(module.OpLocalGet, 0) }, func() { a.op(module.OpLocalGet, 1) }
		a.op(module.OpCall, nothing)
		c()
		a.block(module.OpIf, t)
		at(0)
		x()
		a.op(add)
		a.op(module.OpElse)
		at(0)
		x()
		at(8)
		c()
		a.op(module.OpSelect)
		a.op(mul)
		a.end()
		x()
		a.op(add)
		a.end()
	}))
	return m
}

// TestFloatSelect holds that the select of floats which the engine's compiler gets wrong doesn't reach it. When it computes
// the original right too, the instrumenter need not rewrite selects any longer (G9 of contracts/wasm/meter).
func TestFloatSelect(t *testing.T) {
	for kind, sum := range map[module.ValueType][2]uint64{module.F32: {from32(3), from32(38)}, module.F64: {from64(3), from64(38)}} {
		m := choosing(kind)
		facts, err := module.Validate(m, module.Any())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []form{original, metered, marked} {
			code, err := f.of(m, facts)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range newRigs(t) {
				run, err := r.start(code, f)
				if err != nil {
					t.Fatal(err)
				}
				got := run.call(invocation{1, []uint64{sum[0], 0}}, wide)
				run.stop()
				right := got.ended == "" && fmt.Sprint(got.results) == fmt.Sprint(sum[1:])
				if known := !f.metered && r.engine.name == "compiler" && runtime.GOARCH == "amd64"; right == known {
					t.Errorf("%s: %s %s: %v; want %x, and the original's wrong by the compiler for amd64", kind, r.engine.name, f.name, got, sum[1])
				}
			}
		}
	}
}
