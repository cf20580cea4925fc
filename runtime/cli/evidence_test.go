package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// A genesis is read in each of its forms, and refused unless all of it holds.
func TestReadGenesis(t *testing.T) {
	g := &chain.Genesis{Name: "read", Chain: chain.Main, TimeMillis: 1, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: chain.Main}}
	for i := range byte(2) {
		g.AddSeat(keys.FromSeed([32]byte{i}).Public(), keys.BLSFromSeed([32]byte{i}))
	}
	text := func(g *chain.Genesis) []byte {
		b, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	alone, stolen := *g, *g
	alone.Committee, alone.Possession = chain.Committee{}, nil
	stolen.Possession = []keys.BLSSignature{g.Possession[1], g.Possession[0]}
	wrong := *g
	wrong.Name = ""
	for name, x := range map[string]struct {
		raw  []byte
		want string // "" if it is read
	}{
		"JSON":                 {text(g), ""},
		"encoded":              {g.Encode(), ""},
		"without a committee":  {text(&alone), "names no committee"},
		"proofs of others":     {text(&stolen), "seat 0 of node"},
		"the same, encoded":    {stolen.Encode(), "seat 0 of node"},
		"no name":              {text(&wrong), "it must have 1 to 64 bytes"},
		"a field that is not":  {[]byte(`{"name": "read", "chain_count": 1}`), "unknown field"},
		"another kind of file": {[]byte("hello"), "version"},
		"nothing":              {nil, "ends too early"},
		"of a broken dev.json": {[]byte(`{"format": "thinkey-dev", "version": 9}`), "this program reads"},
	} {
		path := filepath.Join(t.TempDir(), "genesis")
		if err := os.WriteFile(path, x.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readGenesis(path)
		if x.want == "" && (err != nil || got.Network() != g.Network()) || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}

// What a node once said of its committee is believed as a whole or not at all.
func TestReadCommittee(t *testing.T) {
	k := chain.Committee{Chain: chain.Main, Seats: []chain.Seat{{Node: keys.PublicKey{1}, Key: keys.BLSFromSeed([32]byte{1}).Public()}}}
	good := client.Committee{Network: chain.NetworkID{1}, Hash: k.Hash(), Raw: k.Append(nil)}
	other, homeless, empty := good, good, good
	other.Hash[0]++
	homeless.Network = chain.NetworkID{}
	empty.Raw = nil
	for name, x := range map[string]struct {
		answer client.Committee
		ok     bool
	}{"as it was said": {good, true}, "another hash": {other, false}, "of no network": {homeless, false}, "without its encoding": {empty, false}} {
		text, err := json.Marshal(x.answer)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "committee.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		trust, err := readCommittee(path)
		if (err == nil) != x.ok || x.ok && (trust.Committee != k.Hash() || trust.Network != good.Network) {
			t.Errorf("%s: %+v, %v", name, trust, err)
		}
	}
}

// A hash is known by its beginning, if that is of one alone.
func TestFindEvidence(t *testing.T) {
	l := &client.EvidenceList{Evidence: []client.Evidence{{Hash: chain.Hash{0xab, 0xcd, 1}}, {Hash: chain.Hash{0xab, 0xcd, 2}}}}
	for text, want := range map[string]string{"0xABCD01": "", "abcd": "several", "abc": "no such", "ffff": "no such", "": "no such"} {
		e, err := findEvidence(l, text)
		if want == "" && (err != nil || e.Hash[2] != 1) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %+v, %v", text, e, err)
		}
	}
}
