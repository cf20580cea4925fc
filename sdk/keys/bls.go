package keys

// The lengths of a BLS public key (a point of G2) and of a signature (a point of G1), compressed.
const (
	BLSKeyBytes       = 96
	BLSSignatureBytes = 48
)

// blsDomain is the tag with which messages are hashed to G1: the basic scheme, for signatures of minimal size.
var blsDomain = []byte("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_")

// VerifyBLS says whether signature is that of message under key, both in compressed form. Infinity and points outside of
// the subgroups are no key and no signature, and neither is any other encoding than the canonical one: each key has one
// signature for a message.
func VerifyBLS(key [BLSKeyBytes]byte, signature [BLSSignatureBytes]byte, message []byte) bool {
	e := newPairing() // it keeps what it computes with in itself: one for each call
	k, err := e.g2.FromCompressed(key[:])
	if err != nil || e.g2.IsZero(k) {
		return false
	}
	s, err := e.g1.FromCompressed(signature[:])
	if err != nil || e.g1.IsZero(s) {
		return false
	}
	h, err := e.g1.HashToCurve(message, blsDomain)
	if err != nil || e.g1.IsZero(h) {
		return false
	}
	// e(s, G2's generator) = e(h, k)
	return e.add(h, k).addGenerator(s).isOne()
}
