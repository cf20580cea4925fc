package kit

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Decode reads what Encode writes into the values that outs point to, all of b.
func Decode(b []byte, outs ...any) error {
	r := abi.NewReader(b)
	for _, out := range outs {
		v := reflect.ValueOf(out)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return fmt.Errorf("decode into a %T: it must be a pointer to a value", out)
		}
		if err := decode(&r, v.Type().Elem().String(), v.Elem()); err != nil {
			return err
		}
	}
	return r.Done("value")
}

// decode reads a value into v. Its errors are those of v's type; those of the bytes stay with the reader.
func decode(r *abi.Reader, field string, v reflect.Value) error {
	if done := decodeFixed(r, field, v); done {
		return nil
	}
	switch v.Kind() {
	case reflect.Uint8:
		v.SetUint(uint64(r.U8(field)))
	case reflect.Uint16:
		v.SetUint(uint64(r.U16(field)))
	case reflect.Uint32:
		v.SetUint(uint64(r.U32(field)))
	case reflect.Uint64:
		v.SetUint(r.U64(field))
	case reflect.Int64:
		v.SetInt(int64(r.U64(field)))
	case reflect.Bool:
		v.SetBool(r.Bool(field))
	case reflect.String:
		v.SetString(r.Text(field))
	case reflect.Slice:
		return decodeSlice(r, field, v)
	case reflect.Pointer:
		if !r.Bool(field) {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return decode(r, field, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				return fmt.Errorf("decode into a %s: its field %s is not exported", v.Type(), f.Name)
			}
			if err := decode(r, f.Name, v.Field(i)); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("decode into a %s: it has no encoding; use uint64, int64 or another type of a fixed size", v.Type())
	}
	return nil
}

func decodeSlice(r *abi.Reader, field string, v reflect.Value) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(append([]byte(nil), r.Bytes(field)...))
		return nil
	}
	n := r.Count(field, 1)
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		if err := decode(r, field, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// decodeFixed reads an address, a hash or an amount.
func decodeFixed(r *abi.Reader, field string, v reflect.Value) bool {
	switch v.Interface().(type) {
	case chain.Amount:
		v.Set(reflect.ValueOf(readAmount(r, field)))
		return true
	case guest.Amount:
		hi, lo := r.U64(field), r.U64(field)
		v.Set(reflect.ValueOf(guest.NewAmount(hi).Mul(1 << 32).Mul(1 << 32).Add(guest.NewAmount(lo))))
		return true
	}
	if v.Kind() != reflect.Array || v.Type().Elem().Kind() != reflect.Uint8 || v.Len() != abi.AddressBytes && v.Len() != abi.HashBytes {
		return false
	}
	if raw := r.Fixed(field, v.Len()); raw != nil {
		reflect.Copy(v, reflect.ValueOf(raw))
	}
	return true
}

func readAmount(r *abi.Reader, field string) chain.Amount {
	raw := r.Fixed(field, abi.AmountBytes)
	if raw == nil {
		return chain.Amount{}
	}
	return chain.ReadAmount(wire.NewReader(raw), field)
}

// text writes what fields hold: kitten: "tom", price: 5. Accounts are named. Bytes that are no such value are shown as bytes.
func (k *Chain) text(schema *abi.Schema, fields []abi.Field, b []byte) string {
	r := abi.NewReader(b)
	t := speller{k, schema, &r}
	text := t.fields(fields, 0)
	if r.Done("") != nil {
		return plainText(b)
	}
	return text
}

// speller writes values as text while it reads them.
type speller struct {
	chain  *Chain
	schema *abi.Schema
	*abi.Reader
}

func (t speller) fields(fields []abi.Field, depth int) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.Name + ": " + t.value(f.Type, depth)
	}
	return strings.Join(parts, ", ")
}

// deepest bounds how deep values contain values, as a schema may be anything.
const deepest = 16

func (t speller) value(typ string, depth int) string {
	if depth > deepest || typ == "" {
		t.Fail(typ, abi.FaultValue)
		return ""
	}
	switch typ {
	case "u8":
		return strconv.FormatUint(uint64(t.U8(typ)), 10)
	case "u16":
		return strconv.FormatUint(uint64(t.U16(typ)), 10)
	case "u32":
		return strconv.FormatUint(uint64(t.U32(typ)), 10)
	case "u64":
		return strconv.FormatUint(t.U64(typ), 10)
	case "i64":
		return strconv.FormatInt(int64(t.U64(typ)), 10)
	case "u128":
		return readAmount(t.Reader, typ).String()
	case "bool":
		return strconv.FormatBool(t.Bool(typ))
	case "string":
		return strconv.Quote(t.Text(typ))
	case "bytes":
		return plainText(t.Bytes(typ))
	case "hash":
		return fmt.Sprintf("%.4x…", t.Fixed(typ, abi.HashBytes))
	case "address":
		if raw := t.Fixed(typ, abi.AddressBytes); raw != nil && !t.Failed() {
			return t.chain.nameOf(chain.Address(raw))
		}
		return ""
	}
	return t.composed(typ, depth)
}

// composed writes a value that is made of others.
func (t speller) composed(typ string, depth int) string {
	if fields, ok := t.schema.Types[typ]; ok {
		return "{" + t.fields(fields, depth+1) + "}"
	}
	if of, ok := strings.CutPrefix(typ, "?"); ok {
		if !t.Bool(typ) {
			return "none"
		}
		return t.value(of, depth+1)
	}
	of, ok := strings.CutPrefix(typ, "[]")
	if !ok {
		t.Fail(typ, abi.FaultValue)
		return ""
	}
	var parts []string
	for range t.Count(typ, 1) {
		parts = append(parts, t.value(of, depth+1))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// plainText is a quoted string where b is one to be read, else hexadecimal, cut short.
func plainText(b []byte) string {
	const most = 40
	printable := utf8.Valid(b) && strings.IndexFunc(string(b), func(r rune) bool { return !unicode.IsPrint(r) }) < 0
	switch {
	case len(b) == 0:
		return ""
	case printable && len(b) <= most:
		return strconv.Quote(string(b))
	case len(b) <= most/2:
		return fmt.Sprintf("0x%x", b)
	}
	return fmt.Sprintf("0x%x… (%d bytes)", b[:most/2], len(b))
}
