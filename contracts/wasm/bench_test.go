package wasm

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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
			if _, err := r.acquire(hash, false); err != nil {
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

// waiters are what code can do for long without coming back, and next to it nothing: what the machine itself makes us wait.
func waiters() map[string]guest {
	all := text(255, module.OpMemoryGrow, byte(0), module.OpDrop)
	here := at(module.OpLocalGet, 1) // each place depends on what was loaded at the one before
	chase := text(here, access(module.OpI32Load, 0), here, module.OpI32Add, 1664525, module.OpI32Mul, 64*1013903, module.OpI32Add, 1<<24-64, module.OpI32And, at(module.OpLocalSet, 1))
	return map[string]guest{
		"nothing":           {handle: text(module.OpNop)},
		"loop":              {handle: forever()},
		"loads everywhere":  {handle: text(all, forever(chase))},
		"fill 16 MiB":       {handle: text(all, forever(0, 1, 1<<24, module.OpMemoryFill, byte(0)))},
		"copy 16 MiB":       {handle: text(all, forever(0, 64, 1<<24-64, module.OpMemoryCopy, byte(0), byte(0)))},
		"SHA-256 of 16 MiB": {handle: text(all, forever(host(abi.SHA256, 0, 1<<24, 0)))},
		"BLAKE2b of 16 MiB": {handle: text(all, forever(host(abi.BLAKE2b, 0, 1<<24, 0)))},
		"signed 64 KiB":     {handle: forever(host(abi.Ed25519Verify, 0, 0, 0, abi.MaxSigned), module.OpDrop)},
		"growing":           {handle: text(all)},
	}
}

// How long Go's collector waits for code: the world is stopped again and again while it runs.
//
//	go test ./contracts/wasm -run '^$' -bench CollectorWaits -benchtime 300x
func BenchmarkCollectorWaits(b *testing.B) {
	for name, g := range waiters() {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, Config{})
			r.publish(b, g.build())
			var ended atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() {
				for !ended.Load() {
					_, _ = r.apply(relay("do", "", chain.MaxMessageGas))
				}
			})
			for r.Stats().Runs == 0 {
				runtime.Gosched()
			}
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				var m runtime.MemStats
				runtime.ReadMemStats(&m) // stops the world
				took = append(took, time.Since(start))
			}
			ended.Store(true)
			wg.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs/median")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/99%")
		})
	}
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

// Touched is which pages of its memory a message changes, to a contract whose first message was init, and what gas it uses; for
// tests outside of the package.
func Touched(t testing.TB, binary []byte, init, method, input string) (pages []int, used uint64) {
	t.Helper()
	r := newRig(t, Config{})
	r.publish(t, binary)
	r.keep(r.must(t, relay(abi.MethodInit, init, chain.MaxMessageGas)))
	x := r.context()
	x.Programs = programs(func(env *exec.Env) error {
		c, err := r.acquire(r.account.Code, false)
		if err != nil {
			return err
		}
		defer r.release(c)
		in, err := r.take(c)
		if err != nil {
			return err
		}
		entry, _ := c.entry(abi.EntryHandle)
		err = in.run(env, entry)
		image := append(slices.Clone(c.image), make([]byte, int(c.bytes)-len(c.image))...)
		for memory, at := in.bytes(), 0; at < len(memory); at += pageBytes {
			if at >= len(image) || !bytes.Equal(memory[at:at+pageBytes], image[at:at+pageBytes]) {
				pages = append(pages, at/pageBytes)
			}
		}
		r.give(in, err)
		return err
	})
	o, err := exec.Apply(x, self, r.account, r.storage, relay(method, input, chain.MaxMessageGas).Seal())
	if err != nil {
		t.Fatal(err)
	}
	return pages, o.GasUsed
}
