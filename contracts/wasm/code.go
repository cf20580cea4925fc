package wasm

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// maxStack bounds the words of stack that a handling may take, 1 MiB of them: at most 1,790 frames, as meter counts, which
// is below what wazero's interpreter can hold, and 80 times below its compiler's code (W1).
const maxStack = 1 << 17

// entries are the exports that are called, by their place in instance.entries.
var entries = [...]string{abi.EntryHandle, abi.EntryBounce, abi.EntryQuery, abi.EntryMerge}

// origin is where compiled code came from.
type origin uint8

const (
	fromCompiler origin = iota
	fromDisk
	fromInterpreter
)

// code is a module that is ready to run, or being made ready. Each has a runtime of its own (170 µs): what wazero keeps
// for it, on disk too, goes when it goes.
type code struct {
	hash   chain.CodeHash
	engine *Engine
	binary []byte        // the module, while it waits; nil to ask the source for it
	ready  chan struct{} // closed when err and what follows it is there, and doesn't change any more
	err    error

	shape
	origin   origin
	runtime  wazero.Runtime
	cache    wazero.CompilationCache // nil when it is the runtime's
	compiled wazero.CompiledModule
	size     int64  // bytes, about
	price    uint64 // of an instance, whether it waits or not
	image    []byte // of the memory of a new instance, without the zeros at its end
	initial  []uint64

	length int           // of the module, if it didn't come from the source; guarded by engine.mu, like what follows
	users  int           // who run it, or wait for it
	then   func(error)   // to be called when it is ready, or can't be
	free   []*instance   // those that wait
	place  *list.Element // in engine.recent
}

// compilers is how many modules are compiled at once: what runs messages goes first.
func compilers() int { return max(1, runtime.GOMAXPROCS(0)/2) }

func (c *code) entry(name string) (int, bool) {
	for i, n := range entries {
		if n == name {
			return i, c.exports[i]
		}
	}
	return 0, false
}

func (c *code) isReady() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// load makes the code ready. It runs once, in a goroutine of its own.
func (c *code) load(binary []byte) (err error) {
	if binary == nil {
		if binary, err = c.engine.config.Source(c.hash); err != nil {
			return fmt.Errorf("code %s: %w", c.hash, err)
		}
	}
	if err := c.make(binary); err != nil {
		return fmt.Errorf("code %s can't be run: %w", c.hash, err)
	}
	return nil
}

// codeBytes is about what a module takes: itself, its machine code (3.7 times as much was measured), its image, what
// wazero notes of each of its items, and a runtime.
func codeBytes(module, image, items int) int64 {
	return int64(module)*5 + int64(image) + int64(items)*96 + 160<<10
}

// weigh replaces the guess at the machine code by what lies on disk of it.
func (c *code) weigh() {
	if onDisk := sizeOf(c.engine.disk.path(c.hash)); onDisk > 0 {
		c.size = codeBytes(0, len(c.image), c.items) + onDisk
	}
}

// meter is the module that runs instead of the one that was published.
func (c *code) meter(binary []byte) ([]byte, error) {
	m, facts, err := Check(binary)
	if err != nil {
		return nil, err
	}
	c.describe(m)
	if c.engine.variant == Bare {
		return c.adapt(meter.Bare(m)).Encode(), nil
	}
	metered, err := meter.Instrument(m, facts, meter.Options{Mark: c.marks, MarkShift: c.shift, MaxStack: maxStack})
	if err != nil {
		return nil, err
	}
	return c.adapt(metered).Encode(), nil
}

// recall finds out what meter does, but for the module that runs, of one that meter has accepted before.
func (c *code) recall(binary []byte) error {
	m, err := module.Decode(binary)
	if err != nil {
		return err
	}
	c.describe(m)
	c.image = takeData(m)
	return nil
}

// describe notes what the module says about its instances.
func (c *code) describe(m *module.Module) {
	c.shape = shapeOf(m)
	c.price = c.shape.price()
	c.engine.variant.apply(&c.shape)
}

// adapt makes room for the page that shrinks a memory (see linear), takes its data, and drops what only tools read: wazero
// would refuse a module whose names are broken.
func (c *code) adapt(m *module.Module) *module.Module {
	own := *m
	own.Customs = nil
	c.image = takeData(&own)
	limits := m.Memories[0]
	if !limits.HasMax || limits.Max > module.MaxPages {
		limits.Max, limits.HasMax = module.MaxPages, true
	}
	limits.Max++
	own.Memories = []module.Limits{limits}
	return &own
}

// make compiles the module, or reads back from disk what came of that. A disk that fails is no reason not to run, and neither
// is a compiler that does: the interpreter gives the same results (W1).
func (c *code) make(binary []byte) error {
	if c.engine.disk != nil && c.fromDisk(binary) == nil {
		return nil
	}
	metered, err := c.meter(binary)
	if err != nil {
		return err
	}
	if err = c.build(metered, c.engine.compiler, nil); err == nil {
		return nil
	}
	if c.build(metered, wazero.NewRuntimeConfigInterpreter(), nil) == nil {
		c.origin = fromInterpreter
		return nil
	}
	return err
}

// fromDisk builds with what was left in the code's directory the last time, or leaves it there for the next.
func (c *code) fromDisk(binary []byte) error {
	disk := c.engine.disk
	cache, kept, err := disk.open(c.hash)
	if err != nil {
		return err
	}
	metered := kept
	if kept != nil {
		err = c.recall(binary)
	} else {
		metered, err = c.meter(binary)
	}
	if err == nil {
		err = c.build(metered, c.engine.compiler, cache)
	}
	if err != nil {
		return errors.Join(err, cache.Close(context.Background()), disk.remove(c.hash))
	}
	defer c.weigh()
	if kept != nil {
		c.origin = fromDisk
		disk.touch(c.hash)
	} else if disk.seal(c.hash, metered) != nil {
		_ = disk.remove(c.hash) // it is not needed, and without its sum not used
	}
	return nil
}

// build compiles, and makes a first instance for its image. A panic of the compiler's is an error: code that somebody
// published must not stop every node.
func (c *code) build(metered []byte, how wazero.RuntimeConfig, cache wazero.CompilationCache) (err error) {
	ctx := context.Background()
	var r wazero.Runtime
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the compiler failed: %v", p)
		}
		if err != nil && r != nil {
			err = errors.Join(err, r.Close(ctx))
		}
	}()
	how = how.WithCoreFeatures(features).WithMemoryLimitPages(module.MaxPages + 1).WithDebugInfoEnabled(false)
	if cache != nil {
		how = how.WithCompilationCache(cache)
	}
	r = wazero.NewRuntimeWithConfig(ctx, how)
	if err := offer(ctx, r); err != nil {
		return err
	}
	compiled, err := r.CompileModule(ctx, metered)
	if err != nil {
		return err
	}
	c.runtime, c.cache, c.compiled = r, cache, compiled
	in, err := c.instantiate()
	if err != nil {
		return err
	}
	c.remember(in)
	c.size = codeBytes(len(metered), len(c.image), c.items)
	return nil
}

// features are those of module.AllFeatures, as wazero calls them, and one more: without reference types, which no module
// that was accepted has, wazero panics on element segments that are passive.
const features = api.CoreFeaturesV1 | api.CoreFeatureSignExtensionOps | api.CoreFeatureBulkMemoryOperations |
	api.CoreFeatureNonTrappingFloatToIntConversion | api.CoreFeatureReferenceTypes

// remember keeps what a new instance looks like. Nothing has run in it: there is no start function.
func (c *code) remember(in *instance) {
	c.initial = nil
	for _, g := range in.globals {
		c.initial = append(c.initial, g.Get())
	}
}

// lean is how instances are made: without a name, which would have to be unique; without a start function; without a
// source of randomness, which would be seeded each time.
var lean = wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(nothing{})

// nothing is a source that nobody reads from.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, errors.New("there is nothing to read") }

// instantiate makes an instance.
func (c *code) instantiate() (*instance, error) {
	in := &instance{Context: context.Background(), code: c, linear: &linear{spares: &c.engine.spares}}
	ctx := experimental.WithMemoryAllocator(in.Context, in.linear)
	m, err := c.runtime.InstantiateModule(ctx, c.compiled, lean)
	if err != nil {
		return nil, err
	}
	if err := in.bind(m); err != nil {
		return nil, err
	}
	copy(in.bytes(), c.image)
	return in, nil
}

func (c *code) close() error {
	ctx := context.Background()
	err := c.runtime.Close(ctx)
	if c.cache != nil {
		err = errors.Join(err, c.cache.Close(ctx))
	}
	return err
}
