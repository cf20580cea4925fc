package abi

import (
	"encoding/binary"
	"unicode/utf8"
)

// The encoding of values, as schema.go lists their types: integers big-endian and of fixed width, everything else of
// varying length behind a u32. A value has one encoding: for every b that a Reader accepts, encoding what it read gives b.
// No fmt here: it would be a third of a small contract.

// AppendU8 appends v as one byte.
func AppendU8(b []byte, v uint8) []byte { return append(b, v) }

// AppendU16 appends v as two bytes, big-endian.
func AppendU16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }

// AppendU32 appends v as four bytes, big-endian.
func AppendU32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

// AppendU64 appends v as eight bytes, big-endian; an i64 is its two's complement.
func AppendU64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

// AppendBool appends 0 or 1.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendBytes appends the length of v as u32, then v; bytes and, if v is valid UTF-8, strings.
func AppendBytes[V []byte | string](b []byte, v V) []byte {
	return append(AppendU32(b, uint32(len(v))), v...)
}

// Fault is what is wrong with an encoded value, and where.
type Fault struct {
	Field string // what was read
	What  string
	At    int // offset in the bytes
}

// Error names field, fault and place.
func (f *Fault) Error() string { return f.Field + " " + f.What + " (at byte " + decimal(f.At) + ")" }

// What can be wrong with an encoded value.
const (
	FaultShort    = "ends too early"
	FaultTrailing = "has bytes behind its end"
	FaultValue    = "has a value that its encoder never writes"
	FaultUTF8     = "is not valid UTF-8"
)

// Reader reads one encoded value. The first fault sticks: later reads give zero values, and Done returns it. Lengths are
// checked against the bytes left before anything is allocated for them.
type Reader struct {
	bytes []byte
	at    int
	fault *Fault
}

// NewReader reads b, which must not change while what was read from it is in use.
func NewReader(b []byte) Reader { return Reader{bytes: b} }

// Fail makes what, of field, the reader's fault unless it has one already.
func (r *Reader) Fail(field, what string) {
	if r.fault == nil {
		r.fault = &Fault{Field: field, What: what, At: r.at}
		r.at = len(r.bytes)
	}
}

// Failed says whether something was wrong.
func (r *Reader) Failed() bool { return r.fault != nil }

// Left is the number of bytes not read yet.
func (r *Reader) Left() int { return len(r.bytes) - r.at }

// Done returns the first fault; bytes that are left are one.
func (r *Reader) Done(field string) error {
	if r.fault == nil && r.Left() > 0 {
		r.Fail(field, FaultTrailing)
	}
	if r.fault != nil {
		return r.fault
	}
	return nil
}

// Fixed returns the next n bytes, nil if there are less. They share memory with the input and can't be appended to.
func (r *Reader) Fixed(field string, n int) []byte {
	if r.Left() < n {
		r.Fail(field, FaultShort)
		return nil
	}
	r.at += n
	return r.bytes[r.at-n : r.at : r.at]
}

// U8 reads one byte.
func (r *Reader) U8(field string) uint8 {
	if b := r.Fixed(field, 1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes.
func (r *Reader) U16(field string) uint16 {
	if b := r.Fixed(field, 2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U32 reads four bytes.
func (r *Reader) U32(field string) uint32 {
	if b := r.Fixed(field, 4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes.
func (r *Reader) U64(field string) uint64 {
	if b := r.Fixed(field, 8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Bool reads a byte that is 0 or 1.
func (r *Reader) Bool(field string) bool {
	v := r.U8(field)
	if v > 1 {
		r.Fail(field, FaultValue)
	}
	return v == 1
}

// Bytes reads a length and as many bytes, which share memory with the input.
func (r *Reader) Bytes(field string) []byte {
	n := r.U32(field)
	if uint64(n) > uint64(r.Left()) {
		r.Fail(field, FaultShort)
		return nil
	}
	return r.Fixed(field, int(n))
}

// Text reads a string, which must be valid UTF-8.
func (r *Reader) Text(field string) string {
	b := r.Bytes(field)
	if !utf8.Valid(b) {
		r.Fail(field, FaultUTF8)
		return ""
	}
	return string(b)
}

// Count reads the length of a list whose items take at least itemBytes (>= 1) each. One that the bytes left can't hold is
// a fault.
func (r *Reader) Count(field string, itemBytes int) int {
	n := r.U32(field)
	if uint64(n)*uint64(itemBytes) > uint64(r.Left()) {
		r.Fail(field, FaultShort)
		return 0
	}
	return int(n)
}

// decimal is n, which is not below zero, in digits.
func decimal(n int) string {
	var b [20]byte
	at := len(b)
	for {
		at--
		b[at] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[at:])
		}
	}
}
