package cli

import (
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// codeCache is the directory of compiled code, beside the ledger. What is missing there is compiled again.
const codeCache = "code-cache"

// Bounds on what an engine keeps for messages to come, as bytes: with the state they are what a node's memory is for.
const (
	idleInstances = 64 << 20  // some thirty contracts in Go, many more in Rust
	compiledCode  = 512 << 20 // mostly outside of Go's heap: all that is warm (chain.MaxWarm), and what a block brings
)

type codeSource = func(chain.CodeHash) ([]byte, error)

// engineIn opens what runs the code of a node, with what was compiled kept in dir, or in memory if that is empty.
func engineIn(dir string) func(codeSource) (node.Engine, error) {
	return func(source codeSource) (node.Engine, error) {
		e, err := wasm.Open(wasm.Config{Dir: dir, Source: source, MaxIdle: idleInstances, MaxCompiled: compiledCode})
		if err != nil {
			return nil, err
		}
		return e, nil
	}
}

// auditEngine opens what runs code again. It compiles everything itself: what lies compiled in a directory is run as it is,
// and an audit trusts no directory.
func auditEngine(source codeSource) (audit.Engine, error) {
	e, err := wasm.Open(wasm.Config{Source: source, MaxIdle: idleInstances, MaxCompiled: compiledCode})
	if err != nil {
		return nil, err
	}
	return e, nil
}
