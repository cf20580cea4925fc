package guest

import "math/bits"

// Amount is a sum of the native token in its smallest unit, 0 to 2^128-1. Arithmetic never wraps: what would exceed the
// range, or fall below zero, refuses the message. Two amounts are compared with == and Less.
type Amount struct{ hi, lo uint64 }

// NewAmount is v of the smallest unit.
func NewAmount(v uint64) Amount { return Amount{lo: v} }

// MaxAmount is 2^128-1.
func MaxAmount() Amount { return Amount{^uint64(0), ^uint64(0)} }

// Add is a + b.
func (a Amount) Add(b Amount) Amount {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, carry := bits.Add64(a.hi, b.hi, carry)
	if carry != 0 {
		panic(Refuse("amount %s + %s exceeds 2^128-1", a, b))
	}
	return Amount{hi, lo}
}

// Sub is a - b.
func (a Amount) Sub(b Amount) Amount {
	d, ok := a.Minus(b)
	if !ok {
		panic(Refuse("amount %s - %s falls below zero", a, b))
	}
	return d
}

// Minus is a - b and true, or zero and false if b is greater.
func (a Amount) Minus(b Amount) (Amount, bool) {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, borrow := bits.Sub64(a.hi, b.hi, borrow)
	if borrow != 0 {
		return Amount{}, false
	}
	return Amount{hi, lo}, true
}

// Mul is a * n.
func (a Amount) Mul(n uint64) Amount { return a.MulDiv(n, 1) }

// MulDiv is a * n / d, rounded down, with nothing lost in between: a share of n in d. d is not zero.
func (a Amount) MulDiv(n, d uint64) Amount {
	if d == 0 {
		panic(Refuse("amount %s divided by zero", a))
	}
	// a*n is three words; each step divides the remainder of the one before and the next word.
	carry, lo := bits.Mul64(a.lo, n)
	top, mid := bits.Mul64(a.hi, n)
	mid, c := bits.Add64(mid, carry, 0)
	top += c // no overflow: the product is below 2^192
	if top >= d {
		panic(Refuse("amount %s * %d / %d exceeds 2^128-1", a, n, d))
	}
	hi, rest := bits.Div64(top, mid, d)
	lo, _ = bits.Div64(rest, lo, d)
	return Amount{hi, lo}
}

// Div is a / d, rounded down, and what is left over. d is not zero.
func (a Amount) Div(d uint64) (Amount, uint64) {
	q := a.MulDiv(1, d)
	return q, a.lo - q.lo*d // the remainder is below d: modulo 2^64 suffices
}

// Cmp is -1, 0 or 1 as a is below, equal to or above b.
func (a Amount) Cmp(b Amount) int {
	switch {
	case a == b:
		return 0
	case a.Less(b):
		return -1
	}
	return 1
}

// Less says whether a is below b.
func (a Amount) Less(b Amount) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// IsZero says whether a is nothing.
func (a Amount) IsZero() bool { return a == Amount{} }

// Uint64 is a and true, or false if it doesn't fit.
func (a Amount) Uint64() (uint64, bool) { return a.lo, a.hi == 0 }

// String is the decimal form without separators.
func (a Amount) String() string {
	var b [39]byte // 2^128 has 39 digits
	at := len(b)
	for {
		var digit uint64
		a.hi, digit = a.hi/10, a.hi%10
		a.lo, digit = bits.Div64(digit, a.lo, 10)
		at--
		b[at] = byte('0' + digit)
		if a.IsZero() {
			return string(b[at:])
		}
	}
}

// putAmount writes a as host calls take it: 16 bytes, little-endian.
func putAmount(dst *[16]byte, a Amount) {
	for i := range 8 {
		dst[i], dst[8+i] = byte(a.lo>>(8*i)), byte(a.hi>>(8*i))
	}
}

// getAmount reads what the host wrote.
func getAmount(src []byte) (a Amount) {
	for i := range 8 {
		a.lo |= uint64(src[i]) << (8 * i)
		a.hi |= uint64(src[8+i]) << (8 * i)
	}
	return a
}
