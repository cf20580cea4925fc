package wasm

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A message to a small module of two pages: handling and effects, restoring the instance.
func BenchmarkMessage(b *testing.B) {
	g := counter()
	for _, x := range []struct {
		name  string
		pages uint32
		c     Config
	}{
		{"1 page", 1, Config{}}, {"2 pages", 2, Config{}}, {"4 pages", 4, Config{}}, {"5 pages, marked", 5, Config{}}, {"40 pages, marked", 40, Config{}},
		{"2 pages, new instance", 2, Config{MaxIdle: 1}}, {"40 pages, new instance", 40, Config{MaxIdle: 1}},
		{"2 pages, from disk", 2, Config{MaxCompiled: 1, Dir: "x"}}, {"2 pages, compiled", 2, Config{MaxCompiled: 1}},
	} {
		b.Run(x.name, func(b *testing.B) {
			if x.c.Dir != "" {
				x.c.Dir = b.TempDir()
			}
			r := newRig(b, x.c)
			g.pages = x.pages
			r.publish(b, g.build())
			m := relay("do", "input", 1_000_000).Seal()
			c := r.context()
			b.ReportAllocs()
			for b.Loop() {
				if o, err := exec.Apply(c, self, r.account, r.storage, m); err != nil || o.Status != chain.StatusOK {
					b.Fatal(o, err)
				}
			}
		})
	}
}

// A message that does nothing, and one that traps.
func BenchmarkEnds(b *testing.B) {
	for name, c := range map[string]asm{"nothing": text(module.OpNop), "fail": failWith(0, 3), "trap": text(module.OpUnreachable), "grow": text(1, module.OpMemoryGrow, byte(0), module.OpDrop)} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, Config{})
			r.publish(b, guest{pages: 2, handle: c}.build())
			m := relay("do", "input", 1_000_000).Seal()
			x := r.context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := exec.Apply(x, self, r.account, r.storage, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A host call: crossing, settling, charging, a new slice.
func BenchmarkHostCall(b *testing.B) {
	for name, c := range map[string]asm{
		"parts": text(host(abi.Parts), module.OpDrop), "input": text(host(abi.Input, 0, 8), module.OpDrop), "context": host(abi.Context, 0),
		"balance": host(abi.Balance, 0),
	} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, Config{})
			const n = 10_000
			r.publish(b, guest{handle: repeat(0, n, c)}.build())
			m := relay("do", "input", 100_000_000).Seal()
			for b.Loop() {
				if o := r.must(b, m); o.Status != chain.StatusOK {
					b.Fatal(o)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/call")
		})
	}
}

// large is a module of about n bytes of code that compiles as real code does.
func large(n int) guest {
	g := guest{handle: text(call(0))}
	for i := 0; n > 0; i++ {
		f := function{locals: []module.ValueType{module.I32, module.I32, module.I64, module.I64}}
		for j := range 20 {
			f.code = append(f.code, text(
				at(module.OpLocalGet, 0), i*j, module.OpI32Add, at(module.OpLocalTee, 1), 0xfff0, module.OpI32And, at(module.OpLocalGet, 0), access(module.OpI32Store, j),
				at(module.OpLocalGet, 1), 0xff, module.OpI32And, access(module.OpI32Load, 8), at(module.OpLocalSet, 0),
				at(module.OpLocalGet, 0), block(module.OpIf, at(module.OpLocalGet, 2), i64(int64(j)), module.OpI64Mul, at(module.OpLocalSet, 2)))...)
		}
		n -= len(f.code)
		g.more = append(g.more, f)
	}
	return g
}

func BenchmarkCompile(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		binary := large(size).build()
		hash := chain.PublishInput{Code: binary}.Hash()
		load := func(b *testing.B, c Config) {
			r := newRig(b, c)
			r.codes[hash] = binary
			if _, err := r.acquire(hash); err != nil {
				b.Fatal(err)
			}
			r.mu.Lock()
			held := r.codes0(hash)
			r.mu.Unlock()
			r.release(held)
		}
		b.Run(fmt.Sprint(len(binary), " validate"), func(b *testing.B) {
			for b.Loop() {
				validate(binary)
			}
		})
		b.Run(fmt.Sprint(len(binary), " compile"), func(b *testing.B) {
			for b.Loop() {
				load(b, Config{})
			}
		})
		b.Run(fmt.Sprint(len(binary), " from disk"), func(b *testing.B) {
			dir := b.TempDir()
			load(b, Config{Dir: dir})
			for b.Loop() {
				load(b, Config{Dir: dir})
			}
		})
		b.Run(fmt.Sprint(len(binary), " interpreter"), func(b *testing.B) {
			for b.Loop() {
				load(b, Config{Mode: Interpret})
			}
		})
	}
}

func (r *rig) codes0(h chain.CodeHash) *code { return r.Engine.codes[h] }

// How long Go's collector waits for code that loops: with slices about a millisecond.
func BenchmarkCollectorWaits(b *testing.B) {
	r := newRig(b, Config{})
	r.publish(b, guest{handle: forever()}.build())
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 8 {
			_, _ = r.apply(relay("do", "", chain.MaxMessageGas))
		}
	}()
	for r.Stats().Runs == 0 {
		runtime.Gosched()
	}
	var worst time.Duration
	for b.Loop() {
		select {
		case <-stop:
			return
		default:
		}
		start := time.Now()
		var m runtime.MemStats
		runtime.ReadMemStats(&m) // stops the world
		worst = max(worst, time.Since(start))
	}
	b.ReportMetric(float64(worst.Microseconds()), "µs/worst")
	<-stop
}

// MeasureContract measures messages to a real contract, for tests outside of the package: loading it, calling it while it
// waits and when its instance must be made.
func MeasureContract(b *testing.B, binary []byte, method, input string) {
	call := func(b *testing.B, c Config) {
		r := newRig(b, c)
		r.publish(b, binary)
		m := relay(method, input, chain.MaxMessageGas).Seal()
		x := r.context()
		o := r.must(b, m)
		want(b, o, chain.StatusOK, "")
		b.ReportAllocs()
		for b.Loop() {
			if o, err := exec.Apply(x, self, r.account, r.storage, m); err != nil || o.Status != chain.StatusOK {
				b.Fatal(o, err)
			}
		}
		b.ReportMetric(float64(o.GasUsed), "gas")
	}
	b.Run("message", func(b *testing.B) { call(b, Config{}) })
	b.Run("message to a new instance", func(b *testing.B) { call(b, Config{MaxIdle: 1}) })
	b.Run("message from disk", func(b *testing.B) { call(b, Config{MaxCompiled: 1, Dir: b.TempDir()}) })
	b.Run("message compiled", func(b *testing.B) { call(b, Config{MaxCompiled: 1}) })
	b.Run("validate", func(b *testing.B) {
		for b.Loop() {
			validate(binary)
		}
	})
}
