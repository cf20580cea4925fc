package guest

import (
	"iter"
	"unsafe"

	"github.com/thinkey/thinkey/sdk/abi"
)

// The account's storage, as the contract's types lay it out:
//
//	00                 the state of Serve
//	name 00            a Value
//	name 00 key        an entry of a Map: key as encoded; a key of strings or bytes without its length, so that the
//	                   order of entries is that of the words
//
// Names hold no zero byte and are used once, so no two of them meet. A value of a type without any bytes is stored as one
// byte, since an empty one would be no entry.

// Reading is a View or a Context: what may read the storage.
type Reading interface{ reads() }

func (View) reads() {}

// stateKey is where the state of Serve is.
const stateKey = "\x00"

// names are those of the Values and Maps.
var names []string

// claim makes the beginning of the keys of name.
func claim(name string) string {
	if name == "" || len(name) > 64 {
		panic("guest: the name of a Map or a Value has 1 to 64 bytes, not " + Format("%d", len(name)))
	}
	for i := range len(name) {
		if name[i] == 0 {
			panic("guest: the name of a Map or a Value holds no zero byte")
		}
	}
	for _, n := range names {
		if n == name {
			panic("guest: two Maps or Values are called " + name + "; what one stores would be the other's")
		}
	}
	names = append(names, name)
	return name + "\x00"
}

// Map is a map in the account's storage, with an entry for each key: only those that a handling uses are read. It is a
// variable of the package, made by NewMap.
type Map[K comparable, V any] struct {
	prefix string
	key    *codec
	raw    bool // the key is a string or bytes
	value  *codec
}

// NewMap makes the map whose keys begin with name.
func NewMap[K comparable, V any](name string) *Map[K, V] {
	key := codecOf[K]()
	return &Map[K, V]{prefix: claim(name), key: key, raw: key == stringCodec, value: codecOf[V]()}
}

// Get is the value of k, or the zero value and false if there is none.
func (m *Map[K, V]) Get(_ Reading, k K) (v V, ok bool) {
	ok = load(m.keyOf(&k), m.value, unsafe.Pointer(&v))
	return v, ok
}

// At is the value of k, or the zero value if there is none.
func (m *Map[K, V]) At(r Reading, k K) V {
	v, _ := m.Get(r, k)
	return v
}

// Has says whether there is a value of k.
func (m *Map[K, V]) Has(_ Reading, k K) bool { return hostRead(m.keyOf(&k), nil) != abi.None }

// Set makes v the value of k.
func (m *Map[K, V]) Set(_ Context, k K, v V) { store(m.keyOf(&k), m.value, unsafe.Pointer(&v)) }

// Delete removes the value of k, if there is one.
func (m *Map[K, V]) Delete(_ Context, k K) { hostWrite(m.keyOf(&k), nil) }

// All are the entries, in the order of their encoded keys: numbers ascending (negative ones last), strings by bytes.
// Entries may be set and deleted on the way.
func (m *Map[K, V]) All(r Reading) iter.Seq2[K, V] { return m.from(r, nil) }

// After are the entries behind k, which need not be there: for views that answer page by page.
func (m *Map[K, V]) After(r Reading, k K) iter.Seq2[K, V] {
	return m.from(r, append([]byte(nil), m.keyOf(&k)...))
}

func (m *Map[K, V]) from(_ Reading, after []byte) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		last := append([]byte(nil), after...)
		var buf [abi.MaxKey]byte
		for {
			n := hostNext([]byte(m.prefix), last, buf[:])
			if n == abi.None {
				return
			}
			last = append(last[:0], buf[:n]...)
			var k K
			var v V
			m.decodeKey(last[len(m.prefix):], &k)
			load(last, m.value, unsafe.Pointer(&v))
			if !yield(k, v) {
				return
			}
		}
	}
}

// keyOf is the key of k's entry, until the next call.
func (m *Map[K, V]) keyOf(k *K) []byte {
	b := append(keyBuffer[:0], m.prefix...)
	if m.raw {
		b = append(b, *(*string)(unsafe.Pointer(k))...)
	} else {
		b = m.key.put(b, unsafe.Pointer(k))
	}
	if len(b) > abi.MaxKey {
		panic(Refuse("key of %d bytes (at most %d)", len(b), abi.MaxKey))
	}
	return b
}

func (m *Map[K, V]) decodeKey(b []byte, k *K) {
	if m.raw {
		*(*string)(unsafe.Pointer(k)) = string(b)
		return
	}
	if err := m.key.decode(b, "key", unsafe.Pointer(k)); err != nil {
		panic("guest: storage of " + m.prefix[:len(m.prefix)-1] + ": " + err.Error())
	}
}

// Value is one value in the account's storage, beside the state: read and written only when it is used.
type Value[T any] struct {
	key   []byte
	codec *codec
}

// NewValue makes the value whose key is name.
func NewValue[T any](name string) *Value[T] {
	return &Value[T]{key: []byte(claim(name)), codec: codecOf[T]()}
}

// Get is the value, or the zero value and false if none was set.
func (v *Value[T]) Get(_ Reading) (t T, ok bool) {
	ok = load(v.key, v.codec, unsafe.Pointer(&t))
	return t, ok
}

// Set sets it.
func (v *Value[T]) Set(_ Context, t T) { store(v.key, v.codec, unsafe.Pointer(&t)) }

// Delete removes it.
func (v *Value[T]) Delete(_ Context) { hostWrite(v.key, nil) }

// load reads an entry into v, which is zero, and says whether there is one.
func load(key []byte, c *codec, v unsafe.Pointer) bool {
	b, ok := readEntry(key, entryBuffer[:])
	if !ok {
		return false
	}
	if c.empty() {
		return true
	}
	if err := c.decode(b, "entry", v); err != nil {
		panic("guest: " + err.Error() + ": it was stored with another type; to change one, read it under the old type first")
	}
	return true
}

func store(key []byte, c *codec, v unsafe.Pointer) {
	b := c.encoded(v)
	if len(b) == 0 {
		b = append(b, 1)
	}
	hostWrite(key, b)
}

// empty says whether the type has no bytes at all.
func (c *codec) empty() bool { return c.fields != nil && c.least == 0 }

// readEntry is the whole entry of key, in b if it fits.
func readEntry(key, b []byte) ([]byte, bool) {
	n := hostRead(key, b)
	if n == abi.None {
		return nil, false
	}
	if n > len(b) {
		b = make([]byte, n)
		hostRead(key, b)
	}
	return b[:n], true
}
