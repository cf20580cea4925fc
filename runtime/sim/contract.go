package sim

import (
	"fmt"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// The methods of the contract differ by the length of their input.
const (
	callCount = 0 // it counts its calls
	callPay   = 1 // … and pays its sender 1
	callFail  = 2 // … and refuses: nothing has happened then
	callSpin  = 3 // … and runs until its gas is used up
)

// Where the contract keeps what it works with.
const (
	atContext = 0
	atKey     = 300
	atCount   = 320
	atAmount  = 344
	atMethod  = 360
	atInput   = 400
)

// contractCode is a module that counts its calls in its storage and does what its input is long for.
var contractCode = sync.OnceValue(func() []byte {
	used := []string{abi.Context, abi.Input, abi.Read, abi.Write, abi.Send, abi.Fail}
	m := importing(used)
	m.Data = []module.Data{
		{Offset: code{}.i32(atKey).end(), Bytes: []byte("n")},
		{Offset: code{}.i32(atAmount).end(), Bytes: []byte{1}},
		{Offset: code{}.i32(atMethod).end(), Bytes: []byte(chain.MethodAdd)},
	}
	call := func(c code, name string) code { return c.op(module.OpCall, slices.Index(used, name)) }
	c := call(code{}.i32(atInput, 8), abi.Input).op(module.OpLocalSet, 0)
	c = call(c.i32(atKey, 1, atCount, 8), abi.Read).op(module.OpDrop)
	c = c.i32(atCount, atCount).op(module.OpI64Load, 3, 0).i64(1).op(module.OpI64Add).op(module.OpI64Store, 3, 0)
	c = call(c.i32(atKey, 1, atCount, 8), abi.Write)
	c = call(call(c.when(callPay).i32(atContext), abi.Context).i32(abi.ContextSender, atMethod, len(chain.MethodAdd), atAmount).i64(100_000).i32(0, 0), abi.Send).end()
	c = call(c.when(callFail).i32(atMethod, 3), abi.Fail).end()
	c = c.when(callSpin).op(module.OpLoop, int(module.BlockNone)).op(module.OpBr, 0).end().end()
	m.Bodies = []module.Body{{Locals: []module.Locals{{Count: 1, Type: module.I32}}, Code: c.end()}}
	return m.Encode()
})

// importing is a module of one entry without a body, which calls what it uses of the host.
func importing(used []string) *module.Module {
	m := &module.Module{Types: []module.FuncType{{}}, Funcs: []uint32{0}, Memories: []module.Limits{{Min: 1, Max: 1, HasMax: true}}}
	for _, name := range used {
		f := abi.Functions[slices.IndexFunc(abi.Functions, func(f abi.Function) bool { return f.Name == name })]
		var t module.FuncType
		for _, p := range f.Params {
			t.Params = append(t.Params, module.ValueType(p))
		}
		for _, r := range f.Results {
			t.Results = append(t.Results, module.ValueType(r))
		}
		m.Imports = append(m.Imports, module.Import{Module: abi.Module, Name: name, Kind: module.ExternFunc, Type: uint32(len(m.Types))})
		m.Types = append(m.Types, t)
	}
	m.Exports = []module.Export{{Name: abi.Memory, Kind: module.ExternMemory}, {Name: abi.EntryHandle, Kind: module.ExternFunc, Index: uint32(len(used))}}
	return m
}

const (
	playMethod = "play"
	playGas    = 1_500_000 // of each round, with all that it leads to but the rounds behind it
	playRounds = 12
	atPartner  = 400 // the front of the input: who is called next. What is behind is as long as there are rounds left
)

// playerCode is a module that calls another account with its own address, and with one round less: so two of them play until no round is left.
var playerCode = sync.OnceValue(func() []byte {
	used := []string{abi.Context, abi.Input, abi.Send}
	m := importing(used)
	m.Data = []module.Data{{Offset: code{}.i32(atMethod).end(), Bytes: []byte(playMethod)}}
	call := func(c code, name string) code { return c.op(module.OpCall, slices.Index(used, name)) }
	left := func(c code, less int) code { return c.op(module.OpLocalGet, 0).i32(less).op(module.OpI32Sub) }
	const address = len(chain.Address{})
	c := call(call(code{}.i32(atContext), abi.Context).i32(atPartner, 64), abi.Input).op(module.OpLocalSet, 0)
	c = c.op(module.OpLocalGet, 0).i32(address+1).op(module.OpI32GtU).op(module.OpIf, int(module.BlockNone))
	c = c.i32(atPartner, atMethod, len(playMethod), atAmount)
	c = left(c, address+1).op(module.OpI64ExtendI32U).i64(playGas).op(module.OpI64Mul)
	c = call(left(c.i32(atContext+abi.ContextSelf), 1), abi.Send).end()
	m.Bodies = []module.Body{{Locals: []module.Locals{{Count: 1, Type: module.I32}}, Code: c.end()}}
	return m.Encode()
})

// playerHash is what it is known by.
func playerHash() chain.CodeHash { return chain.PublishInput{Code: playerCode()}.Hash() }

// code is instructions in the making.
type code []byte

func (c code) op(o module.Opcode, immediates ...int) code {
	c = append(c, byte(o))
	for _, v := range immediates {
		c = module.AppendU32(c, uint32(v))
	}
	return c
}

func (c code) i32(values ...int) code {
	for _, v := range values {
		c = module.AppendI32(append(c, byte(module.OpI32Const)), int32(v))
	}
	return c
}

func (c code) i64(v int64) code { return module.AppendI64(append(c, byte(module.OpI64Const)), v) }
func (c code) end() code        { return c.op(module.OpEnd) }

// when begins what is done for an input of that length.
func (c code) when(length int) code {
	return c.op(module.OpLocalGet, 0).i32(length).op(module.OpI32Eq).op(module.OpIf, int(module.BlockNone))
}

// contractHash is what the contract is known by.
func contractHash() chain.CodeHash { return chain.PublishInput{Code: contractCode()}.Hash() }

// engine runs the contracts for all nodes of all worlds: that it compiles once changes no outcome (I9).
var engine = sync.OnceValue(func() *wasm.Engine {
	e, err := wasm.Open(wasm.Config{Source: func(h chain.CodeHash) ([]byte, error) {
		switch h {
		case contractHash():
			return contractCode(), nil
		case playerHash():
			return playerCode(), nil
		}
		return nil, fmt.Errorf("code %s was not published", h)
	}})
	if err != nil {
		panic(err) // it has no folder, and nothing else can fail
	}
	return e
})

// codes are native.Codes: the engine's, opened for the first that needs it.
type codes struct{ runs *int }

// Validate prices a publication.
func (codes) Validate(code []byte) (uint64, uint64, error) { return engine().Validate(code) }

// Run runs an entry of the code.
func (c codes) Run(env *exec.Env, hash chain.CodeHash, entry string) error {
	*c.runs++
	return engine().Run(env, hash, entry)
}

// Merges says whether the code handles several messages of the method as one.
func (codes) Merges(hash chain.CodeHash, method string) (bool, error) {
	return engine().Merges(hash, method)
}

// handlings counts those of contracts.
var handlings int

// committees makes committees: those of the digests actor, too.
type committees func(chain.NetworkID, chain.Committee) (*light.Committee, error)

// Committee implements native.Committees.
func (c committees) Committee(n chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	return c(n, of)
}

func rules(made committees) block.Rules {
	return block.Rules{Programs: registrar{native.Programs{Codes: codes{&handlings}, Committees: made}}, Committees: made}
}
