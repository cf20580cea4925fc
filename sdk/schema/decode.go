package schema

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// InputJSON is the input of a method as JSON.
func (c *Contract) InputJSON(method string, b []byte) ([]byte, error) {
	if _, err := c.Method(method); err != nil {
		return nil, err
	}
	return decode(c.inputs[method], "input of "+method, b)
}

// Output is what a query answered, as JSON. A query that answers one value, and no struct, has the one field "value".
func (c *Contract) Output(method string, b []byte) ([]byte, error) {
	m, err := c.Method(method)
	if err != nil {
		return nil, err
	}
	if m.Kind != abi.MethodQuery {
		return nil, fmt.Errorf("method %s of the contract %s answers nothing: it is no query", method, c.schema.Name)
	}
	return decode(c.output[method], "output of "+method, b)
}

// Event is the body of an event, as JSON.
func (c *Contract) Event(topic string, b []byte) ([]byte, error) {
	s := c.events[topic]
	if s == nil {
		return nil, fmt.Errorf("the contract %s has no event %q in its schema", c.schema.Name, clip(topic))
	}
	return decode(s, "event "+topic, b)
}

// maxOutput bounds the JSON of one value (S3): a list of structs writes the names of its fields once for each item.
const maxOutput = 16 << 20

func decode(s *shape, what string, b []byte) ([]byte, error) {
	r := abi.NewReader(b)
	d := decoder{r: &r}
	d.value(s, what)
	if err := r.Done(what); err != nil {
		return nil, err
	}
	if len(d.out) > maxOutput {
		return nil, errors.New(what + " is too large to be shown")
	}
	return d.out, nil
}

type decoder struct {
	r   *abi.Reader
	out []byte
}

func (d *decoder) value(s *shape, at string) {
	if d.r.Failed() || len(d.out) > maxOutput {
		return
	}
	switch s.kind {
	case number:
		d.unsigned(s, at)
	case signed:
		d.integer(strconv.FormatInt(int64(d.r.U64(at)), 10))
	case amount:
		d.amount(at)
	case boolean:
		d.out = strconv.AppendBool(d.out, d.r.Bool(at))
	case address:
		d.address(at)
	case hash:
		d.hex(d.r.Fixed(at, abi.HashBytes))
	case bytesKind:
		d.hex(d.r.Bytes(at))
	case text:
		d.quote(d.r.Text(at))
	case list:
		d.list(s, at)
	case option:
		if !d.r.Bool(at) {
			d.out = append(d.out, "null"...)
			return
		}
		d.value(s.of, at)
	case object:
		d.object(s)
	}
}

func (d *decoder) unsigned(s *shape, at string) {
	v := uint64(0)
	for _, c := range d.r.Fixed(at, s.bytes) {
		v = v<<8 | uint64(c)
	}
	d.integer(strconv.FormatUint(v, 10))
}

// maxDigits is how many digits, with the minus, every number may have that JavaScript holds exactly.
const maxDigits = 15

// integer writes a number as one, or as a string where it is beyond what JavaScript can hold.
func (d *decoder) integer(digits string) {
	if len(digits) <= maxDigits {
		d.out = append(d.out, digits...)
		return
	}
	d.quote(digits)
}

func (d *decoder) amount(at string) {
	b := d.r.Fixed(at, abi.AmountBytes)
	if b == nil {
		return
	}
	d.quote(chain.ReadAmount(wire.NewReader(b), at).String())
}

// address writes the text form. Nobody has none, and no account has an address without a chain.
func (d *decoder) address(at string) {
	b := d.r.Fixed(at, abi.AddressBytes)
	if b == nil {
		return
	}
	switch a := chain.Address(b); {
	case a.IsZero():
		d.quote("")
	case a.Chain() == 0:
		d.r.Fail(at, "is an address that names no chain")
	default:
		d.quote(a.String())
	}
}

func (d *decoder) hex(b []byte) {
	d.out = append(hex.AppendEncode(append(d.out, '"'), b), '"')
}

func (d *decoder) quote(s string) {
	b, _ := json.Marshal(s) // of a string: never an error
	d.out = append(d.out, b...)
}

func (d *decoder) list(s *shape, at string) {
	d.out = append(d.out, '[')
	for i := range d.r.Count(at, s.of.least) {
		if d.r.Failed() {
			return
		}
		if i > 0 {
			d.out = append(d.out, ',')
		}
		d.value(s.of, at)
	}
	d.out = append(d.out, ']')
}

func (d *decoder) object(s *shape) {
	d.out = append(d.out, '{')
	for i, f := range s.fields {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		d.quote(f.name)
		d.out = append(d.out, ':')
		d.value(f.shape, f.name)
	}
	d.out = append(d.out, '}')
}
