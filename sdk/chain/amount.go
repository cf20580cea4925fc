package chain

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Amount is a sum of the native token in its smallest unit, 0 to 2^128-1. It never wraps: Add, Sub and Mul return an
// error instead.
type Amount struct{ hi, lo uint64 }

// ErrOverflow is an Amount that would exceed 2^128-1; ErrUnderflow one that would fall below zero.
var (
	ErrOverflow  = errors.New("amount exceeds 2^128-1")
	ErrUnderflow = errors.New("amount falls below zero")
)

// MaxAmount is 2^128-1.
var MaxAmount = Amount{^uint64(0), ^uint64(0)}

// NewAmount is v of the smallest unit.
func NewAmount(v uint64) Amount { return Amount{lo: v} }

// Mul is a times b; it fits always, since both are below 2^64.
func Mul(a, b uint64) Amount {
	hi, lo := bits.Mul64(a, b)
	return Amount{hi, lo}
}

// Add is a + b or ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, carry := bits.Add64(a.hi, b.hi, carry)
	if carry != 0 {
		return Amount{}, ErrOverflow
	}
	return Amount{hi, lo}, nil
}

// Sub is a - b or ErrUnderflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, borrow := bits.Sub64(a.hi, b.hi, borrow)
	if borrow != 0 {
		return Amount{}, ErrUnderflow
	}
	return Amount{hi, lo}, nil
}

// Cmp is -1, 0 or 1 as a is below, equal to or above b.
func (a Amount) Cmp(b Amount) int {
	switch {
	case a == b:
		return 0
	case a.hi < b.hi || a.hi == b.hi && a.lo < b.lo:
		return -1
	}
	return 1
}

// Less says whether a is below b.
func (a Amount) Less(b Amount) bool { return a.Cmp(b) < 0 }

// IsZero says whether a is nothing.
func (a Amount) IsZero() bool { return a == Amount{} }

// String is the decimal form without separators.
func (a Amount) String() string {
	if a.hi == 0 {
		return fmt.Sprintf("%d", a.lo)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return new(big.Int).SetBytes(b[:]).String()
}

// ParseAmount reads a decimal number of the smallest unit: digits only, no leading zero, at most 2^128-1.
func ParseAmount(s string) (Amount, error) {
	if s == "" || len(s) > 1 && s[0] == '0' {
		return Amount{}, fmt.Errorf("amount %q: write a whole number of the smallest unit, such as 10", clip(s))
	}
	var a Amount
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return Amount{}, fmt.Errorf("amount %q: write a whole number of the smallest unit, such as 10", clip(s))
		}
		hi, lo := bits.Mul64(a.lo, 10)
		over, top := bits.Mul64(a.hi, 10)
		top, carry := bits.Add64(top, hi, 0)
		lo, carryLo := bits.Add64(lo, uint64(c-'0'), 0)
		top, carryHi := bits.Add64(top, 0, carryLo)
		if over|carry|carryHi != 0 {
			return Amount{}, fmt.Errorf("amount %q: %w", clip(s), ErrOverflow)
		}
		a = Amount{top, lo}
	}
	return a, nil
}

// MarshalText makes amounts decimal strings in JSON: JavaScript's numbers end at 2^53.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (a *Amount) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAmount(string(b))
	return err
}

// Append writes 16 bytes, big-endian.
func (a Amount) Append(b []byte) []byte { return wire.AppendU64(wire.AppendU64(b, a.hi), a.lo) }

// ReadAmount reads what Append writes.
func ReadAmount(r *wire.Reader, field string) Amount {
	return Amount{hi: r.U64(field), lo: r.U64(field)}
}
