package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of a Reader. A decoder returns them wrapped with the name of the field.
var (
	ErrShort    = errors.New("ends too early")
	ErrTrailing = errors.New("has bytes behind its end")
	ErrLimit    = errors.New("is over its limit")
	ErrVersion  = errors.New("has an unknown version")
	ErrValue    = errors.New("has a value that its encoder never writes")
)

// Reader reads one canonical encoding. The first fault sticks: later reads return zero values and Done returns it, so a
// decoder reads all fields and asks once. What it returns as bytes shares memory with its input.
type Reader struct {
	b   []byte
	off int
	err error
}

// NewReader reads b, which must not change while what was read from it is in use.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Fail makes err, named by field, the reader's fault unless it has one already.
func (r *Reader) Fail(field string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s %w (at byte %d)", field, err, r.off)
	}
}

// Err is the first fault, or nil.
func (r *Reader) Err() error { return r.err }

// Offset is the number of bytes read so far.
func (r *Reader) Offset() int { return r.off }

// Left is the number of bytes not read yet.
func (r *Reader) Left() int { return len(r.b) - r.off }

// Since returns the bytes between offset from and what is read now; for hashing a part as it stood.
func (r *Reader) Since(from int) []byte { return r.b[from:r.off:r.off] }

// Done returns the first fault, or ErrTrailing if bytes are left (W3).
func (r *Reader) Done() error {
	if r.err == nil && r.off != len(r.b) {
		r.Fail("encoding", ErrTrailing)
	}
	return r.err
}

// Fixed returns the next n bytes.
func (r *Reader) Fixed(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if r.Left() < n {
		r.Fail(field, ErrShort)
		return nil
	}
	r.off += n
	return r.b[r.off-n : r.off : r.off]
}

// Into fills dst with the next len(dst) bytes.
func (r *Reader) Into(field string, dst []byte) { copy(dst, r.Fixed(field, len(dst))) }

// U8 reads one byte.
func (r *Reader) U8(field string) uint8 {
	if b := r.Fixed(field, 1); b != nil {
		return b[0]
	}
	return 0
}

// U32 reads four bytes, big-endian.
func (r *Reader) U32(field string) uint32 {
	if b := r.Fixed(field, 4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes, big-endian.
func (r *Reader) U64(field string) uint64 {
	if b := r.Fixed(field, 8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Version reads the version byte and refuses any but want.
func (r *Reader) Version(kind string, want uint8) {
	if v := r.U8(kind); r.err == nil && v != want {
		r.Fail(fmt.Sprintf("%s version %d", kind, v), ErrVersion)
	}
}

// Bytes reads a byte string of at most limit bytes (W2). An empty one is nil.
func (r *Reader) Bytes(field string, limit int) []byte {
	n := r.U32(field)
	if r.err != nil || n == 0 {
		return nil
	}
	if int64(n) > int64(limit) { // signed: a limit that a caller ran below zero allows nothing
		r.Fail(fmt.Sprintf("%s of %d bytes (limit %d)", field, n, limit), ErrLimit)
		return nil
	}
	return r.Fixed(field, int(n))
}

// Short reads a short string of at most limit bytes.
func (r *Reader) Short(field string, limit int) []byte {
	n := int(r.U8(field))
	if r.err != nil || n == 0 {
		return nil
	}
	if n > limit {
		r.Fail(fmt.Sprintf("%s of %d bytes (limit %d)", field, n, limit), ErrLimit)
		return nil
	}
	return r.Fixed(field, n)
}

// Count reads the length of a list of at most limit items, each of which takes at least itemBytes (>= 1). A count that the bytes
// left can't hold is refused, so that a caller may allocate for it (W2).
func (r *Reader) Count(field string, limit, itemBytes int) int {
	n := r.U32(field)
	if r.err != nil {
		return 0
	}
	if int64(n) > int64(limit) {
		r.Fail(fmt.Sprintf("%s of %d items (limit %d)", field, n, limit), ErrLimit)
		return 0
	}
	if uint64(n)*uint64(itemBytes) > uint64(r.Left()) {
		r.Fail(field, ErrShort)
		return 0
	}
	return int(n)
}
