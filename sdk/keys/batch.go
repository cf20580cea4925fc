package keys

import "github.com/oasisprotocol/curve25519-voi/primitives/ed25519"

// Item is one signature to be checked in a batch.
type Item struct {
	Public    PublicKey
	Message   []byte
	Signature Signature
}

const (
	// chunk bounds what one batch costs: about half a MiB of points, and one bad signature makes the others of its chunk
	// be checked one by one. Chunks of 256 are 12 % slower when all is well.
	chunk = 1024
	// smallest is where a batch starts to gain: below it, one by one is as fast and allocates nothing.
	smallest = 4
	// expandBelow is where the library's batches stop to gain from tables of multiples of each key. It would still make
	// them for the first keys of a larger batch, for nothing.
	expandBelow = 95
)

// VerifyBatch returns the ascending indexes of the items whose signature is not valid, nil if there is none; Verify says
// why for each. It gives the verdicts of Verify (K1). From 256 items on it costs half of Verify if all are valid, and a
// sixth more than Verify if some are not: put what comes from one source into one batch, and drop sources that send bad
// ones. Halving a bad batch until the bad ones are found costs as much, since every half decodes its points again.
func VerifyBatch(items []Item) []int {
	if len(items) < smallest {
		return oneByOne(items)
	}
	var bad []int
	size := min(len(items), chunk)
	verifier := ed25519.NewBatchVerifierWithCapacity(size)
	for start := 0; start < len(items); start += size {
		part := items[start:min(start+size, len(items))]
		bad = appendBad(bad, verifier.Reset(), part, start)
	}
	return bad
}

func oneByOne(items []Item) []int {
	var bad []int
	for i := range items {
		if !valid(&items[i].Public, items[i].Message, &items[i].Signature) {
			bad = append(bad, i)
		}
	}
	return bad
}

// appendBad appends the indexes of the bad ones in part, which starts at index start of the caller's items.
func appendBad(bad []int, verifier *ed25519.BatchVerifier, part []Item, start int) []int {
	if len(part) >= expandBelow {
		verifier.ForceNoPublicKeyExpansion()
	}
	for i := range part {
		item := &part[i]
		verifier.AddWithOptions(item.Public[:], item.Message, item.Signature[:], rule)
	}
	ok, verdicts := verifier.Verify(nil)
	if ok {
		return bad
	}
	for i, good := range verdicts {
		if !good {
			bad = append(bad, start+i)
		}
	}
	return bad
}
