package module

// The integers of the binary format are LEB128: seven bits to a byte, lowest first, the high bit set on all but the last.
// An encoding may be longer than it must be, but not longer than the bits of its type need, and the bits of its last byte
// that the type has no room for must be zero (unsigned) or copies of the sign (signed).

// width is one of the integer types of the format.
type width struct {
	bits   int
	signed bool
	name   string
}

var (
	u32 = width{32, false, "u32"}
	s32 = width{32, true, "s32"}
	s64 = width{64, true, "s64"}
)

// uleb reads a u32 at b[at:]. next is negative if there is none; lebFault says why.
func uleb(b []byte, at int) (v uint32, next int) {
	if at < len(b) && b[at] < 0x80 {
		return uint32(b[at]), at + 1
	}
	v64, next := leb(b, at, u32)
	return uint32(v64), next
}

// sleb32 reads an s32.
func sleb32(b []byte, at int) (v int32, next int) {
	if at < len(b) && b[at] < 0x80 {
		return int32(int8(b[at]<<1) >> 1), at + 1
	}
	v64, next := leb(b, at, s32)
	return int32(v64), next
}

// sleb64 reads an s64.
func sleb64(b []byte, at int) (v int64, next int) {
	if at < len(b) && b[at] < 0x80 {
		return int64(int8(b[at]<<1) >> 1), at + 1
	}
	v64, next := leb(b, at, s64)
	return int64(v64), next
}

// leb reads an integer of any width, sign-extended to 64 bits if it is signed.
func leb(b []byte, at int, w width) (v uint64, next int) {
	for shift := 0; shift < w.bits && at < len(b); shift += 7 {
		c := b[at]
		at++
		v |= uint64(c&0x7f) << shift
		if c >= 0x80 {
			continue
		}
		if left := w.bits - shift; left < 7 && !unusedRight(c, left, w.signed) {
			return 0, -1
		}
		if w.signed && shift+7 < 64 && c&0x40 != 0 {
			v |= ^uint64(0) << (shift + 7)
		}
		return v, at
	}
	return 0, -1
}

// unusedRight checks the bits of a last byte behind the first used ones.
func unusedRight(c byte, used int, signed bool) bool {
	if !signed {
		return c>>used == 0
	}
	high := int8(c<<1) >> used // sign and unused bits, sign-extended
	return high == 0 || high == -1
}

// lebFault says why no integer could be read.
func lebFault(b []byte, at int, w width) string {
	for i := range (w.bits + 6) / 7 {
		if at+i >= len(b) {
			return "ends early"
		}
		if b[at+i] < 0x80 {
			return "integer too large: it has bits beyond " + w.name
		}
	}
	return "integer too long for " + w.name
}

// appendU appends a u32 in its shortest form.
func appendU[T int | uint32](b []byte, v T) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

// AppendI32 appends a signed 32-bit LEB128 in its shortest form: the immediate of i32.const.
func AppendI32(b []byte, v int32) []byte { return AppendI64(b, int64(v)) }

// AppendI64 appends a signed 64-bit LEB128 in its shortest form: the immediate of i64.const.
func AppendI64(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// AppendU32 appends an unsigned 32-bit LEB128 in its shortest form: every index, and counts.
func AppendU32(b []byte, v uint32) []byte { return appendU(b, v) }
