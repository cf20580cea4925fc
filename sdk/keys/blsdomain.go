package keys

import (
	bls12381 "github.com/kilic/bls12-381"

	"github.com/thinkey/thinkey/sdk/assert"
)

// BLSDomain is a kind of statement that committee members sign. Each kind is hashed to the curve under a tag of its own, so
// that a signature of one kind is none of another, whatever bytes were signed; network, chain and epoch stand in the bytes
// (chain.Vote, chain.Timeout). The zero value is no kind.
type BLSDomain uint8

// The kinds of statements (SPEC 5.1, 5.8). Possession is a kind as well, which BLSSecret.Prove alone signs.
const (
	BLSPreparation BLSDomain = iota + 1
	BLSConfirmation
	BLSTimeout
	blsPossession
)

// The tags begin with the application and its version, and name the suite of RFC 9380; POP is the scheme, in which every
// key is proven. A tag, once used, is never given to another kind.
const (
	tagPreparation  = "thinkey-v1-preparation-BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
	tagConfirmation = "thinkey-v1-confirmation-BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
	tagTimeout      = "thinkey-v1-timeout-BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
	tagPossession   = "thinkey-v1-possession-BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
)

// A tag over 255 bytes does not compile: the library would hash it wrongly, and say nothing.
const (
	_ = uint8(len(tagPreparation))
	_ = uint8(len(tagConfirmation))
	_ = uint8(len(tagTimeout))
	_ = uint8(len(tagPossession))
)

func (d BLSDomain) tag() string {
	switch d {
	case BLSPreparation:
		return tagPreparation
	case BLSConfirmation:
		return tagConfirmation
	case BLSTimeout:
		return tagTimeout
	case blsPossession:
		return tagPossession
	}
	assert.That(false, "%d is no kind of statement", d)
	return ""
}

// hash is the point of G1 that is signed for message.
func (d BLSDomain) hash(g1 *bls12381.G1, message []byte) *bls12381.PointG1 {
	h, err := g1.HashToCurve(message, []byte(d.tag()))
	assert.NoError(err, "any bytes hash to the curve")
	return h
}
