package schema

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Input is the encoded input of a method, from a JSON object. Empty JSON stands for no fields.
func (c *Contract) Input(method string, object []byte) ([]byte, error) {
	if _, err := c.Method(method); err != nil {
		return nil, err
	}
	b, err := encode(c.inputs[method], object)
	if err != nil {
		return nil, fmt.Errorf("input of %s: %w", method, err)
	}
	if len(b) > chain.MaxInputBytes {
		return nil, fmt.Errorf("input of %s takes %d bytes (limit %d)", method, len(b), chain.MaxInputBytes)
	}
	return b, nil
}

func encode(s *shape, object []byte) ([]byte, error) {
	if len(bytes.TrimSpace(object)) == 0 {
		object = []byte("{}")
	}
	e := encoder{dec: json.NewDecoder(bytes.NewReader(object))}
	e.dec.UseNumber()
	e.value(s, "the value")
	if e.err == nil {
		if _, err := e.dec.Token(); err != io.EOF {
			return nil, fmt.Errorf("something stands behind the value")
		}
	}
	return e.out, e.err
}

// encoder reads JSON token by token, so that fields that stand twice are seen. The first error sticks.
type encoder struct {
	dec *json.Decoder
	out []byte
	err error
}

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

func (e *encoder) token() json.Token {
	t, err := e.dec.Token()
	if err != nil {
		e.fail("not JSON: %w", err)
	}
	return t
}

// value encodes the next value; at names its place.
func (e *encoder) value(s *shape, at string) {
	if len(e.out) > chain.MaxInputBytes {
		e.fail("%s takes more than %d bytes", at, chain.MaxInputBytes)
	}
	if t := e.token(); e.err == nil {
		e.from(t, s, at)
	}
}

// from encodes the value that begins with t.
func (e *encoder) from(t json.Token, s *shape, at string) {
	switch s.kind {
	case option:
		if t == nil {
			e.out = append(e.out, 0)
			return
		}
		e.out = append(e.out, 1)
		e.from(t, s.of, at)
	case list:
		e.list(t, s, at)
	case object:
		e.object(t, s, at)
	case boolean:
		v, ok := t.(bool)
		if !ok {
			e.wrong(t, at, "true or false")
		}
		e.out = abi.AppendBool(e.out, v)
	case number, signed, amount:
		e.number(t, s, at)
	default:
		e.text(t, s, at)
	}
}

// wrong says what should have stood there.
func (e *encoder) wrong(t json.Token, at, want string) {
	have := fmt.Sprint(t)
	switch v := t.(type) {
	case nil:
		have = "null"
	case string:
		have = strconv.Quote(clip(v))
	}
	e.fail("%s is %s, and must be %s", at, clip(have), want)
}

func (e *encoder) list(t json.Token, s *shape, at string) {
	if t != json.Delim('[') {
		e.wrong(t, at, "an array")
		return
	}
	place, n := len(e.out), uint32(0)
	e.out = abi.AppendU32(e.out, 0)
	for ; e.err == nil && e.dec.More(); n++ {
		e.value(s.of, at+"["+strconv.Itoa(int(n))+"]")
	}
	if e.token(); e.err == nil {
		copy(e.out[place:], abi.AppendU32(nil, n))
	}
}

// object encodes fields in the order of the schema, in whatever order they stand.
func (e *encoder) object(t json.Token, s *shape, at string) {
	if t != json.Delim('{') {
		e.wrong(t, at, "an object")
		return
	}
	parts := make([][]byte, len(s.fields))
	outer := e.out
	for e.err == nil && e.dec.More() {
		name, _ := e.token().(string)
		i := s.index(name)
		switch {
		case e.err != nil:
		case i < 0:
			e.fail("%s has no field %q; it has %s", at, clip(name), s.fieldNames())
		case parts[i] != nil:
			e.fail("%s has the field %s twice", at, name)
		default:
			e.out = []byte{}
			e.value(s.fields[i].shape, name)
			parts[i] = e.out
		}
	}
	e.token()
	e.out = outer
	for i, p := range parts {
		if p == nil && s.fields[i].shape.kind == option {
			p = []byte{0}
		} else if p == nil && e.err == nil {
			e.fail("%s lacks the field %s (%s)", at, s.fields[i].name, s.fields[i].shape.name)
		}
		e.out = append(e.out, p...)
	}
}

func (s *shape) index(name string) int {
	for i := range s.fields {
		if s.fields[i].name == name {
			return i
		}
	}
	return -1
}

func (s *shape) fieldNames() string {
	if len(s.fields) == 0 {
		return "none"
	}
	var b []byte
	for i, f := range s.fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(append(b, f.name...), ' '), f.shape.name...)
	}
	return string(b)
}

// number encodes an integer, which may be given as a number or as a string of digits.
func (e *encoder) number(t json.Token, s *shape, at string) {
	digits, ok := t.(string)
	if n, isNumber := t.(json.Number); isNumber {
		digits, ok = n.String(), true
	}
	want := map[kind]string{number: fmt.Sprintf("a whole number from 0 to 2^%d-1", 8*s.bytes), signed: "a whole number from -2^63 to 2^63-1",
		amount: "a whole number from 0 to 2^128-1"}[s.kind]
	if !ok || !canonical(digits) {
		e.wrong(t, at, want)
		return
	}
	var err error
	switch s.kind {
	case amount:
		var v chain.Amount
		v, err = chain.ParseAmount(digits)
		e.out = v.Append(e.out)
	case signed:
		var v int64
		v, err = strconv.ParseInt(digits, 10, 64)
		e.out = abi.AppendU64(e.out, uint64(v))
	default:
		var v uint64
		v, err = strconv.ParseUint(digits, 10, 8*s.bytes)
		all := abi.AppendU64(nil, v)
		e.out = append(e.out, all[8-s.bytes:]...)
	}
	if err != nil {
		e.wrong(t, at, want)
	}
}

// canonical says whether digits are a whole number as it is written once: no leading zeros, no sign but a minus.
func canonical(digits string) bool {
	if digits == "0" {
		return true
	}
	if len(digits) > 1 && digits[0] == '-' {
		digits = digits[1:]
	}
	if digits == "" || digits[0] == '0' {
		return false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// text encodes what is given as a string.
func (e *encoder) text(t json.Token, s *shape, at string) {
	v, ok := t.(string)
	if !ok {
		e.wrong(t, at, map[kind]string{text: "a string", bytesKind: "hexadecimal digits", hash: "64 hexadecimal digits", address: "an address (tk1…)"}[s.kind])
		return
	}
	switch s.kind {
	case text:
		if !utf8.ValidString(v) {
			e.wrong(t, at, "valid UTF-8")
		}
		e.out = abi.AppendBytes(e.out, v)
	case address:
		a, err := chain.ParseAddress(v)
		if err != nil && v == "" { // nobody: the zero address has no text form
			a, err = chain.Address{}, nil
		}
		if err != nil {
			e.fail("%s: %w", at, err)
		}
		e.out = append(e.out, a[:]...)
	case hash:
		b, err := hex.DecodeString(v)
		if err != nil || len(b) != abi.HashBytes {
			e.wrong(t, at, "64 hexadecimal digits")
		}
		e.out = append(e.out, b...)
	case bytesKind:
		b, err := hex.DecodeString(v)
		if err != nil {
			e.wrong(t, at, "hexadecimal digits, two for each byte")
		}
		e.out = abi.AppendBytes(e.out, b)
	}
}
