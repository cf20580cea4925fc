package guest

import (
	"reflect"
	"unsafe"

	"github.com/thinkey/thinkey/sdk/abi"
)

// contract is what Serve was told. There is one, in served; it doesn't change after the package's init.
type contract struct {
	name     string
	key      typeKey
	codec    *codec
	zero     []byte // the encoding of a state that was never stored
	fresh    func() unsafe.Pointer
	methods  []method
	bounced  func(state unsafe.Pointer, ctx Context, b Bounce) error
	events   []event
	complete bool
}

type method struct {
	name   string
	kind   string // abi.MethodHandle, abi.MethodQuery
	doc    string
	input  *codec
	output *codec // of a query
	run    func(state unsafe.Pointer, ctx Context, input []byte) error
	group  func(state unsafe.Pointer, ctx Context, parts int) error // of a mergeable method
	answer func(state unsafe.Pointer, ctx View, input []byte) ([]byte, error)
}

type event struct {
	topic string
	body  *codec
}

var served contract

// Option is one thing that Serve is told. It is made before Serve runs, from what the contract's code names.
type Option struct {
	state   typeKey // nil: of any contract
	method  *method
	event   *event
	bounced func(state unsafe.Pointer, ctx Context, b Bounce) error
}

// Serve makes S the contract of this module: a struct whose exported fields are its state, all stored as one entry, which
// is read before a handling and written after it if it changed. Called once, in an init function. What is wrong with the
// contract (a type without an encoding, a name used twice) ends the build.
func Serve[S any](options ...Option) {
	if served.complete {
		panic("guest: Serve is called twice; a module holds one contract")
	}
	c := &served
	c.name, c.key, c.codec = reflect.TypeFor[S]().Name(), keyOf[S](), codecOf[S]()
	if c.codec.fields == nil {
		panic("guest: the contract " + reflect.TypeFor[S]().String() + " is not a struct")
	}
	c.fresh = func() unsafe.Pointer { return unsafe.Pointer(new(S)) }
	c.zero = c.codec.put(nil, c.fresh())
	for _, o := range options {
		c.add(o)
	}
	c.complete, made = true, nil
	settle()
}

func (c *contract) add(o Option) {
	if o.state != nil && o.state != c.key {
		panic("guest: a method of another type than " + c.name + " is among its options")
	}
	switch {
	case o.method != nil:
		c.register(*o.method)
	case o.bounced != nil:
		c.bounced = o.bounced
	case o.event != nil:
		c.events = append(c.events, *o.event)
	}
}

// reserved are the methods that every account has without any code (SPEC 1.3, 2.3).
var reserved = []string{"add", "bounce", "call", "deploy", "publish", "refund", "setcode", "transfer"}

func (c *contract) register(m method) {
	for _, r := range reserved {
		if m.name == r {
			panic("guest: the method " + m.name + " never reaches a contract: every account has it already; give yours another name")
		}
	}
	if m.name == "" || len(m.name) > abi.MaxName {
		panic(Format("guest: method %q: a name has 1 to %d bytes", m.name, abi.MaxName))
	}
	for i := range c.methods {
		if c.methods[i].name == m.name {
			panic("guest: two methods are called " + m.name)
		}
	}
	if m.input.fields == nil {
		panic("guest: the input of " + m.name + " is a " + m.input.name + "; make it a struct, so that callers see names")
	}
	c.methods = append(c.methods, m)
}

// MethodOption is one thing to say of a method.
type MethodOption struct {
	doc   string
	merge any // func(a, b In) In
}

// Doc says what a method does, for the tools that show it.
func Doc(text string) MethodOption { return MethodOption{doc: text} }

// Mergeable says that adjacent messages of the method may be handled as one, whose input merge makes of theirs, in the
// order received (SPEC 9.3). The handling then has the sum of their amounts and no Sender: what it must know of each stands
// in the input. It must not matter how messages are grouped; if the handling fails, each is handled by itself.
func Mergeable[In any](merge func(a, b In) In) MethodOption { return MethodOption{merge: merge} }

// Handle makes f the method name. The error that it returns refuses the message; a panic does too.
func Handle[S, In any](name Method[In], f func(*S, Context, In) error, options ...MethodOption) Option {
	input := codecOf[In]()
	m := &method{name: string(name), kind: abi.MethodHandle, input: input}
	m.run = func(state unsafe.Pointer, ctx Context, b []byte) error {
		var in In
		if err := input.decode(b, "input", unsafe.Pointer(&in)); err != nil {
			return err
		}
		return f((*S)(state), ctx, in)
	}
	if merge := m.apply(options); merge != nil {
		join, ok := merge.(func(a, b In) In)
		if !ok {
			panic("guest: the merge of " + m.name + " takes another type than the method")
		}
		m.group = func(state unsafe.Pointer, ctx Context, parts int) error {
			all, err := decodePart[In](input, 0)
			for i := 1; i < parts && err == nil; i++ {
				var in In
				in, err = decodePart[In](input, i)
				all = join(all, in)
			}
			if err != nil {
				return err
			}
			return f((*S)(state), ctx, all)
		}
	}
	return Option{state: keyOf[S](), method: m}
}

// decodePart is the input of one of several messages that are handled as one.
func decodePart[In any](input *codec, i int) (in In, err error) {
	err = input.decode(readPart(i), "input", unsafe.Pointer(&in))
	return in, err
}

// apply takes over options and returns the merge among them.
func (m *method) apply(options []MethodOption) (merge any) {
	for _, o := range options {
		if o.merge != nil {
			merge = o.merge
		} else {
			m.doc = o.doc
		}
	}
	return merge
}

// Init makes f handle the account's first message, which comes from who deployed it. Without an Init the account begins
// with the zero state, and what is sent with its creation is refused.
func Init[S, In any](f func(*S, Context, In) error, options ...MethodOption) Option {
	return Handle(Method[In](abi.MethodInit), f, options...)
}

// Query makes f the view name: a node runs it against the last final state, without message, fee or block (SPEC 3.5).
func Query[S, In, Out any](name string, f func(*S, View, In) (Out, error), options ...MethodOption) Option {
	input, output := codecOf[In](), codecOf[Out]()
	m := &method{name: name, kind: abi.MethodQuery, input: input, output: output}
	m.answer = func(state unsafe.Pointer, ctx View, b []byte) ([]byte, error) {
		var in In
		if err := input.decode(b, "input", unsafe.Pointer(&in)); err != nil {
			return nil, err
		}
		out, err := f((*S)(state), ctx, in)
		if err != nil {
			return nil, err
		}
		return output.encoded(unsafe.Pointer(&out)), nil
	}
	if m.apply(options) != nil {
		panic("guest: the view " + name + " is mergeable; only what handles messages can be")
	}
	return Option{state: keyOf[S](), method: m}
}

// Bounced makes f run when a message that the contract sent has failed, after what it carried was credited. It runs with
// the gas that was set aside when the message was sent; if it fails, only its own effects are lost.
func Bounced[S any](f func(*S, Context, Bounce) error) Option {
	return Option{state: keyOf[S](), bounced: func(state unsafe.Pointer, ctx Context, b Bounce) error { return f((*S)(state), ctx, b) }}
}

// Emits puts an event into the contract's schema.
func Emits[B any](e Event[B]) Option {
	body := codecOf[B]()
	if body.fields == nil {
		panic("guest: the body of the event " + string(e) + " is a " + body.name + "; make it a struct, so that readers see names")
	}
	return Option{event: &event{string(e), body}}
}

// Sends prepares the input of another contract's method when this one is built. Every method of which the contract calls To
// is named so.
func Sends[In any](Method[In]) Option { return Uses[In]() }

// Uses prepares a type that the contract gives to Encode or Decode.
func Uses[T any]() Option {
	codecOf[T]()
	return Option{}
}
