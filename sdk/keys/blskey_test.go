package keys

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	gnark "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// Known answers of EIP-2333, whose master key is KeyGen of its seed.
func TestDeriveScalar(t *testing.T) {
	for seed, want := range map[string]string{
		"c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04": "6083874454709270928345386274498605044986640685124978867557563392430687146096",
		"3141592653589793238462643383279502884197169399375105820974944592":                                                                 "29757020647961307431480504535336562678282505419141012933316116377660817309383",
		"0099ff991111002299dd7744ee3355bbdd8844115566cc55663355668888cc00":                                                                 "27580842291869792442942448775674722299803720648445448686099262467207037398656",
		"d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3":                                                                 "19022158461524446591288038168518313374041767046816487870552872741050760015818",
	} {
		material, err := hex.DecodeString(seed)
		if err != nil {
			t.Fatal(err)
		}
		scalar := deriveScalar(material)
		if got := new(big.Int).SetBytes(scalar[:]).String(); got != want {
			t.Errorf("%s gives %s, want %s", seed, got, want)
		}
	}
}

// The library reduces what is too large without a word; we never give it any such thing.
func TestScalarsOutOfRange(t *testing.T) {
	for _, n := range []*big.Int{new(big.Int), blsOrder, new(big.Int).Add(blsOrder, big.NewInt(1)), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))} {
		var pair blsPair
		n.FillBytes(pair.scalar[:])
		breaks(t, "the scalar "+n.String(), func() { pair.fr() })
	}
	var last blsPair
	new(big.Int).Sub(blsOrder, big.NewInt(1)).FillBytes(last.scalar[:])
	if last.fr().ToBig().Cmp(new(big.Int).Sub(blsOrder, big.NewInt(1))) != 0 {
		t.Error("the largest scalar is another")
	}
}

// Keys, hashes and signatures are those of the other library, for every kind of statement.
func TestBLSAgainstReference(t *testing.T) {
	r := random(t)
	for i := range 1000 * *timesFlag {
		secret, d := randomSecret(r), blsDomains[i%len(blsDomains)]
		message := randomBytes(r, make([]byte, r.IntN(300)))
		if got, want := secret.Public(), refPublicBLS(scalarOf(secret)); got != want {
			t.Fatalf("key %s, want %s", got, want)
		}
		point := secret.sign(d, message)
		want := refSignBLS(scalarOf(secret), d, message)
		signature, err := point.Signature()
		if point != want.RawBytes() || signature != want.Bytes() || err != nil {
			t.Fatalf("signature %s (compressed %s, error %v), want %x", point, signature, err, want.RawBytes())
		}
		if i%4 == 0 && !refVerifyBLS([]BLSPublicKey{secret.Public()}, d, message, signature) {
			t.Fatal("the reference refuses a signature")
		}
	}
}

func TestHashToCurveAgainstReference(t *testing.T) {
	r := random(t)
	check := func(d BLSDomain, message []byte) {
		t.Helper()
		g1 := newG1()
		if got, want := encodePoint(g1, d.hash(g1, message)), refHashBLS(d, message); got != want.RawBytes() {
			t.Fatalf("%q hashes to %s, want %x", message, got, want.RawBytes())
		}
	}
	for n := range 300 { // across the blocks of SHA-256
		check(blsDomains[n%len(blsDomains)], randomBytes(r, make([]byte, n)))
	}
	for i := range 2000 * *timesFlag {
		check(blsDomains[i%len(blsDomains)], randomBytes(r, make([]byte, r.IntN(4096))))
	}
}

// Scalars at the edges: small ones, those next to the order, powers of two, and those around the endomorphism's root.
func TestEdgeScalarsAgainstReference(t *testing.T) {
	lambda, _ := new(big.Int).SetString("ac45a4010001a40200000000ffffffff", 16)
	var scalars []*big.Int
	for i := range int64(20) {
		scalars = append(scalars, big.NewInt(i+1), new(big.Int).Sub(blsOrder, big.NewInt(i+1)), new(big.Int).Add(lambda, big.NewInt(i-10)))
	}
	for i := range uint(255) {
		if n := new(big.Int).Lsh(big.NewInt(1), i); n.Cmp(blsOrder) < 0 {
			scalars = append(scalars, n)
		}
	}
	for _, n := range scalars {
		pair := &blsPair{}
		n.FillBytes(pair.scalar[:])
		secret := BLSSecret{pair: func() *blsPair { return pair }}
		if got, want := secret.Sign(BLSTimeout, []byte("edge")), refSignBLS(n, BLSTimeout, []byte("edge")); got != want.RawBytes() {
			t.Errorf("scalar %x signs %s, want %x", n, got, want.RawBytes())
		}
	}
}

// K3 for secrets of committees.
func TestBLSSecretIsNeverPrinted(t *testing.T) {
	secret := BLSFromSeed([32]byte([]byte("a seed of thirty-two bytes, yes!")))
	scalar := scalarOf(secret)
	secrets := []string{scalar.String()[:12], fmt.Sprintf("%x", scalar)[:8], fmt.Sprint(secret.pair().scalar[:3])[1:8]}
	type closed struct{ key BLSSecret }
	for _, v := range []any{secret, &secret, closed{secret}, &closed{secret}, []BLSSecret{secret}, map[string]closed{"a": {secret}}} {
		var out []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%b", "%o", "%p"} {
			out = append(out, fmt.Sprintf(verb, v))
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range append(out, string(text)) {
			for _, s := range secrets {
				if strings.Contains(strings.ToLower(text), s) {
					t.Errorf("shows %q: %s", s, text)
				}
			}
		}
	}
	if secret.String() != hidden || secret.GoString() != hidden || fmt.Sprintf("%x", secret) != hidden {
		t.Errorf("printed as %s", secret)
	}
}

func TestZeroBLSSecretPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the zero BLSSecret signed")
		}
	}()
	BLSSecret{}.Sign(BLSPreparation, nil)
}

func TestPossession(t *testing.T) {
	secret, other := BLSFromSeed([32]byte{1}), BLSFromSeed([32]byte{2})
	owner := []byte("network and account")
	proof := secret.Prove(owner)
	if err := secret.Public().VerifyPossession(owner, proof); err != nil {
		t.Fatalf("a good proof: %v", err)
	}
	signed := possession(secret.Public(), owner)
	vote, _ := secret.Sign(BLSPreparation, signed).Signature()
	for name, err := range map[string]error{
		"another owner":            secret.Public().VerifyPossession([]byte("somebody else"), proof),
		"another key":              other.Public().VerifyPossession(owner, proof),
		"a proof by another":       secret.Public().VerifyPossession(owner, other.Prove(owner)),
		"a vote for the same text": secret.Public().VerifyPossession(owner, vote),
		"no proof":                 secret.Public().VerifyPossession(owner, BLSSignature{}),
		"infinity as the proof":    secret.Public().VerifyPossession(owner, BLSSignature{0xc0}),
	} {
		if !errors.Is(err, ErrBLSPossession) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := (BLSPublicKey{0xc0}).VerifyPossession(owner, BLSSignature{0xc0}); !errors.Is(err, ErrBLSKey) {
		t.Errorf("infinity as the key: %v", err)
	}
	breaks(t, "a proof signed as a vote", func() { secret.Sign(blsPossession, signed) })
}

// Why possession must be proven: a key that is chosen after another's cancels it out, and its owner signs for both. The
// forgery is real; what its owner can't do is prove that key.
func TestRogueKey(t *testing.T) {
	victim, attacker := BLSFromSeed([32]byte{1}), BLSFromSeed([32]byte{2})
	v, _ := refKeyBLS(victim.Public())
	a, _ := refKeyBLS(attacker.Public())
	rogue := BLSPublicKey(new(gnark.G2Affine).Sub(&a, &v).Bytes())
	keys, err := NewBLSKeys([]BLSPublicKey{victim.Public(), rogue})
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("the victim never signed this")
	forged, _ := attacker.Sign(BLSPreparation, message).Signature()
	if keys.Verify(BLSPreparation, forged, BLSSigned{message, []int{0, 1}}) != nil {
		t.Error("the attack that proofs of possession are for does not work")
	}
	byAttacker, _ := attacker.sign(blsPossession, possession(rogue, nil)).Signature()
	for _, proof := range []BLSSignature{byAttacker, attacker.Prove(nil), victim.Prove(nil)} {
		if err := rogue.VerifyPossession(nil, proof); !errors.Is(err, ErrBLSPossession) {
			t.Errorf("a key that nobody holds is proven: %v", err)
		}
	}
}

func TestBLSPublicKeyText(t *testing.T) {
	key := BLSFromSeed([32]byte{1}).Public()
	text, _ := key.MarshalText()
	var got BLSPublicKey
	if err := got.UnmarshalText([]byte(strings.ToUpper(string(text)))); err != nil || got != key {
		t.Errorf("%s read as %s, error %v", text, got, err)
	}
	for _, bad := range []string{"", string(text[1:]), string(text) + "00", "x" + string(text[1:]), hex.EncodeToString(slices.Concat([]byte{0xc0}, make([]byte, 95)))} {
		if err := got.UnmarshalText([]byte(bad)); err == nil || got != key {
			t.Errorf("%q is read", bad)
		}
	}
}
