package keys

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	bls12381 "github.com/kilic/bls12-381"

	"github.com/thinkey/thinkey/sdk/assert"
)

// ErrBLSAggregate is returned for a signature that is not the sum of those it should be; ErrBLSSeat for a statement of
// nobody, or of a seat that there is not.
var (
	ErrBLSAggregate = errors.New("BLS signature does not fit the keys of the seats and what they should have signed")
	ErrBLSSeat      = errors.New("no such seat")
)

// BLSKeys are the keys of a committee by seat, decoded once: that takes longer for ten keys than to check a certificate of
// any size. It never changes, and may be used by many goroutines at once.
//
// The library makes that hard: its engines compute within themselves, so each call has its own, and it normalises points
// that it was given where they lie, so the points here are only ever added to a sum that the call owns.
type BLSKeys struct {
	points []bls12381.PointG2 // affine
	all    bls12381.PointG2   // their sum
}

// BLSSigned says that the seats signed the message; a seat that is named twice counts twice.
type BLSSigned struct {
	Message []byte
	Seats   []int
}

// BLSVote is a part of a certificate: that the seats signed the message, and the sum of their signatures. One vote is the
// part of one seat; a member with k seats adds its signature up k times for the part of its seats; votes that were
// gathered on the way are the part of many.
type BLSVote struct {
	BLSSigned
	Point BLSPoint
}

// NewBLSKeys decodes the keys, each with every check. Each must have shown its possession: see VerifyPossession.
func NewBLSKeys(public []BLSPublicKey) (*BLSKeys, error) {
	g2 := bls12381.NewG2()
	k := &BLSKeys{points: make([]bls12381.PointG2, len(public)), all: *g2.Zero()}
	seen := make(map[BLSPublicKey]int, len(public)) // a node's key stands at each of its seats
	for i, p := range public {
		if first, ok := seen[p]; ok {
			k.points[i] = k.points[first]
		} else {
			point, err := p.decode(g2)
			if err != nil {
				return nil, fmt.Errorf("seat %d: %w", i, err)
			}
			k.points[i], seen[p] = *point, i
		}
		g2.AddMixed(&k.all, &k.all, &k.points[i])
	}
	return k, nil
}

// Len is the number of seats.
func (k *BLSKeys) Len() int { return len(k.points) }

// Verify says whether signature is the sum of the signatures of all that was signed, each seat's once. It costs about 1 ms
// whatever the number of seats, and a third of that for each message but the first.
func (k *BLSKeys) Verify(d BLSDomain, signature BLSSignature, signed ...BLSSigned) error {
	e := newPairing()
	s, err := signature.full(e.g1)
	if err != nil {
		return err
	}
	return k.check(e, d, s, signed)
}

// Collect sums the votes, one or more, and checks the sum, once, for all of them. If it is good, it is the signature for all that the
// votes say; of the points it was made of nothing is known then but that they have this sum. That is enough: the sum alone
// goes into the certificate, it passed every check of Verify, and so every honest seat in it has signed. Votes that are
// bad alone but whose faults cancel out, in the group or out of it, are the work of seats that could as well have signed.
//
// Only if the sum is bad each vote is checked alone, with every check: then there is no signature, and bad are the indexes of
// those that failed, never none. A vote that is not among them is good in any sum; remember that, and the senders of the bad
// ones, so that the same seat can't cause a second search: it takes about 1 ms a vote.
func (k *BLSKeys) Collect(d BLSDomain, votes []BLSVote) (signature BLSSignature, bad []int) {
	assert.That(len(votes) > 0, "there are votes to collect")
	if signature, err := k.sum(d, votes); err == nil {
		return signature, nil
	}
	for i := range votes {
		if k.verifyVote(d, &votes[i]) != nil {
			bad = append(bad, i)
		}
	}
	if bad == nil {
		bad = k.cancelling(votes)
	}
	assert.That(bad != nil, "the sum of good votes is good")
	return BLSSignature{}, bad
}

// cancelling are the votes for messages for which the keys of the seats sum up to infinity: who holds the keys of several
// seats can make them so, with proofs of possession for each, and then the seats' signatures say nothing together.
func (k *BLSKeys) cancelling(votes []BLSVote) (bad []int) {
	g2 := bls12381.NewG2()
	signed := make([]BLSSigned, len(votes))
	for i := range votes {
		signed[i] = votes[i].BLSSigned
	}
	sums, err := k.sums(g2, signed)
	assert.NoError(err, "each vote is good alone")
	for i := range votes {
		at := slices.IndexFunc(sums, func(s keySum) bool { return bytes.Equal(s.message, votes[i].Message) })
		if g2.IsZero(sums[at].keys) {
			bad = append(bad, i)
		}
	}
	return bad
}

// sum adds the votes up, with a cheap check of each point and every check of the sum.
func (k *BLSKeys) sum(d BLSDomain, votes []BLSVote) (BLSSignature, error) {
	e := newPairing()
	sum := e.g1.New()
	signed := make([]BLSSigned, len(votes))
	for i := range votes {
		p, err := votes[i].Point.onCurve(e.g1)
		if err != nil {
			return BLSSignature{}, err
		}
		e.g1.AddMixed(sum, sum, p)
		signed[i] = votes[i].BLSSigned
	}
	if e.g1.IsZero(sum) || !e.g1.InCorrectSubgroup(sum) {
		return BLSSignature{}, ErrBLSSubgroup
	}
	if err := k.check(e, d, sum, signed); err != nil {
		return BLSSignature{}, err
	}
	return BLSSignature(e.g1.ToCompressed(sum)), nil
}

func (k *BLSKeys) verifyVote(d BLSDomain, v *BLSVote) error {
	e := newPairing()
	s, err := v.Point.full(e.g1)
	if err != nil {
		return err
	}
	return k.check(e, d, s, []BLSSigned{v.BLSSigned})
}

// check holds e(s, generator) = product of e(hash of message, sum of keys) over all messages. s is in the group, not
// infinity, and the caller's own.
func (k *BLSKeys) check(e *pairing, d BLSDomain, s *bls12381.PointG1, signed []BLSSigned) error {
	sums, err := k.sums(e.g2, signed)
	if err != nil {
		return err
	}
	for _, m := range sums {
		if e.g2.IsZero(m.keys) { // the pair would be left out, and any message accepted
			return ErrBLSAggregate
		}
		e.add(d.hash(e.g1, m.message), m.keys)
	}
	if !e.addGenerator(s).isOne() {
		return ErrBLSAggregate
	}
	return nil
}

// keySum is a message, the seats that should have signed it, and the sum of their keys.
type keySum struct {
	message []byte
	seats   []int
	keys    *bls12381.PointG2
}

// sums adds up the keys for each message, in the order in which messages first occur.
func (k *BLSKeys) sums(g2 *bls12381.G2, signed []BLSSigned) (sums []keySum, err error) {
	at := make(map[string]int, 1)
	for _, m := range signed {
		if len(m.Seats) == 0 {
			return nil, ErrBLSSeat
		}
		i, ok := at[string(m.Message)]
		if !ok {
			i = len(sums)
			at[string(m.Message)] = i
			sums = append(sums, keySum{message: m.Message})
		}
		sums[i].seats = append(sums[i].seats, m.Seats...)
	}
	if len(sums) == 0 {
		return nil, ErrBLSSeat
	}
	for i := range sums {
		if sums[i].keys, err = k.sum2(g2, sums[i].seats); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// sum2 adds up the keys of the seats; of most seats by taking those of the others away from the sum of all.
func (k *BLSKeys) sum2(g2 *bls12381.G2, seats []int) (*bls12381.PointG2, error) {
	times := make([]int, len(k.points))
	for _, seat := range seats {
		if seat < 0 || seat >= len(times) {
			return nil, fmt.Errorf("seat %d of %d: %w", seat, len(times), ErrBLSSeat)
		}
		times[seat]++
	}
	sum, base := g2.New(), 0
	if 2*len(seats) > len(times) {
		sum.Set(&k.all)
		base = 1
	}
	for seat, n := range times {
		for ; n > base; n-- {
			g2.AddMixed(sum, sum, &k.points[seat])
		}
		if n < base {
			g2.AddMixed(sum, sum, g2.Neg(g2.New(), &k.points[seat]))
		}
	}
	return sum, nil
}
