package kit

import (
	"bytes"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// codes runs the code of a chain's accounts: natives by themselves, everything else by the shared engine. It is the native.Codes of
// the chain.
type codes map[chain.CodeHash]*code

// add makes code known before it is published.
func (c codes) add(code *code) error {
	if old, ok := c[code.hash]; ok {
		if code.native != nil && !code.native.equal(old.native) {
			return fmt.Errorf("two native programs have the name %q: they need two names", code.name)
		}
		return nil
	}
	c[code.hash] = code
	if code.native == nil {
		keepSource(code.hash, code.bytes)
	}
	return nil
}

// published is told of code that is part of the state now.
func (c codes) published(p exec.Published) {
	if _, ok := c[p.Hash]; ok {
		return
	}
	c[p.Hash] = newCode(p.Hash.String()[:8], p.Code, nil, nil)
	keepSource(p.Hash, p.Code)
}

// largeCode marks what Cool publishes: nothing is warm beside it.
const largeCode = "thinkey large code: "

// Validate prices a publication.
func (codes) Validate(code []byte) (complexity, load uint64, err error) {
	switch {
	case bytes.HasPrefix(code, []byte(nativeCode)):
		return 0, 0, nil
	case bytes.HasPrefix(code, []byte(largeCode)):
		return 0, chain.MaxWarm, nil
	}
	engine, err := sharedEngine()
	if err != nil {
		return 0, 0, err
	}
	return engine.Validate(code)
}

// Merges says whether the code handles several messages of the method as one. A kit lets every message be handled by itself.
func (codes) Merges(chain.CodeHash, string) (bool, error) { return false, nil }

// Run runs an entry of the code.
func (c codes) Run(env *exec.Env, hash chain.CodeHash, entry string) error {
	code := c[hash]
	if code == nil {
		return fmt.Errorf("code %s is not known to the kit", hash)
	}
	if code.native == nil {
		engine, err := sharedEngine()
		if err != nil {
			return err
		}
		return engine.Run(env, hash, entry)
	}
	switch n := code.native; {
	case entry == abi.EntryHandle && n.Handle != nil:
		return n.Handle(env)
	case entry == abi.EntryBounce && n.Bounce != nil:
		return n.Bounce(env)
	case entry == abi.EntryQuery && n.Query != nil:
		return n.Query(env)
	case entry == abi.EntryQuery:
		return Refuse("%s answers no questions", code.name)
	}
	return nil
}
