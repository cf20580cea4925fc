package chain

import (
	"iter"
	"math/bits"
)

// Seats is a set of seats of a committee: a bit for each, seat 0 in the lowest bit of byte 0. A set has one form: the last
// byte is not zero, and a set that is encoded is not empty.
type Seats []byte

// SeatsOf makes the set of the seats, in any order.
func SeatsOf(seats ...int) Seats {
	var s Seats
	for _, seat := range seats {
		s = s.With(seat)
	}
	return s
}

// With adds a seat, in place where s is long enough.
func (s Seats) With(seat int) Seats {
	for len(s) <= seat/8 {
		s = append(s, 0)
	}
	s[seat/8] |= 1 << (seat % 8)
	return s
}

// Has says whether the seat is in s.
func (s Seats) Has(seat int) bool { return seat/8 < len(s) && s[seat/8]>>(seat%8)&1 == 1 }

// Count is the number of seats in s.
func (s Seats) Count() (n int) {
	for _, b := range s {
		n += bits.OnesCount8(b)
	}
	return n
}

// Bound is one more than the highest seat in s: the size that a committee must have at least.
func (s Seats) Bound() int {
	if len(s) == 0 {
		return 0
	}
	return 8*(len(s)-1) + bits.Len8(s[len(s)-1])
}

// Ascending goes over the seats.
func (s Seats) Ascending() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, b := range s {
			for ; b != 0; b &= b - 1 {
				if !yield(8*i + bits.TrailingZeros8(b)) {
					return
				}
			}
		}
	}
}

// Overlaps says whether a seat is in both sets.
func (s Seats) Overlaps(o Seats) bool {
	for i := range min(len(s), len(o)) {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

func (s Seats) canonical() bool { return len(s) > 0 && s[len(s)-1] != 0 }
