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

// SPEC 5.9: a leader stays for a term of its own, or until a round times out; then the next by the seed, who stays in its turn. When a
// term began follows from the headers.
func TestTerms(t *testing.T) {
	const n = 7
	l := committee.NewLeaders(chain.Hash{3}, n)
	places := order(chain.Hash{3}, n)
	place, began := 0, uint64(1)
	var parent chain.Header
	var last *uint32
	for height := uint64(1); height <= 1000; height++ {
		if height == began+committee.Term {
			place, began = place+1, height
		}
		timeouts := 0
		if height%137 == 0 {
			timeouts = int(height/137) * 3 // as many as there are seats, too
		}
		for round := 0; ; round++ {
			leader := l.Leader(committee.Turn{Height: height, Round: uint32(round), Last: last, Term: parent.Term})
			if want := places[(place+round)%n]; leader != want {
				t.Fatalf("height %d, round %d: seat %d leads, want %d", height, round, leader, want)
			}
			if round < timeouts {
				continue
			}
			if place += round; round > 0 {
				began = height
			}
			h := chain.Header{Height: height, Round: uint32(round), Proposer: leader}
			h.Term = committee.Began(&parent, &h)
			if h.Term != began {
				t.Fatalf("height %d, round %d: the term began at %d, want %d", height, round, h.Term, began)
			}
			parent, last = h, &h.Proposer
			break
		}
	}
	if got := l.Leader(committee.Turn{Height: 1, Round: math.MaxUint32}); got != places[math.MaxUint32%n] {
		t.Errorf("the last round that there is: seat %d leads", got)
	}
}

// A term begins anew with an epoch, and with a leader that came because the block before was decided in a later round.
func TestTermBegins(t *testing.T) {
	parent := chain.Header{Height: 50, Epoch: 2, Proposer: 3, Term: 20}
	for name, c := range map[string]struct {
		h    chain.Header
		want uint64
	}{
		"goes on":         {chain.Header{Height: 51, Epoch: 2, Proposer: 3}, 20},
		"another epoch":   {chain.Header{Height: 51, Epoch: 3, Proposer: 3}, 51},
		"another leader":  {chain.Header{Height: 51, Epoch: 2, Proposer: 4}, 51},
		"after a timeout": {chain.Header{Height: 51, Epoch: 2, Proposer: 3, Round: 4}, 51},
	} {
		if got := committee.Began(&parent, &c.h); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
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
