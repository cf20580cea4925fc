package keys

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	gnark "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	bls12381 "github.com/kilic/bls12-381"
)

func newG1() *bls12381.G1 { return bls12381.NewG1() }

// checkKey, checkPoint and checkSignature hold a decoder to the reference, and what it accepts to one encoding (W1).

func checkKey(t *testing.T, b [BLSKeyBytes]byte) {
	t.Helper()
	g2 := bls12381.NewG2()
	p, err := BLSPublicKey(b).decode(g2)
	if _, want := refKeyBLS(b); (err == nil) != want || err != nil && !errors.Is(err, ErrBLSKey) {
		t.Fatalf("key %x: error %v, want none: %v", b, err, want)
	}
	if err == nil && [BLSKeyBytes]byte(g2.ToCompressed(p)) != b {
		t.Fatalf("key %x is accepted and encodes to another", b)
	}
}

func checkSignature(t *testing.T, s BLSSignature) {
	t.Helper()
	g1 := newG1()
	p, err := s.full(g1)
	if _, want := refSignature(s); (err == nil) != want || err != nil && !errors.Is(err, ErrBLSPoint) {
		t.Fatalf("signature %s: error %v, want none: %v", s, err, want)
	}
	if err == nil && BLSSignature(g1.ToCompressed(p)) != s {
		t.Fatalf("signature %s is accepted and encodes to another", s)
	}
}

func checkPoint(t *testing.T, b BLSPoint) {
	t.Helper()
	g1 := newG1()
	_, curve, group := refPointBLS(b)
	p, err := b.onCurve(g1)
	if (err == nil) != curve || err != nil && !errors.Is(err, ErrBLSPoint) {
		t.Fatalf("point %s: error %v, want none: %v", b, err, curve)
	}
	if err == nil && encodePoint(g1, p) != b {
		t.Fatalf("point %s is accepted and encodes to another", b)
	}
	s, err := b.Signature()
	if (err == nil) != group || curve && !group && !errors.Is(err, ErrBLSSubgroup) {
		t.Fatalf("point %s: error %v, want none: %v", b, err, group)
	}
	if want, ok := refSignature(s); err == nil && (!ok || want.RawBytes() != b) {
		t.Fatalf("point %s has the signature %s", b, s)
	}
}

// coordinates are values of x (or y) at the edges of the field, as bytes.
func coordinates(r *rand.Rand) (list [][]byte) {
	for i := int64(-3); i <= 3; i++ {
		for _, base := range []*big.Int{big.NewInt(4), fp.Modulus(), new(big.Int).Lsh(big.NewInt(1), 380)} {
			list = append(list, new(big.Int).Add(base, big.NewInt(i)).FillBytes(make([]byte, BLSSignatureBytes)))
		}
	}
	list = append(list, slices.Repeat([]byte{0xff}, BLSSignatureBytes), make([]byte, BLSSignatureBytes))
	for range 40 {
		list = append(list, randomBytes(r, make([]byte, BLSSignatureBytes)))
	}
	return list
}

// Every combination of flags over coordinates at the edges, over points in the group and outside, and over infinity with
// and without more behind it.
func TestEdgeEncodings(t *testing.T) {
	r := random(t)
	secret := randomSecret(r)
	vote := secret.Sign(BLSTimeout, nil)
	signature, _ := vote.Signature()
	key := secret.Public()
	xs := append(coordinates(r), signature[:], vote[:48], key[:48], key[48:], vote[48:])
	for x := range uint64(40) {
		p := onCurve1(x)
		compressed := p.Bytes()
		xs = append(xs, compressed[:])
	}
	ends := [][]byte{vote[48:], key[48:], make([]byte, 48), fp.Modulus().FillBytes(make([]byte, 48)), append(make([]byte, 47), 1), append(make([]byte, 47), 2)}
	for _, x := range xs {
		for flags := range byte(8) {
			b := slices.Clone(x)
			b[0] = b[0]&0x1f | flags<<5
			checkSignature(t, BLSSignature(b))
			for _, end := range ends {
				both := slices.Concat(b, end)
				checkPoint(t, BLSPoint(both))
				checkKey(t, [BLSKeyBytes]byte(both))
			}
		}
	}
}

// Points outside of the group: any, and those of each small order, which a pairing alone does not see.
func TestPointsOutsideOfTheGroup(t *testing.T) {
	vote := BLSFromSeed([32]byte{1}).Sign(BLSTimeout, nil)
	var outside []BLSPoint
	for x := range uint64(200) {
		p := onCurve1(10 * x)
		outside = append(outside, p.RawBytes())
	}
	for _, order := range factors1 {
		p := ofOrder(order)
		outside = append(outside, p.RawBytes(), plus(t, vote, p))
	}
	for _, p := range outside {
		checkPoint(t, p)
		if _, err := p.Signature(); !errors.Is(err, ErrBLSSubgroup) {
			t.Errorf("%s: error %v", p, err)
		}
		q, _, _ := refPointBLS(p)
		checkSignature(t, q.Bytes())
		if _, err := BLSSum(p); err != nil {
			t.Errorf("%s: refused before the sum is known: %v", p, err)
		}
	}
}

// Thousands of random encodings: valid ones, and valid ones with some bits changed.
func TestRandomEncodings(t *testing.T) {
	r := random(t)
	for range 200 * *timesFlag {
		secret := randomSecret(r)
		vote := secret.Sign(BLSTimeout, nil)
		signature, _ := vote.Signature()
		key := secret.Public()
		for range 10 {
			checkKey(t, key)
			checkPoint(t, vote)
			checkSignature(t, signature)
			for range r.IntN(3) + 1 {
				key[r.IntN(len(key))] ^= 1 << r.IntN(8)
				vote[r.IntN(len(vote))] ^= 1 << r.IntN(8)
				signature[r.IntN(len(signature))] ^= 1 << r.IntN(8)
			}
		}
	}
}

func TestBLSSumAgainstReference(t *testing.T) {
	r := random(t)
	for n := 1; n <= 40; n++ {
		points := make([]BLSPoint, n)
		var sum gnark.G1Jac
		for i := range points {
			if i > 0 && r.IntN(4) == 0 {
				points[i] = points[i-1] // a node of several seats
			} else {
				points[i] = randomSecret(r).Sign(BLSTimeout, []byte("text"))
			}
			p, _, _ := refPointBLS(points[i])
			sum.AddMixed(&p)
		}
		got, err := BLSSum(points...)
		if want := new(gnark.G1Affine).FromJacobian(&sum).RawBytes(); err != nil || got != want {
			t.Fatalf("sum of %d is %s, error %v, want %x", n, got, err, want)
		}
	}
	one := BLSFromSeed([32]byte{1}).Sign(BLSTimeout, nil)
	p, _, _ := refPointBLS(one)
	negated := BLSPoint(new(gnark.G1Affine).Neg(&p).RawBytes())
	for name, points := range map[string][]BLSPoint{"nothing": nil, "a point and its negation": {one, negated}, "no point": {one, {}}, "infinity": {{0x40}, one}} {
		if _, err := BLSSum(points...); !errors.Is(err, ErrBLSPoint) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzBLSPublicKey(f *testing.F) {
	key := BLSFromSeed([32]byte{1}).Public()
	f.Add(key[:])
	f.Add(slices.Concat([]byte{0xc0}, make([]byte, 95)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == BLSKeyBytes {
			checkKey(t, [BLSKeyBytes]byte(b))
		}
	})
}

func FuzzBLSPoint(f *testing.F) {
	vote := BLSFromSeed([32]byte{1}).Sign(BLSTimeout, nil)
	torsion := ofOrder(3)
	outside := torsion.RawBytes()
	f.Add(vote[:])
	f.Add(outside[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == BLSPointBytes {
			checkPoint(t, BLSPoint(b))
		}
	})
}

func FuzzBLSSignature(f *testing.F) {
	signature := BLSFromSeed([32]byte{1}).Prove(nil)
	f.Add(signature[:])
	f.Add(slices.Concat([]byte{0xc0}, make([]byte, 47)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == BLSSignatureBytes {
			checkSignature(t, BLSSignature(b))
		}
	})
}
