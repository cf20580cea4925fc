package wasm

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/chain"
)

// loadable are modules that are hard to load, or take much memory, for their length.
func loadable(t testing.TB) []loadableModule {
	t.Helper()
	token, err := os.ReadFile("../../examples/token/rust/token.wasm")
	if err != nil {
		t.Fatal(err)
	}
	i := operand('i', 0)
	nop := text(module.OpNop)
	times := func(n int, f function) guest { return guest{handle: nop, more: slices.Repeat([]function{f}, n)} }
	body := func(piece asm) guest {
		return times(100, function{locals: entryLocals, code: asm(slices.Repeat(piece, 100))})
	}
	return []loadableModule{
		{"of nothing", guest{handle: nop}.build()},
		{"in Rust", token},
		{"of 100 KB", large(100 << 10).build()},
		{"of 500 KB", large(500 << 10).build()},
		{"with 16000 functions", times(16000, function{}).build()},
		{"with 16000 small functions", times(16000, function{locals: entryLocals, code: text(i, module.OpDrop)}).build()},
		{"with calls", times(1000, function{code: asm(slices.Repeat(call(0), 30))}).build()},
		{"with branches", body(block(module.OpBlock, i, at(module.OpBrIf, 0))).build()},
		{"with stores", body(text(i, i, access(module.OpI32Store, 0))).build()},
		{"with square roots", body(text(at(module.OpLocalGet, 5), module.OpF64Sqrt, at(module.OpLocalSet, 5))).build()},
		{"with copies", body(text(i, i, i, module.OpMemoryCopy, byte(0), byte(0))).build()},
		{"with divisions", body(text(i, i, module.OpI32DivS, at(module.OpLocalSet, 1))).build()},
		{"of square roots", dense('d', text(module.OpF64Sqrt)).build()},
		{"of roundings", dense('d', text(module.OpF64Nearest)).build()},
		{"of conversions", dense('d', text(module.OpI32TruncF64S, module.OpF64ConvertI32S)).build()},
		{"of conversions unsigned", dense('d', text(module.OpI64TruncF64U, module.OpF64ConvertI64U)).build()},
		{"of conversions saturating", dense('d', text(module.OpI64TruncSatF64U, module.OpF64ConvertI64U)).build()},
		{"of loads", dense('i', access(module.OpI32Load, 0)).build()},
		{"of remainders", dense('l', text(operand('l', 1), module.OpI64RemS)).build()},
		{"of minima", dense('f', text(operand('f', 1), module.OpF32Min)).build()},
		{"of growths", dense('i', text(module.OpMemoryGrow, byte(0))).build()},
		{"of counts", dense('l', text(module.OpI64Popcnt)).build()},
		{"of calls with parameters", func() guest {
			g := dense('i', text(slices.Repeat(operand('i', 0), 7), call(0)))
			g.more = append([]function{{params: slices.Repeat([]module.ValueType{module.I32}, 8), results: []module.ValueType{module.I32}, code: at(module.OpLocalGet, 0)}}, g.more...)
			return g
		}().build()},
		{"with 10000 segments", guest{handle: nop, data: spread(10_000)}.build()},
		{"with 1 MB of data", guest{handle: nop, pages: 16, data: map[uint32]string{0: strings.Repeat("data", 250_000)}}.build()},
		{"with 1 MB that is passive", guest{handle: nop, passive: []string{strings.Repeat("data", 250_000)}}.build()},
		{"with an image of 16 MB", guest{handle: nop, pages: 256, data: map[uint32]string{256<<16 - 1: "x"}}.build()},
		{"with 16000 references", guest{handle: nop, table: make([]uint32, 16000), more: []function{{}}}.build()},
	}
}

// dense is functions that hand a value of the type from one piece to the next.
func dense(letter byte, piece asm) guest {
	c := text(operand(letter, 0), asm(slices.Repeat(piece, 3000/len(piece))), module.OpDrop)
	return guest{handle: text(module.OpNop), more: slices.Repeat([]function{{locals: entryLocals, code: c}}, 30)}
}

type loadableModule struct {
	name   string
	binary []byte
}

func (m *loadableModule) gas(t testing.TB) uint64 {
	t.Helper()
	decoded, facts, err := Check(m.binary)
	if err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	return Loading(decoded, facts)
}

// once loads a published module, as a message does that needs it.
func (r *rig) once(t testing.TB, h chain.CodeHash) *code {
	t.Helper()
	c := &code{hash: h, ready: make(chan struct{}), engine: r.Engine}
	if err := c.load(nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// What is warm fits: a unit of the gas for loading code stands for 0.6 bytes of memory at most (chain.MaxWarm).
func TestLoadingBoundsMemory(t *testing.T) {
	if chain.MaxWarm*6/10 > defaultCompiled*8/10 {
		t.Error("there is no room in memory beside what is warm")
	}
	for _, m := range loadable(t) {
		r := newRig(t, Config{Dir: t.TempDir()})
		c := r.once(t, r.publish(t, m.binary))
		size, price := c.size, m.gas(t)
		if err := c.close(); err != nil {
			t.Error(err)
		}
		t.Logf("%-30s %8d bytes, in memory %9d, loading %9d gas: %.2f", m.name, len(m.binary), size, price, float64(size)/float64(price))
		if uint64(size) > price*6/10 {
			t.Errorf("a module %s takes %d bytes in memory, and loading it costs %d gas", m.name, size, price)
		}
	}
}

// What is published is warm, and makes other code cold: to publish code costs no less than to load it, and one message pays for it.
func TestPublicationCostsItsLoad(t *testing.T) {
	for _, m := range loadable(t) {
		decoded, facts, err := Check(m.binary)
		if err != nil {
			t.Fatal(err)
		}
		in := chain.PublishInput{Code: m.binary}
		message := &chain.Message{Kind: chain.External, Method: chain.MethodPublish, Input: in.Encode()}
		price := exec.PublicationGas(message, in, Complexity(decoded, facts, len(m.binary)))
		if load := Loading(decoded, facts); price < load || price > chain.MaxMessageGas {
			t.Errorf("a module %s: publishing costs %d gas, and loading %d", m.name, price, load)
		}
	}
}

// Code that is accepted can be loaded by one message: of what becomes more machine code, less is accepted.
func TestLoadingFits(t *testing.T) {
	if maxLoading > chain.MaxMessageGas*9/10 || maxLoading > chain.MaxWarm/3 {
		t.Error("not all code that is accepted can be loaded, or it drops most of what is warm")
	}
	g := dense('d', text(module.OpI64TruncF64U, module.OpF64ConvertI64U))
	few, most := g.more, slices.Repeat(g.more, 10)
	for _, x := range []struct {
		more []function
		ok   bool
	}{{few, true}, {most, false}} {
		g.more = x.more
		_, _, err := Check(g.build())
		if ok := err == nil; ok != x.ok || !ok && !strings.Contains(err.Error(), "too much machine code") {
			t.Errorf("%d functions: %v", len(x.more), err)
		}
	}
}

// Sixty modules called in turn, and then in every other way: no message that doesn't pay for it makes the engine load code.
// Loading them costs twenty times what it does, and the engine has room for what is warm and for one module more: less than
// TestLoadingBoundsMemory asks for.
func TestColdCodeIsPaid(t *testing.T) {
	const scale, modules = 20, 60
	r := newRig(t, Config{Dir: t.TempDir()})
	warm, err := chain.DecodeWarm(nil)
	if err != nil {
		t.Fatal(err)
	}
	var hashes [modules]chain.CodeHash
	var ran, load [modules]uint64
	for i := range modules {
		g := large(20 << 10)
		g.handle = text(g.handle, i, module.OpDrop)
		m := loadableModule{fmt.Sprint(i), g.build()}
		hashes[i], load[i] = r.publish(t, m.binary), m.gas(t)*scale
	}
	one := r.once(t, hashes[0])
	if err := one.close(); err != nil {
		t.Fatal(err)
	}
	r.config.MaxCompiled = one.size * (chain.MaxWarm/int64(load[0]) + 1)
	free, paid, loads := 0, 0, uint64(0)
	run := func(i int) {
		r.account.Code = hashes[i]
		before, cold := r.Stats(), !warm.Has(ran[i])
		r.must(t, relay("do", "", chain.MaxMessageGas).Seal())
		after := r.Stats()
		n := after.Restored + after.Compiled - before.Restored - before.Compiled
		switch loads += n; {
		case cold:
			paid++
		case n > 0:
			t.Fatalf("code %d was loaded for nothing: %+v", i, warm)
		default:
			free++
		}
		ran[i] = warm.Touch(ran[i], load[i])
	}
	for range 3 {
		for i := range modules {
			run(i)
		}
	}
	if free > 0 || loads < 2*modules {
		t.Fatalf("in turn: %d loads, %d paid, %d free", loads, paid, free)
	}
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		n := 2 + rnd.IntN(modules-1)
		for range 100 {
			run(min(rnd.IntN(n), rnd.IntN(n)))
		}
	}
	t.Logf("%d loads, %d paid, %d messages for nothing", loads, paid, free)
	if free == 0 || loads > uint64(paid) {
		t.Errorf("%d loads, %d paid, %d free", loads, paid, free)
	}
}
