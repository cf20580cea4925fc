package bft_test

import (
	"math/big"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// fieldBLS is the modulus of the coordinates of BLS12-381.
const fieldBLS = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"

// negate is the signature of the same message under the negated key.
func negate(p keys.BLSPoint) keys.BLSPoint {
	q, _ := new(big.Int).SetString(fieldBLS, 16)
	y := p[len(p)/2:]
	q.Sub(q, new(big.Int).SetBytes(y)).FillBytes(y)
	return p
}

// R11: two of seven members have keys that cancel out, each with its secret, and time out with one statement of their own. Together
// they have said nothing, then, that anybody could be shown: no round ends by it, nobody stops, and the others end the round.
func TestTimeoutsThatCancelOut(t *testing.T) {
	const n = 7
	secrets := make([]keys.BLSSecret, n)
	seats := chain.Committee{Chain: 1}
	for i := range secrets {
		secrets[i] = keys.BLSFromSeed([32]byte{byte(min(i, n-2))})
		seats.Seats = append(seats.Seats, chain.Seat{Node: keys.PublicKey{byte(i + 1)}, Key: secrets[i].Public()})
	}
	seats.Seats[n-1].Key[0] ^= 0x20 // the other y
	c, err := light.NewCommittee(chain.NetworkID{1}, seats)
	if err != nil {
		t.Fatal(err)
	}
	genesis := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
	r := bft.New(bft.Config{
		Committee: c, Leaders: committee.NewLeaders(chain.Hash{}, n), PatienceMillis: 200, ResendMillis: 100,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part {
			return committee.Sign(secrets[0], d, m, chain.SeatsOf(0))
		},
	}, bft.Head{Header: genesis, Hash: genesis.Hash()}, bft.Safety{}, nil)
	rejected := 0
	for _, from := range []int{5, 6, 1, 2, 5, 6, 3, 4} {
		said := chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1}
		if from >= 5 {
			said.Last.Block = chain.BlockHash{9}
		}
		part := committee.Sign(secrets[from], keys.BLSTimeout, said.Append(nil), chain.SeatsOf(from))
		if from == 6 {
			part.Point = negate(part.Point)
		}
		rejected += len(step(t, r, bft.Received{From: bft.Peer(from), Message: &bft.Timeout{Timeout: said, Part: part}}).Reject)
		if from < 4 && r.Round() != 0 {
			t.Fatalf("after that of member %d it is in round %d", from, r.Round())
		}
	}
	if rejected != 2 || r.Round() != 1 {
		t.Errorf("%d messages rejected, round %d", rejected, r.Round())
	}
}
