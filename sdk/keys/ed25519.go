package keys

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// What can be wrong with a key or a signature. All three are the fault of whoever made it: refuse what carries it.
var (
	ErrKeyNotCanonical = errors.New("public key is not the canonical encoding of a point of the curve")
	ErrKeySmallOrder   = errors.New("public key is of small order: anyone could sign for it")
	ErrSignature       = errors.New("signature does not fit the public key and the message")
)

// ErrKeyText is returned for text that is not a key in hex.
var ErrKeyText = errors.New("public key must be 64 hex digits")

// rule is the rule of the package doc, as the library calls it (K1). A copy of our own: the library's is a variable that
// anyone can change.
var rule = &ed25519.Options{Verify: &ed25519.VerifyOptions{AllowSmallOrderR: true}}

// PublicKey is an Ed25519 public key as it stands in messages: any 32 bytes. Only Check says that it is one; the zero
// value is of small order and fits no signature.
type PublicKey [32]byte

// Signature is an Ed25519 signature as it stands in messages: any 64 bytes.
type Signature [64]byte

// String is the key in lower-case hex.
func (p PublicKey) String() string { return hex.EncodeToString(p[:]) }

// MarshalText is String.
func (p PublicKey) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePublicKey.
func (p *PublicKey) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePublicKey(string(text))
	return err
}

// ParsePublicKey reads what String writes, in either case, and refuses what Check refuses: text comes from people, who
// should learn of a broken key before they send money to it.
func ParsePublicKey(text string) (PublicKey, error) {
	var p PublicKey
	if len(text) != 2*len(p) {
		return PublicKey{}, fmt.Errorf("%w, not %d characters", ErrKeyText, len(text))
	}
	if _, err := hex.Decode(p[:], []byte(text)); err != nil {
		return PublicKey{}, fmt.Errorf("%w: %q", ErrKeyText, text)
	}
	if err := p.Check(); err != nil {
		return PublicKey{}, fmt.Errorf("%w: %s", err, text)
	}
	return p, nil
}

// Check refuses keys that Verify would refuse with any signature (K2).
func (p PublicKey) Check() error {
	encoded := curve.CompressedEdwardsY(p)
	var point curve.EdwardsPoint
	if _, err := point.SetCompressedY(&encoded); err != nil || !encoded.IsCanonicalVartime() {
		return ErrKeyNotCanonical
	}
	if point.IsSmallOrder() {
		return ErrKeySmallOrder
	}
	return nil
}

// Verify says what is wrong with a signature, or nil if it is valid.
func Verify(pub PublicKey, message []byte, sig Signature) error {
	if valid(&pub, message, &sig) {
		return nil
	}
	if err := pub.Check(); err != nil {
		return err
	}
	return ErrSignature
}

func valid(pub *PublicKey, message []byte, sig *Signature) bool {
	return ed25519.VerifyWithOptions(pub[:], message, sig[:], rule)
}
