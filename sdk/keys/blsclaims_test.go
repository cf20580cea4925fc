package keys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	bls12381 "github.com/kilic/bls12-381"
)

// claim is what the votes say.
func (p panel) claim(t testing.TB, d BLSDomain, message []byte, votes []BLSVote) BLSClaim {
	t.Helper()
	c := BLSClaim{d, p.collect(t, d, votes), BLSSigned{Message: message}}
	for i := range votes {
		c.Seats = append(c.Seats, votes[i].Seats...)
	}
	return c
}

// claims are n of several kinds and sets of seats, which are named in any order, some more than once.
func (p panel) claims(t testing.TB, random *rand.Rand, n int) []BLSClaim {
	t.Helper()
	list := make([]BLSClaim, n)
	for i := range list {
		d := BLSPreparation + BLSDomain(random.IntN(3))
		message := binary.LittleEndian.AppendUint64([]byte("block"), random.Uint64())
		votes := p.votes(d, message)
		random.Shuffle(len(votes), func(i, j int) { votes[i], votes[j] = votes[j], votes[i] })
		votes = votes[:1+random.IntN(len(votes))]
		if random.IntN(4) == 0 {
			votes = append(votes, votes[0])
		}
		list[i] = p.claim(t, d, message, votes)
	}
	return list
}

// K7: claims that hold one by one hold together, and with one among them that doesn't hold they don't.
func TestVerifyAll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p := newPanel(t, seeded(4)...)
	for range 30 {
		good := p.claims(t, random, 1+random.IntN(12))
		if err := p.keys.VerifyAll(good); err != nil {
			t.Fatalf("good claims: %v", err)
		}
		at := random.IntN(len(good))
		for name, spoil := range map[string]func(c *BLSClaim){
			"message":           func(c *BLSClaim) { c.Message = append(slices.Clone(c.Message), 0) },
			"kind":              func(c *BLSClaim) { c.Domain = 1 + c.Domain%3 },
			"seats":             func(c *BLSClaim) { c.Seats = append(slices.Clone(c.Seats), 3) },
			"nobody":            func(c *BLSClaim) { c.Seats = nil },
			"no such seat":      func(c *BLSClaim) { c.Seats = []int{4} },
			"encoding":          func(c *BLSClaim) { c.Signature[0] ^= 0x80 },
			"another signature": func(c *BLSClaim) { c.Signature = p.claims(t, random, 1)[0].Signature },
		} {
			bad := slices.Clone(good)
			spoil(&bad[at])
			alone := p.keys.Verify(bad[at].Domain, bad[at].Signature, bad[at].BLSSigned)
			if all := p.keys.VerifyAll(bad); alone == nil || all == nil {
				t.Errorf("%s: claim %d of %d: %v alone, %v with all", name, at, len(bad), alone, all)
			}
		}
	}
	if err := p.keys.VerifyAll(nil); !errors.Is(err, ErrBLSSeat) {
		t.Errorf("no claims: %v", err)
	}
}

// Two claims of which each is wrong, and whose sum is right, don't hold; nor do two that have each other's signature.
func TestVerifyAllCancelling(t *testing.T) {
	p := newPanel(t, seeded(4)...)
	var good []BLSClaim
	for i := range 4 {
		message := fmt.Append(nil, "block ", i)
		good = append(good, p.claim(t, BLSConfirmation, message, p.votes(BLSConfirmation, message)))
	}
	apart := slices.Clone(good)
	e := newPairing()
	off, err := e.g1.MapToCurve(make([]byte, BLSSignatureBytes))
	if err != nil {
		t.Fatal(err)
	}
	e.g1.ClearCofactor(off)
	for i, by := range []func(c, a, b *bls12381.PointG1) *bls12381.PointG1{e.g1.Add, e.g1.Sub} {
		s, err := apart[i].Signature.full(e.g1)
		if err != nil {
			t.Fatal(err)
		}
		apart[i].Signature = BLSSignature(e.g1.ToCompressed(by(e.g1.New(), s, off)))
	}
	swapped := slices.Clone(good)
	swapped[1].Signature, swapped[2].Signature = swapped[2].Signature, swapped[1].Signature
	for name, list := range map[string][]BLSClaim{"apart": apart, "swapped": swapped} {
		if err := p.keys.VerifyAll(list); !errors.Is(err, ErrBLSAggregate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Keys that sum up to infinity show nothing, whatever is with them.
func TestVerifyAllInfinity(t *testing.T) {
	secrets := seeded(2)
	p := newPanel(t, secrets[0], negatedSecret(secrets[0]), secrets[1])
	message := []byte("block")
	good := p.claim(t, BLSConfirmation, message, p.votes(BLSConfirmation, message)[2:])
	bad := BLSClaim{BLSConfirmation, good.Signature, BLSSigned{[]byte("any"), []int{0, 1}}}
	if err := p.keys.VerifyAll([]BLSClaim{good, bad}); !errors.Is(err, ErrBLSAggregate) {
		t.Errorf("%v", err)
	}
}

// A weight hangs on all that is claimed: who could change anything after the weights are known could make faults cancel out.
func TestWeights(t *testing.T) {
	p := newPanel(t, seeded(4)...)
	random := rand.New(rand.NewPCG(3, 4))
	good := p.claims(t, random, 3)
	weights := func(list []BLSClaim, at int) string {
		groups, err := p.keys.grouped(newPairing(), list)
		if err != nil {
			t.Fatal(err)
		}
		return weigh(list, groups)[at].String()
	}
	seen := map[string]string{}
	for i := range good {
		seen[weights(good, i)] = fmt.Sprint("claim ", i)
	}
	for name, change := range map[string]func(c *BLSClaim){
		"message":   func(c *BLSClaim) { c.Message = append(slices.Clone(c.Message), 0) },
		"kind":      func(c *BLSClaim) { c.Domain = 1 + c.Domain%3 },
		"seats":     func(c *BLSClaim) { c.Seats = append(slices.Clone(c.Seats), 3) },
		"signature": func(c *BLSClaim) { c.Signature[47] ^= 1 },
		"order":     nil,
	} {
		other := slices.Clone(good)
		if change != nil {
			change(&other[2])
		} else { // those of the same seats stay in theirs
			other[1], other[2] = other[2], other[1]
		}
		w := weights(other, 0)
		if same, ok := seen[w]; ok {
			t.Errorf("another %s leaves the weight as it is: %s", name, same)
		}
		seen[w] = name
	}
}
