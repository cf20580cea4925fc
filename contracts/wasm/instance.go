package wasm

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// slice is the gas after which code comes back to the host: the machine's own code can't be interrupted, and Go's collector
// waits for it (W5). Most code uses a slice in 10 µs; code whose every load misses the caches takes a hundred times that, 1 to
// 3 ms on a busy machine (BenchmarkCollectorWaits). Coming back takes 0.1 µs.
const slice = 32_000

// instance is one instance of a module. It handles one message at a time, and is the context of the calls into wazero, so
// that a host function finds it without looking.
type instance struct {
	context.Context
	code   *code
	place  *list.Element // in engine.idle, guarded by engine.mu
	module api.Module
	memory api.Memory
	linear *linear

	gas, stack, dirty api.MutableGlobal // dirty only if code.marks
	globals           []api.MutableGlobal
	entries           [len(entries)]api.Function

	// What follows is of the message that is being handled.
	env     *exec.Env
	host    string       // the host function that runs, or ran last
	balance chain.Amount // of the account when the handling began
	granted int64        // the value of gas when it was last set: what is missing from it has been used
	touched uint64       // parts of memory that the host wrote to, as in dirty
	err     error        // why a host function stopped the handling
}

// bind finds what the host uses of a new instance.
func (in *instance) bind(m api.Module) error {
	in.module, in.memory = m, m.ExportedMemory(abi.Memory)
	global := func(name string) api.MutableGlobal {
		g, ok := m.ExportedGlobal(name).(api.MutableGlobal)
		assert.That(ok, "an instrumented module exports the mutable global %s", name)
		return g
	}
	in.gas, in.stack = global(meter.GlobalGas), global(meter.GlobalStack)
	if in.code.marks {
		in.dirty = global(meter.GlobalDirty)
	}
	for _, name := range in.code.globals {
		in.globals = append(in.globals, global(name))
	}
	for i, name := range entries {
		if in.code.exports[i] {
			in.entries[i] = m.ExportedFunction(name)
		}
	}
	if n := in.memory.Size(); n != in.code.bytes {
		return fmt.Errorf("a memory of %d bytes instead of %d", n, in.code.bytes)
	}
	return nil
}

// run calls an entry. Before and after, the instance is as new but for what restore undoes.
func (in *instance) run(env *exec.Env, entry int) error {
	in.env, in.balance, in.err, in.touched = env, env.Account().Balance, nil, 0
	in.stack.Set(0)
	in.grant()
	err := in.outcome(in.entries[entry].CallWithStack(in, nil))
	in.env = nil
	return err
}

// outcome is what came of a call: nil, the code's failure, or an error of the world's. It charges for all that was used.
func (in *instance) outcome(err error) error {
	if err == nil {
		return in.settle()
	}
	if errors.Is(err, errStopped) {
		return in.err
	}
	reason, ok := trapReason(err)
	if !ok { // neither the code's doing nor the world's: a bug of ours, or of wazero's
		var broken assert.Failure
		if errors.As(err, &broken) {
			panic(broken)
		}
		panic(err)
	}
	if err := in.settle(); err != nil {
		return err
	}
	if reason == "unreachable" && uint32(in.stack.Get()) > maxStack {
		reason = "stack limit"
	}
	return exec.Fail(chain.StatusTrap, "%s", reason)
}

// errStopped is what a host function panics with to end the handling with instance.err.
var errStopped = errors.New("stopped by the host")

func (in *instance) stop(err error) {
	in.err = err
	panic(errStopped)
}

// must stops the handling if there is an error.
func (in *instance) must(err error) {
	if err != nil {
		in.stop(err)
	}
}

// charge takes the price of what a host function is about to do.
func (in *instance) charge(gas uint64) { in.must(in.env.Charge(gas)) }

// settle charges for what the code used since it was last given a slice. That can be more than the slice: code looks
// only at some places whether it has used it up. As it looks at the same places on every machine, and a slice is never
// more than what is left, it runs out at the same place whatever the slices are (W4). A new slice follows, or the end.
func (in *instance) settle() error {
	left := int64(in.gas.Get())
	assert.That(left <= in.granted, "code never gains gas")
	return in.env.Charge(uint64(in.granted - left))
}

// grant gives the code a new slice.
func (in *instance) grant() {
	in.granted = int64(min(in.env.GasLeft(), slice))
	in.gas.Set(uint64(in.granted))
}

// refill is called by the code when it has used up its slice. It is also where Go can interrupt it (W5).
func (in *instance) refill() {
	if in.code.engine.stopping.Load() {
		in.stop(ErrClosed)
	}
	in.must(in.settle())
	in.grant()
}

// bytes is the memory as it is now.
func (in *instance) bytes() []byte {
	b, ok := in.memory.Read(0, in.memory.Size())
	assert.That(ok, "all of a memory can be read")
	return b
}

// write notes down that the host writes to memory, and is the place to write to; false if it is outside.
func (in *instance) write(at, n uint32) ([]byte, bool) {
	b, ok := in.memory.Read(at, n)
	if ok && n > 0 && in.code.marks {
		last := (at + n - 1) >> in.code.shift
		for part := at >> in.code.shift; part <= last; part++ {
			in.touched |= 1 << (part & 63)
		}
	}
	return b, ok
}

// restore makes the instance as new, whatever its code did; false if it can't be (W2).
func (in *instance) restore() bool {
	c := in.code
	if c.once || in.linear.bloated() || !in.shrink() {
		return false
	}
	if memory := in.bytes(); !c.marks {
		c.imprint(memory, 0, c.bytes)
	} else {
		for parts := in.dirty.Get() | in.touched; parts != 0; parts &= parts - 1 {
			from := uint64(bits.TrailingZeros64(parts)) << c.shift
			c.imprint(memory, uint32(min(from, uint64(c.bytes))), uint32(min(from+1<<c.shift, uint64(c.bytes))))
		}
		in.dirty.Set(0)
	}
	for i, g := range in.globals {
		g.Set(c.initial[i])
	}
	return true
}

// imprint makes memory what it is at the start, between two places.
func (c *code) imprint(memory []byte, from, to uint32) {
	end := max(from, min(to, uint32(len(c.image))))
	rest := c.image[min(int(from), len(c.image)):]
	inPieces(memory[from:end], func(b []byte) { rest = rest[copy(b, rest):] })
	inPieces(memory[end:to], wipe)
}

// shrink gives a memory that grew the size that it had (see linear).
func (in *instance) shrink() bool {
	if in.memory.Size() == in.code.bytes {
		return true
	}
	in.linear.shrinking = true
	_, ok := in.memory.Grow(1)
	in.linear.shrinking = false
	return ok && in.memory.Size() == in.code.bytes
}

// instanceBytes is about what an instance of the smallest module takes beside its memory: its parts, and a stack for each
// entry.
const instanceBytes = 64 << 10

func (in *instance) size() int64 { return int64(cap(in.linear.buffer)) + in.code.apart }

// close frees what wazero keeps.
func (in *instance) close() {
	assert.NoError(in.module.Close(in.Context), "closing an instance")
}
