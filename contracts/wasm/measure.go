package wasm

import (
	"fmt"
	"math/bits"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/assert"
)

// Variant is how much of what a chain adds to code is in it, for measuring what that costs.
type Variant uint8

const (
	// OnChain is what every chain runs.
	OnChain Variant = iota
	// Bare code counts nothing: no gas is charged but for host calls, and it runs until it ends.
	Bare
	// Counted code counts gas and stack, and doesn't note what it stores to, however large its memory.
	Counted
	// Marked code is Counted, and notes what it stores to, however small its memory.
	Marked
)

// OpenVariant is Open for an engine that runs all code in the variant. It is for measuring and for nothing else: but for
// OnChain, what comes of a call is not what comes of it on a chain (W1, W4). Nothing is kept on disk.
func OpenVariant(c Config, v Variant) (*Engine, error) {
	assert.That(c.Dir == "", "compiled code of a variant is not kept")
	e, err := Open(c)
	if err == nil {
		e.variant = v
	}
	return e, err
}

// Instrument is what a chain makes of a published module before it compiles it: decoded, validated, instrumented, encoded.
func Instrument(binary []byte) ([]byte, error) { return (&code{engine: &Engine{}}).meter(binary) }

// apply changes the shape of a module to the variant's.
func (v Variant) apply(s *shape) {
	switch v {
	case Bare, Counted:
		s.marks = false
	case Marked:
		s.marks, s.shift = true, max(meterShift, uint(bits.Len32((s.bytes-1)>>6)))
	}
}

// meterShift is the least that meter.Options takes.
const meterShift = 3

// bare is m with the globals and exports that an instance is bound to, and nothing else (see meter.Instrument).
func bare(m *module.Module) *module.Module {
	own := *m
	own.Globals = append(m.Globals[:len(m.Globals):len(m.Globals)],
		module.Global{GlobalType: module.GlobalType{Type: module.I64, Mutable: true}, Init: []byte{byte(module.OpI64Const), 0, byte(module.OpEnd)}},
		module.Global{GlobalType: module.GlobalType{Type: module.I32, Mutable: true}, Init: []byte{byte(module.OpI32Const), 0, byte(module.OpEnd)}})
	own.Exports = m.Exports[:len(m.Exports):len(m.Exports)]
	base := m.ImportedGlobals()
	export := func(name string, at int) {
		own.Exports = append(own.Exports, module.Export{Name: name, Kind: module.ExternGlobal, Index: uint32(base + at)})
	}
	export(meter.GlobalGas, len(m.Globals))
	export(meter.GlobalStack, len(m.Globals)+1)
	for i, g := range m.Globals {
		if g.Mutable {
			export(fmt.Sprint(meter.GlobalOwn, i), i)
		}
	}
	return &own
}
