package keys

import (
	"encoding/hex"
	"errors"
	"fmt"

	bls12381 "github.com/kilic/bls12-381"
)

// What can be wrong with the bytes of a signature, whatever was signed: the fault of whoever sent them.
var (
	ErrBLSPoint    = errors.New("BLS signature is not the encoding of a point of the curve other than infinity")
	ErrBLSSubgroup = errors.New("BLS signature is a point outside of the group")
)

// BLSPointBytes is the length of a signature, not compressed.
const BLSPointBytes = 2 * BLSSignatureBytes

// BLSPoint is a signature, or a sum of signatures, as votes travel: x and y of a point of the curve. It is twice as long as
// a BLSSignature, and thirty times as fast to read when many are summed. The zero value is none.
type BLSPoint [BLSPointBytes]byte

// BLSSignature is a signature, or a sum of signatures, as certificates hold it: compressed. The zero value is none.
type BLSSignature [BLSSignatureBytes]byte

// String is the point in lower-case hex.
func (p BLSPoint) String() string { return hex.EncodeToString(p[:]) }

// String is the signature in lower-case hex.
func (s BLSSignature) String() string { return hex.EncodeToString(s[:]) }

// MarshalText is String.
func (s BLSSignature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes, in either case. Whether it is a signature is not asked.
func (s *BLSSignature) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(s) {
		return fmt.Errorf("BLS signature must be %d hex digits, not %d characters", 2*len(s), len(text))
	}
	copy(s[:], b)
	return nil
}

// Signature is the same point, compressed; an error if p is none of the group.
func (p BLSPoint) Signature() (BLSSignature, error) {
	g1 := bls12381.NewG1()
	s, err := p.full(g1)
	if err != nil {
		return BLSSignature{}, err
	}
	return BLSSignature(g1.ToCompressed(s)), nil
}

// onCurve reads p and does not know whether it is in the group: FromBytes refuses every flag, coordinates over the field's
// size and points off the curve, and no more.
func (p *BLSPoint) onCurve(g1 *bls12381.G1) (*bls12381.PointG1, error) {
	s, err := g1.FromBytes(p[:])
	if err != nil || g1.IsZero(s) {
		return nil, ErrBLSPoint
	}
	return s, nil
}

// full reads p with every check.
func (p *BLSPoint) full(g1 *bls12381.G1) (*bls12381.PointG1, error) {
	s, err := p.onCurve(g1)
	if err == nil && !g1.InCorrectSubgroup(s) {
		err = ErrBLSSubgroup
	}
	return s, err
}

// full reads s with every check.
func (s *BLSSignature) full(g1 *bls12381.G1) (*bls12381.PointG1, error) {
	p, err := g1.FromCompressed(s[:])
	if err != nil || g1.IsZero(p) {
		return nil, ErrBLSPoint
	}
	return p, nil
}

// encodePoint writes p, which it makes affine: it must be the caller's own.
func encodePoint(g1 *bls12381.G1, p *bls12381.PointG1) BLSPoint {
	return BLSPoint(g1.ToUncompressed(p))
}

// BLSSum adds points up: signatures of several seats into a part of a certificate. It checks that each is on the curve and
// no more; what the sum is worth, Collect says.
func BLSSum(points ...BLSPoint) (BLSPoint, error) {
	g1 := bls12381.NewG1()
	sum := g1.New()
	for i := range points {
		p, err := points[i].onCurve(g1)
		if err != nil {
			return BLSPoint{}, err
		}
		g1.AddMixed(sum, sum, p)
	}
	if g1.IsZero(sum) {
		return BLSPoint{}, ErrBLSPoint
	}
	return encodePoint(g1, sum), nil
}
