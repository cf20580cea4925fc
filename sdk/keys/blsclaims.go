package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/consensys/gnark-crypto/ecc"
	gnark "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	bls12381 "github.com/kilic/bls12-381"

	"github.com/thinkey/thinkey/sdk/assert"
)

// BLSClaim says that Signature is the sum of the signatures of the seats for the message, as a statement of a kind.
type BLSClaim struct {
	Domain    BLSDomain
	Signature BLSSignature
	BLSSigned
}

// weightBytes is the length of a weight of a claim. What two claims are wrong by cancels out for one of 2^128 of them.
const weightBytes = 16

// VerifyAll says whether all claims hold: nil if Verify says so of each, but for a chance of 2^-128. If it returns an error, Verify says which
// one doesn't hold. Claims of few sets of seats take a third of the time of Verify from some tens of them on: a pairing is needed for each set,
// and not for each claim.
//
// Of each claim holds e(signature, generator) = e(hash, keys). The product of all these, each to the power of its weight, is checked at once.
// The weights follow from all that is claimed, so who makes claims can't choose those that their faults cancel out with.
func (k *BLSKeys) VerifyAll(claims []BLSClaim) error {
	if len(claims) == 1 {
		return k.Verify(claims[0].Domain, claims[0].Signature, claims[0].BLSSigned)
	}
	e := newPairing()
	groups, err := k.grouped(e, claims)
	if err != nil {
		return err
	}
	signatures := make([]gnark.G1Affine, len(claims))
	hashes := make([]*bls12381.PointG1, len(claims))
	for i := range claims {
		s, err := claims[i].Signature.full(e.g1)
		if err != nil {
			return fmt.Errorf("claim %d: %w", i, err)
		}
		signatures[i], hashes[i] = e.one(s), claims[i].Domain.hash(e.g1, claims[i].Message)
	}
	weights := weigh(claims, groups)
	whole := true
	for _, g := range groups {
		points, of := make([]gnark.G1Affine, len(g.claims)), make([]fr.Element, len(g.claims))
		for i, at := range g.claims {
			points[i], of[i] = e.one(hashes[at]), weights[at]
		}
		whole = e.addSum(points, of, g.keys) && whole
	}
	_, _, _, generator := gnark.Generators()
	generator.Neg(&generator)
	if !e.addSum(signatures, weights, generator) || !whole || !e.isOne() {
		return ErrBLSAggregate
	}
	return nil
}

// claimed are the claims of the same seats, and the sum of their keys.
type claimed struct {
	claims  []int
	keys    gnark.G2Affine
	encoded []byte // of the sum
}

// grouped puts claims of the same seats together, in the order in which they first occur.
func (k *BLSKeys) grouped(e *pairing, claims []BLSClaim) (groups []claimed, err error) {
	if len(claims) == 0 {
		return nil, ErrBLSSeat
	}
	at := make(map[string]int, 1)
	for i := range claims {
		seats := make([]byte, 0, 8*len(claims[i].Seats))
		for _, seat := range slices.Sorted(slices.Values(claims[i].Seats)) {
			seats = binary.LittleEndian.AppendUint64(seats, uint64(seat))
		}
		group, ok := at[string(seats)]
		if !ok {
			sums, err := k.sums(e.g2, []BLSSigned{claims[i].BLSSigned})
			if err != nil {
				return nil, fmt.Errorf("claim %d: %w", i, err)
			}
			if e.g2.IsZero(sums[0].keys) { // the pair would be left out, and any message accepted
				return nil, ErrBLSAggregate
			}
			group = len(groups)
			at[string(seats)] = group
			groups = append(groups, claimed{keys: e.two(sums[0].keys), encoded: e.g2.ToCompressed(sums[0].keys)})
		}
		groups[group].claims = append(groups[group].claims, i)
	}
	return groups, nil
}

// weigh is a weight for each claim: a hash of all claims, with their keys, and of its place among them.
func weigh(claims []BLSClaim, groups []claimed) []fr.Element {
	all := sha256.New()
	place := make([]byte, 0, 17)
	for _, g := range groups {
		all.Write(g.encoded)
		for _, i := range g.claims {
			c := &claims[i]
			place = binary.LittleEndian.AppendUint64(place[:0], uint64(i))
			place = binary.LittleEndian.AppendUint64(place, uint64(len(c.Message)))
			all.Write(append(place, byte(c.Domain)))
			all.Write(c.Message)
			all.Write(c.Signature[:])
		}
	}
	weights := make([]fr.Element, len(claims))
	seed := all.Sum(nil)
	for i := range weights {
		of := sha256.Sum256(binary.LittleEndian.AppendUint64(slices.Clip(seed), uint64(i)))
		weights[i].SetBytes(of[:weightBytes])
	}
	return weights
}

// addSum multiplies by e(sum of weights times points, b); false if that sum is infinity, which the product wouldn't show. The library takes
// goroutines for it, which end with it.
func (p *pairing) addSum(points []gnark.G1Affine, weights []fr.Element, b gnark.G2Affine) bool {
	var sum gnark.G1Affine
	_, err := sum.MultiExp(points, weights, ecc.MultiExpConfig{NbTasks: 1})
	assert.NoError(err, "there are as many weights as points")
	p.ones, p.twos = append(p.ones, sum), append(p.twos, b)
	return !sum.IsInfinity()
}
