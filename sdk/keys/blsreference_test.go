package keys

import (
	"bytes"
	"flag"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"

	gnark "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
)

// The same signatures by another library: an oracle that shares no code with the one that we use.

// refHashBLS is the point of G1 that is signed.
func refHashBLS(d BLSDomain, message []byte) gnark.G1Affine {
	h, err := gnark.HashToG1(message, []byte(d.tag()))
	if err != nil {
		panic(err)
	}
	return h
}

func refSignBLS(scalar *big.Int, d BLSDomain, message []byte) gnark.G1Affine {
	h := refHashBLS(d, message)
	return *new(gnark.G1Affine).ScalarMultiplication(&h, scalar)
}

func refPublicBLS(scalar *big.Int) BLSPublicKey {
	_, _, _, g2 := gnark.Generators()
	return BLSPublicKey(new(gnark.G2Affine).ScalarMultiplication(&g2, scalar).Bytes())
}

// refKeys are keys that were decoded: that takes longer than all else of a check.
var refKeys sync.Map

// refVerifyBLS holds the equation of pairings for a sum of signatures of one message.
func refVerifyBLS(keys []BLSPublicKey, d BLSDomain, message []byte, signature BLSSignature) bool {
	s, ok := refSignature(signature)
	if !ok {
		return false
	}
	var sum gnark.G2Jac
	for _, k := range keys {
		point, ok := refKeys.Load(k)
		if !ok {
			decoded, ok := refKeyBLS(k)
			if !ok {
				return false
			}
			point = decoded
			refKeys.Store(k, point)
		}
		affine := point.(gnark.G2Affine)
		sum.AddMixed(&affine)
	}
	key := *new(gnark.G2Affine).FromJacobian(&sum)
	if key.IsInfinity() {
		return false
	}
	_, _, _, g2 := gnark.Generators()
	negated := *new(gnark.G1Affine).Neg(&s)
	valid, err := gnark.PairingCheck([]gnark.G1Affine{refHashBLS(d, message), negated}, []gnark.G2Affine{key, g2})
	return err == nil && valid
}

// The three decoders: what their types hold is compressed or not by its length, which the oracle finds out from a flag.

func refKeyBLS(k BLSPublicKey) (p gnark.G2Affine, ok bool) {
	n, err := p.SetBytes(k[:])
	return p, err == nil && n == len(k) && !p.IsInfinity()
}

func refSignature(s BLSSignature) (p gnark.G1Affine, ok bool) {
	if s[0]&0x80 == 0 {
		return p, false
	}
	n, err := p.SetBytes(s[:])
	return p, err == nil && n == len(s) && !p.IsInfinity()
}

// refPoint says whether p is on the curve, and whether it is in the group.
func refPointBLS(b BLSPoint) (p gnark.G1Affine, curve, group bool) {
	if b[0]&0xe0 != 0 {
		return p, false, false
	}
	d := gnark.NewDecoder(bytes.NewReader(b[:]), gnark.NoSubgroupChecks())
	curve = d.Decode(&p) == nil && !p.IsInfinity() && p.IsOnCurve()
	return p, curve, curve && p.IsInSubGroup()
}

// timesFlag is how often as many random cases as mostly are compared with the reference: make bls.
var timesFlag = flag.Int("bls.times", 1, "compare so many times as many random cases with the other library")

// random is a source that a failure can be repeated with: tests print its seed.
func random(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomBytes(r *rand.Rand, b []byte) []byte {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func randomSecret(r *rand.Rand) BLSSecret {
	return BLSFromSeed([32]byte(randomBytes(r, make([]byte, 32))))
}

func scalarOf(k BLSSecret) *big.Int {
	scalar := k.pair().scalar
	return new(big.Int).SetBytes(scalar[:])
}

// Order of the curve over the field of G1 by that of the group, and its prime factors; two of those of the curve of G2.
var (
	cofactor1 = fromDecimal("76329603384216526031706109802092473003")
	factors1  = []int64{3, 11, 10177, 859267, 52437899}
)

// onCurve1 is a point of the curve with an x that is at least the given one; nearly none is in the group.
func onCurve1(x uint64) gnark.G1Affine {
	var four fp.Element
	four.SetUint64(4)
	for ; ; x++ {
		var p gnark.G1Affine
		p.X.SetUint64(x)
		p.Y.Square(&p.X).Mul(&p.Y, &p.X).Add(&p.Y, &four)
		if p.Y.Sqrt(&p.Y) != nil {
			return p
		}
	}
}

// ofOrder is a point of the curve of prime order, outside of the group.
func ofOrder(order int64) gnark.G1Affine {
	prime := big.NewInt(order)
	n := new(big.Int).Set(cofactor1)
	for rest := new(big.Int); rest.Mod(n, prime).Sign() == 0; {
		n.Div(n, prime)
	}
	n.Mul(n, blsOrder)
	for x := uint64(1); ; x++ {
		q := multiple(onCurve1(x), n) // its order is a power of the prime
		for !q.IsInfinity() {
			next := multiple(q, prime)
			if next.IsInfinity() {
				return q
			}
			q = next
		}
	}
}

// multiple is n times p, by doubling and adding: the library's own multiplication is for points of the group.
func multiple(p gnark.G1Affine, n *big.Int) gnark.G1Affine {
	var sum gnark.G1Jac
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum.DoubleAssign()
		if n.Bit(i) == 1 {
			sum.AddMixed(&p)
		}
	}
	return *new(gnark.G1Affine).FromJacobian(&sum)
}

// plus adds a point to a vote.
func plus(t testing.TB, vote BLSPoint, q gnark.G1Affine) BLSPoint {
	t.Helper()
	p, curve, _ := refPointBLS(vote)
	if !curve {
		t.Fatalf("%s is not on the curve", vote)
	}
	return BLSPoint(new(gnark.G1Affine).Add(&p, &q).RawBytes())
}
