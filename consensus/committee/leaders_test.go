package committee_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
)

// order is the order in which n seats lead, as the rounds of an epoch's first height show it.
func order(seed chain.Hash, n int) (seats []uint32) {
	l := committee.NewLeaders(seed, n)
	for round := range uint32(n) {
		seats = append(seats, l.Leader(committee.Turn{Height: 1, Round: round}))
	}
	return seats
}

// An order that changes is a fork.
func TestLeadersKnown(t *testing.T) {
	for n, want := range map[int]string{1: "[0]", 4: "[0 1 2 3]", 10: "[0 6 4 2 3 1 7 8 5 9]"} {
		if got := fmt.Sprint(order(chain.Hash{1}, n)); got != want {
			t.Errorf("%d seats lead in the order %s, want %s", n, got, want)
		}
	}
}

// Every seat leads once before one leads again.
func TestLeadersAreAll(t *testing.T) {
	for n := 1; n <= 130; n++ {
		seen := make([]bool, n)
		for _, seat := range order(chain.Hash{byte(n)}, n) {
			if seen[seat] {
				t.Fatalf("%d seats: seat %d leads twice", n, seat)
			}
			seen[seat] = true
		}
	}
}

// Each order of four seats is as likely as any other: chi-squared of 24 orders over 24,000 seeds, which stays below 60 but
// for a chance of 1 in 30,000; the seeds are fixed, so the figure is too.
func TestLeadersAreFair(t *testing.T) {
	const seeds, orders = 24_000, 24
	count := map[string]int{}
	for i := range seeds {
		count[fmt.Sprint(order(chain.Hash{byte(i), byte(i >> 8), 9}, 4))]++
	}
	chi := 0.0
	for _, n := range count {
		chi += math.Pow(float64(n)-seeds/orders, 2) / (seeds / orders)
	}
	if len(count) != orders || chi > 60 {
		t.Errorf("%d orders, chi-squared %.1f", len(count), chi)
	}
}

// SPEC 5.9: a leader stays until its term ends or a round times out; then the next by the seed, who stays in its turn.
func TestTerms(t *testing.T) {
	const n = 7
	l := committee.NewLeaders(chain.Hash{3}, n)
	places := order(chain.Hash{3}, n)
	place := 0
	var last *uint32
	for height := uint64(1); height <= 1000; height++ {
		if height%committee.Term == 0 {
			place++
		}
		timeouts := 0
		if height%37 == 0 {
			timeouts = int(height/37) % 10 // more than there are seats, too
		}
		for round := 0; ; round++ {
			leader := l.Leader(committee.Turn{Height: height, Round: uint32(round), Last: last})
			if want := places[(place+round)%n]; leader != want {
				t.Fatalf("height %d, round %d: seat %d leads, want %d", height, round, leader, want)
			}
			if round == timeouts {
				place += round
				last = &leader
				break
			}
		}
	}
	if got := l.Leader(committee.Turn{Height: 1, Round: math.MaxUint32}); got != places[math.MaxUint32%n] {
		t.Errorf("the last round that there is: seat %d leads", got)
	}
}

func TestLastIsASeat(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("seat 4 of 4 led")
		}
	}()
	four := uint32(4)
	committee.NewLeaders(chain.Hash{}, 4).Leader(committee.Turn{Height: 1, Last: &four})
}
