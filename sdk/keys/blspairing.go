package keys

import (
	"fmt"

	gnark "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	bls12381 "github.com/kilic/bls12-381"

	"github.com/thinkey/thinkey/sdk/assert"
)

// pairing is a product of pairings. It is computed by gnark-crypto: the pairing of kilic/bls12-381, whose groups we use, is another element for
// about one product of 100,000 than it should be (TestPairingHolds has one), which would make a good certificate a bad one.
type pairing struct {
	g1   *bls12381.G1
	g2   *bls12381.G2
	ones []gnark.G1Affine
	twos []gnark.G2Affine
}

func newPairing() *pairing { return &pairing{g1: bls12381.NewG1(), g2: bls12381.NewG2()} }

// add multiplies by e(a, b). Neither may be infinity: the product would not show it. It makes both affine: they are the caller's own.
func (p *pairing) add(a *bls12381.PointG1, b *bls12381.PointG2) *pairing {
	assert.That(!p.g1.IsZero(a) && !p.g2.IsZero(b), "a pairing is of points other than infinity")
	p.ones, p.twos = append(p.ones, p.one(a)), append(p.twos, p.two(b))
	return p
}

// one and two are a point as gnark-crypto has it. They make it affine, too.
func (p *pairing) one(a *bls12381.PointG1) (one gnark.G1Affine) {
	setAll(p.g1.ToBytes(a), &one.X, &one.Y)
	return one
}

func (p *pairing) two(b *bls12381.PointG2) (two gnark.G2Affine) {
	setAll(p.g2.ToBytes(b), &two.X.A1, &two.X.A0, &two.Y.A1, &two.Y.A0)
	return two
}

// addGenerator multiplies by e(a, generator) to the power of -1.
func (p *pairing) addGenerator(a *bls12381.PointG1) *pairing {
	return p.add(p.g1.Neg(p.g1.New(), a), p.g2.One())
}

// isOne says whether the product is 1.
func (p *pairing) isOne() bool {
	is, err := gnark.PairingCheck(p.ones, p.twos)
	assert.NoError(err, "there are as many points of one group as of the other")
	return is
}

// setAll reads coordinates that stand one after the other.
func setAll(b []byte, list ...*fp.Element) {
	for i, c := range list {
		err := c.SetBytesCanonical(b[i*fp.Bytes : (i+1)*fp.Bytes])
		assert.NoError(err, fmt.Sprintf("coordinate %d is one of the field", i))
	}
}
