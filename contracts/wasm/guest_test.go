package wasm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/build"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
)

// goHost is a host as small as can be for what contracts/build makes: one account, every handling on a fresh instance.
type goHost struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	entries  map[string][]byte
	sent     []string // method and input
	events   []string
	logs     []string
	kind     uint32

	method  string
	input   []byte
	reply   []byte
	refused string
	writing map[string][]byte
	memory  []byte // after the last handling
	gas     uint64 // of its instructions
}

// errRefused ends a handling as fail does.
var errRefused = errors.New("refused")

// built are the contracts that tests have built, by directory.
var built = struct {
	sync.Mutex
	code map[string][]byte
}{code: map[string][]byte{}}

func buildGo(t testing.TB, dir string) []byte {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.code[dir] == nil {
		code, report, err := build.Go(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if !report.Trimmed {
			t.Fatal("the builder doesn't know the tables of this version of Go: compare runtime.moduledata and runtime._func with gotables.go")
		}
		t.Logf("%s: %d bytes (%d code, %d data), %d pages, %d functions", dir, report.Bytes, report.Code, report.Data, report.Pages, report.Functions)
		built.code[dir] = code
	}
	return built.code[dir]
}

func newGoHost(t testing.TB, dir string) *goHost {
	ctx := context.Background()
	h := &goHost{entries: map[string][]byte{}}
	h.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithMemoryLimitPages(abi.MaxPages))
	t.Cleanup(func() { _ = h.runtime.Close(ctx) })
	b := h.runtime.NewHostModuleBuilder(abi.Module)
	for _, f := range abi.Functions {
		types := func(in []abi.Type) (out []api.ValueType) {
			for _, v := range in {
				out = append(out, api.ValueType(v))
			}
			return out
		}
		b = b.NewFunctionBuilder().WithGoModuleFunction(h.function(f.Name), types(f.Params), types(f.Results)).Export(f.Name)
	}
	if _, err := b.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	b = h.runtime.NewHostModuleBuilder(meter.ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) { panic(errors.New("out of gas")) }), nil, nil).Export(meter.ImportRefill)
	if _, err := b.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	code, err := metered(buildGo(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if h.compiled, err = h.runtime.CompileModule(ctx, code); err != nil {
		t.Fatal(err)
	}
	return h
}

// metered is the module that counts its gas.
func metered(code []byte) ([]byte, error) {
	m, err := module.Decode(code)
	if err != nil {
		return nil, err
	}
	policy := module.Any()
	facts, err := module.Validate(m, policy)
	if err != nil {
		return nil, err
	}
	m, err = meter.Instrument(m, facts, meter.Options{MaxStack: 128 << 10})
	if err != nil {
		return nil, err
	}
	return m.Encode(), nil
}

// plenty is the gas of every handling.
const plenty = 1 << 40

// run runs an entry; "" if it went well, else why not.
func (h *goHost) run(t testing.TB, entry, method string, input []byte) string {
	t.Helper()
	ctx := context.Background()
	m, err := h.runtime.InstantiateModule(ctx, h.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(ctx) }()
	h.method, h.input, h.reply, h.refused, h.writing = method, input, nil, "", maps.Clone(h.entries)
	h.sent, h.events, h.logs = nil, nil, nil
	f := m.ExportedFunction(entry)
	if f == nil {
		t.Fatalf("no entry %s", entry)
	}
	gas := m.ExportedGlobal(meter.GlobalGas).(api.MutableGlobal)
	gas.Set(plenty)
	_, err = f.Call(ctx)
	h.gas = plenty - gas.Get()
	view, _ := m.Memory().Read(0, m.Memory().Size())
	h.memory = bytes.Clone(view)
	switch {
	case h.refused != "":
		return h.refused
	case err != nil:
		text, _, _ := strings.Cut(err.Error(), "\n")
		return "trap: " + text
	}
	h.entries = h.writing
	return ""
}

// function is one host function. Arguments that are no addresses of this memory panic, as they would trap.
func (h *goHost) function(name string) api.GoModuleFunc {
	at := func(m api.Module, pointer, length uint64) []byte {
		b, ok := m.Memory().Read(uint32(pointer), uint32(length))
		if !ok {
			panic(fmt.Errorf("%s of %d bytes at %d, outside of the memory", name, length, pointer))
		}
		return b
	}
	give := func(m api.Module, b []byte, stack []uint64, pointer, size uint64) {
		copy(at(m, pointer, size), b)
		stack[0] = uint64(uint32(len(b)))
	}
	functions := map[string]api.GoModuleFunc{
		abi.Context: func(_ context.Context, m api.Module, s []uint64) {
			b := at(m, s[0], abi.ContextBytes)
			clear(b)
			b[abi.ContextSelf+3], b[abi.ContextSelf+23] = 1, 1
			b[abi.ContextSender+3], b[abi.ContextSender+23] = 1, 2
			b[abi.ContextAmount] = 7
			binary.LittleEndian.PutUint64(b[abi.ContextTime:], 1_700_000_000_123)
			binary.LittleEndian.PutUint32(b[abi.ContextKind:], h.kind)
		},
		abi.Method: func(_ context.Context, m api.Module, s []uint64) { give(m, []byte(h.method), s, s[0], s[1]) },
		abi.Input:  func(_ context.Context, m api.Module, s []uint64) { give(m, h.input, s, s[0], s[1]) },
		abi.Read: func(_ context.Context, m api.Module, s []uint64) {
			v, ok := h.writing[string(at(m, s[0], s[1]))]
			if !ok {
				s[0] = uint64(^uint32(0))
				return
			}
			give(m, v, s, s[2], s[3])
		},
		abi.Write: func(_ context.Context, m api.Module, s []uint64) {
			key, value := string(at(m, s[0], s[1])), bytes.Clone(at(m, s[2], s[3]))
			if delete(h.writing, key); len(value) > 0 {
				h.writing[key] = value
			}
		},
		abi.Next: func(_ context.Context, m api.Module, s []uint64) {
			prefix, after := string(at(m, s[0], s[1])), string(at(m, s[2], s[3]))
			for _, k := range slices.Sorted(maps.Keys(h.writing)) {
				if strings.HasPrefix(k, prefix) && k > after {
					give(m, []byte(k), s, s[4], s[5])
					return
				}
			}
			s[0] = uint64(^uint32(0))
		},
		abi.Send: func(_ context.Context, m api.Module, s []uint64) {
			h.sent = append(h.sent, fmt.Sprintf("%s %x amount %d gas %d", at(m, s[1], s[2]), at(m, s[5], s[6]), at(m, s[3], 16)[0], s[4]))
		},
		abi.Event: func(_ context.Context, m api.Module, s []uint64) {
			h.events = append(h.events, fmt.Sprintf("%s %x", at(m, s[0], s[1]), at(m, s[2], s[3])))
		},
		abi.Log:   func(_ context.Context, m api.Module, s []uint64) { h.logs = append(h.logs, string(at(m, s[0], s[1]))) },
		abi.Reply: func(_ context.Context, m api.Module, s []uint64) { h.reply = bytes.Clone(at(m, s[0], s[1])) },
		abi.Fail: func(_ context.Context, m api.Module, s []uint64) {
			h.refused = string(at(m, s[0], s[1]))
			panic(errRefused)
		},
	}
	if f, ok := functions[name]; ok {
		return f
	}
	return func(context.Context, api.Module, []uint64) { panic(fmt.Errorf("no %s here", name)) }
}

// number is the input of a method that takes a u64.
func number8(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// TestGoStress runs every method of the stress contract, each on a fresh image: what the builder took out of the runtime is
// never needed. What goes wrong ends in a reason, or in a trap.
func TestGoStress(t *testing.T) {
	h := newGoHost(t, "testdata/stress")
	for _, c := range []struct {
		method string
		n      uint64
		fails  string // why; "trap" where nothing but the log says it
		result string
		log    string
	}{
		{"maps", 1000, "", "500 [1 3 5] 3 2", ""},
		{"format", 255, "", "255 ff \"text\" {i [] 0} *main.Stress  1.50", ""},
		{"big", 30, "", "265252859812191058636308480000000", ""},
		{"channels", 20, "", "2470", ""},
		{"select", 10, "", "30", ""},
		{"mutex", 10, "", "110", ""},
		{"collect", 3000, "", "2047 1533000 101", ""},
		{"deep", 1000, "", "1001", ""},
		{"defers", 20, "", "outer 20[inner 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0]", ""},
		{"errors", 5, "", "true true 5", ""},
		{"storage", 4, "", "key00=0 key02=2 key03=3 4 true true false", ""},
		{"slices", 100, "", "99ABC4050765991979987505", ""},
		{"assert", 7, "", "49own error1", ""},
		{"state", 3, "", "2", ""},
		{"index", 9, "panic: runtime error: index out of range [9] with length 0", "", ""},
		{"nil", 0, "panic: runtime error: invalid memory address or nil pointer dereference", "", ""},
		{"divide", 0, "panic: runtime error: integer divide by zero", "", ""},
		{"type", 1, "panic: interface conversion: interface {} is uint64, not string", "", ""},
		{"panic", 0, "panic: own panic", "", ""},
		{"panicerror", 0, "panic: own error", "", ""},
		{"refuse", 5, "not 5", "", ""},
		{"overflow", 0, "amount 340282366920938463463374607431768211455 + 1 exceeds 2^128-1", "", ""},
		{"nilmap", 0, "panic: assignment to entry in nil map", "", ""},
		{"closed", 0, "panic: close of closed channel", "", ""},
		{"makeslice", 1, "panic: runtime error: makeslice: len out of range", "", ""},
		{"memory", 5, "", "5", ""},
		{"memory", 40, "trap", "", "out of memory"},
		{"endless", 0, "trap", "", ""},
		{"deadlock", 0, "trap", "", "all goroutines are asleep"},
		{"gopanic", 0, "trap", "", "panic: elsewhere"},
		{"now", 0, "", "1700000000123", ""},
		{"sleep", 1e9, "trap", "", ""},
		{"fatal", 0, "trap", "", "unlock of unlocked mutex"},
	} {
		t.Run(c.method, func(t *testing.T) {
			clear(h.entries)
			fails := h.run(t, abi.EntryHandle, c.method, number8(c.n))
			if c.fails == "trap" && strings.HasPrefix(fails, "trap: ") {
				fails = "trap"
			}
			if fails != c.fails {
				t.Errorf("fails: %q, want %q; log %q", fails, c.fails, h.logs)
			}
			result := ""
			if state := h.entries["\x00"]; len(state) > 4 {
				result = string(state[4 : 4+binary.BigEndian.Uint32(state)])
			}
			if result != c.result {
				t.Errorf("result %q, want %q", result, c.result)
			}
			if log := strings.Join(h.logs, ""); !strings.Contains(log, c.log) {
				t.Errorf("log %q, want %q in it", log, c.log)
			}
		})
	}
}

// TestGoCounter takes the sample through what contracts do, on the chain's side of the ABI.
func TestGoCounter(t *testing.T) {
	h := newGoHost(t, "testdata/counter")
	state := func() uint64 { return binary.BigEndian.Uint64(h.entries["\x00"][abi.AddressBytes:]) }
	for _, c := range []struct {
		entry, method string
		input         []byte
		fails         string
		value         uint64
	}{
		{abi.EntryHandle, "init", number8(5), "", 5},
		{abi.EntryHandle, "increase", number8(7), "", 12},
		{abi.EntryHandle, "increase", number8(101), "increase by 101: at most 100", 12},
		{abi.EntryHandle, "increase", []byte{1}, "by ends too early (at byte 0)", 12},
		{abi.EntryHandle, "increase", make([]byte, 9), "input has bytes behind its end (at byte 8)", 12},
		{abi.EntryHandle, "get", nil, "no method get; there are increase forward fail", 12},
		{abi.EntryHandle, "fail", nil, "panic: runtime error: index out of range [12] with length 0", 12},
		{abi.EntryBounce, "bounce", chain.BounceInput{Method: "m", Status: chain.StatusTrap, Reason: "why"}.Encode(), "", 11},
		{abi.EntryBounce, "bounce", nil, "message ends too early (at byte 0)", 11},
	} {
		if fails := h.run(t, c.entry, c.method, c.input); fails != c.fails || state() != c.value {
			t.Errorf("%s %s: %q, value %d; want %q, %d", c.entry, c.method, fails, state(), c.fails, c.value)
		}
	}
	if h.run(t, abi.EntryQuery, "get", nil) != "" || !bytes.Equal(h.reply, number8(11)) {
		t.Errorf("query: %q, reply %x", h.refused, h.reply)
	}
	h.run(t, abi.EntryHandle, "increase", number8(1))
	if want := []string{fmt.Sprintf("changed %08x%040x%016x", 1, 2, 12)}; !slices.Equal(h.events, want) {
		t.Errorf("events %q, want %q", h.events, want)
	}
	to := make([]byte, abi.AddressBytes)
	to[3] = 1
	h.run(t, abi.EntryHandle, "forward", append(to, number8(3)...))
	if want := []string{"increase 0000000000000003 amount 7 gas 150000"}; !slices.Equal(h.sent, want) {
		t.Errorf("sent %q, want %q", h.sent, want)
	}
}

// TestGoTouched measures which parts of its memory one handling of a small contract writes to: what an engine restores.
func TestGoTouched(t *testing.T) {
	h := newGoHost(t, "testdata/counter")
	h.run(t, abi.EntryHandle, "init", number8(5))
	m, err := module.Decode(buildGo(t, "testdata/counter"))
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"increase", "fail"} {
		if h.run(t, abi.EntryHandle, method, number8(1)[:map[string]int{"increase": 8}[method]]); len(h.memory) == 0 {
			t.Fatal("no memory")
		}
		image := make([]byte, len(h.memory))
		for _, d := range m.Data {
			w := module.Walk(d.Offset)
			w.Next()
			copy(image[uint32(w.Instruction().I64):], d.Bytes)
		}
		var large, small []string
		for at := 0; at < len(image); at += 4 << 10 {
			if !bytes.Equal(image[at:at+4<<10], h.memory[at:at+4<<10]) {
				small = append(small, fmt.Sprintf("%x", at>>12))
				large = append(large, fmt.Sprintf("%x", at>>16))
			}
		}
		large = slices.Compact(large)
		t.Logf("%s: %d gas of instructions; of %d pages of 64 KiB %d are touched (%v), %d of 4 KiB (%v)", method, h.gas, len(image)>>16, len(large), large, len(small), small)
		if len(large) > 8 || len(h.memory) != int(m.Memories[0].Min)<<16 || h.gas > 50_000 {
			t.Errorf("%s touches %d pages of 64 KiB, has %d bytes of memory, takes %d gas; 6, no more than the image and 28,000 were enough once",
				method, len(large), len(h.memory), h.gas)
		}
	}
}

// TestGoOnEngine runs the sample on the engine of the chain: deployed, called, asked, refused, and bounced to.
func TestGoOnEngine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "counter.wasm")
	if err := os.WriteFile(file, buildGo(t, "testdata/counter"), 0o644); err != nil {
		t.Fatal(err)
	}
	v := newVillageOf(t, file)
	salt := [32]byte{1}
	at := chain.MadeAddress(chain.Main, bob, salt, v.code)
	worked(t, v.deploy(bob, salt, number8(5)))
	worked(t, v.handle(v.relay(carol, at, "increase", number8(7))))
	refused(t, v.handle(v.relay(carol, at, "increase", number8(101))), "increase by 101: at most 100")
	refused(t, v.handle(v.relay(carol, at, "fail", nil)), "panic: runtime error: index out of range [12] with length 0")
	if got := v.ask(at, "get"); !bytes.Equal(got, number8(12)) {
		t.Errorf("value %x", got)
	}
	o := v.handle(v.relay(carol, at, "increase", number8(1)))
	t.Logf("an increase takes %d gas", o.GasUsed)
	// A counter that isn't there: the message bounces, and the hook counts down.
	lost := chain.MadeAddress(chain.Main, issuer, salt, v.code)
	m := v.relay(carol, at, "forward", join(lost[:], number8(3)))
	sent := v.apply(m)
	worked(t, sent)
	failed := relays(m, sent)[0]
	back := relays(failed, v.apply(failed))[0]
	hook := v.apply(back)
	worked(t, hook)
	t.Logf("a hook for bounces takes %d gas of %d", hook.GasUsed, back.GasLimit)
	if got := v.ask(at, "get"); !bytes.Equal(got, number8(12)) {
		t.Errorf("value %x after a bounce", got)
	}
}

// AddGas is the chain's price of an add, which pays for itself anywhere.
func TestAddGas(t *testing.T) {
	if guest.AddGas != gas.Add {
		t.Errorf("the SDK sends %d with an add, which takes %d", guest.AddGas, gas.Add)
	}
}
