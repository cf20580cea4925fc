package cli

import (
	"slices"
	"time"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// benchCertificates measures what a committee of some size costs: to make a certificate of votes, and to check one.
func benchCertificates(r *consensusResult) {
	r.Verify, _ = certificateOf(r.Validators, r.Validators)
	r.Verify128, _ = certificateOf(128, 128)
	r.Verify512, r.Collect512 = certificateOf(512, 512)
	_, r.Collect = certificateOf(64, 64)
}

// certificateRuns is how often each is done; the fastest half counts, as what disturbs only adds.
const certificateRuns = 20

// certificateOf is the time to check a certificate of so many of the seats, in microseconds, and to collect its votes, in
// milliseconds.
func certificateOf(seats, votes int) (verifyMicros, collectMillis float64) {
	c := chain.Committee{Chain: chain.Main}
	secrets := make([]keys.BLSSecret, seats)
	for i := range secrets {
		public, secret := validatorKeys(benchSeed, i)
		secrets[i] = secret
		c.Seats = append(c.Seats, chain.Seat{Node: public, Key: secret.Public()})
	}
	known, err := light.NewCommittee(chain.NetworkID{1}, c)
	assert.NoError(err, "a committee of fresh keys")
	v := chain.Vote{Step: chain.Confirmation, Network: chain.NetworkID{1}, Chain: chain.Main, Height: 1}
	parts := make([]committee.Part, votes)
	pieces(votes, func(i int) { parts[i] = committee.Sign(secrets[i], v.Domain(), v.Append(nil), chain.SeatsOf(i)) })
	var cert chain.Certificate
	collect := fastest(func() {
		var bad []int
		cert, bad = committee.Collect(known, &v, parts)
		assert.That(len(bad) == 0, "all votes are good")
	})
	verify := fastest(func() { assert.NoError(known.Final(&cert), "a certificate of all seats") })
	return float64(verify.Nanoseconds()) / 1e3, float64(collect.Nanoseconds()) / 1e6
}

// fastest is the median of the fastest half of some runs.
func fastest(f func()) time.Duration {
	times := make([]time.Duration, certificateRuns)
	for i := range times {
		begin := time.Now()
		f()
		times[i] = time.Since(begin)
	}
	slices.Sort(times)
	return times[len(times)/4]
}
