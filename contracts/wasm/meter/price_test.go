package meter

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// TestPrices: everything that validates has a price, and nothing else.
func TestPrices(t *testing.T) {
	for o := range module.Opcode(0x110) {
		if o >= 0x100 {
			o += 0xfc00 - 0x100
		}
		_, ok := PriceOf(o)
		runs := o.Known() && o != module.OpRefNull && o != module.OpRefFunc
		if ok != runs {
			t.Errorf("%s (%#x): priced %v, runs %v", o, o, ok, runs)
		}
	}
	for _, o := range []module.Opcode{0xfc10, 0xfcff, 0xfd00, 0xff} {
		if _, ok := PriceOf(o); ok {
			t.Errorf("%#x has a price", o)
		}
	}
}

// TestClassesOverlapOnPurpose: a later class overrides an earlier one only inside of it.
func TestClassesOverlapOnPurpose(t *testing.T) {
	for i, c := range classes {
		for _, earlier := range classes[:i] {
			if c.first <= earlier.last && earlier.first <= c.last && (c.first < earlier.first || c.last > earlier.last) {
				t.Errorf("%s to %s overlaps %s to %s", c.first, c.last, earlier.first, earlier.last)
			}
		}
	}
}

// TestSnippets prices code by hand: which class each instruction is of.
func TestSnippets(t *testing.T) {
	for _, c := range []struct {
		code   string
		tenths int
	}{
		{"nop; drop; block; loop; end; unreachable", gas.Nothing},
		{"local.get 0; i32.const 1; i32.add; local.set 0", 3*gas.Local + gas.Integer},
		{"local.tee 0; i64.const 1; f32.const 0; f64.const 0", 4 * gas.Local},
		{"global.get 0; global.set 0", 2 * gas.Global},
		{"i32.mul; i64.mul", 2 * gas.Multiply},
		{"i32.div_s; i32.div_u; i32.rem_s; i32.rem_u; i64.div_s; i64.rem_u", 6 * gas.Divide},
		{"i32.eqz; i64.eqz; i32.lt_u; i64.ge_s; i32.and; i64.xor; i32.shl; i64.shr_u", 8 * gas.Integer},
		{"i32.clz; i64.ctz; i32.popcnt; i64.rotl; i32.rotr; select", 6 * gas.Count},
		{"i32.wrap_i64; i64.extend_i32_u; i32.extend8_s; i64.extend32_s; i64.reinterpret_f64; f32.reinterpret_i32", 6 * gas.Integer},
		{"i32.load 0; i64.load32_u 0; f64.load 0; i32.load8_s 0", 4 * gas.Load},
		{"i32.store 0; i64.store8 0; f32.store 0; i64.store32 0", 4 * gas.Store},
		{"br 0; br_if 0; if; else; return", 5 * gas.Branch},
		{"br_table 0 0", gas.BranchTable},
		{"call 0; call_indirect 0", gas.Call + gas.CallTable},
		{"f64.neg; f32.abs; f64.copysign; f64.eq; f32.lt", 5 * gas.Float},
		{"f32.add; f64.sub; f32.mul; f32.min; f64.max; f32.ceil; f64.nearest; f32.demote_f64; f64.promote_f32", 9 * gas.FloatResult},
		{"f32.div; f64.sqrt", 2 * gas.FloatDivide},
		{"f64.convert_i32_u; i32.trunc_f64_s; i64.trunc_sat_f32_u; f32.convert_i64_s", 4 * gas.Float},
		{"memory.size", gas.MemorySize},
		{"memory.grow; memory.copy; memory.fill; memory.init 0; table.copy 0 0; table.init 0 0; data.drop 0; elem.drop 0", 8 * gas.Bulk},
	} {
		total := 0
		w := module.Walk(assemble(t, c.code))
		for w.Next() {
			p, _ := PriceOf(w.Instruction().Op)
			total += int(p)
		}
		if w.Err() != nil || total != c.tenths {
			t.Errorf("%s costs %d tenths, want %d (%v)", c.code, total, c.tenths, w.Err())
		}
	}
}
