package chain_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

func TestGenesisCheck(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(g *chain.Genesis)
		want   string // "" if it stays valid
	}{
		{"nothing", func(*chain.Genesis) {}, ""},
		{"nobody owns anything", func(g *chain.Genesis) { g.Accounts = nil }, ""},
		{"everything issued", func(g *chain.Genesis) {
			g.Accounts = g.Accounts[:1]
			g.Accounts[0].Balance = chain.MaxAmount
		}, ""},
		{"longest name", func(g *chain.Genesis) { g.Name = strings.Repeat("n", chain.MaxNameBytes) }, ""},
		{"no name", func(g *chain.Genesis) { g.Name = "" }, `name "": it must have 1 to 64 bytes`},
		{"name too long", func(g *chain.Genesis) { g.Name = strings.Repeat("n", chain.MaxNameBytes+1) }, "it must have 1 to 64 bytes"},
		{"chain 0", func(g *chain.Genesis) { g.Chain = 0 }, "chain 0"},
		{"params", func(g *chain.Genesis) { g.Params.FreshShare = 0 }, "fresh_share 0"},
		{"gas low", func(g *chain.Genesis) { g.Params.BlockGas = chain.MinBlockGas - 1 }, "block_gas 999999999: it must be 1000000000 to 60000000000"},
		{"gas high", func(g *chain.Genesis) { g.Params.BlockGas = chain.MaxBlockGas + 1 }, "block_gas 60000000001"},
		{"time", func(g *chain.Genesis) { g.TimeMillis = chain.MaxTimeMillis + 1 }, "time_millis 281474976710657"},
		{"bytes low", func(g *chain.Genesis) { g.Params.BlockBytes = chain.MinBlockBytes - 1 }, "block_bytes 12582911"},
		{"bytes high", func(g *chain.Genesis) { g.Params.BlockBytes = chain.MaxBlockBytes + 1 }, "block_bytes 50331649"},
		{"account elsewhere", func(g *chain.Genesis) { g.Chain = 2 }, "can't be on chain 2"},
		{"the chain's own account", func(g *chain.Genesis) { g.Accounts[0].Address = chain.SystemAddress(chain.Main) }, "can't be on chain 1"},
		{"account twice", func(g *chain.Genesis) { g.Accounts[1] = g.Accounts[0] }, "named twice or out of order"},
		{"accounts unsorted", func(g *chain.Genesis) { g.Accounts[0], g.Accounts[1] = g.Accounts[1], g.Accounts[0] }, "named twice or out of order"},
		{"account with nothing", func(g *chain.Genesis) { g.Accounts[1].Balance = chain.Amount{} }, "has nothing"},
		{"a committee", func(g *chain.Genesis) { *g = *governed() }, ""},
		{"a committee of another chain", func(g *chain.Genesis) { *g = *governed(); g.Committee.Chain++ }, "it is that of chain 2"},
		{"a committee of a later epoch", func(g *chain.Genesis) { *g = *governed(); g.Committee.Epoch = 1 }, "in epoch 1"},
		{"a committee that can't agree", func(g *chain.Genesis) { *g = *governed(); g.Committee.Silent = 2 }, "2 silent seats of 4"},
		{"a seat without proof", func(g *chain.Genesis) { *g = *governed(); g.Possession = g.Possession[:3] }, "3 proofs for 4 seats"},
		{"too much", func(g *chain.Genesis) { g.Accounts[0].Balance = chain.MaxAmount }, "sum of all balances: amount exceeds 2^128-1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := genesis()
			x.change(g)
			err := g.Check()
			if x.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Fatalf("error %v, want %q", err, x.want)
			}
			if _, err := chain.DecodeGenesis(g.Encode()); err == nil { // what is not written can't be read
				t.Fatal("decoded all the same")
			}
		})
	}
}

// A genesis is written by people as JSON; the network is the same.
func TestGenesisJSON(t *testing.T) {
	for _, g := range []*chain.Genesis{genesis(), governed()} {
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var back chain.Genesis
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(&back, g) || back.Network() != g.Network() {
			t.Fatalf("%s read as %+v, error %v", text, back, err)
		}
	}
}

// What has no seats is no committee: nothing of it is encoded, so nothing of it may be set.
func TestGenesisCommitteeWithoutSeats(t *testing.T) {
	g := genesis()
	g.Committee.Seed = chain.Hash{1}
	if err := g.Check(); err == nil || !strings.Contains(err.Error(), "no seats") {
		t.Fatal(err)
	}
}

// TestPossession: every seat's key is proven to be that of its node, by nobody else's proof (SPEC 6.2).
func TestPossession(t *testing.T) {
	stranger := keys.BLSFromSeed([32]byte{9})
	for name, x := range map[string]struct {
		change func(g *chain.Genesis)
		want   string // "" if it is proven
	}{
		"all": {func(*chain.Genesis) {}, ""},
		"a node of two seats": {func(g *chain.Genesis) {
			g.Committee.Seats, g.Possession = append(g.Committee.Seats, g.Committee.Seats[1]), append(g.Possession, g.Possession[1])
		}, ""},
		"a node of two seats, one not proven": {func(g *chain.Genesis) {
			g.Committee.Seats, g.Possession = append(g.Committee.Seats, g.Committee.Seats[1]), append(g.Possession, g.Possession[0])
		}, "seat 4"},
		"none":                          {func(g *chain.Genesis) { g.Possession[0] = keys.BLSSignature{} }, "seat 0 of node " + key(0).Public().String()},
		"another node's":                {func(g *chain.Genesis) { g.Possession[2] = g.Possession[3] }, "seat 2"},
		"a copy for another node":       {func(g *chain.Genesis) { g.Committee.Seats[3].Node = key(9).Public() }, "seat 3"},
		"a key that isn't the prover's": {func(g *chain.Genesis) { g.Committee.Seats[1].Key = stranger.Public() }, "seat 1"},
		"by another secret":             {func(g *chain.Genesis) { g.Possession[1] = chain.ProveSeat(key(1).Public(), stranger) }, "seat 1"},
		"what a registry is told": {func(g *chain.Genesis) {
			g.Possession[2] = chain.Apply(chain.NetworkID{}, g.Name, key(2).Public(), keys.BLSFromSeed([32]byte{2}), 1).Possession
		}, "seat 2"},
		"no key": {func(g *chain.Genesis) { g.Committee.Seats[1].Key = keys.BLSPublicKey{0xc0} }, "seat 1"},
	} {
		g := governed()
		x.change(g)
		if err := g.Check(); err != nil { // it is no other fault
			t.Errorf("%s: %v", name, err)
		}
		err := g.CheckPossession()
		if x.want == "" && err != nil || x.want != "" && (!errors.Is(err, chain.ErrPossession) || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
	if err := genesis().CheckPossession(); err != nil {
		t.Errorf("a chain that one validator runs: %v", err)
	}
}

func TestIssued(t *testing.T) {
	if sum, err := genesis().Issued(); err != nil || sum != chain.NewAmount(6) {
		t.Fatalf("issued %s, error %v", sum, err)
	}
}

func TestHashText(t *testing.T) {
	id := chain.MessageID{0xab, 31: 1}
	text := "ab" + strings.Repeat("00", 30) + "01"
	for _, s := range []string{text, "0x" + text} {
		if got, err := chain.ParseMessageID(s); err != nil || got != id {
			t.Errorf("%s read as %s, error %v", s, got, err)
		}
	}
	for _, s := range []string{"", "0x", text[1:], text + "00", strings.ToUpper(text), "g" + text[1:]} {
		if got, err := chain.ParseMessageID(s); err == nil {
			t.Errorf("%q read as %s", s, got)
		}
	}
	type all struct {
		A chain.Hash
		B chain.NetworkID
		C chain.MessageID
		D chain.BlockHash
		E chain.CodeHash
	}
	in := all{chain.Hash{1}, chain.NetworkID{2}, chain.MessageID{3}, chain.BlockHash{4}, chain.CodeHash{5}}
	b, err := json.Marshal(in)
	var out all
	if err != nil || json.Unmarshal(b, &out) != nil || in != out || !strings.Contains(string(b), `"0100`) {
		t.Errorf("%s, error %v", b, err)
	}
}

func TestStatusText(t *testing.T) {
	seen := map[string]bool{}
	for s := chain.StatusOK; s <= chain.StatusBadCode; s++ {
		text, err := s.MarshalText()
		var back chain.Status
		if err != nil || back.UnmarshalText(text) != nil || back != s || seen[string(text)] || s.IsFailure() != (s != chain.StatusOK) {
			t.Errorf("status %d is %q and back %d", s, text, back)
		}
		seen[string(text)] = true
	}
	for _, s := range []chain.Status{0, chain.StatusBadCode + 1, 255} {
		if s.IsFailure() || !strings.HasPrefix(s.String(), "status ") {
			t.Errorf("status %d is %q", uint8(s), s)
		}
	}
	var s chain.Status
	if s.UnmarshalText([]byte("well")) == nil || s.UnmarshalText(nil) == nil {
		t.Error("an unknown status is read")
	}
}
