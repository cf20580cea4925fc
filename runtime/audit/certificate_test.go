package audit

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

func TestCertified(t *testing.T) {
	seats := chain.Committee{Chain: 1}
	secrets := make([]keys.BLSSecret, 4)
	for i := range secrets {
		secrets[i] = keys.BLSFromSeed([32]byte{byte(i)})
		seats.Seats = append(seats.Seats, chain.Seat{Node: keys.PublicKey{byte(i)}, Key: secrets[i].Public()})
	}
	c, err := light.NewCommittee(chain.NetworkID{7}, seats)
	if err != nil {
		t.Fatal(err)
	}
	h := &chain.Header{Network: chain.NetworkID{7}, Chain: 1, Height: 5, Committee: c.Hash()}
	sign := func(signers int) []byte {
		v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: 1, Height: 5, Block: h.Hash()}
		parts := make([]committee.Part, signers)
		for i := range parts {
			parts[i] = committee.Sign(secrets[i], v.Domain(), v.Append(nil), chain.SeatsOf(i))
		}
		cert, bad := committee.Collect(c, &v, parts)
		if bad != nil {
			t.Fatal(bad)
		}
		return cert.Append(nil)
	}
	other, alone, zero := *h, *h, *h
	other.GasUsed, alone.Committee, zero.Height = 1, block.NoCommittee, 0
	stranger := *h
	stranger.Committee[0]++
	for name, x := range map[string]struct {
		header *chain.Header
		raw    []byte
		want   string // "" if it is right
	}{
		"quorum":            {h, sign(3), ""},
		"too few":           {h, sign(2), "too few seats"},
		"none":              {h, nil, "has no certificate"},
		"garbage":           {h, []byte("x"), "not certified"},
		"of another block":  {&other, sign(3), "not of one block"},
		"another committee": {&stranger, sign(3), "not that of the genesis"},
		"alone":             {&alone, nil, ""},
		"alone with one":    {&alone, sign(3), "needs none"},
		"genesis":           {&zero, nil, ""},
		"genesis with one":  {&zero, sign(3), "needs none"},
	} {
		err := certified(c, x.header, x.raw)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}
