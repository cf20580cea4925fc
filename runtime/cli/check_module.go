package cli

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/schema"
)

// inspect judges a module as a node does that is to publish it, by the same function.
func inspect(file string, code []byte) (checked, error) {
	c := checked{File: file}
	m, facts, err := wasm.Check(code)
	if err != nil {
		return c, err
	}
	runs, err := wasm.Instrument(code)
	if err != nil {
		return c, fmt.Errorf("it is accepted, and can't be instrumented: %w", err)
	}
	c.Accepted, c.moduleFacts = true, factsOf(m)
	c.Instrumented = len(runs)
	publication := chain.PublishInput{Code: code}
	c.Bytes, c.Complexity, c.Hash = len(code), wasm.Complexity(m, facts, len(code)), publication.Hash()
	c.GasToPublish = exec.PublicationGas(&chain.Message{Method: chain.MethodPublish, Input: publication.Encode()}, publication, c.Complexity)
	c.GasToLoad = wasm.Loading(m, facts)
	c.Immutable = chain.PublishInput{Immutable: true, Code: code}.Hash()
	return c, nil
}

// factsOf is what a module holds.
func factsOf(m *module.Module) *moduleFacts {
	f := &moduleFacts{Functions: len(m.Funcs), Exports: []string{}, Imports: []string{}}
	for _, memory := range m.Memories {
		f.Pages += int(memory.Min)
	}
	for _, e := range m.Exports {
		f.Exports = append(f.Exports, e.Name)
	}
	for _, i := range m.Imports {
		f.Imports = append(f.Imports, i.Name)
	}
	for _, c := range m.Customs {
		if c.Name == abi.SchemaSection {
			if contract, err := schema.Parse(c.Bytes); err == nil { // what is wrong with it doesn't concern the chain
				f.Contract = contract.Schema().Name
			}
		}
	}
	return f
}
