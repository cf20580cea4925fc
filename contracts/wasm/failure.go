package wasm

import "errors"

// traps are the ways in which code ends by itself, as both engines of wazero call them. Nothing else of what wazero says
// about a trap goes into a receipt: addresses and stack traces differ between machines (W1).
var traps = map[string]bool{
	"unreachable":                   true,
	"out of bounds memory access":   true,
	"invalid table access":          true,
	"indirect call type mismatch":   true,
	"integer overflow":              true,
	"integer divide by zero":        true,
	"invalid conversion to integer": true,
}

// trapReason is the kind of trap that err is; false if it is none. "stack overflow" is none: the limit of the
// instrumented module is met before (see maxStack).
func trapReason(err error) (string, bool) {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error(), traps[err.Error()]
		}
		err = inner
	}
}
