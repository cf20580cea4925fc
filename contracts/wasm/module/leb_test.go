package module

import (
	"math"
	"testing"
)

func TestIntegers(t *testing.T) {
	for _, c := range []struct {
		w     width
		bytes []byte
		want  uint64 // as it is sign-extended
		fault string
	}{
		{u32, code(0), 0, ""},
		{u32, code(0x7f), 127, ""},
		{u32, code(0x80, 0x01), 128, ""},
		{u32, code(0x80, 0x80, 0x80, 0x80, 0x00), 0, ""},
		{u32, code(0xff, 0xff, 0xff, 0xff, 0x0f), math.MaxUint32, ""},
		{u32, code(0xff, 0xff, 0xff, 0xff, 0x1f), 0, "integer too large: it has bits beyond u32"},
		{u32, code(0x80, 0x80, 0x80, 0x80, 0x10), 0, "integer too large: it has bits beyond u32"},
		{u32, code(0x80, 0x80, 0x80, 0x80, 0x80, 0x00), 0, "integer too long for u32"},
		{u32, code(), 0, "ends early"},
		{u32, code(0x80), 0, "ends early"},
		{u32, code(0x80, 0x80, 0x80, 0x80), 0, "ends early"},
		{s32, code(0x3f), 63, ""},
		{s32, code(0x40), -64 & math.MaxUint64, ""},
		{s32, code(0x7f), math.MaxUint64, ""},
		{s32, code(0xff, 0x00), 127, ""},
		{s32, code(0xff, 0x7f), math.MaxUint64, ""},
		{s32, code(0x80, 0x80, 0x80, 0x80, 0x78), uint64(0xffffffff80000000), ""},
		{s32, code(0xff, 0xff, 0xff, 0xff, 0x07), math.MaxInt32, ""},
		{s32, code(0xff, 0xff, 0xff, 0xff, 0x7f), math.MaxUint64, ""},
		{s32, code(0xff, 0xff, 0xff, 0xff, 0x0f), 0, "integer too large: it has bits beyond s32"},
		{s32, code(0xff, 0xff, 0xff, 0xff, 0x4f), 0, "integer too large: it has bits beyond s32"},
		{s32, code(0x80, 0x80, 0x80, 0x80, 0x70), 0, "integer too large: it has bits beyond s32"},
		{s32, code(0x80, 0x80, 0x80, 0x80, 0x80, 0x00), 0, "integer too long for s32"},
		{s64, code(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f), 1 << 63, ""},
		{s64, code(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00), math.MaxInt64, ""},
		{s64, code(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 0, "integer too large: it has bits beyond s64"},
		{s64, code(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e), 0, "integer too large: it has bits beyond s64"},
		{s64, code(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), 0, "integer too long for s64"},
	} {
		got, next := leb(c.bytes, 0, c.w)
		switch {
		case c.fault == "" && (next != len(c.bytes) || got != c.want):
			t.Errorf("%s %x: %#x, %d bytes read; want %#x", c.w.name, c.bytes, got, next, c.want)
		case c.fault != "" && next >= 0:
			t.Errorf("%s %x: accepted as %#x", c.w.name, c.bytes, got)
		case c.fault != "" && lebFault(c.bytes, 0, c.w) != c.fault:
			t.Errorf("%s %x: %q, want %q", c.w.name, c.bytes, lebFault(c.bytes, 0, c.w), c.fault)
		}
	}
}

func TestShortestIntegers(t *testing.T) {
	var all []uint64
	for shift := range 64 {
		for d := range uint64(5) {
			all = append(all, 1<<shift-2+d)
		}
	}
	for _, v := range all {
		for _, s := range []int64{int64(v), -int64(v)} {
			b := AppendI64(nil, s)
			if got, next := sleb64(b, 0); got != s || next != len(b) || len(b) > 1 && redundant(b) {
				t.Errorf("%d is written as %x and read as %d", s, b, got)
			}
			b = AppendI32(nil, int32(s))
			if got, next := sleb32(b, 0); got != int32(s) || next != len(b) {
				t.Errorf("%d is written as %x and read as %d", int32(s), b, got)
			}
		}
		b := AppendU32(nil, uint32(v))
		if got, next := uleb(b, 0); got != uint32(v) || next != len(b) || len(b) > 1 && b[len(b)-1] == 0 {
			t.Errorf("%d is written as %x and read as %d", uint32(v), b, got)
		}
	}
}

// redundant says whether the last byte of a signed integer repeats the sign of the one before.
func redundant(b []byte) bool {
	last, sign := b[len(b)-1], b[len(b)-2]&0x40 != 0
	return last == 0 && !sign || last == 0x7f && sign
}
