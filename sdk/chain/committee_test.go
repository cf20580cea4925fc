package chain_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// seats are those of n nodes, one each.
func seats(n int) (list []chain.Seat) {
	for i := range n {
		list = append(list, chain.Seat{Node: keys.PublicKey{byte(i), byte(i >> 8), 1}, Key: keys.BLSPublicKey{byte(i), byte(i >> 8)}})
	}
	return list
}

func TestCommitteeCheck(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*chain.Committee)
		want string // "" if it is fine
	}{
		"as it is":                    {func(*chain.Committee) {}, ""},
		"one seat":                    {func(c *chain.Committee) { c.Seats, c.Silent = seats(1), 0 }, ""},
		"as many as may be":           {func(c *chain.Committee) { c.Seats = seats(chain.MaxSeats) }, ""},
		"one too many":                {func(c *chain.Committee) { c.Seats = seats(chain.MaxSeats + 1) }, "4097 seats"},
		"nobody":                      {func(c *chain.Committee) { c.Seats = nil }, "0 seats"},
		"of no chain":                 {func(c *chain.Committee) { c.Chain = 0 }, "chain 0"},
		"one seat, and it is silent":  {func(c *chain.Committee) { c.Seats = seats(1) }, "past 1 silent seats of 1"},
		"half of the seats silent":    {func(c *chain.Committee) { c.Silent = 2 }, "past 2 silent seats of 4"},
		"all that there are silent":   {func(c *chain.Committee) { c.Silent = 1<<32 - 1 }, "past 4294967295 silent seats"},
		"a node with two keys":        {func(c *chain.Committee) { c.Seats[2].Key = keys.BLSPublicKey{9} }, "seat 2: node"},
		"two nodes with one BLS key":  {func(c *chain.Committee) { c.Seats[3].Key = c.Seats[1].Key }, "seat 3: node"},
		"a node's seats, all apart":   {func(c *chain.Committee) { c.Seats[1] = c.Seats[0] }, ""},
		"one node, all of its seats":  {func(c *chain.Committee) { c.Seats = slices.Repeat(c.Seats[:1], 4) }, ""},
		"nearly half of them silent":  {func(c *chain.Committee) { c.Seats, c.Silent = seats(7), 3 }, ""},
		"a silent one of even number": {func(c *chain.Committee) { c.Seats, c.Silent = seats(2), 1 }, "past 1 silent seats of 2"},
	} {
		v := committee()
		c.edit(&v)
		err := v.Check()
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, chain.ErrCommittee) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if _, again := chain.DecodeCommittee(v.Append(nil)); (again == nil) != (err == nil) {
			t.Errorf("%s: decoded with error %v, checked with %v", name, again, err)
		}
	}
}

// Everything in a committee is under its hash, and no committee has the hash of no committee.
func TestCommitteeHash(t *testing.T) {
	if none := (&chain.Committee{Chain: 7, Epoch: 8}).Hash(); none != wire.Sum(wire.TagCommittee) {
		t.Errorf("no committee has the hash %s", none)
	}
	seen := map[chain.Hash]bool{wire.Sum(wire.TagCommittee): true}
	for i, edit := range []func(*chain.Committee){
		func(*chain.Committee) {},
		func(c *chain.Committee) { c.Chain++ },
		func(c *chain.Committee) { c.Epoch++ },
		func(c *chain.Committee) { c.Silent++ },
		func(c *chain.Committee) { c.Seed[31]++ },
		func(c *chain.Committee) { c.Seats[0].Node[0]++ },
		func(c *chain.Committee) { c.Seats[3].Key[95]++ },
		func(c *chain.Committee) { c.Seats[0], c.Seats[1] = c.Seats[1], c.Seats[0] },
		func(c *chain.Committee) { c.Seats = c.Seats[:3] },
	} {
		c := committee()
		edit(&c)
		if seen[c.Hash()] {
			t.Errorf("edit %d has the hash of another", i)
		}
		seen[c.Hash()] = true
	}
}

func TestHeld(t *testing.T) {
	c := committee()
	for n, want := range map[byte]chain.Seats{1: chain.SeatsOf(0, 2), 2: chain.SeatsOf(1), 3: chain.SeatsOf(3), 4: nil} {
		if got := c.Held(key(n).Public()); !slices.Equal(got, want) {
			t.Errorf("node %d holds %v, want %v", n, got, want)
		}
	}
}

// A vote's bytes say everything it is for; so do a timeout's.
func TestVotesAreApart(t *testing.T) {
	seen := map[string]bool{}
	add := func(b []byte) {
		t.Helper()
		if seen[string(b)] {
			t.Errorf("%x says two things", b)
		}
		seen[string(b)] = true
	}
	for _, edit := range []func(*chain.Vote){
		func(*chain.Vote) {}, func(v *chain.Vote) { v.Step-- }, func(v *chain.Vote) { v.Network[0]++ }, func(v *chain.Vote) { v.Chain++ },
		func(v *chain.Vote) { v.Epoch++ }, func(v *chain.Vote) { v.Height++ }, func(v *chain.Vote) { v.Round++ }, func(v *chain.Vote) { v.Block[0]++ },
	} {
		v := vote()
		edit(&v)
		add(v.Append(nil))
	}
	for _, edit := range []func(*chain.Timeout){
		func(*chain.Timeout) {}, func(o *chain.Timeout) { o.Network[0]++ }, func(o *chain.Timeout) { o.Chain++ }, func(o *chain.Timeout) { o.Epoch++ },
		func(o *chain.Timeout) { o.Height++ }, func(o *chain.Timeout) { o.Round++ }, func(o *chain.Timeout) { o.Highest.Round++ },
		func(o *chain.Timeout) { o.Highest.Block[0]++ }, func(o *chain.Timeout) { o.Last.Round++ }, func(o *chain.Timeout) { o.Last.Block[0]++ },
		func(o *chain.Timeout) { o.Highest, o.Last = o.Last, o.Highest }, func(o *chain.Timeout) { o.Highest = chain.Mark{} },
	} {
		o := timeout()
		edit(&o)
		add(o.Append(nil))
	}
}

func TestVoteDomains(t *testing.T) {
	for step, want := range map[chain.Step]keys.BLSDomain{chain.Preparation: keys.BLSPreparation, chain.Confirmation: keys.BLSConfirmation} {
		if got := (&chain.Vote{Step: step}).Domain(); got != want {
			t.Errorf("step %d is of domain %d, want %d", step, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("step 0 has a domain")
		}
	}()
	(&chain.Vote{}).Domain()
}

// Certificates are of the very vote that their fields say.
func TestCertificateVote(t *testing.T) {
	c := certificate()
	want := chain.Vote{Step: chain.Confirmation, Network: chain.NetworkID{1}, Chain: 2, Epoch: 3, Height: 4, Round: 5, Block: chain.BlockHash{6}}
	if got := c.Vote(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
