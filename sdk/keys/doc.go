// Package keys answers one question: did the holder of this key sign these bytes? It is the only door to the signature
// library, so that every node asks the question in the same way.
//
//	seed -FromSeed-> PrivateKey -Public-> PublicKey -Check-> fit to own an account
//	                     '-Sign-> Signature -Verify | VerifyBatch-> valid, or what is wrong with it
//
// # The rule
//
// Whether a signature is valid decides whether a block is, so the rule is written out. With B the base point, L its
// order, A the key, R and s the halves of the signature, and k = SHA-512(R, A, message) mod L, a signature is valid if
//
//	A  is the canonical encoding of a point of the curve that is not of small order,
//	R  is the canonical encoding of a point of the curve,
//	s  is less than L, and
//	8sB = 8R + 8kA.
//
// Other rules in wide use differ on crafted input. The one of Go's standard library drops the factors of 8, and so can't
// be checked in batches. ZIP-215 allows A of small order: for such a key anyone can sign anything. Never mix two rules.
//
// # Invariants
//
//	K1  One rule: Verify and VerifyBatch agree on any bytes, whatever else is in the batch.
//	K2  A key that passes Check can be signed for only by one who knows its seed; Verify refuses all others.
//	K3  A PrivateKey shows its seed to nobody but a caller of Seed: not to fmt, not to JSON, not as a field of a struct
//	    that is printed.
//
// K1 holds but for a chance of 2^-128 per batch: batches are checked with random weights, drawn inside the library from
// the system's generator. Nothing else here depends on more than the arguments, so equal arguments give equal results on
// every machine; that is why the package counts as pure.
//
// VerifyBLS answers the same question for the signatures that contracts may ask about: BLS12-381, keys in G2, signatures in
// G1. It stands apart from the rule above, and from what committees sign.
//
// The package does not keep keys (keyfile does), does not know what is signed (sdk/chain does), and starts no goroutine:
// who has many signatures splits them over workers.
package keys
