package conform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// features are the parts of WebAssembly that wazero may run: 1.0 with sign extension, saturating conversions and bulk
// memory. References come with bulk memory: without them wazero checks passive element segments against a table when it
// instantiates, and panics if there is none. What of references is not accepted Check refuses.
const (
	firstFeatures = api.CoreFeaturesV1 | api.CoreFeatureSignExtensionOps | api.CoreFeatureNonTrappingFloatToIntConversion
	features      = firstFeatures | api.CoreFeatureBulkMemoryOperations | api.CoreFeatureReferenceTypes
)

// engine is one of the two ways in which wazero runs a module.
type engine struct {
	name   string
	config func() wazero.RuntimeConfig
}

var engines = []engine{
	{"compiler", wazero.NewRuntimeConfigCompiler},
	{"interpreter", wazero.NewRuntimeConfigInterpreter},
}

// form is what of a module is run: what was published, or what the instrumenter makes of it.
type form struct {
	name    string
	metered bool // the gas global is there, and every NaN that arithmetic made is the canonical one
	options meter.Options
}

const maxStack = 128 << 10 // words

var (
	original = form{name: "original"}
	metered  = form{name: "metered", metered: true, options: meter.Options{MaxStack: maxStack}}
	marked   = form{name: "marked", metered: true, options: meter.Options{MaxStack: maxStack, Mark: true, MarkShift: markShift}}
)

// markShift makes buckets of a page: 64 of them are the 4 MiB that a generated module's memory has at most.
const markShift = 16

// of returns the module in this form, encoded.
func (f form) of(m *module.Module, facts *module.Facts) ([]byte, error) {
	if !f.metered {
		return m.Encode(), nil
	}
	out, err := meter.Instrument(m, facts, f.options)
	if err != nil {
		return nil, err
	}
	return out.Encode(), nil
}

// errOutOfGas is what the host answers when the budget is spent.
var errOutOfGas = errors.New("out of gas")

// host is a runtime of one engine with the meter's import in it. It hands the budget out in slices.
type host struct {
	runtime wazero.Runtime
	slice   int64 // handed out at a time
	left    int64 // of the budget, in no module's global
	refills int
}

// newHost starts a runtime that ends with the test.
func newHost(t testing.TB, e engine, features api.CoreFeatures) *host {
	t.Helper()
	ctx := context.Background()
	h := &host{runtime: wazero.NewRuntimeWithConfig(ctx, e.config().WithCoreFeatures(features).WithDebugInfoEnabled(false))}
	t.Cleanup(func() { _ = h.runtime.Close(ctx) })
	_, err := h.runtime.NewHostModuleBuilder(meter.ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(h.refill), nil, nil).Export(meter.ImportRefill).Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// refill tops up the gas of the module that calls it, or ends the call.
func (h *host) refill(_ context.Context, m api.Module, _ []uint64) {
	h.refills++
	g := m.ExportedGlobal(meter.GlobalGas).(api.MutableGlobal)
	gas := int64(g.Get())
	if -gas > h.left {
		panic(errOutOfGas)
	}
	more := min(max(h.slice, -gas), h.left)
	h.left -= more
	g.Set(uint64(gas + more))
}

// trap is why a call ended early: the text of wazero's error, which both engines share, or errOutOfGas. "" is none.
type trap string

const (
	trapGas         trap = "out of gas"
	trapStack       trap = "stack overflow"
	trapUnreachable trap = "unreachable"
	trapMemory      trap = "out of bounds memory access"
	trapTable       trap = "invalid table access"
	trapType        trap = "indirect call type mismatch"
	trapDivide      trap = "integer divide by zero"
	trapOverflow    trap = "integer overflow"
	trapNotANumber  trap = "invalid conversion to integer"
)

// ready resets what the host resets before every call from outside.
func (h *host) ready(m api.Module) {
	if g, ok := m.ExportedGlobal(meter.GlobalStack).(api.MutableGlobal); ok {
		g.Set(0)
	}
}

func (h *host) close() { _ = h.runtime.Close(context.Background()) }

// trapOf names what ended a call.
func (h *host) trapOf(m api.Module, err error) trap {
	if err == nil {
		return ""
	}
	if errors.Is(err, errOutOfGas) {
		return trapGas
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	if text == string(trapStack) { // the compiler's own limit
		return trapStack
	}
	_, text, ok := strings.Cut(text, "wasm error: ")
	if !ok {
		return trap(fmt.Sprintf("not a trap: %v", err))
	}
	if g := m.ExportedGlobal(meter.GlobalStack); trap(text) == trapUnreachable && g != nil && uint32(g.Get()) > maxStack {
		return trapStack
	}
	return trap(text)
}
