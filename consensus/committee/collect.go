package committee

import (
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Part is a vote as it travels: who voted, and the sum of their signatures, each seat's once. One node's vote names all of
// its seats, so its signature is added up as many times; parts that were gathered on the way name many nodes' (SPEC 6.5).
type Part struct {
	Seats chain.Seats
	Point keys.BLSPoint
}

// TimeoutPart is a timeout as it travels.
type TimeoutPart struct {
	Timeout chain.Timeout
	Part
}

// Sign makes the part of a node's own seats.
func Sign(secret keys.BLSSecret, d keys.BLSDomain, message []byte, seats chain.Seats) Part {
	points := make([]keys.BLSPoint, seats.Count())
	one := secret.Sign(d, message)
	for i := range points {
		points[i] = one
	}
	sum, err := keys.BLSSum(points...)
	assert.NoError(err, "what we sign adds up")
	return Part{seats, sum}
}

// Collect makes a certificate of parts that share no seat, or returns the indexes of the parts that are bad, of which there is
// at least one then. It counts nothing: certificates of too few seats are for the caller not to make. For the costs, and for
// what a good sum says of its parts, see keys.BLSKeys.Collect.
func Collect(c *light.Committee, v *chain.Vote, parts []Part) (chain.Certificate, []int) {
	cert := chain.Certificate{Step: v.Step, Network: v.Network, Chain: v.Chain, Epoch: v.Epoch, Height: v.Height, Round: v.Round, Block: v.Block}
	message := v.Append(nil)
	votes := make([]keys.BLSVote, len(parts))
	for i := range parts {
		cert.Bitmap = join(cert.Bitmap, parts[i].Seats)
		votes[i] = keys.BLSVote{BLSSigned: light.Signed(message, parts[i].Seats), Point: parts[i].Point}
	}
	var bad []int
	if cert.Signature, bad = c.Signatures().Collect(v.Domain(), votes); bad != nil {
		return chain.Certificate{}, bad
	}
	return cert, nil
}

// CollectTimeouts does the same for timeouts. Equal statements are put together, in the order in which they first occur.
func CollectTimeouts(c *light.Committee, parts []TimeoutPart) (chain.Timeouts, []int) {
	var t chain.Timeouts
	at := map[chain.Timeout]int{}
	votes := make([]keys.BLSVote, len(parts))
	for i := range parts {
		p := &parts[i]
		n, ok := at[p.Timeout]
		if !ok {
			n = len(t.Said)
			at[p.Timeout] = n
			t.Said = append(t.Said, chain.Said{Timeout: p.Timeout})
		}
		t.Said[n].Seats = join(t.Said[n].Seats, p.Seats)
		votes[i] = keys.BLSVote{BLSSigned: light.Signed(p.Timeout.Append(nil), p.Seats), Point: p.Point}
	}
	var bad []int
	if t.Signature, bad = c.Signatures().Collect(keys.BLSTimeout, votes); bad != nil {
		return chain.Timeouts{}, bad
	}
	return t, nil
}

// join adds seats to a set of the caller's own.
func join(all, seats chain.Seats) chain.Seats {
	assert.That(!all.Overlaps(seats), "a seat is collected once")
	for seat := range seats.Ascending() {
		all = all.With(seat)
	}
	return all
}
