package guest

import (
	"bytes"
	"unsafe"

	"github.com/thinkey/thinkey/sdk/abi"
)

// The entries of a module (sdk/abi). A handling is: find the method, decode its input, read the state, run, write the
// state if it changed. Whatever goes wrong ends in the host's fail, which doesn't return.

// handleMessage is the entry handle.
func handleMessage() {
	defer failOnPanic()
	begin()
	name := methodName()
	m := served.find(name, abi.MethodHandle)
	if m == nil {
		if name == abi.MethodInit && hostInput(nil) == 0 {
			return // a contract without Init
		}
		fail(served.unknown(name, abi.MethodHandle))
		return
	}
	input := readInput()
	served.change(func(state unsafe.Pointer, ctx Context) error { return m.run(state, ctx, input) })
}

// mergeMessages is the entry merge.
func mergeMessages() {
	defer failOnPanic()
	begin()
	m := served.find(methodName(), abi.MethodHandle)
	if m == nil || m.group == nil {
		fail("this method's messages are handled one by one")
		return
	}
	served.change(func(state unsafe.Pointer, ctx Context) error { return m.group(state, ctx, hostParts()) })
}

// bounceMessage is the entry bounce.
func bounceMessage() {
	defer failOnPanic()
	begin()
	if served.bounced == nil {
		return
	}
	b, err := decodeBounce(readInput())
	if err != nil {
		fail(err.Error())
		return
	}
	served.change(func(state unsafe.Pointer, ctx Context) error { return served.bounced(state, ctx, b) })
}

// answerQuery is the entry query.
func answerQuery() {
	defer failOnPanic()
	begin()
	name := methodName()
	m := served.find(name, abi.MethodQuery)
	if m == nil {
		fail(served.unknown(name, abi.MethodQuery))
		return
	}
	state, _ := served.load()
	out, err := m.answer(state, View{&now}, readInput())
	if err != nil {
		fail(err.Error())
		return
	}
	hostReply(out)
}

// begin forgets the facts of another handling: on the chain every one has an image of its own, in tests they share one.
func begin() { now.known = false }

// change runs f with the state, and stores the state if it is another one now.
func (c *contract) change(f func(unsafe.Pointer, Context) error) {
	state, before := c.load()
	if err := f(state, Context{View{&now}}); err != nil {
		fail(err.Error())
		return
	}
	after := c.codec.encoded(state)
	if !bytes.Equal(before, after) {
		hostWrite([]byte(stateKey), after)
	}
}

// load is the state, and its encoding.
func (c *contract) load() (state unsafe.Pointer, encoded []byte) {
	state = c.fresh()
	if c.codec.empty() {
		return state, nil
	}
	encoded, ok := readEntry([]byte(stateKey), stateBuffer[:])
	if !ok {
		return state, c.zero
	}
	if err := c.codec.decode(encoded, "state", state); err != nil {
		panic("guest: " + err.Error() + ": it was stored by code whose state has other fields")
	}
	return state, encoded
}

func (c *contract) find(name, kind string) *method {
	for i := range c.methods {
		if m := &c.methods[i]; m.name == name && m.kind == kind {
			return m
		}
	}
	return nil
}

// unknown says which methods there are.
func (c *contract) unknown(name, kind string) string {
	b := []byte("no method " + name + "; there are")
	for i := range c.methods {
		if m := &c.methods[i]; m.kind == kind && m.name != abi.MethodInit {
			b = append(append(b, ' '), m.name...)
		}
	}
	return string(b)
}

func methodName() string {
	var name [abi.MaxName]byte
	return string(name[:min(hostMethod(name[:]), len(name))])
}

func readInput() []byte {
	b := inputBuffer[:]
	n := hostInput(b)
	if n > len(b) {
		b = make([]byte, n)
		hostInput(b)
	}
	return b[:n]
}

func readPart(i int) []byte {
	b := make([]byte, hostPart(i, nil))
	hostPart(i, b)
	return b
}

// decodeBounce reads what the chain sends (BounceInput of sdk/chain).
func decodeBounce(b []byte) (Bounce, error) {
	r := abi.NewReader(b)
	var bounce Bounce
	copy(bounce.Message[:], r.Fixed("message", abi.HashBytes))
	bounce.Method = string(r.Fixed("method", int(r.U8("method"))))
	bounce.Status = r.U8("status")
	bounce.Reason = string(r.Bytes("reason"))
	bounce.Input = r.Bytes("input")
	return bounce, r.Done("bounce")
}

// failOnPanic makes what the contract panicked with the reason of the failure.
func failOnPanic() {
	v := recover()
	if v == nil {
		return
	}
	if inHost(v) {
		panic(v)
	}
	if r, ok := v.(*Refusal); ok {
		fail(r.Reason)
		return
	}
	fail("panic: " + Format("%v", v))
}

func fail(reason string) { hostFail(reason) }
