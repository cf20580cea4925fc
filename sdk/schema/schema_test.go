package schema_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/schema"
)

// all has a method for every type, and one of several.
func all() abi.Schema {
	s := abi.Schema{ABI: 1, Name: "All", Types: map[string][]abi.Field{
		"Item":  {{Name: "name", Type: "string"}, {Name: "price", Type: "u128"}},
		"Empty": {},
	}, Events: []abi.EventSchema{{Topic: "sold", Body: []abi.Field{{Name: "item", Type: "Item"}}}}}
	for _, t := range []string{"u8", "u16", "u32", "u64", "i64", "u128", "bool", "address", "hash", "bytes", "string", "[]u16", "?bool",
		"Item", "[]Item", "?Item", "[]?u8", "?[]u8", "[][]u8", "Empty"} {
		s.Methods = append(s.Methods, abi.MethodSchema{Name: t, Kind: abi.MethodQuery, Input: []abi.Field{{Name: "v", Type: t}}, Output: []abi.Field{{Name: "v", Type: t}}})
	}
	s.Methods = append(s.Methods, abi.MethodSchema{Name: "none", Kind: abi.MethodHandle},
		abi.MethodSchema{Name: "two", Kind: abi.MethodHandle, Input: []abi.Field{{Name: "a", Type: "u8"}, {Name: "b", Type: "?u8"}}})
	return s
}

func contract(t testing.TB) *schema.Contract {
	c, err := schema.Check(all())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var account = chain.SystemAddress(7)

// values are pairs of JSON and encoding, one way and back.
var values = []struct{ method, json, hex string }{
	{"u8", `{"v":255}`, "ff"},
	{"u16", `{"v":258}`, "0102"},
	{"u32", `{"v":1}`, "00000001"},
	{"u64", `{"v":999999999999999}`, "00038d7ea4c67fff"},
	{"u64", `{"v":"1000000000000000"}`, "00038d7ea4c68000"},
	{"u64", `{"v":"18446744073709551615"}`, "ffffffffffffffff"},
	{"i64", `{"v":-1}`, "ffffffffffffffff"},
	{"i64", `{"v":"-9223372036854775808"}`, "8000000000000000"},
	{"u128", `{"v":"0"}`, "00000000000000000000000000000000"},
	{"u128", `{"v":"340282366920938463463374607431768211455"}`, "ffffffffffffffffffffffffffffffff"},
	{"bool", `{"v":true}`, "01"},
	{"address", `{"v":"` + account.String() + `"}`, hex.EncodeToString(account[:])},
	{"address", `{"v":""}`, strings.Repeat("00", 24)},
	{"hash", `{"v":"` + strings.Repeat("ab", 32) + `"}`, strings.Repeat("ab", 32)},
	{"bytes", `{"v":"00ff"}`, "0000000200ff"},
	{"string", `{"v":"h\u00e9 \"x\""}`, "0000000768c3a9202278" + "22"},
	{"[]u16", `{"v":[1,2]}`, "0000000200010002"},
	{"[]u16", `{"v":[]}`, "00000000"},
	{"?bool", `{"v":null}`, "00"},
	{"?bool", `{"v":false}`, "0100"},
	{"Item", `{"v":{"name":"a","price":"5"}}`, "0000000161" + "00000000000000000000000000000005"},
	{"[]Item", `{"v":[{"name":"","price":"1"}]}`, "00000001" + "00000000" + "00000000000000000000000000000001"},
	{"?Item", `{"v":null}`, "00"},
	{"[]?u8", `{"v":[null,7]}`, "00000002000107"},
	{"?[]u8", `{"v":[7]}`, "010000000107"},
	{"[][]u8", `{"v":[[],[1]]}`, "00000002000000000000000101"},
	{"Empty", `{"v":{}}`, ""},
	{"none", `{}`, ""},
	{"two", `{"a":1,"b":2}`, "010102"},
}

func TestValues(t *testing.T) {
	c := contract(t)
	for _, v := range values {
		b, err := c.Input(v.method, []byte(v.json))
		if err != nil || hex.EncodeToString(b) != v.hex {
			t.Errorf("%s %s encodes to %x, error %v; want %s", v.method, v.json, b, err, v.hex)
		}
		want, _ := hex.DecodeString(v.hex)
		out, err := c.InputJSON(v.method, want)
		var a, z any
		if err == nil {
			_, _ = json.Unmarshal(out, &a), json.Unmarshal([]byte(v.json), &z)
		}
		if x, _ := json.Marshal(a); err != nil || !same(a, z) {
			t.Errorf("%s %s decodes to %s (%s), error %v; want %s", v.method, v.hex, out, x, err, v.json)
		}
		for n := range want {
			if _, err := c.InputJSON(v.method, want[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes are accepted", v.method, n, len(want))
			}
		}
		if _, err := c.InputJSON(v.method, append(bytes.Clone(want), 0)); err == nil {
			t.Errorf("%s: a byte too many is accepted", v.method)
		}
	}
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

// What people write in other ways means the same.
func TestLenient(t *testing.T) {
	c := contract(t)
	for _, v := range []struct{ method, json, hex string }{
		{"none", "", ""},
		{"u8", `{"v":"7"}`, "07"},
		{"u128", `{"v":7}`, "00000000000000000000000000000007"},
		{"two", `{"b":2,"a":1}`, "010102"},
		{"two", `{"a":1}`, "0100"},
		{"hash", `{"v":"` + strings.Repeat("AB", 32) + `"}`, strings.Repeat("ab", 32)},
	} {
		if b, err := c.Input(v.method, []byte(v.json)); err != nil || hex.EncodeToString(b) != v.hex {
			t.Errorf("%s %s encodes to %x, error %v; want %s", v.method, v.json, b, err, v.hex)
		}
	}
}

func TestRefusedInput(t *testing.T) {
	c := contract(t)
	for _, v := range []struct{ method, json, want string }{
		{"lost", `{}`, `has no method "lost"; it has u8, u16`},
		{"u8", `{"v":256}`, "v is 256, and must be a whole number from 0 to 2^8-1"},
		{"u8", `{"v":-1}`, "must be a whole number"},
		{"u8", `{"v":1.5}`, "must be a whole number"},
		{"u8", `{"v":1e1}`, "must be a whole number"},
		{"u8", `{"v":"01"}`, "must be a whole number"},
		{"u8", `{"v":"+1"}`, "must be a whole number"},
		{"u8", `{"v":"-0"}`, "must be a whole number"},
		{"u8", `{"v":null}`, "v is null"},
		{"u8", `{}`, "lacks the field v (u8)"},
		{"u8", `{"v":1,"v":1}`, "has the field v twice"},
		{"u8", `{"w":1}`, `has no field "w"; it has v u8`},
		{"u8", `{"v":1} 2`, "something stands behind"},
		{"u8", `{"v":1`, "not JSON"},
		{"u8", `[1]`, "must be an object"},
		{"i64", `{"v":"9223372036854775808"}`, "must be a whole number from -2^63"},
		{"u128", `{"v":"340282366920938463463374607431768211456"}`, "must be a whole number from 0 to 2^128-1"},
		{"bool", `{"v":1}`, "must be true or false"},
		{"address", `{"v":"tk1abc"}`, "is not an address"},
		{"hash", `{"v":"ab"}`, "must be 64 hexadecimal digits"},
		{"bytes", `{"v":"abc"}`, "must be hexadecimal digits"},
		{"string", `{"v":1}`, "must be a string"},
		{"[]u16", `{"v":[1,"x"]}`, "v[1]"},
		{"[]u16", `{"v":{}}`, "must be an array"},
		{"Item", `{"v":{"name":"a"}}`, "v lacks the field price (u128)"},
		{"none", `{"a":1}`, `it has none`},
		{"string", `{"v":"` + strings.Repeat("a", chain.MaxInputBytes) + `"}`, "(limit"},
	} {
		if b, err := c.Input(v.method, []byte(v.json)); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s %.60s: %x, error %v; want %q in it", v.method, v.json, b, err, v.want)
		}
	}
}

func TestRefusedBytes(t *testing.T) {
	c := contract(t)
	for _, v := range []struct{ method, hex, want string }{
		{"bool", "02", "has a value that its encoder never writes"},
		{"?bool", "02", "has a value"},
		{"string", "00000001ff", "is not valid UTF-8"},
		{"[]u16", "ffffffff", "ends too early"},
		{"address", strings.Repeat("00", 23) + "01", "names no chain"},
	} {
		b, _ := hex.DecodeString(v.hex)
		if out, err := c.InputJSON(v.method, b); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s %s: %s, error %v; want %q in it", v.method, v.hex, out, err, v.want)
		}
	}
}

func TestOutputAndEvents(t *testing.T) {
	c := contract(t)
	if out, err := c.Output("u8", []byte{5}); err != nil || string(out) != `{"v":5}` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := c.Output("none", nil); err == nil {
		t.Error("a method that is no query has an output")
	}
	body, _ := hex.DecodeString("000000017800000000000000000000000000000003")
	if out, err := c.Event("sold", body); err != nil || string(out) != `{"item":{"name":"x","price":"3"}}` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := c.Event("lost", nil); err == nil {
		t.Error("an unknown event has a body")
	}
}

func TestRefusedSchemas(t *testing.T) {
	method := func(fields ...abi.Field) []abi.MethodSchema {
		return []abi.MethodSchema{{Name: "m", Kind: abi.MethodHandle, Input: fields}}
	}
	deep := map[string][]abi.Field{}
	for i := range 20 {
		deep["T"+string(rune('a'+i))] = []abi.Field{{Name: "f", Type: "T" + string(rune('b'+i))}}
	}
	wide := map[string][]abi.Field{}
	for i := range 12 {
		for _, f := range "abcdefgh" {
			of := "T" + string(rune('b'+i))
			if i == 11 {
				of = "u64"
			}
			name := "T" + string(rune('a'+i))
			wide[name] = append(wide[name], abi.Field{Name: string(f), Type: of})
		}
	}
	for _, v := range []struct {
		what   string
		schema abi.Schema
		want   string
	}{
		{"another ABI", abi.Schema{ABI: 2}, "use a newer one"},
		{"no name", abi.Schema{ABI: 1, Methods: []abi.MethodSchema{{Kind: abi.MethodHandle}}}, "has no name"},
		{"twice", abi.Schema{ABI: 1, Methods: append(method(), method()...)}, "one that another has"},
		{"kind", abi.Schema{ABI: 1, Methods: []abi.MethodSchema{{Name: "m", Kind: "x"}}}, "neither handle nor query"},
		{"unknown type", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "float"})}, `unknown type "float"`},
		{"field twice", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "u8"}, abi.Field{Name: "f", Type: "u8"})}, "one that another has"},
		{"cycle", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "T"}), Types: map[string][]abi.Field{"T": {{Name: "t", Type: "[]T"}}}}, "contains itself"},
		{"deep", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "Ta"}), Types: deep}, "more than 16 deep"},
		{"deep lists", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: strings.Repeat("[]", 20) + "u8"})}, "more than 16 deep"},
		{"wide", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "Ta"}), Types: wide}, "takes more than"},
		{"items without bytes", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "[]E"}), Types: map[string][]abi.Field{"E": {}}}, "have no bytes"},
		{"option twice", abi.Schema{ABI: 1, Methods: method(abi.Field{Name: "f", Type: "??u8"})}, "says twice"},
	} {
		if _, err := schema.Check(v.schema); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: error %v, want %q in it", v.what, err, v.want)
		}
	}
}

// A module's schema is found behind other sections, and one that lies about a length is refused.
func TestRead(t *testing.T) {
	j, _ := json.Marshal(all())
	header := []byte("\x00asm\x01\x00\x00\x00")
	custom := func(name string, body []byte) []byte {
		content := append(append([]byte{byte(len(name))}, name...), body...)
		return append([]byte{0, byte(len(content)) | 0x80, byte(len(content) >> 7)}, content...)
	}
	code := bytes.Join([][]byte{header, {1, 1, 0}, custom("name", []byte("x")), custom(abi.SchemaSection, j)}, nil)
	c, err := schema.Read(code)
	if err != nil || c.Schema().Name != "All" {
		t.Fatalf("%v", err)
	}
	if _, err := schema.Read(code[:11]); !errors.Is(err, schema.ErrNone) {
		t.Errorf("no schema: %v", err)
	}
	for n := range code {
		if _, err := schema.Read(code[:n]); err == nil {
			t.Errorf("the first %d of %d bytes have a schema", n, len(code))
		}
	}
}

// S1: what is decoded encodes to the same bytes.
func FuzzBytes(f *testing.F) {
	for _, v := range values {
		b, _ := hex.DecodeString(v.hex)
		f.Add(v.method, b)
	}
	c := contract(f)
	f.Fuzz(func(t *testing.T, method string, b []byte) {
		out, err := c.InputJSON(method, b)
		if err != nil || len(b) > chain.MaxInputBytes {
			return
		}
		if again, err := c.Input(method, out); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s %x is %s, which encodes to %x, error %v", method, b, out, again, err)
		}
	})
}

// No schema and no input of a stranger's does harm (S3).
func FuzzSchema(f *testing.F) {
	// Small seeds: the fuzzer spends its time on making large ones smaller.
	for _, fields := range []string{`{"name":"v","type":"u8"}`, `{"name":"v","type":"[]T"}`, `{"name":"v","type":"?T"}`} {
		f.Add([]byte(`{"abi":1,"methods":[{"name":"m","kind":"query","input":[`+fields+`]}],"types":{"T":[{"name":"w","type":"string"}]}}`), []byte(`{"v":1}`), []byte{1})
	}
	f.Fuzz(func(t *testing.T, s, object, b []byte) {
		c, err := schema.Parse(s)
		if err != nil {
			return
		}
		for _, m := range c.Schema().Methods {
			if in, err := c.Input(m.Name, object); err == nil {
				out, err := c.InputJSON(m.Name, in)
				if err != nil {
					t.Fatalf("%s: %s encodes to %x, which doesn't decode: %v", m.Name, object, in, err)
				}
				if again, err := c.Input(m.Name, out); err != nil || !bytes.Equal(again, in) {
					t.Fatalf("%s: %x is %s, which encodes to %x, error %v", m.Name, in, out, again, err)
				}
			}
			_, _ = c.InputJSON(m.Name, b)
		}
	})
}
