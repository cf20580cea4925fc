package wasm

import (
	"runtime"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What it takes to make an instance is paid for by every message, whether one waits or not.
func TestMakingIsPaid(t *testing.T) {
	used := func(g guest) uint64 {
		r := newRig(t, Config{})
		r.publish(t, g.build())
		o := r.do(t, "")
		want(t, o, chain.StatusOK, "")
		return o.GasUsed
	}
	drop := guest{passive: []string{"p"}, handle: text(module.OpDataDrop, byte(0))}
	with := func(data map[uint32]string, pages uint32) guest {
		g := drop
		g.data, g.pages = data, pages
		g.handle = append(text(module.OpDataDrop), module.AppendU32(nil, uint32(len(data)))...)
		return g
	}
	least := used(drop)
	for _, x := range []struct {
		name string
		g    guest
		more uint64
	}{
		{"segments", with(spread(20_000), 1), 20_000 * gas.RestoreSegment},
		{"elements", guest{passive: drop.passive, handle: drop.handle, table: make([]uint32, 10_000), more: []function{{}}}, 10_000 * gas.OnceElement},
		{"pages", with(nil, 200), 199 * (gas.RestorePage + gas.OncePage)},
	} {
		if got := used(x.g); got < least+x.more {
			t.Errorf("%s: %d gas, want at least %d", x.name, got, least+x.more)
		}
	}
}

// Data is what the module says, however its segments lie, and what is left of a segment once it was copied is nothing.
func TestDataIsMerged(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		data := map[uint32]string{0: "abcdef", 3: "XY", 100: "tail", 70_000: strings.Repeat("z", 9000) + strings.Repeat("\x00", 9000) + "q", 5*pageBytes - 1: "!"}
		r.publish(t, guest{data: data, pages: 5, handle: say(0, 104)}.build())
		if got := said(r.do(t, "")); got[0][:6] != "abcXYf" || got[0][100:] != "tail" {
			t.Errorf("%q", got)
		}
		r.publish(t, guest{data: data, pages: 5, handle: text(host(abi.Write, 0, 1, 70_000, 9001), host(abi.Write, 1, 1, 88_000, 1), host(abi.Write, 2, 1, 5*pageBytes-1, 1))}.build())
		o := r.do(t, "")
		want(t, o, chain.StatusOK, "")
		if w := o.Writes; string(w[0].Value) != strings.Repeat("z", 9000)+"\x00" || string(w[1].Value) != "q" || string(w[2].Value) != "!" {
			t.Errorf("%d bytes, %q, %q", len(w[0].Value), w[1].Value, w[2].Value)
		}
		init := func(segment, n int) asm { return text(8, 0, n, module.OpMemoryInit, byte(segment), byte(0)) }
		r.publish(t, guest{data: data, passive: []string{"passive"}, pages: 5, handle: text(init(0, 0), init(len(data), 7), say(8, 7))}.build())
		if got := said(r.do(t, "")); got[0] != "passive" {
			t.Errorf("%q", got)
		}
		r.publish(t, guest{data: data, passive: []string{"passive"}, pages: 5, handle: init(0, 1)}.build())
		gone := r.do(t, "")
		want(t, gone, chain.StatusTrap, "out of bounds")
		return []any{o, gone}
	})
}

// What modules and instances are said to take covers what they take: what is in memory is bounded by that.
func TestSizesAreTrue(t *testing.T) {
	m, err := module.Decode(number(1).build())
	if err != nil {
		t.Fatal(err)
	}
	functions, segments, table := *m, *m, *m
	for range 10_000 {
		add(&functions, function{})
		segments.Data = append(segments.Data, module.Data{Mode: module.Passive})
	}
	n := uint32(len(segments.Data))
	segments.DataCount = &n
	table.Tables = []module.Limits{{Min: 10_000}}
	table.Elements = []module.Element{{Offset: text(0, module.OpEnd), Funcs: make([]uint32, 10_000)}}
	for i := range table.Elements[0].Funcs {
		table.Elements[0].Funcs[i] = uint32(len(abi.Functions))
	}
	for name, m := range map[string]*module.Module{"functions": &functions, "segments": &segments, "table": &table} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{})
			before := heap()
			c, err := r.acquire(r.publish(t, m.Encode()), false)
			if err != nil {
				t.Fatal(err)
			}
			defer r.release(c)
			loaded := heap()
			const count = 20
			var all [count]*instance
			for i := range all {
				if all[i], err = c.instantiate(); err != nil {
					t.Fatal(err)
				}
			}
			made := heap()
			if took := loaded - before; took > 2*c.size {
				t.Errorf("the module takes %d bytes of Go's memory, and %d with its machine code are counted", took, c.size)
			}
			if took := (made - loaded) / count; took > all[0].size()*5/4 {
				t.Errorf("an instance takes %d bytes, and %d are counted", took, all[0].size())
			}
			for _, in := range all {
				in.close()
			}
		})
	}
}

// heap is what Go's memory holds.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what has a finaliser goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
