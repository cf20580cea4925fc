package keys

import (
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// smallOrder is all encodings of the eight points of small order: eight canonical ones, and six that are not.
func smallOrder(t *testing.T) (canonical, other [][32]byte) {
	t.Helper()
	for _, point := range torsion() {
		y := fieldMul(point.y, new(big.Int).ModInverse(point.z, fieldP))
		x := fieldMul(point.x, new(big.Int).ModInverse(point.z, fieldP))
		signs := []uint{x.Bit(0)}
		if x.Sign() == 0 {
			signs = []uint{0, 1}
		}
		for _, n := range []*big.Int{y, new(big.Int).Add(y, fieldP)} {
			for _, sign := range signs {
				if n.BitLen() > 255 {
					continue
				}
				encoded := leBytes(new(big.Int).SetBit(n, 255, sign))
				if n.Cmp(fieldP) < 0 && sign == x.Bit(0) {
					canonical = append(canonical, encoded)
				} else {
					other = append(other, encoded)
				}
			}
		}
	}
	if len(canonical) != 8 || len(other) != 6 {
		t.Fatalf("%d canonical and %d other encodings of small order, want 8 and 6", len(canonical), len(other))
	}
	return canonical, other
}

// torsion is the eight points of small order: the multiples of one of order 8, found as L times some point.
func torsion() []*refPoint {
	for y := int64(2); ; y++ {
		point := refDecode(leBytes(big.NewInt(y)))
		if point == nil {
			continue
		}
		generator := point.times(orderL)
		points := []*refPoint{generator}
		for len(points) < 8 {
			points = append(points, points[len(points)-1].add(generator))
		}
		if order4 := points[3]; order4.x.Sign() != 0 || order4.y.Cmp(order4.z) != 0 {
			return points
		}
	}
}

func (p *refPoint) encode() [32]byte {
	inverse := new(big.Int).ModInverse(p.z, fieldP)
	x, y := fieldMul(p.x, inverse), fieldMul(p.y, inverse)
	return leBytes(y.SetBit(y, 255, x.Bit(0)))
}

// refSecret is the secret number of a seed, unreduced.
func refSecret(seed [32]byte) *big.Int {
	digest := sha512.Sum512(seed[:])
	digest[0] &= 248
	digest[31] = digest[31]&127 | 64
	return leInt(digest[:32])
}

// refSign signs for any encodings of key and R, given the numbers behind their parts of large order.
func refSign(pub, r [32]byte, secret, nonce *big.Int, message []byte) Item {
	s := new(big.Int).Mul(refHash(r[:], pub, message), secret)
	return withS(Item{Public: pub, Message: message, Signature: Signature(slices.Concat(r[:], r[:]))}, s.Add(s, nonce).Mod(s, orderL))
}

func withS(item Item, s *big.Int) Item {
	half := leBytes(s)
	copy(item.Signature[32:], half[:])
	return item
}

type edge struct {
	name string
	item Item
	good bool
}

var (
	edgeSeed    = [32]byte{3}
	edgeMessage = []byte("pay 5 to b")
)

// edges is every kind of crafted input that implementations are known to disagree on, with the verdict of the rule.
func edges(t *testing.T) []edge {
	key := FromSeed(edgeSeed)
	pub, sig := key.Public(), key.Sign(edgeMessage)
	plain := Item{pub, edgeMessage, sig}
	list := []edge{{"plain", plain, true}, {"other message", Item{pub, []byte("pay 6 to b"), sig}, false}, {"nil message", Item{pub, nil, sig}, false}}
	list = append(list, smallOrderEdges(t, pub)...)
	list = append(list, mixedEdges()...)
	s := leInt(sig[32:])
	for n := new(big.Int).Add(s, orderL); n.BitLen() <= 256; n = new(big.Int).Add(n, orderL) {
		list = append(list, edge{fmt.Sprintf("s + nL = %x", n), withS(plain, n), false})
	}
	for _, n := range []*big.Int{new(big.Int), orderL, new(big.Int).Sub(orderL, big.NewInt(1)), new(big.Int).SetBit(s, 255, 1)} {
		list = append(list, edge{fmt.Sprintf("s = %x", n), withS(plain, n), false})
	}
	return append(list, encodingEdges(plain)...)
}

// smallOrderEdges: keys of small order never count, R of small order does if it is canonical.
func smallOrderEdges(t *testing.T, pub PublicKey) (list []edge) {
	canonical, other := smallOrder(t)
	zero := new(big.Int)
	all := slices.Concat(canonical, other)
	for _, a := range all {
		for _, r := range all {
			list = append(list, edge{fmt.Sprintf("A = %x R = %x", a, r), refSign(a, r, zero, zero, edgeMessage), false})
		}
	}
	for i, r := range all {
		list = append(list, edge{fmt.Sprintf("R = %x", r), refSign(pub, r, refSecret(edgeSeed), zero, edgeMessage), i < len(canonical)})
	}
	return list
}

// mixedEdges: a part of small order in A or R changes nothing, in no combination.
func mixedEdges() (list []edge) {
	secret, nonce := refSecret(edgeSeed), big.NewInt(123456789)
	a, r := baseB.times(secret), baseB.times(nonce)
	for i, inA := range torsion() {
		for j, inR := range torsion() {
			item := refSign(a.add(inA).encode(), r.add(inR).encode(), secret, nonce, edgeMessage)
			list = append(list, edge{fmt.Sprintf("A + %dT, R + %dT", i+1, j+1), item, true})
		}
	}
	return list
}

// encodingEdges: every encoding with y >= p, with either sign, and some points that are not on the curve, as A and as R.
func encodingEdges(plain Item) (list []edge) {
	for y := range int64(19) {
		for _, sign := range []uint{0, 1} {
			n := new(big.Int).Add(fieldP, big.NewInt(y))
			encoded := leBytes(n.SetBit(n, 255, sign))
			asKey, asR := plain, plain
			asKey.Public = encoded
			copy(asR.Signature[:], encoded[:])
			list = append(list, edge{fmt.Sprintf("A = %x", encoded), asKey, false}, edge{fmt.Sprintf("R = %x", encoded), asR, false})
		}
	}
	for y := range byte(20) {
		asKey, asR := plain, plain
		asKey.Public = PublicKey{y}
		asR.Signature[0] ^= y + 1
		list = append(list, edge{fmt.Sprintf("A has y = %d", y), asKey, false}, edge{fmt.Sprintf("R ^ %d", y+1), asR, false})
	}
	return list
}

// K1 and the rule: the verdict by construction, by the reference, by Verify, and by batches of three shapes.
func TestEdges(t *testing.T) {
	filler := signed(expandBelow)
	var items []Item
	var bad []int
	for i, e := range edges(t) {
		if items = append(items, e.item); !e.good {
			bad = append(bad, i)
		}
		if got := refValid(e.item); got != e.good {
			t.Errorf("%s: valid is %v by the reference, want %v", e.name, got, e.good)
		}
		if err := Verify(e.item.Public, e.item.Message, e.item.Signature); (err == nil) != e.good {
			t.Errorf("%s: Verify: %v, want valid: %v", e.name, err, e.good)
		}
		for _, n := range []int{0, smallest, expandBelow} {
			if got := VerifyBatch(append(slices.Clone(filler[:n]), e.item)); (got == nil) != e.good || len(got) > 1 {
				t.Errorf("%s behind %d good ones: bad are %v, want good: %v", e.name, n, got, e.good)
			}
		}
	}
	if got := VerifyBatch(items); !slices.Equal(got, bad) {
		t.Errorf("all edges in one batch: bad are %v, want %v", got, bad)
	}
	if valid := len(items) - len(bad); valid != 1+8+64 {
		t.Errorf("%d of %d edges are valid, want the plain one, 8 with R and 64 with A and R of mixed order", valid, len(items))
	}
}

// K2: Check names what is wrong, Verify says the same, and no such key is valid with anything.
func TestCheck(t *testing.T) {
	canonical, other := smallOrder(t)
	want := map[PublicKey]error{{2}: ErrKeyNotCanonical} // y = 2 is not on the curve
	for _, a := range canonical {
		want[a] = ErrKeySmallOrder
	}
	for _, a := range other {
		want[a] = ErrKeyNotCanonical
	}
	for pub, err := range want {
		if got := pub.Check(); got != err {
			t.Errorf("Check(%s) = %v, want %v", pub, got, err)
		}
		if got := Verify(pub, nil, Signature{}); got != err {
			t.Errorf("Verify(%s) = %v, want %v", pub, got, err)
		}
	}
	for _, e := range edges(t) {
		if got := e.item.Public.Check(); (got == nil) != (refKey(e.item.Public) != nil) || e.good && got != nil {
			t.Errorf("%s: Check: %v", e.name, got)
		}
	}
	pub := FromSeed([32]byte{1}).Public()
	if got := pub.Check(); got != nil {
		t.Errorf("Check(%s) = %v", pub, got)
	}
	if got := Verify(pub, nil, Signature{}); got != ErrSignature {
		t.Errorf("Verify of an empty signature = %v", got)
	}
}

// Our copy of the rule is the library's default, which its authors test batches against.
func TestRuleIsTheDefault(t *testing.T) {
	if *rule.Verify != *ed25519.VerifyOptionsDefault {
		t.Errorf("rule %+v, the library's default is %+v", *rule.Verify, *ed25519.VerifyOptionsDefault)
	}
}
