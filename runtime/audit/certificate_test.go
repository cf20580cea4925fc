package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// seated is a committee of four, and its secrets by seat.
func seated(t *testing.T) (secrets []keys.BLSSecret, c *light.Committee) {
	t.Helper()
	seats := chain.Committee{Chain: 1}
	secrets = make([]keys.BLSSecret, 4)
	for i := range secrets {
		secrets[i] = keys.BLSFromSeed([32]byte{byte(i)})
		seats.Seats = append(seats.Seats, chain.Seat{Node: keys.PublicKey{byte(i)}, Key: secrets[i].Public()})
	}
	c, err := light.NewCommittee(chain.NetworkID{7}, seats)
	if err != nil {
		t.Fatal(err)
	}
	return secrets, c
}

func TestCertified(t *testing.T) {
	secrets, c := seated(t)
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
	known := &vouched{}
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
		"another committee": {&stranger, sign(3), "not the chain's"},
		"alone":             {&alone, nil, ""},
		"alone with one":    {&alone, sign(3), "needs none"},
		"genesis":           {&zero, nil, ""},
		"genesis with one":  {&zero, sign(3), "needs none"},
	} {
		var err error
		found := func(height uint64, is error) { err = fmt.Errorf("%d %w", height, is) }
		known.take(c, x.header, x.raw, found)
		known.settle(found)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}

// A directory whose genesis names a key that nobody has proven to hold is found out, also if a node once took it.
func TestGenesisNotProven(t *testing.T) {
	g := &chain.Genesis{Name: "audit", Chain: chain.Main, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: chain.Main}}
	for i := range byte(2) {
		g.AddSeat(keys.PublicKey{1, i}, keys.BLSFromSeed([32]byte{i}))
	}
	for _, wrong := range []bool{false, true} {
		if wrong {
			g.Possession[1] = g.Possession[0]
		}
		header, changes, err := block.Genesis(g, merkle.New(), nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		s, err := store.Open(store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		state := func(yield func(exec.Write) bool) {
			for i := range changes {
				if !yield(exec.Write{Slot: changes[i].Slot, Value: changes[i].After}) {
					return
				}
			}
		}
		if err := errors.Join(s.Init(g, header, state, nil), s.Close()); err != nil {
			t.Fatal(err)
		}
		report, err := Run(context.Background(), Options{Dir: dir})
		if err != nil || report.OK() == wrong || strings.Contains(fmt.Sprint(report.Checks), "seat 1 of node") != wrong {
			t.Errorf("proof wrong: %t: %v, %v", wrong, report.Checks, err)
		}
	}
}

// TestElect: the committee in the state agrees on what comes next; the one before it has agreed on the block that brought it.
func TestElect(t *testing.T) {
	first, second := chain.Committee{Chain: 1}, chain.Committee{Chain: 1, Epoch: 1}
	for i := range byte(4) {
		seat := chain.Seat{Node: keys.PublicKey{i}, Key: keys.BLSFromSeed([32]byte{i}).Public()}
		first.Seats = append(first.Seats, seat)
		if i < 3 {
			second.Seats = append(second.Seats, seat)
		}
	}
	r := &run{id: 1, notes: newNotes(questions)}
	for i, row := range []struct {
		committee, next chain.Committee
	}{{first, first}, {first, second}, {second, second}} {
		s := newState()
		s.set(committeeSlot(1), row.next.Append(nil))
		r.at = &point{header: &chain.Header{Network: chain.NetworkID{7}, Committee: row.committee.Hash(), Next: row.next.Hash()}, state: s}
		r.elect()
		if r.now == nil || r.now.Hash() != row.committee.Hash() || r.next == nil || r.next.Hash() != row.next.Hash() {
			t.Errorf("block %d: %v and %v", i, r.now, r.next)
		}
	}
}

// Of certificates that are checked together each that isn't signed is found, and no other.
func TestCertifiedTogether(t *testing.T) {
	secrets, c := seated(t)
	var found []uint64
	known, blocks := &vouched{}, uint64(together+10)
	tell := func(height uint64, _ error) { found = append(found, height) }
	for range 2 {
		for height := uint64(1); height <= blocks; height++ {
			h := &chain.Header{Network: chain.NetworkID{7}, Chain: 1, Height: height, Committee: c.Hash()}
			v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: 1, Height: height, Block: h.Hash()}
			var parts []committee.Part
			for i := range 3 {
				parts = append(parts, committee.Sign(secrets[i], v.Domain(), v.Append(nil), chain.SeatsOf(i)))
			}
			cert, _ := committee.Collect(c, &v, parts)
			if height == 7 || height == 8 || height == blocks { // it is another seat's
				cert.Bitmap = chain.SeatsOf(0, 1, 3)
			}
			known.take(c, h, cert.Append(nil), tell)
		}
		known.settle(tell)
	}
	if want := []uint64{7, 8, blocks, 7, 8, blocks}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}
