//go:build linux

package wasm

import (
	"cmp"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

var calibrate = flag.Bool("calibrate", false, "measure the nanoseconds of a unit of gas, for everything that has a price")

// maxOff is how far the time of a unit may be from the median before a price is wrong.
const maxOff = 4

// probe is something with a price: a piece of code that is run many times.
type probe struct {
	name  string
	guest guest
	piece asm
	times int // the piece in the loop's body
	loops int
	setup asm    // before the loop
	entry string // that runs it; "" is handle
}

// probes are those of pieces of code.
func probes() []probe { return slices.Concat(instructions(), structures(), hostProbes()) }

// TestCalibrate measures, in time of the thread's own, what a unit of gas takes for every instruction and host call on
// this machine. `make calibrate` runs it.
func TestCalibrate(t *testing.T) {
	if !*calibrate {
		t.Skip("it takes a minute; make calibrate")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all []reading
	for _, p := range probes() {
		all = append(all, p.read(t))
	}
	all = append(all, messages(t)...)
	all = append(all, loads(t)...)
	slices.SortFunc(all, func(a, b reading) int { return cmp.Compare(a.perUnit(), b.perUnit()) })
	median := all[len(all)/2].perUnit()
	var table strings.Builder
	for _, r := range all {
		note := ""
		switch off := r.perUnit() / median; {
		case off > maxOff:
			note = "too cheap"
		case off < 1.0/maxOff:
			note = "too dear"
		}
		if why, ok := meant[note][r.name]; ok {
			note += ", as is meant: " + why
		} else if note != "" {
			t.Errorf("%s takes %.2f ns for a unit of gas, the median is %.2f: it is %s", r.name, r.perUnit(), median, note)
		}
		fmt.Fprintf(&table, "%-30s %12.2f ns %12.2f gas %8.2f ns/gas  %s\n", r.name, r.nanos, r.gas, r.perUnit(), note)
	}
	t.Logf("median %.2f ns/gas\n%s", median, table.String())
}

// meant are the prices that are off by intent, by how they are off, and why.
var meant = map[string]map[string]string{
	"too dear": {
		"local.get local.set":   "not every local is in a register",
		"data.drop":             "it costs what other bulk instructions cost",
		"elem.drop":             "the same",
		"log of 16000":          "only the first bytes are kept",
		"event of 0":            "a receipt is kept for good",
		"send of 0":             "its bytes are a block's",
		"deploy of 0":           "the same",
		"br":                    "a jump to what follows is none",
		"constants":             "most are parts of other instructions",
		"global.get global.set": "what it wrote last is in a register still, as it is seldom",

		"memory.copy of 60000": "what is copied is in a cache, as megabytes are not",

		"read of nothing": "the state is not always in memory, as it is here",
		"read of 1000":    "the same",
		"next":            "the same",
		"write of 8":      "it is a leaf of the state's tree, and bytes on disk",
		"write of 1000":   "the same",
		"set_code":        "the code is read from the state, which is not in memory always",

		"loading code of square roots": "what one hands to the next is not made canonical, as most results are",
		"loading code of roundings":    "the same",

		"message to 40 pages, marked": "between what is there and what must be made",
	},
	"too cheap": {
		"message to 40 pages, cold":      "between what is there and what must be made",
		"message to 256 pages, cold":     "the same",
		"message to 1000 elements, cold": "the same",
		"load, random":                   "most loads hit a cache",
	},
}

// reading is what one piece takes.
type reading struct {
	name       string
	nanos, gas float64
}

func (r reading) perUnit() float64 { return r.nanos / r.gas }

// read runs the loop with the piece and without it, and takes the difference.
func (p probe) read(t *testing.T) reading {
	t.Helper()
	with, without := p.measure(t, p.piece), p.measure(t, nil)
	n := float64(p.times * p.loops)
	return reading{p.name, (with.nanos - without.nanos) / n, (with.gas - without.gas) / n}
}

func (p probe) measure(t *testing.T, piece asm) reading {
	t.Helper()
	r := newRig(t, Config{})
	g := p.guest
	var body asm
	for range p.times {
		body = append(body, piece...)
	}
	code := text(prelude, p.setup, repeat(0, p.loops, body))
	run := r.message(t, chain.StatusOK)
	switch p.entry {
	case abi.EntryQuery:
		g.query, run = code, r.question(t)
	case abi.EntryMerge:
		g.merge, g.merges, run = code, []string{"do"}, r.group(t)
	default:
		g.handle = code
	}
	r.publish(t, g.build())
	return best(p.name, max(1, 2_000/(p.times*p.loops)), run)
}

// best is the shortest time of several rounds, each of n runs. A run says what gas it used.
func best(name string, n int, run func() uint64) reading {
	best := reading{name: name, nanos: math.Inf(1)}
	for range 9 {
		runtime.GC() // not while it is measured
		start := threadTime()
		for range n {
			best.gas = float64(run())
		}
		best.nanos = min(best.nanos, (threadTime()-start)/float64(n))
	}
	return best
}

// message runs a message that ends so.
func (r *rig) message(t *testing.T, status chain.Status) func() uint64 {
	m := relay("do", strings.Repeat("i", 32), chain.MaxMessageGas).Seal()
	return func() uint64 {
		o := r.must(t, m)
		if o.Status != status {
			t.Fatalf("%q (%s)", o.Status, o.Reason)
		}
		return o.GasUsed
	}
}

// question runs a view.
func (r *rig) question(t *testing.T) func() uint64 {
	return func() uint64 {
		a, err := exec.Query(r.context(), self, r.account, r.storage, exec.Question{GasLimit: chain.MaxMessageGas})
		if err != nil || a.Status != chain.StatusOK {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.GasUsed
	}
}

// group runs two messages as one.
func (r *rig) group(t *testing.T) func() uint64 {
	return func() (used uint64) {
		var two []*exec.Delivery
		for range 2 {
			two = append(two, &exec.Delivery{Message: relay("do", strings.Repeat("i", 32), chain.MaxMessageGas/2).Seal()})
		}
		o := exec.NewOverlay(self, r.account, entries1{r.storage})
		if ok, _, err := o.HandleGroup(r.context(), two); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for i := range o.Events {
			used += o.Events[i].Outcome.GasUsed
		}
		return used
	}
}

// messages are whole messages whose code does next to nothing: to instances that wait, and to those that must be made.
func messages(t *testing.T) (all []reading) {
	t.Helper()
	touch := text(1000, 1, access(module.OpI32Store, 0))
	for _, x := range []struct {
		name string
		g    guest
		c    Config
	}{
		{"message to 1 page", guest{handle: touch}, Config{}},
		{"message to 4 pages", guest{handle: touch, pages: 4}, Config{}},
		{"message to 5 pages, marked", guest{handle: touch, pages: 5}, Config{}},
		{"message to 40 pages, marked", guest{handle: touch, pages: 40}, Config{}},
		{"message to 1 page, cold", guest{handle: touch}, Config{MaxIdle: 1}},
		{"message to 4 pages, cold", guest{handle: touch, pages: 4}, Config{MaxIdle: 1}},
		{"message to 40 pages, cold", guest{handle: touch, pages: 40}, Config{MaxIdle: 1}},
		{"message to 256 pages, cold", guest{handle: touch, pages: 256}, Config{MaxIdle: 1}},
		{"message to 1000 elements, cold", guest{handle: touch, table: make([]uint32, 1000), more: []function{{}}}, Config{MaxIdle: 1}},
		{"message that drops a segment", guest{handle: text(module.OpDataDrop, byte(0)), passive: []string{"p"}}, Config{}},
		{"message to 1000 elements, once", guest{handle: text(module.OpDataDrop, byte(0)), passive: []string{"p"}, table: make([]uint32, 1000), more: []function{{}}}, Config{}},
		{"message to 256 pages, once", guest{handle: text(module.OpDataDrop, byte(0)), passive: []string{"p"}, pages: 256}, Config{}},
		{"message to 10000 segments, cold", guest{handle: touch, data: spread(10_000)}, Config{MaxIdle: 1}},
		{"message to 10000 segments, once", guest{handle: text(module.OpDataDrop, byte(0)), data: spread(10_000), passive: []string{"p"}}, Config{}},
		{"message to 4 MB in a page, cold", guest{handle: touch, data: overlapping()}, Config{MaxIdle: 1}},
	} {
		r := newRig(t, x.c)
		r.publish(t, x.g.build())
		all = append(all, best(x.name, 50, r.message(t, chain.StatusOK)))
	}
	r := newRig(t, Config{})
	r.publish(t, guest{handle: failWith(0, 3)}.build())
	return append(all, best("message that fails", 50, r.message(t, chain.StatusRefused)))
}

// loads read code back from disk.
func loads(t *testing.T) (all []reading) {
	t.Helper()
	for _, m := range loadable(t) {
		r := newRig(t, Config{Dir: t.TempDir()})
		h := r.publish(t, m.binary)
		price := m.gas(t)
		load := func() uint64 {
			if err := r.once(t, h).close(); err != nil {
				t.Fatal(err)
			}
			return price
		}
		load() // compiled now
		all = append(all, best("loading code "+m.name, 3, load))
	}
	return all
}

// The estimate of how much machine code an instruction becomes (module.FunctionFacts.MachineCode) is not less than it is, and of
// those that make the most of it not far more. It is made for amd64; elsewhere it is what it is there, for all nodes have to agree.
func TestMachineCode(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("measured on amd64")
	}
	const functions, times = 4, 100
	for _, p := range probes() {
		measure := func(n int) (machine, guess int64) {
			g := p.guest
			f := function{locals: entryLocals, code: text(prelude, asm(slices.Repeat(p.piece, n)))}
			g.handle, g.more = text(module.OpNop), append(slices.Clone(g.more), slices.Repeat([]function{f}, functions)...)
			r := newRig(t, Config{Dir: t.TempDir()})
			binary := g.build()
			_, facts, err := Check(binary)
			if err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			for i := range facts.Functions {
				guess += int64(facts.Functions[i].MachineCode())
			}
			c := r.once(t, r.publish(t, binary))
			path := r.disk.path(c.hash)
			metered, err := os.Stat(filepath.Join(path, moduleName))
			if err = errors.Join(err, c.close()); err != nil {
				t.Fatal(err)
			}
			return sizeOf(path) - metered.Size(), guess
		}
		machine, guess := measure(times)
		none, nothing := measure(0)
		got, want := float64(machine-none)/functions/times, float64(guess-nothing)/functions/times
		if got > want || want > 20*got && want > 100 {
			t.Errorf("%s becomes %.1f bytes of machine code, and the estimate is %.1f", p.name, got, want)
		}
	}
}

// Nothing that has a price is left out: every instruction that costs something, and every host call, is in a probe.
func TestCalibrateIsComplete(t *testing.T) {
	probed, called := map[module.Opcode]bool{}, map[string]bool{abi.Fail: true} // the message that fails
	for _, p := range probes() {
		name, _, _ := strings.Cut(p.name, " ")
		called[name] = true
		for _, c := range append([]asm{p.piece}, codes(p.guest.more)...) {
			for w := module.Walk(append(slices.Clone(c), byte(module.OpEnd))); w.Next(); {
				probed[w.Instruction().Op] = true
			}
		}
	}
	for _, f := range abi.Functions {
		if !called[f.Name] {
			t.Errorf("no probe calls %s", f.Name)
		}
	}
	for o := module.Opcode(0); o < 0xfc20; o++ {
		if tenths, ok := meter.PriceOf(o); ok && tenths > 0 && !probed[o] {
			t.Errorf("no probe runs %s", o)
		}
	}
	for _, list := range meant {
		for name := range list {
			if first, _, _ := strings.Cut(name, " "); !called[first] && first != "message" && first != "loading" {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

func codes(functions []function) (all []asm) {
	for _, f := range functions {
		all = append(all, f.code)
	}
	return all
}

// spread is data in n segments of a byte.
func spread(n int) map[uint32]string {
	all := map[uint32]string{}
	for i := range n {
		all[uint32(3*i)] = "x"
	}
	return all
}

// overlapping is data of 4 MB that lies over itself in one page.
func overlapping() map[uint32]string {
	all := map[uint32]string{}
	for i := range 127 {
		all[uint32(i)] = strings.Repeat("x", 32<<10)
	}
	return all
}

// threadTime is the nanoseconds that this thread has run: others may use the machine meanwhile.
func threadTime() float64 {
	const clockThread = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThread, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		panic(errno)
	}
	return float64(t.Nano())
}

// prelude gives the locals values that no compiler knows: 1 and 6 an i32, 2 and 3 an i64, 4 an f32, 5 an f64.
var prelude = text(
	host(abi.Parts), 77, module.OpI32Add, at(module.OpLocalTee, 1), 3, module.OpI32ShrU, at(module.OpLocalSet, 6),
	host(abi.Gas), at(module.OpLocalTee, 2), i64(3), module.OpI64ShrU, at(module.OpLocalSet, 3),
	at(module.OpLocalGet, 1), module.OpF32ConvertI32S, at(module.OpLocalSet, 4), at(module.OpLocalGet, 1), module.OpF64ConvertI32S, at(module.OpLocalSet, 5))

// operand is the nth operand of a type: the first is where results go, so that each waits for the one before.
func operand(letter byte, n int) asm {
	switch letter {
	case 'i':
		return at(module.OpLocalGet, 1+5*min(n, 1))
	case 'l':
		return at(module.OpLocalGet, 2+min(n, 1))
	case 'f':
		return at(module.OpLocalGet, 4)
	}
	return at(module.OpLocalGet, 5)
}

// take uses a result, so that it must be computed. A float's becomes the next operand; an integer is joined to it, as one
// that is divided by itself is soon 0.
func take(letter byte) asm {
	switch letter {
	case 'i':
		return text(at(module.OpLocalGet, 1), module.OpI32Xor, at(module.OpLocalSet, 1))
	case 'l':
		return text(at(module.OpLocalGet, 2), module.OpI64Xor, at(module.OpLocalSet, 2))
	case 'f':
		return at(module.OpLocalSet, 4)
	}
	return at(module.OpLocalSet, 5)
}

// join adds a float to the one before.
func join(letter byte) asm {
	switch letter {
	case 'f':
		return text(operand('f', 0), module.OpF32Add)
	case 'd':
		return text(operand('d', 0), module.OpF64Add)
	}
	return nil
}

// signatures are all instructions that compute, by runs: what they take, and what they give.
var signatures = []struct {
	first, last module.Opcode
	takes       string
	gives       byte
}{
	{0x45, 0x45, "i", 'i'}, {0x46, 0x4f, "ii", 'i'}, {0x50, 0x50, "l", 'i'}, {0x51, 0x5a, "ll", 'i'}, {0x5b, 0x60, "ff", 'i'}, {0x61, 0x66, "dd", 'i'},
	{0x67, 0x69, "i", 'i'}, {0x6a, 0x78, "ii", 'i'}, {0x79, 0x7b, "l", 'l'}, {0x7c, 0x8a, "ll", 'l'},
	{0x8b, 0x91, "f", 'f'}, {0x92, 0x98, "ff", 'f'}, {0x99, 0x9f, "d", 'd'}, {0xa0, 0xa6, "dd", 'd'},
	{0xa7, 0xa7, "l", 'i'}, {0xa8, 0xa9, "f", 'i'}, {0xaa, 0xab, "d", 'i'}, {0xac, 0xad, "i", 'l'}, {0xae, 0xaf, "f", 'l'}, {0xb0, 0xb1, "d", 'l'},
	{0xb2, 0xb3, "i", 'f'}, {0xb4, 0xb5, "l", 'f'}, {0xb6, 0xb6, "d", 'f'}, {0xb7, 0xb8, "i", 'd'}, {0xb9, 0xba, "l", 'd'}, {0xbb, 0xbb, "f", 'd'},
	{0xbc, 0xbc, "f", 'i'}, {0xbd, 0xbd, "d", 'l'}, {0xbe, 0xbe, "i", 'f'}, {0xbf, 0xbf, "l", 'd'}, {0xc0, 0xc1, "i", 'i'}, {0xc2, 0xc4, "l", 'l'},
	{0xfc00, 0xfc01, "f", 'i'}, {0xfc02, 0xfc03, "d", 'i'}, {0xfc04, 0xfc05, "f", 'l'}, {0xfc06, 0xfc07, "d", 'l'},
}

// instructions are those that compute, and loads and stores.
func instructions() (all []probe) {
	add := func(name string, piece asm) {
		all = append(all, probe{name: name, piece: piece, times: 100, loops: 10_000})
	}
	for _, s := range signatures {
		for o := s.first; o <= s.last; o++ {
			var piece asm
			for n := range len(s.takes) {
				piece = append(piece, operand(s.takes[n], n)...)
			}
			piece = text(piece, o)
			if strings.IndexByte(s.takes, s.gives) < 0 { // what nobody needs isn't computed
				piece = text(piece, join(s.gives))
			}
			add(o.String(), text(piece, take(s.gives)))
		}
	}
	address := text(operand('i', 0), 0xfff8, module.OpI32And)
	for i, gives := range "ilfdiiiillllll" { // 0x28 to 0x35
		o := module.OpI32Load + module.Opcode(i)
		add(o.String(), text(address, access(o, 0), take(byte(gives))))
	}
	for i, takes := range "ilfdiilll" { // 0x36 to 0x3e
		o := module.OpI32Store + module.Opcode(i)
		add(o.String(), text(address, operand(byte(takes), 1), access(o, 0)))
	}
	return all
}

// structures are the instructions that compute nothing.
func structures() []probe {
	i, j, l := operand('i', 0), operand('i', 1), operand('l', 0)
	leaf := function{code: text(module.OpNop)}
	deep := function{code: call(0)}
	params := function{params: make64(8), code: text(at(module.OpLocalGet, 3), at(module.OpGlobalSet, 0))}
	locals := function{locals: make64(100), code: text(at(module.OpGlobalGet, 0), at(module.OpLocalTee, 99), at(module.OpGlobalSet, 0), call(0))}
	constant := function{results: []module.ValueType{module.I32}, code: text(3)}
	returning := function{code: text(module.OpReturn)}
	table := guest{more: []function{leaf, deep, params, locals, constant, returning}, table: []uint32{4, 4}, elements: [][]uint32{{0, 1}}, passive: []string{strings.Repeat("p", 1000)},
		globals: []module.Global{global(module.I64, i64(1))}}
	bulk := func(o module.Opcode, from, n int, more ...byte) asm {
		c := text(100, from, n, o)
		return append(c, more...)
	}
	all := []probe{
		{name: "local.get local.set", piece: text(j, at(module.OpLocalSet, 1), i, at(module.OpLocalSet, 6))},
		{name: "global.get global.set", piece: text(at(module.OpGlobalGet, 0), i64(1), module.OpI64Add, at(module.OpGlobalSet, 0))},
		{name: "select", piece: text(i, j, l, module.OpI32WrapI64, module.OpSelect, take('i'))},
		{name: "select of floats", piece: text(operand('d', 0), module.OpF64Const, asm{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, i, module.OpSelect, take('d'))},
		{name: "if", piece: text(i, block(module.OpIf, l, i64(5), module.OpI64Add, at(module.OpLocalSet, 2)))},
		{name: "else", piece: text(i, block(module.OpIf, l, i64(5), module.OpI64Add, at(module.OpLocalSet, 2), module.OpElse, l, i64(3), module.OpI64Mul, at(module.OpLocalSet, 2)))},
		{name: "constants", piece: text(module.OpF32Const, asm{0, 0, 0, 1}, at(module.OpLocalSet, 4), module.OpF64Const, asm{0, 0, 0, 0, 0, 0, 0, 1}, at(module.OpLocalSet, 5), i64(77), at(module.OpLocalSet, 3))},
		{name: "return", piece: call(5)},
		{name: "br_if", piece: block(module.OpBlock, i, at(module.OpBrIf, 0), l, i64(5), module.OpI64Add, at(module.OpLocalSet, 2))},
		{name: "br", piece: block(module.OpBlock, l, i64(5), module.OpI64Add, at(module.OpLocalSet, 2), at(module.OpBr, 0))},
		{name: "br_table", piece: block(module.OpBlock, block(module.OpBlock, block(module.OpBlock, i, 3, module.OpI32And, module.OpBrTable, byte(3), byte(0), byte(1), byte(2), byte(1)),
			l, i64(5), module.OpI64Add, at(module.OpLocalSet, 2)), i, 7, module.OpI32Add, at(module.OpLocalSet, 1))},
		{name: "call", piece: call(0)},
		{name: "call of a call", piece: call(1)},
		{name: "call with 8 parameters", piece: text(l, l, l, l, l, l, l, l, call(2))},
		{name: "call with 100 locals", piece: call(3)},
		{name: "call_indirect", piece: text(i, 1, module.OpI32And, at(module.OpCallIndirect, typeIndexOfResult), byte(0), take('i'))},
		{name: "memory.size", piece: text(module.OpMemorySize, byte(0), take('i'))},
		{name: "memory.grow by 0", piece: text(0, module.OpMemoryGrow, byte(0), take('i'))},
		{name: "memory.fill of 0", piece: bulk(module.OpMemoryFill, 0, 0, 0)}, {name: "memory.fill of 8", piece: bulk(module.OpMemoryFill, 0, 8, 0)},
		{name: "memory.fill of 100", piece: bulk(module.OpMemoryFill, 0, 100, 0)},
		{name: "memory.copy of 0", piece: bulk(module.OpMemoryCopy, 0, 0, 0, 0)}, {name: "memory.copy of 8", piece: bulk(module.OpMemoryCopy, 0, 8, 0, 0)},
		{name: "memory.copy of 100", piece: bulk(module.OpMemoryCopy, 0, 100, 0, 0)},
		{name: "memory.init of 0", piece: bulk(module.OpMemoryInit, 0, 0, 0, 0)}, {name: "memory.init of 1000", piece: bulk(module.OpMemoryInit, 0, 1000, 0, 0)},
		{name: "table.init of 0", piece: text(0, 0, 0, module.OpTableInit, byte(1), byte(0))}, {name: "table.init of 2", piece: text(0, 0, 2, module.OpTableInit, byte(1), byte(0))},
		{name: "table.copy of 2", piece: text(0, 1, 2, module.OpTableCopy, byte(0), byte(0))},
		{name: "data.drop", piece: text(module.OpDataDrop, byte(0))}, {name: "elem.drop", piece: text(module.OpElemDrop, byte(1))},
	}
	for i := range all {
		all[i].guest, all[i].times, all[i].loops = table, 50, 20_000
	}
	for _, p := range []probe{
		{name: "memory.fill of 60000", piece: bulk(module.OpMemoryFill, 0, 60_000, 0)},
		{name: "memory.copy of 60000", piece: bulk(module.OpMemoryCopy, 50, 60_000, 0, 0)},
	} {
		p.guest, p.times, p.loops = table, 10, 100
		all = append(all, p)
	}
	whole := text(255, module.OpMemoryGrow, byte(0), module.OpDrop)
	all = append(all, probe{name: "memory.copy of 8000000", setup: whole, piece: text(0, 8<<20, 8_000_000, module.OpMemoryCopy, byte(0), byte(0)), times: 1, loops: 4})
	// A walk through 16 MiB, each step to a place that depends on the one before.
	chase := text(255, module.OpMemoryGrow, byte(0), module.OpDrop, 0, at(module.OpLocalSet, 1), repeat(0, 1<<18,
		i, i, 1664525, module.OpI32Mul, 64*1013903, module.OpI32Add, 1<<24-64, module.OpI32And, at(module.OpLocalTee, 1), access(module.OpI32Store, 0)))
	all = append(all, probe{name: "load, random", setup: chase, piece: text(i, access(module.OpI32Load, 0), at(module.OpLocalSet, 1)), times: 20, loops: 200_000})
	return append(all, probe{name: "memory.grow by 1", piece: text(1, module.OpMemoryGrow, byte(0), module.OpDrop), times: 1, loops: 255})
}

// hostProbes are the host calls but fail, which ends a message. The state is in memory here: what it costs to read it from a disk,
// and to make it part of the next one, is not the engine's.
func hostProbes() []probe {
	key, signature := signedText()
	to := address(5)
	g := guest{data: map[uint32]string{0: "text", 100: key, 200: signature, 400: string(to[:]), 500: amount(0), 800: strings.Repeat("c", 64)}}
	blsKey, blsSignature := blsText()
	g.data[600], g.data[700] = blsKey, blsSignature
	many := func(name string, piece asm) probe {
		return probe{name: name, guest: g, piece: piece, times: 10, loops: 300}
	}
	few := func(name string, loops int, piece asm) probe {
		return probe{name: name, guest: g, piece: piece, times: 1, loops: loops}
	}
	within := func(entry string, p probe) probe {
		p.entry = entry
		return p
	}
	there := few("read of 1000", 1000, text(host(abi.Read, 0, 4, 1000, 1000), module.OpDrop))
	there.setup = host(abi.Write, 0, 4, 1000, 1000)
	next := few("next", 1000, text(host(abi.Next, 0, 2, 0, 2, 1000, 64), module.OpDrop))
	next.setup = there.setup
	return []probe{
		few("read of nothing", 1000, text(host(abi.Read, 0, 4, 1000, 1000), module.OpDrop)), there, next,
		few("write of 8", 1000, host(abi.Write, 0, 4, 1000, 8)), few("write of 1000", 100, host(abi.Write, 0, 4, 1000, 1000)),
		few("deploy of 0", 50, host(abi.Deploy, 800, 832, 500, i64(5_000), 0, 0, 1000)), few(abi.SetCode, 1000, host(abi.SetCode, 800)),
		within(abi.EntryQuery, many(abi.Reply, host(abi.Reply, 0, 64))), within(abi.EntryMerge, many(abi.Part, text(host(abi.Part, 1, 1000, 64), module.OpDrop))),
		many(abi.Parts, text(host(abi.Parts), module.OpDrop)), many(abi.Gas, text(host(abi.Gas), module.OpDrop)), many(abi.Context, host(abi.Context, 1000)),
		many(abi.Balance, host(abi.Balance, 1000)), many(abi.Method, text(host(abi.Method, 1000, 64), module.OpDrop)),
		many(abi.Input, text(host(abi.Input, 1000, 64), module.OpDrop)), many(abi.Random, text(host(abi.Random, 1000), module.OpDrop)),
		many("sha256 of 0", host(abi.SHA256, 0, 0, 1000)), many("sha256 of 100", host(abi.SHA256, 0, 100, 1000)), few("sha256 of 60000", 20, host(abi.SHA256, 0, 60_000, 1000)),
		many("blake2b of 0", host(abi.BLAKE2b, 0, 0, 1000)), many("blake2b of 100", host(abi.BLAKE2b, 0, 100, 1000)), few("blake2b of 60000", 20, host(abi.BLAKE2b, 0, 60_000, 1000)),
		many("log", host(abi.Log, 0, 8)), few("log of 16000", 20, host(abi.Log, 0, 16_000)),
		few("event of 0", 250, host(abi.Event, 0, 4, 0, 0)), few("send of 0", 50, host(abi.Send, 400, 0, 4, 500, i64(5_000), 0, 0)),
		few("ed25519_verify", 50, text(host(abi.Ed25519Verify, 100, 200, 0, 4), module.OpDrop)),
		few("ed25519_verify of 60000", 20, text(host(abi.Ed25519Verify, 100, 200, 0, 60_000), module.OpDrop)),
		few("bls_verify", 5, text(host(abi.BLSVerify, 600, 700, 0, 4), module.OpDrop)),
		few("bls_verify of 60000", 5, text(host(abi.BLSVerify, 600, 700, 0, 60_000), module.OpDrop)),
	}
}

// blsText is the key of the secret 1, which is the generator of G2, and a signature that is a point but not its own: to
// refuse it takes as long as to accept one.
func blsText() (key, signature string) {
	k, err := hex.DecodeString("93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e" +
		"024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8")
	if err != nil {
		panic(err)
	}
	s, err := hex.DecodeString("97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb")
	if err != nil {
		panic(err)
	}
	return string(k), string(s)
}
