package chain_test

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// SPEC 5.2 and 5.3 for c = 0, number by number.
func TestQuorumTable(t *testing.T) {
	for _, want := range []chain.Quorums{
		{Seats: 1, Faulty: 0, Certificate: 1, Early: 1, Timeouts: 1, Adoption: 1, Join: 1},
		{Seats: 2, Faulty: 0, Certificate: 2, Early: 2, Timeouts: 2, Adoption: 2, Join: 1},
		{Seats: 3, Faulty: 0, Certificate: 3, Early: 3, Timeouts: 3, Adoption: 3, Join: 1},
		{Seats: 4, Faulty: 1, Certificate: 3, Early: 4, Timeouts: 3, Adoption: 2, Join: 2},
		{Seats: 5, Faulty: 1, Certificate: 4, Early: 5, Timeouts: 4, Adoption: 3, Join: 2},
		{Seats: 6, Faulty: 1, Certificate: 5, Early: 6, Timeouts: 5, Adoption: 4, Join: 2},
		{Seats: 7, Faulty: 2, Certificate: 5, Early: 7, Timeouts: 5, Adoption: 3, Join: 3},
		{Seats: 8, Faulty: 2, Certificate: 6, Early: 8, Timeouts: 6, Adoption: 4, Join: 3},
		{Seats: 9, Faulty: 2, Certificate: 7, Early: 9, Timeouts: 7, Adoption: 5, Join: 3},
		{Seats: 10, Faulty: 3, Certificate: 7, Early: 10, Timeouts: 7, Adoption: 4, Join: 4},
		{Seats: 100, Faulty: 33, Certificate: 67, Early: 100, Timeouts: 67, Adoption: 34, Join: 34},
		{Seats: 481, Faulty: 160, Certificate: 321, Early: 481, Timeouts: 321, Adoption: 161, Join: 161},
	} {
		if got := chain.QuorumsOf(want.Seats, 0); got != want {
			t.Errorf("%d seats: %+v, want %+v", want.Seats, got, want)
		}
	}
}

// SPEC 5.3: n = 3f+2c+1.
func TestQuorumsWithSilentSeats(t *testing.T) {
	for f := range 50 {
		for c := range 50 {
			n := 3*f + 2*c + 1
			want := chain.Quorums{Seats: n, Faulty: f, Certificate: 2*f + c + 1, Early: 3*f + c + 1, Timeouts: n - f, Adoption: f + c + 1, Join: f + 1}
			if got := chain.QuorumsOf(n, c); got != want {
				t.Fatalf("f = %d, c = %d: %+v, want %+v", f, c, got, want)
			}
		}
	}
}

// What the quorums promise, for every n and c that there can be up to 400 seats.
func TestQuorumsPromise(t *testing.T) {
	for n := 1; n <= 400; n++ {
		for c := 0; 2*c < n; c++ {
			q := chain.QuorumsOf(n, c)
			f := q.Faulty
			for _, p := range []struct {
				promise string
				kept    bool
			}{
				{"the largest f that n allows", n >= 3*f+2*c+1 && n < 3*(f+1)+2*c+1},
				{"two certificates share an honest seat", 2*q.Certificate-n > f},
				{"honest seats alone make certificates and timeouts", q.Certificate <= n-f && q.Timeouts <= n-f && q.Certificate > 0},
				{"c silent seats don't switch early consensus off", q.Early <= n-c},
				{"an early block and a certificate of its round share an honest seat", q.Early+q.Certificate-n > f},
				{"among any timeouts, enough honest seats prepared an early block", q.Early+q.Timeouts-n-f >= q.Adoption},
				{"no two blocks are adopted from the same timeouts", 2*q.Adoption > q.Timeouts},
				{"an honest seat is among those that bind a proposal, and that make others join", q.Adoption > f && q.Join > f},
				{"early takes no fewer seats than a certificate", q.Early >= q.Certificate && q.Early <= n},
			} {
				if !p.kept {
					t.Fatalf("n = %d, c = %d: %+v: broken: %s", n, c, q, p.promise)
				}
			}
		}
	}
}

func TestImpossibleQuorums(t *testing.T) {
	for _, x := range [][2]int{{0, 0}, {-1, 0}, {4, 2}, {4, -1}, {1, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d seats, %d silent", x[0], x[1])
				}
			}()
			chain.QuorumsOf(x[0], x[1])
		}()
	}
}
