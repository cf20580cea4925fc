package chain_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Seats is a set, whatever the order and repeats it was made with.
func TestSeatsAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.IntRange(0, chain.MaxSeats-1)).Draw(t, "seats")
		other := rapid.SliceOf(rapid.IntRange(0, 40)).Draw(t, "others")
		s, o := chain.SeatsOf(list...), chain.SeatsOf(other...)
		want := slices.Clone(list)
		slices.Sort(want)
		want = slices.Compact(want)
		if got := slices.Collect(s.Ascending()); !slices.Equal(got, want) || s.Count() != len(want) {
			t.Fatalf("%d seats %v, want %v", s.Count(), got, want)
		}
		bound := 0
		for _, seat := range want {
			bound = seat + 1
		}
		if s.Bound() != bound || len(s) != (bound+7)/8 {
			t.Fatalf("bound %d in %d bytes, want %d", s.Bound(), len(s), bound)
		}
		overlaps := false
		for seat := range 41 {
			if s.Has(seat) != slices.Contains(list, seat) {
				t.Fatalf("has seat %d: %v", seat, s.Has(seat))
			}
			overlaps = overlaps || s.Has(seat) && o.Has(seat)
		}
		if s.Overlaps(o) != overlaps || o.Overlaps(s) != overlaps {
			t.Fatalf("%v and %v overlap: %v", list, other, !overlaps)
		}
	})
}

func TestAscendingStops(t *testing.T) {
	for seat := range chain.SeatsOf(3, 5, 9).Ascending() {
		if seat == 5 {
			return
		}
		if seat != 3 {
			t.Fatalf("seat %d", seat)
		}
	}
}
