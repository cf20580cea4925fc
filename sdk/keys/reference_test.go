package keys

import (
	"crypto/sha512"
	"math/big"
	"slices"
)

// The rule of the package doc once more, slowly, over big.Int and from the formulas of RFC 8032 alone: an oracle that
// shares no code with the library.

var (
	fieldP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	orderL = fromDecimal("7237005577332262213973186563042994240857116359379907606001950938285454250989")
	curveD = field(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), fieldP)))
	baseB  = refDecode(leBytes(field(new(big.Int).Mul(big.NewInt(4), new(big.Int).ModInverse(big.NewInt(5), fieldP)))))
)

func fromDecimal(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

func field(n *big.Int) *big.Int       { return n.Mod(n, fieldP) }
func fieldMul(a, b *big.Int) *big.Int { return field(new(big.Int).Mul(a, b)) }
func fieldAdd(a, b *big.Int) *big.Int { return field(new(big.Int).Add(a, b)) }
func fieldSub(a, b *big.Int) *big.Int { return field(new(big.Int).Sub(a, b)) }

// leBytes is n in 32 bytes, little-endian; n may be up to 2^256-1.
func leBytes(n *big.Int) (b [32]byte) {
	n.FillBytes(b[:])
	slices.Reverse(b[:])
	return b
}

func leInt(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// refPoint is a point in projective coordinates; nil is "not a canonical encoding".
type refPoint struct{ x, y, z *big.Int }

func refDecode(b [32]byte) *refPoint {
	sign := uint(b[31] >> 7)
	b[31] &= 127
	y := leInt(b[:])
	if y.Cmp(fieldP) >= 0 {
		return nil
	}
	yy, one := fieldMul(y, y), big.NewInt(1)
	xx := fieldMul(fieldSub(yy, one), new(big.Int).ModInverse(fieldAdd(fieldMul(curveD, yy), one), fieldP))
	x := new(big.Int).ModSqrt(xx, fieldP)
	if x == nil || x.Sign() == 0 && sign == 1 {
		return nil
	}
	if x.Bit(0) != sign {
		x = fieldSub(new(big.Int), x)
	}
	return &refPoint{x, y, one}
}

func (p *refPoint) add(q *refPoint) *refPoint {
	a, c, d := fieldMul(p.z, q.z), fieldMul(p.x, q.x), fieldMul(p.y, q.y)
	e := fieldMul(curveD, fieldMul(c, d))
	b := fieldMul(a, a)
	f, g := fieldSub(b, e), fieldAdd(b, e)
	cross := fieldSub(fieldSub(fieldMul(fieldAdd(p.x, p.y), fieldAdd(q.x, q.y)), c), d)
	return &refPoint{fieldMul(a, fieldMul(f, cross)), fieldMul(a, fieldMul(g, fieldAdd(d, c))), fieldMul(f, g)}
}

func (p *refPoint) times(n *big.Int) *refPoint {
	sum := &refPoint{new(big.Int), big.NewInt(1), big.NewInt(1)}
	for i := n.BitLen() - 1; i >= 0; i-- {
		if sum = sum.add(sum); n.Bit(i) == 1 {
			sum = sum.add(p)
		}
	}
	return sum
}

func (p *refPoint) equal(q *refPoint) bool {
	return fieldMul(p.x, q.z).Cmp(fieldMul(q.x, p.z)) == 0 && fieldMul(p.y, q.z).Cmp(fieldMul(q.y, p.z)) == 0
}

func refKey(pub PublicKey) *refPoint {
	point := refDecode(pub)
	if point == nil || point.times(big.NewInt(8)).x.Sign() == 0 && point.times(big.NewInt(8)).equal(baseB.times(new(big.Int))) {
		return nil
	}
	return point
}

func refHash(r []byte, pub PublicKey, message []byte) *big.Int {
	sum := sha512.Sum512(slices.Concat(r, pub[:], message))
	k := leInt(sum[:])
	return k.Mod(k, orderL)
}

func refValid(item Item) bool {
	a, r, s := refKey(item.Public), refDecode([32]byte(item.Signature[:32])), leInt(item.Signature[32:])
	if a == nil || r == nil || s.Cmp(orderL) >= 0 {
		return false
	}
	right := r.add(a.times(refHash(item.Signature[:32], item.Public, item.Message)))
	eight := big.NewInt(8)
	return baseB.times(s).times(eight).equal(right.times(eight))
}
