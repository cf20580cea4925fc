package guest

import (
	"bytes"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"
)

// whole has a field of every type that has an encoding.
type whole struct {
	U8      uint8
	U16     uint16
	U32     uint32
	U64     uint64
	I64     int64
	Bool    bool
	String  string
	Bytes   []byte
	Amount  Amount
	Address Address
	Hash    Hash
	List    []uint32
	Names   []string
	Parts   []part
	Maybe   *part
	Number  *uint64
	Nested  struct{ A, B uint16 }
	Cents   cents
}

type cents uint64

type part struct {
	Name string
	Sub  []*uint8
}

// Generate makes a part; reflection can't see into Amount.
func (Amount) Generate(r *rand.Rand, _ int) reflect.Value {
	return reflect.ValueOf(Amount{r.Uint64(), r.Uint64() >> r.Intn(64)})
}

// random fills v with values of all kinds; lists are nil rather than empty, as decoding makes them.
func random(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Amount]() {
			v.Set(Amount{}.Generate(r, 0))
			return
		}
		for i := range v.NumField() {
			random(r, v.Field(i))
		}
	case reflect.Slice:
		if n := r.Intn(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				random(r, v.Index(i))
			}
		}
	case reflect.Pointer:
		if r.Intn(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			random(r, v.Elem())
		}
	case reflect.Array:
		for i := range v.Len() {
			random(r, v.Index(i))
		}
	case reflect.String:
		v.SetString(strings.Repeat("é", r.Intn(4)))
	case reflect.Bool:
		v.SetBool(r.Intn(2) == 0)
	case reflect.Int64:
		v.SetInt(int64(r.Uint64()))
	default:
		v.SetUint(r.Uint64() >> (64 - 8*v.Type().Size()))
	}
}

// Every value has one encoding: decoding gives the value back, no shorter and no longer bytes are read.
func TestRoundTrip(t *testing.T) {
	const seed = 1 // any other finds the same: change it to look elsewhere
	r := rand.New(rand.NewSource(seed))
	for i := range 500 {
		var v whole
		random(r, reflect.ValueOf(&v).Elem())
		b := Encode(v)
		got, err := Decode[whole](b)
		if err != nil || !reflect.DeepEqual(got, v) {
			t.Fatalf("seed %d, value %d: %+v is %x, decoded %+v, error %v", seed, i, v, b, got, err)
		}
		if _, err := Decode[whole](append(b, 0)); err == nil {
			t.Fatalf("seed %d, value %d: a byte too many is accepted", seed, i)
		}
		if _, err := Decode[whole](b[:r.Intn(len(b))]); err == nil {
			t.Fatalf("seed %d, value %d: too few bytes are accepted", seed, i)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(whole{}))
	f.Add(Encode(whole{String: "a", Bytes: []byte{1}, List: []uint32{1}, Parts: []part{{Name: "x", Sub: []*uint8{nil}}}, Maybe: &part{}, Number: new(uint64)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode[whole](b)
		if err == nil && !bytes.Equal(Encode(v), b) {
			t.Fatalf("%x accepted, encodes to %x", b, Encode(v))
		}
	})
}

func TestEncodings(t *testing.T) {
	n := uint64(5)
	for _, c := range []struct {
		got  []byte
		want string
	}{
		{Encode(uint16(258)), "\x01\x02"},
		{Encode(int64(-1)), "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{Encode(NewAmount(7)), strings.Repeat("\x00", 15) + "\x07"},
		{Encode("é"), "\x00\x00\x00\x02\xc3\xa9"},
		{Encode([]byte{1}), "\x00\x00\x00\x01\x01"},
		{Encode([]bool{true, false}), "\x00\x00\x00\x02\x01\x00"},
		{Encode(&n), "\x01\x00\x00\x00\x00\x00\x00\x00\x05"},
		{Encode((*uint64)(nil)), "\x00"},
		{Encode(struct{ A, B uint8 }{1, 2}), "\x01\x02"},
		{Encode(None{}), ""},
	} {
		if string(c.got) != c.want {
			t.Errorf("%x, want %x", c.got, c.want)
		}
	}
}

// A string that no decoder reads is never stored: the account's state could not be read any more.
func TestInvalidString(t *testing.T) {
	if got := panicOf(func() { Encode("a\xff") }); got != "string 61ff is not valid UTF-8" {
		t.Errorf("panics with %q", got)
	}
}

type tree struct{ Kids []tree }

// A type without an encoding ends the build, with what to use instead.
func TestRefusedTypes(t *testing.T) {
	for _, c := range []struct {
		make func()
		want string
	}{
		{func() { codecOf[int]() }, "use int64 or uint64"},
		{func() { codecOf[float64]() }, "count in a smaller unit"},
		{func() { codecOf[map[string]uint8]() }, "guest.NewMap"},
		{func() { codecOf[[32]byte]() }, "use guest.Hash"},
		{func() { codecOf[any]() }, "has no encoding"},
		{func() { codecOf[int32]() }, "has no encoding"},
		{func() { codecOf[struct{ small uint8 }]() }, "field small, which is not exported"},
		{func() { codecOf[tree]() }, "contains itself"},
		{func() { codecOf[**uint8]() }, "pointer to a pointer"},
		{func() { codecOf[[]None]() }, "items without any bytes"},
	} {
		if got := panicOf(c.make); !strings.Contains(got, c.want) {
			t.Errorf("panics with %q, want %q in it", got, c.want)
		}
	}
}

// panicOf is what f panics with, as text.
func panicOf(f func()) (text string) {
	defer func() { text = Format("%v", recover()) }()
	f()
	return ""
}

func TestFieldNames(t *testing.T) {
	type names struct {
		Value, ID, URLPath, HTTPS, ByWhom, X1 uint8
		Other                                 uint8 `abi:"third_party"`
	}
	var got []string
	for _, f := range codecOf[names]().fields {
		got = append(got, f.name)
	}
	if want := "value id urlPath https byWhom x1 third_party"; strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", strings.Join(got, " "), want)
	}
}

func TestAmounts(t *testing.T) {
	top := MaxAmount()
	for _, c := range []struct{ got, want string }{
		{top.String(), "340282366920938463463374607431768211455"},
		{Amount{}.String(), "0"},
		{Amount{hi: 1}.String(), "18446744073709551616"},
		{NewAmount(3).Add(NewAmount(4)).String(), "7"},
		{Amount{hi: 1}.Sub(NewAmount(1)).String(), "18446744073709551615"},
		{Amount{hi: 1}.Mul(10).String(), "184467440737095516160"},
		{top.MulDiv(math.MaxUint64, math.MaxUint64).String(), top.String()},
		{top.MulDiv(1, 10).String(), "34028236692093846346337460743176821145"},
		{NewAmount(10).MulDiv(2, 3).String(), "6"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	if q, r := (Amount{hi: 3, lo: 5}).Div(7); q.Mul(7).Add(NewAmount(r)) != (Amount{hi: 3, lo: 5}) || r >= 7 {
		t.Errorf("%s rest %d", q, r)
	}
	for _, c := range []struct {
		what func()
		want string
	}{
		{func() { top.Add(NewAmount(1)) }, "exceeds 2^128-1"},
		{func() { NewAmount(1).Sub(NewAmount(2)) }, "1 - 2 falls below zero"},
		{func() { top.Mul(2) }, "exceeds 2^128-1"},
		{func() { top.MulDiv(1, 0) }, "divided by zero"},
		{func() { top.MulDiv(3, 2) }, "exceeds 2^128-1"},
	} {
		if got := panicOf(c.what); !strings.Contains(got, c.want) {
			t.Errorf("panics with %q, want %q in it", got, c.want)
		}
	}
	if top.Cmp(Amount{}) != 1 || (Amount{}).Cmp(top) != -1 || top.Cmp(top) != 0 || !(Amount{}).Less(NewAmount(1)) || top.Less(top) {
		t.Error("order of amounts")
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Format("plain"), "plain"},
		{Format("%d %v %s", 1, int8(-2), uint64(math.MaxUint64)), "1 -2 18446744073709551615"},
		{Format("%d", int64(math.MinInt64)), "-9223372036854775808"},
		{Format("%q %x %x", "a", []byte{0xab}, 255), `"a" ab ff`},
		{Format("%s %v %v", NewAmount(5), true, nil), "5 true nil"},
		{Format("%v %v", Refuse("no %d", 1), Hash{1}), "no 1 01" + strings.Repeat("00", 31)},
		{Format("100%%"), "100%"},
		{Format("%d %d", 1), "1 %!missing"},
		{Format("x", 1), "x%!extra"},
		{Format("%v", struct{}{}), "?"},
		{Format("%"), "%"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
