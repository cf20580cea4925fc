package keys

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"testing"

	bls12381 "github.com/kilic/bls12-381"
)

// signBLS signs with a scalar: what VerifyBLS must accept.
func signBLS(t testing.TB, secret int64, message []byte) (key [BLSKeyBytes]byte, signature [BLSSignatureBytes]byte) {
	t.Helper()
	g1, g2 := bls12381.NewG1(), bls12381.NewG2()
	s := big.NewInt(secret)
	h, err := g1.HashToCurve(message, blsDomain)
	if err != nil {
		t.Fatal(err)
	}
	copy(signature[:], g1.ToCompressed(g1.MulScalarBig(g1.New(), h, s)))
	copy(key[:], g2.ToCompressed(g2.MulScalarBig(g2.New(), g2.One(), s)))
	return key, signature
}

func TestVerifyBLS(t *testing.T) {
	for _, secret := range []int64{1, 2, 12345, 1<<62 + 1} {
		for _, message := range [][]byte{nil, []byte("text"), bytes.Repeat([]byte("long"), 1000)} {
			key, signature := signBLS(t, secret, message)
			if !VerifyBLS(key, signature, message) {
				t.Errorf("secret %d: a good signature is refused", secret)
			}
			if VerifyBLS(key, signature, append([]byte{0}, message...)) {
				t.Errorf("secret %d: verifies another message", secret)
			}
			if other, _ := signBLS(t, secret+1, message); VerifyBLS(other, signature, message) {
				t.Errorf("secret %d: verifies under another key", secret)
			}
		}
	}
}

// A known answer: the generator of G2 is the key of the secret 1, and the signature under it is the hash itself.
func TestVerifyBLSKnown(t *testing.T) {
	const generator = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e" +
		"024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
	key, signature := signBLS(t, 1, []byte("text"))
	if got := hex.EncodeToString(key[:]); got != generator {
		t.Errorf("the key of 1 is %s", got)
	}
	h, err := bls12381.NewG1().HashToCurve([]byte("text"), []byte("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"))
	if err != nil || !bytes.Equal(bls12381.NewG1().ToCompressed(h), signature[:]) {
		t.Errorf("the signature under 1 is %x, error %v", signature, err)
	}
}

// No point at infinity, no point outside of the subgroup, no other encoding of a point, no bytes that are no point.
func TestVerifyBLSRefuses(t *testing.T) {
	message := []byte("text")
	key, signature := signBLS(t, 7, message)
	check := func(name string, k [BLSKeyBytes]byte, s [BLSSignatureBytes]byte) {
		t.Helper()
		if VerifyBLS(k, s, message) {
			t.Errorf("%s verifies", name)
		}
	}
	infinity1, infinity2 := [BLSSignatureBytes]byte{0xc0}, [BLSKeyBytes]byte{0xc0}
	check("infinity as both", infinity2, infinity1)
	check("infinity as the key", infinity2, signature)
	check("infinity as the signature", key, infinity1)
	check("nothing", [BLSKeyBytes]byte{}, [BLSSignatureBytes]byte{})
	for i := range 8 {
		k, s := key, signature
		k[0] ^= 1 << i
		s[0] ^= 1 << i
		check("a key with a flipped flag or bit", k, signature)
		check("a signature with a flipped flag or bit", key, s)
	}
	all := bytes.Repeat([]byte{0xff}, BLSKeyBytes)
	check("a coordinate over the field's size", [BLSKeyBytes]byte(all), signature)
	check("a signature over the field's size", key, [BLSSignatureBytes]byte(all[:BLSSignatureBytes]))
	check("the key's negation", negated(key), signature)
	outside1, outside2 := outsideG1(t), outsideG2(t)
	check("a signature outside of the subgroup", key, outside1)
	check("a key outside of the subgroup", outside2, signature)
}

func negated(key [BLSKeyBytes]byte) [BLSKeyBytes]byte {
	key[0] ^= 1 << 5 // the sign of y
	return key
}

// outsideG1 is the encoding of a point of the curve that is not in the subgroup: nearly every point of the curve is none.
func outsideG1(t *testing.T) (b [BLSSignatureBytes]byte) {
	t.Helper()
	for x := range byte(255) {
		b = [BLSSignatureBytes]byte{0: 0x80, BLSSignatureBytes - 1: x}
		if _, err := bls12381.NewG1().FromCompressed(b[:]); err != nil && err.Error() == "point is not on correct subgroup" {
			return b
		}
	}
	t.Fatal("no such point found")
	return b
}

func outsideG2(t *testing.T) (b [BLSKeyBytes]byte) {
	t.Helper()
	for x := range byte(255) {
		b = [BLSKeyBytes]byte{0: 0x80, BLSKeyBytes - 1: x}
		if _, err := bls12381.NewG2().FromCompressed(b[:]); err != nil && err.Error() == "point is not on correct subgroup" {
			return b
		}
	}
	t.Fatal("no such point found")
	return b
}

// It is called by many goroutines at once, with the same arrays.
func TestVerifyBLSConcurrently(t *testing.T) {
	key, signature := signBLS(t, 9, []byte("text"))
	done := make(chan bool)
	for range 4 {
		go func() { done <- VerifyBLS(key, signature, []byte("text")) }()
	}
	for range 4 {
		if !<-done {
			t.Error("a good signature is refused")
		}
	}
}

func BenchmarkVerifyBLS(b *testing.B) {
	key, signature := signBLS(b, 9, []byte("text"))
	for b.Loop() {
		VerifyBLS(key, signature, []byte("text"))
	}
}
