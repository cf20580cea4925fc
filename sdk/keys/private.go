package keys

import (
	"fmt"
	"io"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// PrivateKey is an Ed25519 key pair, made by FromSeed. Its zero value is no key: using it is a bug and panics.
type PrivateKey struct {
	// pair returns the seed, then the public key. It is a func because fmt can't call our methods on an unexported field
	// of somebody else's struct, and then prints what it finds there: bytes, behind a pointer too if the verb does not fit
	// pointers, but of a func only the address (K3). It also makes == on keys, which would lie, not compile.
	pair func() *[ed25519.PrivateKeySize]byte
}

const hidden = "[private key]"

// FromSeed derives the pair as RFC 8032 does. The seed must come from a random generator or be kept for tests.
func FromSeed(seed [32]byte) PrivateKey {
	pair := [ed25519.PrivateKeySize]byte(ed25519.NewKeyFromSeed(seed[:]))
	return PrivateKey{pair: func() *[ed25519.PrivateKeySize]byte { return &pair }}
}

// Public is the public half; it always passes Check.
func (k PrivateKey) Public() PublicKey { return PublicKey(k.pair()[32:]) }

// Seed is the secret itself: the argument of FromSeed that gives this key.
func (k PrivateKey) Seed() [32]byte { return [32]byte(k.pair()[:32]) }

// Sign returns the one signature of message that RFC 8032 defines for this key. Who signs two kinds of things with one
// key must make sure that no message of one kind is also a message of the other.
func (k PrivateKey) Sign(message []byte) Signature {
	return Signature(ed25519.Sign(k.pair()[:], message))
}

// String hides the key (K3).
func (PrivateKey) String() string { return hidden }

// GoString hides the key (K3).
func (PrivateKey) GoString() string { return hidden }

// Format hides the key from every verb of fmt (K3).
func (PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON hides the key (K3).
func (PrivateKey) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
