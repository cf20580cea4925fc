package cli

import (
	"errors"
	"strings"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/schema"
)

// refusedModule is why a module is not accepted: the words of who judges, and where the fault is if that could be found.
type refusedModule struct {
	what string
	*module.Refusal
}

func (r *refusedModule) Error() string { return r.where() }

// where is what is wrong, with its place.
func (r *refusedModule) where() string {
	text := r.what
	if r.Refusal != nil {
		short := *r.Refusal
		short.Instead = ""
		text = short.Error()
	}
	return printable(strings.TrimLeft(strings.TrimPrefix(text, "module refused"), ": "))
}

// instead is what to do about it.
func (r *refusedModule) instead() string {
	if r.Refusal == nil {
		return ""
	}
	return r.Instead
}

// inspect judges a module as a node does that is to publish it, by the same function.
func inspect(file string, code []byte) (checked, error) {
	c := checked{File: file}
	engine, err := wasm.Open(wasm.Config{})
	if err != nil {
		return c, err
	}
	complexity, err := engine.Validate(code)
	if err = errors.Join(err, engine.Close()); err != nil {
		return c, findFault(code, err)
	}
	m, err := module.Decode(code)
	if err != nil {
		return c, err
	}
	c.Accepted, c.moduleFacts = true, factsOf(m)
	publication := chain.PublishInput{Code: code}
	c.Bytes, c.Complexity, c.Hash = len(code), complexity, publication.Hash()
	c.GasToPublish = exec.ExternalGas(&chain.Message{Method: chain.MethodPublish, Input: publication.Encode()}) +
		gas.PublishByte*uint64(len(code)) + gas.PublishComplexity*complexity
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

// findFault looks for the place of what an engine refused: that tells the reason in as many words as fit into a receipt.
func findFault(code []byte, verdict error) error {
	var failure *exec.Failure
	if !errors.As(verdict, &failure) {
		return verdict
	}
	found := &refusedModule{what: failure.Reason}
	var refusal *module.Refusal
	_, _, err := module.Check(code, rules())
	if errors.As(err, &refusal) && strings.HasPrefix(refusal.Error(), failure.Reason) {
		found.Refusal, found.what = refusal, refusal.What
	}
	return found
}

// rules are those of a contract, as far as package module knows them.
func rules() module.Policy {
	p := module.OnChain()
	p.Module = abi.Module
	p.Exports = append(p.Exports, module.Offer{Name: abi.EntryMerge, Kind: module.ExternFunc})
	p.Imports = func(_, name string) (module.FuncType, bool) {
		for _, f := range abi.Functions {
			if f.Name == name {
				return module.FuncType{Params: valueTypes(f.Params), Results: valueTypes(f.Results)}, true
			}
		}
		return module.FuncType{}, false
	}
	return p
}

func valueTypes(types []abi.Type) (all []module.ValueType) {
	for _, t := range types {
		all = append(all, module.ValueType(t))
	}
	return all
}
