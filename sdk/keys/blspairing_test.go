package keys

import (
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"testing"

	bls12381 "github.com/kilic/bls12-381"
)

// An honest certificate of three seats that kilic's pairing calls bad: the point that is signed, the sum of the keys, and that of the signatures.
// Each of them is right, and so is each signature alone.
const (
	pairedHash = "1476cf3296b5646c2a15f59fff45a52d3db22a2b5aeb97757af8fc30d0f2cf515eb6e87ff09e66bcbc3a70e6f8db01a3" +
		"0c4ab5b6c189ba804b46622d4e3143b42304371628c5fb6ad48c2bd69343c8b62b6a33fb1141c0e51ef2b113b3100d7c"
	pairedKeys = "124bc37259b3992f4965e6dec3459ee71efcd2039af8b33b716ff5ff8cc48385a2dae39ca13984060ec5b7315d7a64e5" +
		"1509a3781c71cc3ba1e4dcde79c1e36b11fdd81178238b602a3e6261465c15470900972f637d8b0d96af1cd10eab4a67" +
		"000056be4ae430eacb81345986cda1a2185d217f6b0e03fb24d8f2d86a9e2aad597e4c7611bf43364c6efb90469ddd61" +
		"0b890c4b57902dfb6c7452be2e252c070d4a223983d66ce1d035d89eb5220c813ad68f27e5adbaf5ce21d29b8798aa02"
	pairedSum = "0f26fb8ab154fd4bcc589fa21461c0eba0759343af816bf289a8b0735a5afffb06ccef431c63b9ce6c253d090372c7b9" +
		"0443c50c5cbc75fbcc8ec48e294072293a039d7955c4fe37c3acd5b5cd630070789b1ae6165a2636fac0f5170fff79d2"
)

// A good signature is good for these points, too. Were kilic's pairing right as well, one library would do.
func TestPairingHolds(t *testing.T) {
	read := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	e := newPairing()
	h, err := e.g1.FromBytes(read(pairedHash))
	if err != nil {
		t.Fatal(err)
	}
	k, err := e.g2.FromBytes(read(pairedKeys))
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.g1.FromBytes(read(pairedSum))
	if err != nil {
		t.Fatal(err)
	}
	if !e.add(h, k).addGenerator(s).isOne() {
		t.Error("a good sum of signatures is called bad")
	}
	if e = newPairing(); e.add(h, k).addGenerator(h).isOne() {
		t.Error("a bad one is called good")
	}
	if e := bls12381.NewEngine(); e.AddPair(h, k).AddPairInv(s, e.G2.One()).Check() {
		t.Error("kilic's pairing holds: what pairing says of it is outdated")
	}
}

// The product of pairings is what the exponents say, for points in any representation.
func TestPairingExponents(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		a, b := big.NewInt(1+random.Int64()), big.NewInt(1+random.Int64())
		product := new(big.Int).Mul(a, b)
		e := newPairing()
		one := e.g1.MulScalarBig(e.g1.New(), e.g1.One(), a)
		two := e.g2.MulScalarBig(e.g2.New(), e.g2.One(), b)
		if !e.add(one, two).addGenerator(e.g1.MulScalarBig(e.g1.New(), e.g1.One(), product)).isOne() {
			t.Errorf("e(%d, %d) is not e(%d, 1)", a, b, product)
		}
		product.Add(product, big.NewInt(1))
		if e = newPairing(); e.add(one, two).addGenerator(e.g1.MulScalarBig(e.g1.New(), e.g1.One(), product)).isOne() {
			t.Errorf("e(%d, %d) is e(%d, 1)", a, b, product)
		}
	}
}
