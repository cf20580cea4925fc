package guest

import (
	"reflect"
	"unicode/utf8"
	"unsafe"

	"github.com/thinkey/thinkey/sdk/abi"
)

// codec encodes and decodes the values of one type. It is made by reflection when a contract is registered, which is when
// it is built: what runs in a handling is the closures alone.
type codec struct {
	name  string // as abi.Field says
	least int    // bytes that a value takes at least
	put   func(b []byte, v unsafe.Pointer) []byte
	get   func(r *abi.Reader, field string, v unsafe.Pointer)
	// fields are those of a struct, else nil; part is what a slice or a pointer is of, else nil.
	fields []field
	part   *codec
}

type field struct {
	name   string
	offset uintptr
	codec  *codec
}

// codecs are those made so far. A short list: a contract has few types, and comparing their pointers is quick.
var codecs []struct {
	key   typeKey
	codec *codec
}

// typeKey is the identity of a type. It is a pointer, and not a reflect.Type, so that the methods of reflect don't end up in
// every module.
type typeKey unsafe.Pointer

func keyOf[T any]() typeKey {
	var v any = (*T)(nil)
	return (*[2]typeKey)(unsafe.Pointer(&v))[0] // of *T: the first word of an interface
}

// codecOf is the codec of T. It panics with what is wrong with the type.
func codecOf[T any]() *codec {
	key := keyOf[T]()
	for i := range codecs {
		if codecs[i].key == key {
			return codecs[i].codec
		}
	}
	if prepared() {
		panic("guest: a type is encoded that was not known when the contract was built; give Serve a Sends of the method, or a Uses of the type")
	}
	return prepare[T]()
}

// prepare makes the codec of T. Its own function, so that the builder can take it out.
//
//go:noinline
func prepare[T any]() *codec {
	c := codecFor(reflect.TypeFor[T](), nil)
	codecs = append(codecs, struct {
		key   typeKey
		codec *codec
	}{keyOf[T](), c})
	return c
}

// made are all codecs while the contract is being registered, so that a type has one.
var made []struct {
	of    unsafe.Pointer
	codec *codec
}

// codecFor finds or makes the codec of t; outer are the types that it is part of.
func codecFor(t reflect.Type, outer []unsafe.Pointer) *codec {
	of := pointerOf(t)
	for i := range made {
		if made[i].of == of {
			return made[i].codec
		}
	}
	for _, o := range outer {
		if o == of {
			refuseType(t, "contains itself; keep its parts in a Map, and their keys in it")
		}
	}
	c := makeCodec(t, append(outer, of))
	made = append(made, struct {
		of    unsafe.Pointer
		codec *codec
	}{of, c})
	return c
}

// refuseType ends the build: a type has no encoding.
func refuseType(t reflect.Type, why string) { panic("type " + t.String() + " " + why) }

func makeCodec(t reflect.Type, outer []unsafe.Pointer) *codec {
	switch t {
	case reflect.TypeFor[Amount]():
		return amountCodec
	case reflect.TypeFor[Address]():
		return fixedCodec("address", abi.AddressBytes)
	case reflect.TypeFor[Hash]():
		return fixedCodec("hash", abi.HashBytes)
	}
	switch t.Kind() {
	case reflect.Uint8:
		return u8Codec
	case reflect.Uint16:
		return u16Codec
	case reflect.Uint32:
		return u32Codec
	case reflect.Uint64:
		return u64Codec
	case reflect.Int64:
		return i64Codec
	case reflect.Bool:
		return boolCodec
	case reflect.String:
		return stringCodec
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesCodec
		}
		return sliceCodec(t, codecFor(t.Elem(), outer))
	case reflect.Pointer:
		return pointerCodec(t, codecFor(t.Elem(), outer))
	case reflect.Struct:
		return structCodec(t, outer)
	case reflect.Int, reflect.Uint:
		refuseType(t, "has another size on another machine; use int64 or uint64")
	case reflect.Map:
		refuseType(t, "has no order, so it has no encoding; use a slice, or guest.NewMap for entries of their own")
	case reflect.Array:
		refuseType(t, "has no encoding; use guest.Hash, guest.Address or a slice")
	case reflect.Float32, reflect.Float64:
		refuseType(t, "is not exact; count in a smaller unit")
	}
	refuseType(t, "has no encoding; see the package's doc for those that do")
	return nil
}

// The codecs of types that have no parts.
var (
	u8Codec = &codec{name: "u8", least: 1,
		put: func(b []byte, v unsafe.Pointer) []byte { return abi.AppendU8(b, *(*uint8)(v)) },
		get: func(r *abi.Reader, field string, v unsafe.Pointer) { *(*uint8)(v) = r.U8(field) }}
	u16Codec = &codec{name: "u16", least: 2,
		put: func(b []byte, v unsafe.Pointer) []byte { return abi.AppendU16(b, *(*uint16)(v)) },
		get: func(r *abi.Reader, field string, v unsafe.Pointer) { *(*uint16)(v) = r.U16(field) }}
	u32Codec = &codec{name: "u32", least: 4,
		put: func(b []byte, v unsafe.Pointer) []byte { return abi.AppendU32(b, *(*uint32)(v)) },
		get: func(r *abi.Reader, field string, v unsafe.Pointer) { *(*uint32)(v) = r.U32(field) }}
	u64Codec = &codec{name: "u64", least: 8, put: putU64, get: getU64}
	i64Codec = &codec{name: "i64", least: 8, put: putU64, get: getU64}

	boolCodec = &codec{name: "bool", least: 1,
		put: func(b []byte, v unsafe.Pointer) []byte { return abi.AppendBool(b, *(*bool)(v)) },
		get: func(r *abi.Reader, field string, v unsafe.Pointer) { *(*bool)(v) = r.Bool(field) }}
	bytesCodec = &codec{name: "bytes", least: 4,
		put: func(b []byte, v unsafe.Pointer) []byte { return abi.AppendBytes(b, *(*[]byte)(v)) },
		get: getBytes}
	stringCodec = &codec{name: "string", least: 4, put: putString,
		get: func(r *abi.Reader, field string, v unsafe.Pointer) { *(*string)(v) = r.Text(field) }}
	amountCodec = &codec{name: "u128", least: abi.AmountBytes,
		put: func(b []byte, v unsafe.Pointer) []byte {
			a := (*Amount)(v)
			return abi.AppendU64(abi.AppendU64(b, a.hi), a.lo)
		},
		get: func(r *abi.Reader, field string, v unsafe.Pointer) {
			*(*Amount)(v) = Amount{hi: r.U64(field), lo: r.U64(field)}
		}}
)

func putU64(b []byte, v unsafe.Pointer) []byte { return abi.AppendU64(b, *(*uint64)(v)) }

func getU64(r *abi.Reader, field string, v unsafe.Pointer) { *(*uint64)(v) = r.U64(field) }

// getBytes copies: what a contract decoded, it may change.
func getBytes(r *abi.Reader, field string, v unsafe.Pointer) {
	if b := r.Bytes(field); len(b) > 0 {
		*(*[]byte)(v) = append([]byte(nil), b...)
	}
}

// putString refuses what no decoder would read: stored, it would make the account's state unreadable for good.
func putString(b []byte, v unsafe.Pointer) []byte {
	s := *(*string)(v)
	if !utf8.ValidString(s) {
		panic(Refuse("string %x is not valid UTF-8", s))
	}
	return abi.AppendBytes(b, s)
}

func fixedCodec(name string, size int) *codec {
	return &codec{name: name, least: size,
		put: func(b []byte, v unsafe.Pointer) []byte { return append(b, unsafe.Slice((*byte)(v), size)...) },
		get: func(r *abi.Reader, field string, v unsafe.Pointer) {
			copy(unsafe.Slice((*byte)(v), size), r.Fixed(field, size))
		}}
}

// sliceHeader is a slice of any type.
type sliceHeader struct {
	items    unsafe.Pointer
	len, cap int
}

// pointerOf is the description of t, as the allocator takes it: the second word of an interface.
func pointerOf(t reflect.Type) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] }

// newArray makes n zero values of a type.
//
//go:linkname newArray reflect.unsafe_NewArray
func newArray(of unsafe.Pointer, n int) unsafe.Pointer

func sliceCodec(t reflect.Type, item *codec) *codec {
	if item.least == 0 {
		refuseType(t, "has items without any bytes; store their number")
	}
	size, items := t.Elem().Size(), pointerOf(t.Elem())
	return &codec{name: "[]" + item.name, least: 4, part: item,
		put: func(b []byte, v unsafe.Pointer) []byte {
			s := (*sliceHeader)(v)
			b = abi.AppendU32(b, uint32(s.len))
			for i := range s.len {
				b = item.put(b, unsafe.Add(s.items, uintptr(i)*size))
			}
			return b
		},
		get: func(r *abi.Reader, field string, v unsafe.Pointer) {
			n := r.Count(field, item.least)
			if n == 0 {
				return
			}
			items := newArray(items, n)
			for i := range n {
				item.get(r, field, unsafe.Add(items, uintptr(i)*size))
			}
			*(*sliceHeader)(v) = sliceHeader{items, n, n}
		}}
}

func pointerCodec(t reflect.Type, to *codec) *codec {
	if t.Elem().Kind() == reflect.Pointer {
		refuseType(t, "is a pointer to a pointer; one of them says already that there may be none")
	}
	value := pointerOf(t.Elem())
	return &codec{name: "?" + to.name, least: 1, part: to,
		put: func(b []byte, v unsafe.Pointer) []byte {
			p := *(*unsafe.Pointer)(v)
			if p == nil {
				return append(b, 0)
			}
			return to.put(append(b, 1), p)
		},
		get: func(r *abi.Reader, field string, v unsafe.Pointer) {
			if !r.Bool(field) {
				return
			}
			p := newArray(value, 1)
			to.get(r, field, p)
			*(*unsafe.Pointer)(v) = p
		}}
}

func structCodec(t reflect.Type, outer []unsafe.Pointer) *codec {
	c := &codec{name: t.Name(), fields: []field{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			refuseType(t, "has the field "+f.Name+", which is not exported; begin its name with a capital letter")
		}
		of := codecFor(f.Type, outer)
		c.fields = append(c.fields, field{fieldName(f), f.Offset, of})
		c.least += of.least
	}
	fields := c.fields
	c.put = func(b []byte, v unsafe.Pointer) []byte {
		for i := range fields {
			b = fields[i].codec.put(b, unsafe.Add(v, fields[i].offset))
		}
		return b
	}
	c.get = func(r *abi.Reader, _ string, v unsafe.Pointer) {
		for i := range fields {
			fields[i].codec.get(r, fields[i].name, unsafe.Add(v, fields[i].offset))
		}
	}
	return c
}

// fieldName is what the schema calls a field: its tag `abi:"name"`, or its name with the capital letters that it begins
// with made small, but the last of several: Value value, ID id, URLPath urlPath.
func fieldName(f reflect.StructField) string {
	if tag := f.Tag.Get("abi"); tag != "" {
		return tag
	}
	name := []byte(f.Name)
	for i, c := range name {
		next := byte('A')
		if i+1 < len(name) {
			next = name[i+1]
		}
		if c < 'A' || c > 'Z' || i > 0 && next >= 'a' && next <= 'z' {
			break
		}
		name[i] = c + 'a' - 'A'
	}
	return string(name)
}

// decode reads all of b into v, which is zero; what names the bytes in the error.
func (c *codec) decode(b []byte, what string, v unsafe.Pointer) error {
	r := abi.NewReader(b)
	c.get(&r, what, v)
	return r.Done(what)
}

// Encode is the encoding of v: what Method.To puts into a message.
func Encode[T any](v T) []byte { return codecOf[T]().put(nil, unsafe.Pointer(&v)) }

// Decode reads what Encode writes, and nothing else.
func Decode[T any](b []byte) (v T, err error) {
	err = codecOf[T]().decode(b, "value", unsafe.Pointer(&v))
	return v, err
}
