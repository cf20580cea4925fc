package meter

import "fmt"

// Version is of what Instrument makes of a module. It changes with every change of it, of a price, or of what contracts/wasm
// makes of the result, which a test there holds: instrumented code that is kept is run as long as this is what it was.
const Version = 4

// What Instrument adds to a module, by name.
const (
	// ImportModule and ImportRefill name the function () -> () that is called when GlobalGas is below zero. It returns
	// with a global that is not below zero, or doesn't return: it panics.
	ImportModule = "thinkey_meter"
	ImportRefill = "refill"

	// GlobalGas (i64, mutable) is what is left of the slice of gas that the host handed out.
	GlobalGas = "thinkey_gas"
	// GlobalStack (i32, mutable) is the words of stack in use. The host sets it to 0 before every call. After a trap,
	// a value above Options.MaxStack says that the trap was the stack's (G4).
	GlobalStack = "thinkey_stack"
	// GlobalDirty (i64, mutable, only with Options.Mark) has bit b set if a byte was stored to whose address a has
	// a>>MarkShift&63 == b (G7). The host sets it to 0 when memory is what it shall be restored to.
	GlobalDirty = "thinkey_dirty"
	// GlobalOwn and a number export the module's own mutable globals, counted among the globals that it defines.
	GlobalOwn = "thinkey_global_"
)

// Options is what differs between uses.
type Options struct {
	Mark      bool   // keep GlobalDirty
	MarkShift uint   // with Mark: a bucket of memory is 1<<MarkShift bytes
	MaxStack  uint32 // words of stack that all frames may take together
}

// MinMarkShift is the least of Options.MarkShift: a bucket is no smaller than the largest store, so that one store touches two at most.
const MinMarkShift = 3

const (
	// maxMarkShift leaves six bits of an address for the bucket's number.
	maxMarkShift = 26
	// maxMaxStack keeps the sum of what is in use and one frame within 32 bits.
	maxMaxStack = 1 << 30
	// maxLocals bounds what is remembered of a function's locals.
	maxLocals = 1 << 16
)

// check refuses options that can't be kept.
func (o Options) check() error {
	if o.Mark && (o.MarkShift < MinMarkShift || o.MarkShift > maxMarkShift) {
		return fmt.Errorf("meter: MarkShift is %d, allowed are %d to %d", o.MarkShift, MinMarkShift, maxMarkShift)
	}
	if o.MaxStack < 1 || o.MaxStack > maxMaxStack {
		return fmt.Errorf("meter: MaxStack is %d words, allowed are 1 to %d", o.MaxStack, maxMaxStack)
	}
	return nil
}
