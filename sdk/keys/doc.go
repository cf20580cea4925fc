// Package keys answers one question: did the holder of this key sign these bytes? It is the only door to the signature
// libraries, so that every node asks the question in the same way.
//
//	accounts     seed -FromSeed-> PrivateKey -Public-> PublicKey -Check-> fit to own an account
//	                                  '-Sign-> Signature -Verify | VerifyBatch-> valid, or what is wrong with it
//
//	committees   seed -BLSFromSeed-> BLSSecret -Public-> BLSPublicKey + Prove -VerifyPossession-> fit for a seat
//	                                  '-Sign-> BLSPoint ... BLSVote -BLSKeys.Collect-> BLSSignature, or which votes are bad
//	                                                 BLSKeys.Verify | VerifyAll <-------'
//
// # The rule for accounts
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
//	K4  A sum of BLS signatures verifies only if every honest seat it names has signed those bytes, as that kind of
//	    statement; as often as it is named.
//	K5  Infinity is no key, no signature, and no sum of either; a point outside of its group is no key, and no sum of
//	    signatures. Each point has one encoding.
//	K6  BLSKeys, BLSSecret and all that is only bytes may be used by many goroutines at once.
//
//	K7  Verify and VerifyAll agree on any claims.
//
// K1 and K7 hold but for a chance of 2^-128 per batch: batches are checked with weights. Those of K1 are random, drawn inside the library from
// the system's generator; those of K7 are a hash of what is claimed. Nothing else here depends on more than the arguments, so equal arguments give equal results on
// every machine; that is why the package counts as pure.
//
// # Committees
//
// Signatures are points of G1 of BLS12-381 (48 bytes, 96 as votes travel), keys points of G2 (96 bytes). A sum of signatures
// of one message is checked against the sum of the keys: one signature and a bitmap for any number of seats, in about a
// millisecond, which decoding each signature would take for ten. K4 needs that every key's owner knows its secret: without
// a proof of possession for each, the last to choose a key signs for all (TestRogueKey shows it).
//
// Each kind of statement is hashed to the curve under its own tag (BLSDomain). Network, chain and epoch are in the bytes that
// are signed, not in the tag: there they are under the canonical encoding like all that is signed, and a tag is a constant
// whose length the compiler checks.
//
// A key that holds several seats is added once for each that is named, and so is its signature. That needs no rule of its
// own anywhere: a claim is a list of seats, and a seat that did not sign is missed in the sum whoever holds it.
//
// VerifyBLS asks for contracts, under the tag of the basic scheme: what committees sign is nothing to it, and the other way
// round.
//
// The package does not keep keys (keyfile does), does not know what is signed (sdk/chain does), and starts no goroutine of its own:
// who has many signatures splits them over workers.
package keys
