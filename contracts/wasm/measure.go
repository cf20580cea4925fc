package wasm

import (
	"math/bits"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
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
		s.marks, s.shift = true, max(meter.MinMarkShift, uint(bits.Len32((s.bytes-1)>>6)))
	}
}
