package wasm

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// hostFunction does what sdk/abi says of the function of its name. The stack holds its parameters, and takes its result.
// Before it, what the code used is charged, and the price of the crossing; after it the code gets a new slice. It finds
// all its ranges before it charges for them, and charges for them before it touches memory.
type hostFunction func(in *instance, stack []uint64)

var hostFunctions = map[string]hostFunction{
	abi.Context: hostContext, abi.Method: hostMethod, abi.Input: hostInput, abi.Parts: hostParts, abi.Part: hostPart,
	abi.Balance: hostBalance, abi.Gas: hostGas,
	abi.Read: hostRead, abi.Write: hostWrite, abi.Next: hostNext,
	abi.Send: hostSend, abi.Deploy: hostDeploy, abi.SetCode: hostSetCode,
	abi.Event: hostEvent, abi.Log: hostLog, abi.Reply: hostReply, abi.Fail: hostFail,
	abi.Random: hostRandom, abi.SHA256: hostSHA256, abi.BLAKE2b: hostBLAKE2b,
	abi.Ed25519Verify: hostEd25519, abi.BLSVerify: hostBLS,
}

// offer makes the modules that code imports from.
func offer(ctx context.Context, r wazero.Runtime) error {
	functions := r.NewHostModuleBuilder(abi.Module)
	for _, f := range abi.Functions {
		functions.NewFunctionBuilder().WithGoFunction(enter(f.Name, hostFunctions[f.Name]), valueTypes(f.Params), valueTypes(f.Results)).Export(f.Name)
	}
	if _, err := functions.Instantiate(ctx); err != nil {
		return err
	}
	refill := api.GoFunc(func(ctx context.Context, _ []uint64) { ctx.(*instance).refill() })
	m := r.NewHostModuleBuilder(meter.ImportModule)
	m.NewFunctionBuilder().WithGoFunction(refill, nil, nil).Export(meter.ImportRefill)
	_, err := m.Instantiate(ctx)
	return err
}

// enter is f as wazero calls it.
func enter(name string, f hostFunction) api.GoFunc {
	assert.That(f != nil, "the host function %s is there", name)
	return func(ctx context.Context, stack []uint64) {
		in := ctx.(*instance)
		in.host = name
		in.must(in.settle())
		in.charge(gas.HostCall)
		f(in, stack)
		in.grant()
	}
}

// valueTypes are types of the ABI as wazero calls them.
func valueTypes(list []abi.Type) (all []api.ValueType) {
	for _, t := range list {
		all = append(all, api.ValueType(t))
	}
	return all
}

// span is bytes of memory that a host function was given, by pointer and length.
type span struct{ at, n uint32 }

// span finds a span of memory, or ends the handling.
func (in *instance) span(at, n uint64) span {
	s := span{uint32(at), uint32(n)}
	if size := uint64(in.memory.Size()); uint64(s.at)+uint64(s.n) > size {
		in.stop(exec.Fail(chain.StatusTrap, "%s: %d bytes at %d are outside of the memory of %d", in.host, s.n, s.at, size))
	}
	return s
}

// bytesIn are the bytes of a span. They are the memory itself: they change when it does.
func (in *instance) bytesIn(s span) []byte {
	b, ok := in.memory.Read(s.at, s.n)
	assert.That(ok, "a span lies within the memory")
	return b
}

// chargeBytes takes the price of reading spans.
func (in *instance) chargeBytes(spans ...span) {
	n := uint64(0)
	for _, s := range spans {
		n += uint64(s.n)
	}
	in.charge(n * gas.HostByte)
}

// put charges for as much of b as fits into s, writes it there, and is the length of the whole.
func put[T ~[]byte | ~string](in *instance, s span, b T) uint64 {
	n := min(int(s.n), len(b))
	in.charge(uint64(n) * gas.HostByte)
	to, ok := in.write(s.at, uint32(n))
	assert.That(ok, "a span lies within the memory")
	copy(to, b[:n])
	return uint64(uint32(len(b)))
}
