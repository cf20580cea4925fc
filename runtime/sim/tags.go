package sim

import (
	"errors"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

// tags stand in for BLS signatures: a hash of who signed what, added up by xor. Nothing in a world makes one for a seat but
// the node that holds it.
type tags struct{}

var errTag = errors.New("no signature")

func tagOf(seat int, d keys.BLSDomain, message []byte) (p keys.BLSPoint) {
	h := wire.Sum(wire.TagLeaf, []byte{byte(seat), byte(seat >> 8), byte(d)}, message)
	copy(p[:], h[:])
	p[40] = 1 // no sum of an odd number of tags is zero
	return p
}

func (tags) sum(d keys.BLSDomain, signed []keys.BLSSigned) (s keys.BLSPoint) {
	for _, g := range signed {
		for _, seat := range g.Seats {
			t := tagOf(seat, d, g.Message)
			for i := range t {
				s[i] ^= t[i]
			}
		}
	}
	return s
}

// Verify is that of light.Signatures.
func (t tags) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	if s := t.sum(d, signed); [len(signature)]byte(s[:len(signature)]) != signature {
		return errTag
	}
	return nil
}

// Collect is that of light.Signatures.
func (t tags) Collect(d keys.BLSDomain, votes []keys.BLSVote) (signature keys.BLSSignature, bad []int) {
	for i, v := range votes {
		if t.sum(d, []keys.BLSSigned{v.BLSSigned}) != v.Point {
			bad = append(bad, i)
		}
		for k := range signature {
			signature[k] ^= v.Point[k]
		}
	}
	if len(bad) > 0 {
		return keys.BLSSignature{}, bad // as of real ones
	}
	return signature, nil
}

func (t tags) sign(_ int, d keys.BLSDomain, message []byte, seats chain.Seats) committee.Part {
	return committee.Part{Seats: seats, Point: t.sum(d, []keys.BLSSigned{light.Signed(message, seats)})}
}

// tagged makes committees whose signatures are tags, and keeps them.
func tagged() committees {
	known := map[chain.Hash]*light.Committee{}
	return func(n chain.NetworkID, c chain.Committee) (*light.Committee, error) {
		hash := c.Hash()
		if known[hash] == nil {
			made, err := light.NewCommitteeWith(n, c, tags{})
			if err != nil {
				return nil, err
			}
			known[hash] = made
		}
		return known[hash], nil
	}
}
