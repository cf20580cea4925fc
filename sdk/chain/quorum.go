package chain

import "github.com/thinkey/thinkey/sdk/assert"

// Quorums are the numbers of seats of a committee that decide. With n seats, f of them faulty at most, and c that may be
// silent without switching early consensus off:
//
//	f           = ⌊(n-1-2c)/3⌋
//	Certificate = n-f-c    two of them share an honest seat:             2(n-f-c) - n    = n-2f-2c       >= f+1
//	Early       = n-c      it shares f+1 honest seats with any timeouts: the adoption threshold
//	Timeouts    = n-f      as many as can be waited for
//	Adoption    = n-2f-c   of those that made a block final early, all that are honest and among the timeouts:
//	                       Early + Timeouts - n - f; no two blocks have so many: 2(n-2f-c) > n-f
//	Join        = f+1      one of them is honest
//
// For n = 3f+2c+1 these are the numbers of SPEC 5.3, and for c = 0 those of SPEC 5.2. What they promise is checked for every n
// and c in the test.
type Quorums struct {
	Seats       int // n
	Faulty      int // f: how many faulty seats can do no harm
	Certificate int // seats in a certificate of preparation or of confirmation
	Early       int // preparations that make a block final alone
	Timeouts    int // timeouts that end a round
	Adoption    int // last preparations among those timeouts that bind the next proposal
	Join        int // timeouts of a later round that make a seat time out too
}

// QuorumsOf are the quorums of n seats of which c may be silent; 2c must be less than n.
func QuorumsOf(n, c int) Quorums {
	assert.That(n > 0 && c >= 0 && 2*c < n, "a committee of %d seats can't have %d silent ones", n, c)
	f := (n - 1 - 2*c) / 3
	return Quorums{Seats: n, Faulty: f, Certificate: n - f - c, Early: n - c, Timeouts: n - f, Adoption: n - 2*f - c, Join: f + 1}
}
