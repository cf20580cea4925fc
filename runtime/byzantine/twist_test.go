package byzantine

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// sent collects what leaves.
type sent []bft.Message

func (s *sent) Send(_ bft.Peer, m bft.Message) { *s = append(*s, m) }

// epoch is one in which a member has the last of so many seats.
func epoch(t *testing.T, number uint64, seats int, secret keys.BLSSecret) *keep.Epoch {
	t.Helper()
	c := chain.Committee{Chain: 1, Epoch: number}
	for i := range seats {
		k := keys.BLSFromSeed([32]byte{byte(i + 1)})
		if i == seats-1 {
			k = secret
		}
		c.Seats = append(c.Seats, chain.Seat{Node: keys.PublicKey{byte(i + 1)}, Key: k.Public()})
	}
	known, err := light.NewCommittee(chain.NetworkID{1}, c)
	if err != nil {
		t.Fatal(err)
	}
	return &keep.Epoch{Seats: c, Own: chain.SeatsOf(seats - 1), Config: bft.Config{Committee: known}}
}

// Who breaks the rules does so in every epoch with the seats that it has there: both of its votes are signed.
func TestTwistFollowsEpochs(t *testing.T) {
	secret := keys.BLSFromSeed([32]byte{200})
	var now *keep.Epoch
	var out sent
	net := Twist("equivocate", Self{Network: chain.NetworkID{1}, Secret: secret})(&out, func() *keep.Epoch { return now })
	for _, now = range []*keep.Epoch{epoch(t, 0, 4, secret), epoch(t, 1, 7, secret), epoch(t, 5, 5, secret)} {
		out = nil
		net.Send(bft.Everyone, &bft.Vote{Step: chain.Preparation, Height: 9, Block: chain.BlockHash{3}})
		others := 0
		for _, m := range out {
			v := m.(*bft.Vote)
			if v.Block == (chain.BlockHash{3}) {
				continue // it was signed before
			}
			others++
			said := chain.Vote{Step: v.Step, Network: chain.NetworkID{1}, Chain: 1, Epoch: now.Seats.Epoch, Height: 9, Block: v.Block}
			s, err := v.Point.Signature()
			if err == nil {
				err = now.Config.Committee.Voted(&said, s, now.Own)
			}
			if err != nil || string(v.Seats) != string(now.Own) {
				t.Errorf("epoch %d: seats %v, %v", now.Seats.Epoch, v.Seats, err)
			}
		}
		if want := len(now.Seats.Seats); len(out) != want || others != want/2 {
			t.Errorf("epoch %d: %d votes for another block among %d of %d members", now.Seats.Epoch, others, len(out), want)
		}
	}
}
