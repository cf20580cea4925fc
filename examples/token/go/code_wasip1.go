package main

import (
	"unsafe"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/guest"
)

//go:wasmimport thinkey_1 context
//go:noescape
func hostContext(dst unsafe.Pointer)

// thisCode is the hash of the code that runs. Package guest doesn't tell it, so the host is asked.
func thisCode() guest.Hash {
	var facts [abi.ContextBytes]byte
	hostContext(unsafe.Pointer(&facts))
	return guest.Hash(facts[abi.ContextCode:][:abi.HashBytes])
}
