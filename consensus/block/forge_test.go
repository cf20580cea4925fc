package block

import (
	"reflect"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// copyBlock is a block of its own: nothing that is changed in it changes b.
func copyBlock(t testing.TB, b *chain.Block) *chain.Block {
	t.Helper()
	c, err := chain.DecodeBlock(b.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Inputs {
		c.Inputs[i].Message = c.Inputs[i].Message.Clone()
	}
	return c
}

// forge completes a block whose body was tampered with, as the best of liars would: it believes all that σ claims, derives
// state, receipts and roots from it, and writes a header that fits. A rule of Verify that only compared roots would pass it.
func forge(t testing.TB, l *ledger, b *chain.Block) []byte {
	t.Helper()
	before := l.before()
	queue, carried, err := before.Queue()
	if err != nil {
		t.Fatal(err)
	}
	context, err := before.Context(l.rules, b.Header.TimeMillis)
	if err != nil {
		t.Fatal(err)
	}
	// What is not canonical is refused when it is decoded, and there is nothing to derive.
	if d, err := chain.DecodeBlock(b.Append(nil)); err == nil {
		r := &run{
			before: before, rules: l.rules, context: context, queue: queue, carried: len(carried), messages: carried, inputs: d.Inputs,
			failed: d.Failed, order: d.Order, arrival: NewArrival(before, l.rules, context),
		}
		if _, err := r.arrival.all(&d.Arrived); err != nil {
			t.Fatal(err)
		}
		r.takeInputs()
		r.header = b.Header
		if fault := r.check(); fault == nil {
			r.derive()
			res := r.believe(t)
			l.discard(t, res)
			b.Header = r.header
		}
	}
	b.Header.Roots.Inputs, b.Header.Roots.Order = InputsRoot(b, nil), OrderRoot(b.Order, nil)
	return b.Append(nil)
}

// believe replays without comparing. An input that is refused at its place counts as one that did nothing.
func (r *run) believe(t testing.TB) *Result {
	t.Helper()
	for i := range r.order {
		q := &r.order[i]
		before, err := r.before.State.Account(q.Account)
		if err != nil {
			t.Fatal(err)
		}
		o := exec.NewOverlay(q.Account, before, r.before.State)
		for _, e := range q.Events {
			d := r.messages[e.Received]
			if checkAmount(o, d.Message, new(chain.Amount)) != nil {
				continue
			}
			if _, refusal, err := o.Handle(r.context, d); err != nil {
				t.Fatal(err)
			} else if refusal != nil {
				o.Events = append(o.Events, exec.Handled{Received: d, Outcome: exec.Outcome{Status: chain.StatusRefused}})
			}
		}
		r.accounts = append(r.accounts, o)
	}
	res, err := r.conclude()
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// leaf is a field of a struct that can be changed by itself.
type leaf struct {
	name  string
	value reflect.Value
}

// leaves are the exported fields below v, those of nested structs included; lists count as one field each.
func leaves(name string, v reflect.Value) []leaf {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[chain.Amount]() {
		return []leaf{{name, v}}
	}
	var list []leaf
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			full := f.Name
			if name != "" {
				full = name + "." + f.Name
			}
			list = append(list, leaves(full, v.Field(i))...)
		}
	}
	return list
}

// change gives the field another value of its type.
func (f leaf) change(t testing.TB) {
	t.Helper()
	v := f.value
	switch {
	case v.Type() == reflect.TypeFor[chain.Amount]():
		sum, err := v.Interface().(chain.Amount).Add(chain.NewAmount(1))
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(sum))
	case v.CanUint():
		v.SetUint(v.Uint() + 1)
	case v.Kind() == reflect.Array:
		last := v.Index(v.Len() - 1)
		last.SetUint(last.Uint() ^ 1)
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		b := append([]byte(nil), v.Bytes()...)
		if len(b) == 0 {
			b = []byte{0}
		}
		b[len(b)-1] ^= 1
		v.SetBytes(b)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, filled(v.Type().Elem())))
	default:
		t.Fatalf("field %s of type %s: say how to change it", f.name, v.Type())
	}
}

// filled is a value of the type that an encoder could write.
func filled(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	if of.Kind() == reflect.Struct {
		for i := range of.NumField() {
			if f := v.Field(i); f.CanUint() {
				f.SetUint(1)
			}
		}
	}
	return v
}
