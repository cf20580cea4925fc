package meter

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// worst are bodies that grow most for their size, or plan most. Each is a repeated snippet. growth is what the doc says.
var worst = []struct {
	name, snippet string
	growth        float64
}{
	{"loops of nothing", "loop; end", 7},
	{"sign after root", "f64.sqrt; f64.neg", 9.5},
	{"stores to everywhere", "memory.size; memory.size; i32.store8 1", 4},
	{"stores off one local", "local.get 0; local.get 0; i64.extend_i32_u; i64.store 1", 1.1},
	{"ifs", "local.get 0; if; end", 2.6},
	{"branches", "block; local.get 0; br_if 0; end", 2.2},
	{"calls", "call 1", 2.8},
	{"dead code", "unreachable", 0.1},
	{"additions", "local.get 0; i32.const 1; i32.add; local.set 0", 1.1},
}

// TestWorst: 4 MiB of the worst code, in functions of 128 KiB, grow no more than the doc says, and take memory in
// proportion. Time is printed.
func TestWorst(t *testing.T) {
	size, least := 4<<20, 100<<10
	if testing.Short() {
		size = 256 << 10
	}
	for _, c := range worst {
		snippet := assemble(t, c.snippet)
		snippet = snippet[:len(snippet)-1]
		body := slices.Repeat(snippet, 128<<10/len(snippet))
		if strings.HasPrefix(c.snippet, "f64") {
			body = slices.Concat([]byte{byte(module.OpLocalGet), 1}, body, []byte{byte(module.OpDrop)})
		}
		body = append(body, byte(module.OpEnd))
		m := sample(t, module.FuncType{Params: []module.ValueType{module.I32, module.F64}}, nil, body)
		if c.name == "calls" {
			m.Types[1], m.Imports[0].Type = m.Types[0], 1
			m.Types[0] = module.FuncType{}
		}
		for len(m.Bodies)*len(body) < size {
			m.Bodies, m.Funcs = append(m.Bodies, m.Bodies[0]), append(m.Funcs, m.Funcs[0])
		}
		facts, err := module.Validate(m, module.Any())
		if err != nil {
			t.Fatal(c.name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		out, err := Instrument(m, facts, Options{MaxStack: 128 << 10, Mark: true, MarkShift: 16})
		if err != nil {
			t.Fatal(c.name, err)
		}
		code := out.Encode()
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		growth := float64(len(code)) / float64(size)
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s: %.1f times the size, %v, %d MiB allocated", c.name, growth, took, allocated)
		if growth > c.growth {
			t.Errorf("%s: grows to %.2f of its size, the doc says %v", c.name, growth, c.growth)
		}
		if size > least && allocated > 300 {
			t.Errorf("%s: %d MiB were allocated", c.name, allocated)
		}
	}
}

const goProgram = `package main

import ("encoding/json"; "fmt"; "math/big"; "sort")

//go:wasmexport handle
func handle(n uint32) uint32 {
	x := big.NewInt(int64(n))
	s := []string{"b", fmt.Sprint(float64(n) / 3)}
	sort.Strings(s)
	b, _ := json.Marshal(s)
	return uint32(len(b)) + uint32(x.Exp(x, x, nil).BitLen())
}

func main() {}
`

// stockGo builds a module with the toolchain at hand.
func stockGo(tb testing.TB) []byte {
	tb.Helper()
	if testing.Short() {
		tb.Skip("builds a program")
	}
	dir := tb.TempDir()
	for name, text := range map[string]string{"main.go": goProgram, "go.mod": "module program\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", "program.wasm", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Skipf("no toolchain to build with: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "program.wasm"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestStockGo: what the stock toolchain compiles is valid when it is instrumented, and the same each time.
func TestStockGo(t *testing.T) {
	code := stockGo(t)
	m, facts, err := module.Check(code, module.Any())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{standard, {MaxStack: 128 << 10, Mark: true, MarkShift: 16}} {
		first := instrument(t, m, o).Encode()
		again, err := Instrument(m, facts, o)
		if err != nil || !slices.Equal(again.Encode(), first) {
			t.Errorf("%+v: a second time it is another: %v", o, err)
		}
		t.Logf("%+v: %d bytes become %d", o, len(code), len(first))
	}
}

// BenchmarkInstrument is over random bodies, 1 MiB of code: Instrument and Encode.
func BenchmarkInstrument(b *testing.B) {
	a := &author{Rand: rand.New(rand.NewPCG(1, 2))}
	f := module.FuncType{Params: []module.ValueType{module.I32, module.I32, module.I64}}
	m := sample(b, f, []module.ValueType{module.I32, module.I64}, assemble(b, "nop"))
	for size := 0; size < 1<<20; {
		a.Code = nil
		for range 5 {
			a.statements(3, 20)
		}
		a.Op(module.OpEnd)
		m.Bodies, m.Funcs = append(m.Bodies, module.Body{Locals: m.Bodies[0].Locals, Code: a.Code}), append(m.Funcs, 0)
		size += len(a.Code)
	}
	facts, err := module.Validate(m, module.Any())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		o    Options
	}{{"gas", standard}, {"marks", Options{MaxStack: 128 << 10, Mark: true, MarkShift: 16}}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(1 << 20)
			b.ReportAllocs()
			for b.Loop() {
				out, err := Instrument(m, facts, c.o)
				if err != nil {
					b.Fatal(err)
				}
				out.Encode()
			}
		})
	}
}
