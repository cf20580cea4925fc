package committee_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// four is a committee of four seats, of which node 0 holds two.
func four(t *testing.T) (*light.Committee, []keys.BLSSecret) {
	t.Helper()
	var secrets []keys.BLSSecret
	c := chain.Committee{Chain: 1, Epoch: 2}
	for _, n := range []byte{0, 1, 0, 2} {
		s := keys.BLSFromSeed([32]byte{n})
		secrets = append(secrets, s)
		c.Seats = append(c.Seats, chain.Seat{Node: keys.PublicKey{n}, Key: s.Public()})
	}
	l, err := light.NewCommittee(chain.NetworkID{1}, c)
	if err != nil {
		t.Fatal(err)
	}
	return l, secrets
}

func TestCollect(t *testing.T) {
	c, secrets := four(t)
	v := chain.Vote{Step: chain.Preparation, Network: c.Network(), Chain: 1, Epoch: 2, Height: 3, Round: 4, Block: chain.BlockHash{5}}
	part := func(seat int, seats ...int) committee.Part {
		return committee.Sign(secrets[seat], v.Domain(), v.Append(nil), chain.SeatsOf(seats...))
	}
	parts := []committee.Part{part(3, 3), part(0, 0, 2), part(1, 1)}
	cert, bad := committee.Collect(c, &v, parts)
	if bad != nil || cert.Vote() != v || cert.Bitmap.Count() != 4 {
		t.Fatalf("%+v, bad are %v", cert, bad)
	}
	if err := c.Final(&cert); err != nil {
		t.Error(err)
	}
	spoiled := slices.Clone(parts)
	spoiled[1] = part(0, 0, 2)
	spoiled[1].Seats = chain.SeatsOf(0)
	spoiled[2] = part(2, 1)
	if cert, bad := committee.Collect(c, &v, spoiled); !slices.Equal(bad, []int{1, 2}) || cert.Bitmap != nil {
		t.Errorf("%+v, bad are %v", cert, bad)
	}
	defer func() {
		if _, ok := recover().(assert.Failure); !ok {
			t.Error("a seat is collected twice")
		}
	}()
	committee.Collect(c, &v, append(parts, part(1, 1)))
}

func TestCollectTimeouts(t *testing.T) {
	c, secrets := four(t)
	timeout := func(last byte) chain.Timeout {
		return chain.Timeout{Network: c.Network(), Chain: 1, Epoch: 2, Height: 3, Round: 4, Last: chain.Mark{Round: 1, Block: chain.BlockHash{last}}}
	}
	part := func(last byte, seat int, seats ...int) committee.TimeoutPart {
		o := timeout(last)
		return committee.TimeoutPart{Timeout: o, Part: committee.Sign(secrets[seat], keys.BLSTimeout, o.Append(nil), chain.SeatsOf(seats...))}
	}
	parts := []committee.TimeoutPart{part(7, 1, 1), part(8, 0, 0, 2), part(7, 3, 3)}
	all, bad := committee.CollectTimeouts(c, parts)
	if bad != nil || len(all.Said) != 2 || all.Said[0].Timeout != timeout(7) || !slices.Equal(all.Said[0].Seats, chain.SeatsOf(1, 3)) ||
		all.Said[1].Timeout != timeout(8) || !slices.Equal(all.Said[1].Seats, chain.SeatsOf(0, 2)) {
		t.Fatalf("%+v, bad are %v", all, bad)
	}
	if err := c.TimedOut(&all, 3, 4); err != nil {
		t.Error(err)
	}
	parts[1].Timeout = timeout(7)
	if all, bad := committee.CollectTimeouts(c, parts); !slices.Equal(bad, []int{1}) || all.Said != nil {
		t.Errorf("%+v, bad are %v", all, bad)
	}
}
