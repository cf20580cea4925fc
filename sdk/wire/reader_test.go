package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/wire"
)

// everything reads one value of each kind, and encodes what it read.
func everything(b []byte) (again []byte, err error) {
	r := wire.NewReader(b)
	r.Version("thing", 1)
	u8, u32, u64 := r.U8("u8"), r.U32("u32"), r.U64("u64")
	var fixed [3]byte
	r.Into("fixed", fixed[:])
	long, short := r.Bytes("long", 16), r.Short("short", 4)
	n := r.Count("list", 5, 2)
	var list []byte
	for range n {
		list = append(list, r.Fixed("item", 2)...)
	}
	again = wire.AppendU64(wire.AppendU32(wire.AppendU8([]byte{1}, u8), u32), u64)
	again = wire.AppendShort(wire.AppendBytes(append(again, fixed[:]...), long), string(short))
	return append(wire.AppendU32(again, uint32(n)), list...), r.Done()
}

// valid is an encoding that everything reads, as the layout in the package's doc says.
var valid = slices.Concat([]byte{1, 2}, []byte{0, 0, 0, 3}, []byte{0, 0, 0, 0, 0, 0, 0, 4}, []byte("abc"),
	[]byte{0, 0, 0, 2}, []byte("xy"), []byte{1}, []byte("z"), []byte{0, 0, 0, 2}, []byte("ABCD"))

// W1, W3: what is read encodes to the same bytes; every prefix ends too early, and one byte more is one too many.
func TestReadsAll(t *testing.T) {
	again, err := everything(valid)
	if err != nil || !bytes.Equal(again, valid) {
		t.Fatalf("%x read as %x, error %v", valid, again, err)
	}
	for n := range valid {
		if _, err := everything(valid[:n]); !errors.Is(err, wire.ErrShort) {
			t.Errorf("first %d bytes: %v, want %v", n, err, wire.ErrShort)
		}
	}
	if _, err := everything(append(slices.Clone(valid), 0)); !errors.Is(err, wire.ErrTrailing) {
		t.Errorf("one byte more: %v, want %v", err, wire.ErrTrailing)
	}
}

func TestFaults(t *testing.T) {
	at := func(i int, v byte) []byte {
		b := slices.Clone(valid)
		b[i] = v
		return b
	}
	for _, c := range []struct {
		name string
		in   []byte
		kind error
		text string
	}{
		{"version", at(0, 2), wire.ErrVersion, "thing version 2 has an unknown version (at byte 1)"},
		{"bytes over limit", at(20, 17), wire.ErrLimit, "long of 17 bytes (limit 16) is over its limit (at byte 21)"},
		{"bytes far over limit", at(17, 255), wire.ErrLimit, "long of 4278190082 bytes (limit 16) is over its limit (at byte 21)"},
		{"bytes over what is left", at(20, 13), wire.ErrShort, "long ends too early (at byte 21)"},
		{"short over limit", at(23, 5), wire.ErrLimit, "short of 5 bytes (limit 4) is over its limit (at byte 24)"},
		{"list over limit", at(28, 6), wire.ErrLimit, "list of 6 items (limit 5) is over its limit (at byte 29)"},
		{"list far over limit", at(25, 255), wire.ErrLimit, "list of 4278190082 items (limit 5) is over its limit (at byte 29)"},
		{"list over what is left", at(28, 3), wire.ErrShort, "list ends too early (at byte 29)"},
		{"list shorter than what is left", at(28, 1), wire.ErrTrailing, "encoding has bytes behind its end (at byte 31)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := everything(c.in)
			if !errors.Is(err, c.kind) || err.Error() != c.text {
				t.Fatalf("error %q, want %q", err, c.text)
			}
		})
	}
}

// The first fault sticks: what is read after it is zero, and no later fault replaces it.
func TestFirstFaultSticks(t *testing.T) {
	r := wire.NewReader([]byte{9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
	r.Fail("first", wire.ErrValue)
	first := r.Err()
	fixed := []byte{7}
	r.Into("fixed", fixed)
	if v := r.U8("a"); v != 0 {
		t.Errorf("U8 after a fault is %d", v)
	}
	if v := r.U32("a"); v != 0 {
		t.Errorf("U32 after a fault is %d", v)
	}
	if v := r.U64("a"); v != 0 {
		t.Errorf("U64 after a fault is %d", v)
	}
	if r.Fixed("a", 1) != nil || r.Bytes("a", 100) != nil || r.Short("a", 100) != nil || r.Count("a", 100, 1) != 0 || fixed[0] != 7 {
		t.Error("something was read after a fault")
	}
	r.Version("a", 1)
	r.Fail("second", wire.ErrLimit)
	if r.Offset() != 0 || r.Left() != 10 || r.Done() != first || !errors.Is(first, wire.ErrValue) {
		t.Fatalf("at %d, error %v, want %v", r.Offset(), r.Done(), first)
	}
}

// A limit that a caller ran below zero allows nothing (W2).
func TestNegativeLimit(t *testing.T) {
	b := append(wire.AppendU32(nil, 1), 1)
	r := wire.NewReader(b)
	if r.Bytes("bytes", -1); !errors.Is(r.Err(), wire.ErrLimit) {
		t.Errorf("Bytes: %v", r.Err())
	}
	r = wire.NewReader(b)
	if r.Count("list", -1, 1); !errors.Is(r.Err(), wire.ErrLimit) {
		t.Errorf("Count: %v", r.Err())
	}
}

// What is returned can't be appended to over the bytes behind it.
func TestSlicesEndWhereTheyEnd(t *testing.T) {
	b := []byte{0, 0, 0, 1, 'a', 1, 'b', 'c', 'd'}
	r := wire.NewReader(b)
	long, short, fixed := r.Bytes("long", 1), r.Short("short", 1), r.Fixed("fixed", 1)
	since := r.Since(4)
	for _, s := range [][]byte{long, short, fixed, since} {
		_ = append(s, 'X')
	}
	if string(b[4:]) != "a\x01bcd" || string(since) != "a\x01bc" {
		t.Fatalf("input is now %q, since %q", b, since)
	}
}

func TestEmptyIsNil(t *testing.T) {
	r := wire.NewReader(make([]byte, 5))
	if r.Bytes("long", 1) != nil || r.Short("short", 1) != nil || r.Done() != nil {
		t.Fatal("an empty byte string is not nil")
	}
}

func TestAppendShortLimit(t *testing.T) {
	if b := wire.AppendShort(nil, strings.Repeat("a", 255)); len(b) != 256 || b[0] != 255 {
		t.Fatalf("255 bytes encode to %d", len(b))
	}
	defer func() {
		if _, ok := recover().(assert.Failure); !ok {
			t.Fatal("256 bytes break no invariant")
		}
	}()
	wire.AppendShort(nil, strings.Repeat("a", 256))
}

// Reading costs no allocation.
func TestReadingAllocatesNothing(t *testing.T) {
	var r *wire.Reader
	if n := testing.AllocsPerRun(100, func() {
		r = wire.NewReader(valid)
		r.Version("thing", 1)
		_, _, _, _ = r.U8("u8"), r.U32("u32"), r.U64("u64"), r.Fixed("fixed", 3)
		_, _ = r.Bytes("long", 16), r.Short("short", 4)
	}); n > 1 { // the Reader itself, since it is kept here
		t.Fatalf("%v allocations", n)
	}
}

// W1 for any bytes: what is accepted encodes to the same.
func FuzzReader(f *testing.F) {
	f.Add(valid)
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := everything(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Fatalf("%x accepted, encodes to %x", b, again)
		}
	})
}
