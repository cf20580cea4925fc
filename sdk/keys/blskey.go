package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	bls12381 "github.com/kilic/bls12-381"

	"github.com/thinkey/thinkey/sdk/assert"
)

// What can be wrong with a key of a committee member, each the fault of whoever registered it.
var (
	ErrBLSKey        = errors.New("BLS public key is not the compressed encoding of a point of the group other than infinity")
	ErrBLSPossession = errors.New("proof does not show that its sender holds the secret of the BLS public key")
)

// BLSPublicKey is a key of a committee member as it stands in committees: any 96 bytes. Only Check says that it is one, and
// only VerifyPossession that somebody holds its secret.
type BLSPublicKey [BLSKeyBytes]byte

// String is the key in lower-case hex.
func (p BLSPublicKey) String() string { return hex.EncodeToString(p[:]) }

// MarshalText is String.
func (p BLSPublicKey) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes, in either case, and refuses what Check refuses.
func (p *BLSPublicKey) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(p) {
		return fmt.Errorf("BLS public key must be %d hex digits, not %d characters", 2*len(p), len(text))
	}
	if err := BLSPublicKey(b).Check(); err != nil {
		return err
	}
	copy(p[:], b)
	return nil
}

// Check refuses everything but the one encoding of a point of G2's subgroup; infinity, for which anyone can sign, too.
func (p BLSPublicKey) Check() error {
	_, err := p.decode(bls12381.NewG2())
	return err
}

// decode is the point, affine. Only FromCompressed checks the subgroup.
func (p BLSPublicKey) decode(g2 *bls12381.G2) (*bls12381.PointG2, error) {
	k, err := g2.FromCompressed(p[:])
	if err != nil || g2.IsZero(k) {
		return nil, ErrBLSKey
	}
	return k, nil
}

// VerifyPossession says whether proof was made by Prove, for the same owner, with the secret of p. It must hold for every
// key of a committee: who may choose a key freely chooses one that cancels out those of others, and signs for all of them.
func (p BLSPublicKey) VerifyPossession(owner []byte, proof BLSSignature) error {
	k, err := NewBLSKeys([]BLSPublicKey{p})
	if err != nil {
		return err
	}
	if k.Verify(blsPossession, proof, BLSSigned{possession(p, owner), []int{0}}) != nil {
		return ErrBLSPossession
	}
	return nil
}

// possession is what Prove signs: the key is of one length, so that no owner's bytes can be taken for a part of it.
func possession(p BLSPublicKey, owner []byte) []byte { return slices.Concat(p[:], owner) }

// BLSSecret signs for a BLSPublicKey. BLSFromSeed makes it; its zero value is none, and using it is a bug and panics.
//
// Signing takes a time that depends on the secret (no pure library does better): never on the request of somebody who can
// measure it.
type BLSSecret struct {
	pair func() *blsPair // a func for the reason that PrivateKey's is one (K3)
}

type blsPair struct {
	scalar [32]byte // big-endian, neither 0 nor over the group's order
	public BLSPublicKey
}

// BLSFromSeed derives the secret as KeyGen of the IETF's draft of BLS signatures does, with no key_info. The seed must come
// from a random generator or be kept for tests.
func BLSFromSeed(seed [32]byte) BLSSecret {
	pair := &blsPair{scalar: deriveScalar(seed[:])}
	g2 := bls12381.NewG2()
	k := g2.MulScalar(g2.New(), g2.One(), pair.fr())
	pair.public = BLSPublicKey(g2.ToCompressed(k))
	return BLSSecret{pair: func() *blsPair { return pair }}
}

// deriveScalar is KeyGen: 384 bits, reduced, are as good as uniform below the order of 255 bits.
func deriveScalar(material []byte) (scalar [32]byte) {
	salt := []byte("BLS-SIG-KEYGEN-SALT-")
	for n := new(big.Int); n.Sign() == 0; {
		sum := sha256.Sum256(salt)
		salt = sum[:]
		wide, err := hkdf.Key(sha256.New, append(slices.Clone(material), 0), salt, "\x00\x30", 48)
		assert.NoError(err, "48 bytes can be derived")
		n.Mod(n.SetBytes(wide), blsOrder).FillBytes(scalar[:])
	}
	return scalar
}

// blsOrder is the order of both groups.
var blsOrder, _ = new(big.Int).SetString("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001", 16)

// fr is the scalar as the library takes it. The library reduces what is too large in silence, hence the check.
func (p *blsPair) fr() *bls12381.Fr {
	n := new(big.Int).SetBytes(p.scalar[:])
	assert.That(n.Sign() > 0 && n.Cmp(blsOrder) < 0, "a BLS secret is between 0 and the group's order")
	return bls12381.NewFr().FromBytes(p.scalar[:])
}

// Public is the public half; it always passes Check.
func (k BLSSecret) Public() BLSPublicKey { return k.pair().public }

// Sign returns the one signature of message, as it travels. A member that holds several seats signs once and adds the
// signature up for each of them (BLSSum).
func (k BLSSecret) Sign(d BLSDomain, message []byte) BLSPoint {
	assert.That(d != blsPossession, "possession is proven by Prove alone")
	return k.sign(d, message)
}

func (k BLSSecret) sign(d BLSDomain, message []byte) BLSPoint {
	g1 := bls12381.NewG1()
	h := d.hash(g1, message)
	return encodePoint(g1, g1.MulScalar(g1.New(), h, k.pair().fr()))
}

// Prove shows that its sender holds the secret of Public. The owner's name is signed as well (network and account): a proof
// that is copied proves nothing for another.
func (k BLSSecret) Prove(owner []byte) BLSSignature {
	s, err := k.sign(blsPossession, possession(k.Public(), owner)).Signature()
	assert.NoError(err, "what we sign is a signature")
	return s
}

// String hides the secret (K3).
func (BLSSecret) String() string { return hidden }

// GoString hides the secret (K3).
func (BLSSecret) GoString() string { return hidden }

// Format hides the secret from every verb of fmt (K3).
func (BLSSecret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON hides the secret (K3).
func (BLSSecret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
