package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// counter adds the length of its input to what it keeps.
func counter() guest {
	return guest{
		data: map[uint32]string{0: "count"},
		handle: text(
			host(abi.Read, 0, 5, 16, 8), module.OpDrop,
			16, // where to
			16, access(module.OpI64Load, 0), host(abi.Input, 32, 8), module.OpI64ExtendI32U, module.OpI64Add, access(module.OpI64Store, 0),
			host(abi.Write, 0, 5, 16, 8)),
		query: text(host(abi.Read, 0, 5, 16, 8), module.OpDrop, host(abi.Reply, 16, 8)),
	}
}

func TestCounter(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, counter().build())
		var all []any
		for _, input := range []string{"a", "bc", ""} {
			o := r.do(t, input)
			want(t, o, chain.StatusOK, "")
			r.keep(o)
			all = append(all, o)
		}
		if got := r.storage["count"]; got != "\x03\x00\x00\x00\x00\x00\x00\x00" {
			t.Errorf("count is %q", got)
		}
		return all
	})
}

// wide is a module with everything that a message can change: memory near and far, globals, tables, segments, the size of
// memory. It reports what it finds as events, then changes all of it as its input says, and ends so too.
func wide(pages uint32, tables asm) guest {
	last, middle := int(pages)*pageBytes-9, int(pages)*pageBytes/2+12_345
	show := func(v asm, store module.Opcode) asm { return text(64, v, access(store, 0), say(64, 8)) }
	return guest{
		pages: pages, most: 20, data: map[uint32]string{pageBytes - 1: "t", uint32(last - 8): "far away"},
		globals: []module.Global{
			global(module.I32, i32(5)), global(module.I64, i64(-6)), {GlobalType: module.GlobalType{Type: module.I32}, Init: text(7, module.OpEnd)},
			global(module.F64, asm{byte(module.OpF64Const), 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}),
		},
		table: []uint32{0, 1}, elements: [][]uint32{{1, 0}}, passive: []string{"passive"},
		more: []function{
			{results: []module.ValueType{module.I32}, code: i32(10)}, {results: []module.ValueType{module.I32}, code: i32(11)},
		},
		handle: text(
			host(abi.Input, 32, 8), module.OpDrop,
			show(at(module.OpGlobalGet, 0), module.OpI32Store), show(at(module.OpGlobalGet, 1), module.OpI64Store), show(at(module.OpGlobalGet, 3), module.OpF64Store),
			show(text(module.OpMemorySize, byte(0)), module.OpI32Store),
			show(text(0, at(module.OpCallIndirect, typeIndexOfResult), byte(0)), module.OpI32Store),
			say(last-8, 17), say(middle, 16), say(pageBytes/2, 16),
			// and now everything changes
			1, at(module.OpGlobalSet, 0), i64(2), at(module.OpGlobalSet, 1),
			at(module.OpGlobalGet, 3), at(module.OpGlobalGet, 3), module.OpF64Add, at(module.OpGlobalSet, 3),
			last-8, 32, access(module.OpI64Load, 0), access(module.OpI64Store, 0),
			last, 32, access(module.OpI64Load, 0), access(module.OpI64Store, 1),
			host(abi.Input, middle, 16), module.OpDrop, // which the host alone writes to
			pageBytes/2, 0x5a, 16, module.OpMemoryFill, byte(0),
			32, access(module.OpI32Load8U, 0), 'g', module.OpI32Eq, block(module.OpIf, 2, module.OpMemoryGrow, byte(0), module.OpDrop,
				int(pages)*pageBytes, 1, access(module.OpI32Store, 0)),
			tables,
			32, access(module.OpI32Load8U, 1), 't', module.OpI32Eq, block(module.OpIf, module.OpUnreachable),
			32, access(module.OpI32Load8U, 1), 'f', module.OpI32Eq, block(module.OpIf, failWith(32, 2)),
			32, access(module.OpI32Load8U, 1), 'l', module.OpI32Eq, block(module.OpIf, forever()),
		),
	}
}

// typeIndexOfResult is the index of () -> i32 in a guest's types: that of the host function parts.
var typeIndexOfResult = func() int {
	m := &module.Module{}
	for _, f := range abi.Functions {
		typeOf(m, types(f.Params), types(f.Results))
	}
	return int(typeOf(m, nil, []module.ValueType{module.I32}))
}()

// W2: whatever a message did, and however it ended, the next one finds a new image, and uses the same gas.
func TestFresh(t *testing.T) {
	const initTable, copyTable, dropElements, dropData = module.OpTableInit, module.OpTableCopy, module.OpElemDrop, module.OpDataDrop
	tables := map[string]asm{
		"":           nil,
		"table.init": text(0, 0, 2, initTable, byte(1), byte(0)),
		"table.copy": text(0, 1, 1, copyTable, byte(0), byte(0)),
		"elem.drop":  text(dropElements, byte(1)),
		"data.drop":  text(dropData, byte(2)),
	}
	for _, pages := range []uint32{1, 2, 5, 9, 16} {
		for name, c := range tables {
			t.Run(fmt.Sprint(pages, name), func(t *testing.T) {
				both(t, Config{}, func(t *testing.T, r *rig) any {
					r.publish(t, wide(pages, c).build())
					do := func(input string) exec.Outcome { return r.must(t, relay("do", input, 700_000)) }
					fresh := do("..")
					want(t, fresh, chain.StatusOK, "")
					var all []exec.Outcome
					for _, input := range []string{"g.", ".t", "gt", ".f", "gf", ".l", "gl", "..", "g."} {
						o := do(input + "xxxxxxxx")
						all = append(all, o)
						if again := do(".."); !reflect.DeepEqual(again, fresh) {
							t.Fatalf("after %s\n%+v\nfresh\n%+v", input, again, fresh)
						}
					}
					s := r.Stats()
					if kept := s.Runs - s.Made; name == "" && kept < s.Runs/2 || name != "" && s.Idle > 0 {
						t.Errorf("%+v", s)
					}
					return all
				})
			})
		}
	}
}

// The ways in which code ends by itself have one word each, whichever engine runs it.
func TestTraps(t *testing.T) {
	f64 := asm{byte(module.OpF64Const), 0, 0, 0, 0, 0, 0, 0xf0, 0x7f} // infinity
	nan := asm{byte(module.OpF64Const), 0, 0, 0, 0, 0, 0, 0xf8, 0x7f}
	deep := text(module.OpLocalGet, byte(0), 1, module.OpI32Add, call(2))
	for _, x := range []struct {
		name, words string
		code        asm
	}{
		{"unreachable", "unreachable", text(module.OpUnreachable)},
		{"load", "out of bounds memory access", text(-4, access(module.OpI32Load, 1), module.OpDrop)},
		{"store", "out of bounds memory access", text(pageBytes-7, i64(1), access(module.OpI64Store, 0))},
		{"fill", "out of bounds memory access", text(pageBytes-7, 0, 8, module.OpMemoryFill, byte(0))},
		{"copy", "out of bounds memory access", text(pageBytes-7, 0, 8, module.OpMemoryCopy, byte(0), byte(0))},
		{"division", "integer divide by zero", text(1, 0, module.OpI32DivS, module.OpDrop)},
		{"remainder", "integer divide by zero", text(i64(1), i64(0), module.OpI64RemU, module.OpDrop)},
		{"overflow", "integer overflow", text(-1<<31, -1, module.OpI32DivS, module.OpDrop)},
		{"conversion", "integer overflow", text(f64, module.OpI32TruncF64S, module.OpDrop)},
		{"conversion of no number", "invalid conversion to integer", text(nan, module.OpI64TruncF64S, module.OpDrop)},
		{"no element", "invalid table access", text(2, at(module.OpCallIndirect, typeIndexOfResult), byte(0), module.OpDrop)},
		{"outside the table", "invalid table access", text(9, at(module.OpCallIndirect, typeIndexOfResult), byte(0), module.OpDrop)},
		{"another type", "indirect call type mismatch", text(1, at(module.OpCallIndirect, typeIndexOfResult), byte(0), module.OpDrop)},
		{"recursion", "stack limit", text(0, call(2))},
		{"recursion with locals", "stack limit", text(call(3))},
	} {
		t.Run(x.name, func(t *testing.T) {
			both(t, Config{}, func(t *testing.T, r *rig) any {
				r.publish(t, guest{
					handle: x.code, table: []uint32{0, 1},
					more: []function{
						{results: []module.ValueType{module.I32}, code: i32(10)}, {},
						{params: []module.ValueType{module.I32}, code: deep},
						{code: text(call(3)), locals: make64(900)},
					},
				}.build())
				for range 3 { // an instance that trapped is used again
					o := r.do(t, "")
					want(t, o, chain.StatusTrap, x.words)
					if o.Reason != x.words {
						t.Errorf("reason %q", o.Reason)
					}
				}
				return r.do(t, "")
			})
		})
	}
}

func make64(n int) (all []module.ValueType) {
	for range n {
		all = append(all, module.I64)
	}
	return all
}

// Memory grows to the limit of 16 MiB, or the module's own, and no further; each page is new, whoever had it before.
func TestGrow(t *testing.T) {
	grow := text(module.OpMemoryGrow, byte(0))
	for _, x := range []struct{ least, most, end int }{{1, 0, 256}, {1, 256, 256}, {3, 100, 100}, {1, 9, 9}, {7, 7, 7}} {
		t.Run(fmt.Sprint(x), func(t *testing.T) {
			both(t, Config{}, func(t *testing.T, r *rig) any {
				r.publish(t, guest{pages: uint32(x.least), most: uint32(x.most), data: topic, handle: text(
					// too much at once is refused; page by page it grows until it is refused
					x.end-x.least+1, grow, -1, module.OpI32Ne, block(module.OpIf, module.OpUnreachable),
					block(module.OpLoop, 1, grow, at(module.OpLocalTee, 0), -1, module.OpI32Ne,
						block(module.OpIf,
							at(module.OpLocalGet, 0), 16, module.OpI32Shl, at(module.OpLocalTee, 1), access(module.OpI64Load, pageBytes-8),
							module.OpI64Eqz, module.OpI32Eqz, block(module.OpIf, module.OpUnreachable),
							at(module.OpLocalGet, 1), i64(-1), access(module.OpI64Store, pageBytes-8), at(module.OpBr, 1))),
					0, module.OpMemorySize, byte(0), access(module.OpI32Store, 0), say(0, 4)),
				}.build())
				do := func() exec.Outcome { return r.must(t, relay("do", "", 100_000_000)) }
				first := do()
				want(t, first, chain.StatusOK, "")
				if got := said(first)[0]; got != string([]byte{byte(x.end), byte(x.end >> 8), 0, 0}) {
					t.Errorf("%x pages", got)
				}
				for range 3 {
					if again := do(); !reflect.DeepEqual(again, first) {
						t.Errorf("%+v, then %+v", first, again)
					}
				}
				return first
			})
		})
	}
}

// After code that took too much stack, in an instance that is used again, the next has all of it.
func TestStackIsNew(t *testing.T) {
	down := text(at(module.OpLocalGet, 0), block(module.OpIf, at(module.OpLocalGet, 0), 1, module.OpI32Sub, call(0)))
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{
			handle: text(host(abi.Input, 0, 4), module.OpDrop, 0, access(module.OpI32Load, 0), call(0)),
			more:   []function{{params: []module.ValueType{module.I32}, code: down}},
		}.build())
		deep, far := "\xd0\x06\x00\x00", "\xd0\x07\x00\x00" // 1,744 and 2,000
		first := r.do(t, deep)
		want(t, first, chain.StatusOK, "")
		want(t, r.do(t, far), chain.StatusTrap, "stack limit")
		again := r.do(t, deep)
		if !reflect.DeepEqual(again, first) || r.Stats().Made != 1 {
			t.Errorf("%+v, then %+v; %+v", first, again, r.Stats())
		}
		return first
	})
}

// The memory of an instance that is gone, of which another is made, holds nothing of it.
func TestSpares(t *testing.T) {
	r := newRig(t, Config{MaxIdle: 1})
	show := text(say(100, 8), 1, module.OpMemoryGrow, byte(0), module.OpDrop, say(4*pageBytes+100, 8), 100, 0x55, 8, module.OpMemoryFill, byte(0), 4*pageBytes+100, 0x66, 8, module.OpMemoryFill, byte(0))
	a := r.publish(t, guest{pages: 4, handle: text(show, module.OpDataDrop, byte(1)), data: topic, passive: []string{"p"}}.build()) // not restored
	b := r.publish(t, guest{pages: 4, handle: show, data: map[uint32]string{pageBytes - 1: "t", 102: "own"}}.build())
	for i := range 6 {
		r.account.Code = a
		if got := said(r.do(t, "")); got[0] != strings.Repeat("\x00", 8) || got[1] != got[0] {
			t.Fatalf("%d: %q", i, got)
		}
		r.account.Code = b
		if got := said(r.do(t, "")); got[0] != "\x00\x00own\x00\x00\x00" || got[1] != strings.Repeat("\x00", 8) {
			t.Fatalf("%d: %q", i, got)
		}
	}
	if s := r.Stats(); s.Made != 12 || len(r.spares.list) == 0 || r.spares.bytes > maxSpareBytes {
		t.Errorf("%+v, %d spares", s, len(r.spares.list))
	}
}

// What is kept is bounded, and nobody gets a buffer much larger than what is asked for.
func TestSparesAreBounded(t *testing.T) {
	var s spares
	for n := 1; n < 100; n++ {
		s.give(make([]byte, n<<16))
		if s.bytes > maxSpareBytes {
			t.Fatalf("%d bytes are kept", s.bytes)
		}
	}
	for n := 1; n < 100; n += 7 {
		if b, used := s.take(n << 16); cap(b) < n<<16 || cap(b) > n<<17 || used != 0 && used != cap(b) {
			t.Errorf("%d bytes for %d, %d used", cap(b), n<<16, used)
		}
	}
	if b, used := s.take(1 << 10); cap(b) != 1<<10 || used != 0 {
		t.Errorf("%d bytes for 1024, %d used", cap(b), used)
	}
}

// Code that calls nothing comes back to the host before it has used much more than a slice, whatever gas it has: 100,000 are some 0.1 ms
// (W5). What it used is seen when it is stopped where it comes back first.
func TestSlicesAreShort(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		h := r.publish(t, guest{handle: repeat(0, 1<<30, 0, 1, access(module.OpI32Store, 0))}.build())
		r.stopping.Store(true)
		if _, err := r.apply(relay("do", "", chain.MaxMessageGas)); !errors.Is(err, ErrClosed) {
			t.Fatalf("error %v", err)
		}
		in := r.Engine.codes[h].free[0]
		used := in.granted - int64(in.gas.Get())
		if used <= 0 || used > 100_000 {
			t.Errorf("it came back after %d gas", used)
		}
		return used
	})
}

// What code uses between host calls is charged beside the calls.
func TestGasAddsUp(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		ask := text(host(abi.Gas), module.OpDrop)
		use := func(c asm) uint64 {
			r.publish(t, guest{handle: c}.build())
			return r.do(t, "").GasUsed
		}
		for n := range 4 {
			long := repeat(0, 1000*n+1, i64(3), at(module.OpLocalGet, 2), module.OpI64Add, at(module.OpLocalSet, 2))
			alone, with := use(text(long, long)), use(text(ask, long, ask, ask, long, ask))
			if more := with - alone; more < 4*gas.HostCall || more > 4*gas.HostCall+20 {
				t.Errorf("%d gas without host calls, %d with four", alone, with)
			}
			if n > 0 && alone < uint64(2000*n) {
				t.Errorf("%d gas for %d rounds", alone, 2000*n)
			}
		}
		return nil
	})
}

// A million of anything ends at a limit or without gas, and leaves nothing.
func TestMany(t *testing.T) {
	to := address(5)
	data := map[uint32]string{0: string(to[:]), 100: "t", 200: amount(0)}
	for _, x := range []struct {
		name   string
		code   asm
		status chain.Status
		words  string
	}{
		{"sends", host(abi.Send, 0, 100, 1, 200, i64(5_000), 0, 0), chain.StatusLimit, "more than 64 messages"},
		{"events", host(abi.Event, 100, 1, 0, 0), chain.StatusLimit, "more than 256 events"},
		{"logs", host(abi.Log, 100, 1), chain.StatusOK, ""},
		{"reads", text(host(abi.Read, 0, 9, 0, 0), module.OpDrop), chain.StatusOutOfGas, ""},
		{"writes", text(0, at(module.OpLocalGet, 0), access(module.OpI32Store, 0), host(abi.Write, 0, 4, 0, 1)), chain.StatusOutOfGas, ""},
		{"large writes", host(abi.Write, 0, 4, 0, pageBytes), chain.StatusOutOfGas, ""},
		{"hashes", host(abi.SHA256, 0, pageBytes, 1000), chain.StatusOutOfGas, ""},
		{"hashes of nothing", host(abi.BLAKE2b, 0, 0, 1000), chain.StatusOutOfGas, ""},
		{"contexts", host(abi.Context, 1000), chain.StatusOutOfGas, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t, Config{})
			r.publish(t, guest{data: data, handle: repeat(0, 1_000_000, x.code)}.build())
			o := r.must(t, r.external("do", "", chain.MaxMessageGas))
			want(t, o, x.status, x.words)
			if o.Status == chain.StatusOutOfGas && (o.GasUsed != chain.MaxMessageGas || o.GasLeft != 0) {
				t.Errorf("out of gas: %d used, %d left", o.GasUsed, o.GasLeft)
			}
			if len(o.Writes)+len(o.Sent)+len(o.Events) > 0 {
				t.Error("there are effects")
			}
		})
	}
}

// spenders use gas in every way: by itself, over many slices, by host calls, by bulk instructions, growing.
func spenders() map[string]guest {
	long := repeat(0, 300_000, i64(3), at(module.OpLocalGet, 2), module.OpI64Add, at(module.OpLocalSet, 2))
	return map[string]guest{
		"nothing": {handle: text(module.OpNop)},
		"loop":    {handle: long},
		"host":    {handle: text(host(abi.Context, 0), host(abi.SHA256, 0, 1000, 0)), data: topic},
		"counter": counter(),
		"mixed":   {handle: text(long, host(abi.Log, 0, 100), long, 1, module.OpMemoryGrow, byte(0), module.OpDrop, 0, 1, 60_000, module.OpMemoryFill, byte(0), long)},
		"calls":   {handle: repeat(0, 1000, call(0)), more: []function{{code: call(1)}, {code: text(1, 2, module.OpI32Add, module.OpDrop)}}},
		"data":    {data: map[uint32]string{0: "a", 10: "b", 20: "c"}, handle: text(module.OpNop)},
		"large":   {pages: 9, handle: text(long, 0, i64(5), access(module.OpI64Store, 8*pageBytes))},
	}
}

// W4: a message with exactly the gas that it needs succeeds, with one unit less it doesn't.
func TestBoundary(t *testing.T) {
	for name, g := range spenders() {
		t.Run(name, func(t *testing.T) {
			both(t, Config{}, func(t *testing.T, r *rig) any {
				r.publish(t, g.build())
				with := func(gas uint64) exec.Outcome { return r.must(t, r.external("do", "abc", gas)) }
				full := with(200_000_000)
				want(t, full, chain.StatusOK, "")
				need := full.GasUsed
				for _, more := range []uint64{0, 1, 2, slice, slice + 1} {
					if o := with(need + more); o.Status != chain.StatusOK || o.GasUsed != need || o.GasLeft != more {
						t.Errorf("with %d more: %+v", more, o)
					}
				}
				least := exec.ExternalGas(r.external("do", "abc", 0))
				random := rand.New(rand.NewPCG(1, need))
				all := []exec.Outcome{full}
				for _, less := range []uint64{1, 2, 59, 60, 61, 1000, need - least, need - least - 1, random.Uint64N(need - least), random.Uint64N(need - least)} {
					if less > need-least {
						continue
					}
					o := with(need - less)
					if o.Status != chain.StatusOutOfGas || o.GasUsed != need-less || o.GasLeft != 0 {
						t.Errorf("with %d less: %+v", less, o)
					}
					all = append(all, o)
				}
				return all
			})
		})
	}
}

// W3: the gas doesn't depend on what the engine holds.
func TestColdCostsTheSame(t *testing.T) {
	for name, g := range spenders() {
		t.Run(name, func(t *testing.T) {
			var first exec.Outcome
			dir := t.TempDir()
			for i, c := range []Config{{Dir: dir}, {Dir: dir}, {}, {MaxIdle: 1}, {MaxCompiled: 1}, {MaxCompiled: 1, Dir: dir}} {
				r := newRig(t, c)
				r.publish(t, g.build())
				for j := range 3 {
					o := r.do(t, "abc")
					if i+j == 0 {
						first = o
					}
					if !reflect.DeepEqual(o, first) {
						t.Errorf("%+v, run %d: %+v, want %+v", c, j, o, first)
					}
					if c.MaxCompiled == 1 {
						r.displace(t)
					}
				}
				checkHeld(t, c, r.Stats())
			}
		})
	}
}

// displace runs other code, for which the engine drops what it holds if that is over its bound.
func (r *rig) displace(t *testing.T) {
	t.Helper()
	mine := r.account
	r.publish(t, number(77).build())
	r.do(t, "")
	r.account = mine
}

// checkHeld holds how often the code was compiled and instances made to what the engine may keep.
func checkHeld(t *testing.T, c Config, s Stats) {
	t.Helper()
	runs, made, compiled := uint64(3), uint64(1), uint64(1)
	if c.MaxIdle == 1 {
		made = 3
	}
	if c.MaxCompiled == 1 {
		runs, made, compiled = 6, 6, 6 // with those that displaced it
	}
	if s.Runs != runs || s.Made != made || s.Compiled+s.Restored != compiled || s.Interpreted != 0 {
		t.Errorf("%+v: %+v", c, s)
	}
}

// A loop that never ends uses up all gas.
func TestForever(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{handle: forever()}.build())
		o := r.must(t, r.external("do", "", 3_000_000))
		want(t, o, chain.StatusOutOfGas, "3000000 does not suffice")
		if o.GasUsed != 3_000_000 || o.GasLeft != 0 {
			t.Errorf("%+v", o)
		}
		return o
	})
}

// What a message has at hand is what the host says, at every moment.
func TestGasLeft(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{data: topic, handle: text(0, host(abi.Gas), access(module.OpI64Store, 0), say(0, 8))}.build())
		o := r.must(t, relay("do", "", 100_000))
		got := binary.LittleEndian.Uint64([]byte(said(o)[0]))
		before := uint64(gas.Handling + gas.Run + gas.RestorePage + gas.HostCall)
		if left := 100_000 - before; got > left || got < left-30 {
			t.Errorf("%d, want about %d", got, left)
		}
		return o
	})
}

// The module of one account can't be told from outside which instance it ran on: two accounts' messages in any order.
func TestRefusedModules(t *testing.T) {
	r := newRig(t, Config{})
	for _, x := range []struct {
		name, words string
		binary      []byte
	}{
		{"nothing", "", nil},
		{"garbage", "", []byte("garbage")},
		{"merge without names", "merge", guest{merge: text(module.OpNop)}.build()},
		{"names without merge", "merge", guest{merges: []string{"do"}}.build()},
		{"an empty name", "length of a method", guest{merge: text(module.OpNop), merges: []string{""}}.build()},
	} {
		t.Run(x.name, func(t *testing.T) {
			for range 2 { // what is remembered says the same
				_, _, err := r.Validate(x.binary)
				f, ok := err.(*exec.Failure)
				if !ok || f.Status != chain.StatusBadCode || !strings.Contains(f.Reason, x.words) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
	for i := range 3 * maxVerdicts {
		c, load, err := r.Validate(guest{handle: i32text(i)}.build())
		again, loadAgain, _ := r.Validate(guest{handle: i32text(i)}.build())
		if err != nil || c == 0 || c != again || load < gas.Recall || load != loadAgain {
			t.Fatal(c, again, load, loadAgain, err)
		}
	}
	if n := len(r.verdicts.of); n != maxVerdicts {
		t.Errorf("%d verdicts are remembered", n)
	}
}

func i32text(v int) asm { return text(v, module.OpDrop) }
