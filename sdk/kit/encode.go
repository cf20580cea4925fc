package kit

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
)

// Encode is the encoding of values one after the other, as package guest encodes values of the same types: integers of a fixed
// size, bool, string, []byte, chain.Address (also *Account and guest.Address), chain.Amount (also guest.Amount), chain.Hash
// (also guest.Hash and the other hashes), slices, pointers (nil for none) and structs of these.
func Encode(values ...any) ([]byte, error) {
	var b []byte
	for _, v := range values {
		var err error
		if b, err = encode(b, reflect.ValueOf(v)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// input encodes what d says for a method of to, by the schema of its code if it has one.
func (k *Chain) input(to *Account, method string, d *details) []byte {
	k.t.Helper()
	if !d.hasIn || d.raw != nil {
		return d.raw
	}
	b, err := encodeInput(to.code, method, d.input)
	if err != nil {
		k.t.Fatalf("kit: input of %s.%s: %v", to.name, method, err)
	}
	return b
}

func encodeInput(c *code, method string, values []any) ([]byte, error) {
	if c == nil || c.schema == nil {
		return Encode(values...)
	}
	m := c.method(method)
	if m == nil {
		return nil, fmt.Errorf("the schema of %s has no method %q", c.name, method)
	}
	return form{c.schema}.fields(nil, m.Input, values)
}

func (c *code) method(name string) *abi.MethodSchema {
	if c == nil || c.schema == nil {
		return nil
	}
	i := slices.IndexFunc(c.schema.Methods, func(m abi.MethodSchema) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &c.schema.Methods[i]
}

// encode encodes v as its Go type says.
func encode(b []byte, v reflect.Value) ([]byte, error) {
	if !v.IsValid() {
		return nil, fmt.Errorf("nil has no type: write a nil pointer of a type")
	}
	if raw, ok := fixed(v); ok {
		return append(b, raw...), nil
	}
	switch v.Kind() {
	case reflect.Uint8:
		return abi.AppendU8(b, uint8(v.Uint())), nil
	case reflect.Uint16:
		return abi.AppendU16(b, uint16(v.Uint())), nil
	case reflect.Uint32:
		return abi.AppendU32(b, uint32(v.Uint())), nil
	case reflect.Uint64:
		return abi.AppendU64(b, v.Uint()), nil
	case reflect.Int64:
		return abi.AppendU64(b, uint64(v.Int())), nil
	case reflect.Bool:
		return abi.AppendBool(b, v.Bool()), nil
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return nil, fmt.Errorf("string %q is not valid UTF-8", v.String())
		}
		return abi.AppendBytes(b, v.String()), nil
	case reflect.Slice:
		return encodeSlice(b, v)
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, 0), nil
		}
		return encode(append(b, 1), v.Elem())
	case reflect.Struct:
		return encodeStruct(b, v)
	}
	return nil, fmt.Errorf("%s %v has no encoding: use uint64, int64 or another type of a fixed size", v.Type(), v)
}

func encodeSlice(b []byte, v reflect.Value) (_ []byte, err error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return abi.AppendBytes(b, v.Bytes()), nil
	}
	b = abi.AppendU32(b, uint32(v.Len()))
	for i := range v.Len() {
		if b, err = encode(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func encodeStruct(b []byte, v reflect.Value) ([]byte, error) {
	list, err := parts(v.Interface())
	if err != nil {
		return nil, err
	}
	for i, part := range list {
		if b, err = encode(b, reflect.ValueOf(part)); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Type().Field(i).Name, err)
		}
	}
	return b, nil
}

// fixed is the encoding of an address, a hash or an amount.
func fixed(v reflect.Value) ([]byte, bool) {
	switch x := v.Interface().(type) {
	case *Account:
		return x.address[:], true
	case chain.Amount:
		return x.Append(nil), true
	case guest.Amount:
		a, err := chain.ParseAmount(x.String())
		return a.Append(nil), err == nil
	}
	if v.Kind() != reflect.Array || v.Type().Elem().Kind() != reflect.Uint8 || v.Len() != abi.AddressBytes && v.Len() != abi.HashBytes {
		return nil, false
	}
	raw := make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(raw), v)
	return raw, true
}

// form encodes values as a schema says: an int for any integer or amount, the name of a field's struct by its fields.
type form struct{ schema *abi.Schema }

// fields encodes values for a list of fields: one each, or one struct with as many fields.
func (f form) fields(b []byte, fields []abi.Field, values []any) ([]byte, error) {
	if len(values) == 1 && isStruct(values[0]) && !(len(fields) == 1 && f.schema.Types[fields[0].Type] != nil) {
		var err error
		if values, err = parts(values[0]); err != nil {
			return nil, err
		}
	}
	if len(values) != len(fields) {
		return nil, fmt.Errorf("%s given, it takes %s", plural(len(values), "value"), describeFields(fields))
	}
	for i, v := range values {
		var err error
		if b, err = f.value(b, fields[i].Type, reflect.ValueOf(v)); err != nil {
			return nil, fmt.Errorf("%s: %w", fields[i].Name, err)
		}
	}
	return b, nil
}

// isStruct says whether v is a struct that isn't one value.
func isStruct(v any) bool {
	r := reflect.ValueOf(v)
	if !r.IsValid() || r.Kind() != reflect.Struct {
		return false
	}
	_, one := fixed(r)
	return !one
}

// parts are the values of a struct's fields.
func parts(v any) (list []any, err error) {
	r := reflect.ValueOf(v)
	for i := range r.NumField() {
		if !r.Type().Field(i).IsExported() {
			return nil, fmt.Errorf("%s has the field %s, which is not exported", r.Type(), r.Type().Field(i).Name)
		}
		list = append(list, r.Field(i).Interface())
	}
	return list, nil
}

func describeFields(fields []abi.Field) string {
	if len(fields) == 0 {
		return "none"
	}
	text := ""
	for i, f := range fields {
		if i > 0 {
			text += ", "
		}
		text += f.Name + " " + f.Type
	}
	return text
}

// value encodes one value as a type of the schema.
func (f form) value(b []byte, typ string, v reflect.Value) ([]byte, error) {
	if bits, ok := integers[typ]; ok && v.IsValid() && (v.CanInt() || v.CanUint()) {
		return appendInteger(b, typ, bits, v)
	}
	switch fields, ok := f.schema.Types[typ]; {
	case ok:
		if !v.IsValid() || v.Kind() != reflect.Struct {
			return nil, fmt.Errorf("%s is a struct of %s", typ, describeFields(fields))
		}
		return f.fields(b, fields, []any{v.Interface()})
	case typ[0] == '?':
		if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			return append(b, 0), nil
		}
		if _, one := fixed(v); v.Kind() == reflect.Pointer && !one {
			v = v.Elem()
		}
		return f.value(append(b, 1), typ[1:], v)
	case typ[0] == '[' && v.IsValid() && v.Kind() == reflect.Slice:
		b = abi.AppendU32(b, uint32(v.Len()))
		for i := range v.Len() {
			var err error
			if b, err = f.value(b, typ[2:], v.Index(i)); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return b, nil
	case !v.IsValid() || goType(v) != typ:
		return nil, fmt.Errorf("a value of type %s is asked for, and this is %s", typ, describeValue(v))
	}
	return encode(b, v)
}

func describeValue(v reflect.Value) string {
	if !v.IsValid() {
		return "nil"
	}
	return fmt.Sprintf("%v of type %s", v, v.Type())
}

// integers are the types that any Go integer can be given for, with their bits; i64 has 63 and a sign.
var integers = map[string]int{"u8": 8, "u16": 16, "u32": 32, "u64": 64, "i64": 63, "u128": 64}

func appendInteger(b []byte, typ string, bits int, v reflect.Value) ([]byte, error) {
	var n uint64
	if v.CanInt() {
		if n = uint64(v.Int()); v.Int() < 0 {
			if typ != "i64" {
				return nil, fmt.Errorf("%d is below zero, and %s is not", v.Int(), typ)
			}
			return abi.AppendU64(b, n), nil
		}
	} else {
		n = v.Uint()
	}
	if bits < 64 && n > math.MaxUint64>>(64-bits) {
		return nil, fmt.Errorf("%d is too large for %s", n, typ)
	}
	switch typ {
	case "u8":
		return abi.AppendU8(b, uint8(n)), nil
	case "u16":
		return abi.AppendU16(b, uint16(n)), nil
	case "u32":
		return abi.AppendU32(b, uint32(n)), nil
	case "u128":
		return abi.AppendU64(abi.AppendU64(b, 0), n), nil
	}
	return abi.AppendU64(b, n), nil
}

// goType is the schema's name for the type of v, "" if it has none.
func goType(v reflect.Value) string {
	if raw, ok := fixed(v); ok {
		return map[int]string{abi.AddressBytes: "address", abi.HashBytes: "hash", abi.AmountBytes: "u128"}[len(raw)]
	}
	switch v.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "string"
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
	}
	return ""
}
