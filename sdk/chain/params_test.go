package chain_test

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Attributes that are out of the network's bounds are refused, whoever encodes them.
func TestParamsCheck(t *testing.T) {
	for want, edit := range map[string]func(p *chain.Params){
		"block_millis 60001: it must be at most 60000": func(p *chain.Params) { p.BlockMillis = chain.MaxBlockMillis + 1 },
		"gas_table 4: there is one, 5":                 func(p *chain.Params) { p.GasTable = 4 },
		"not elected by stake yet":                     func(p *chain.Params) { p.Election = chain.ByStake },
		"election 0: it must be listed":                func(p *chain.Params) { p.Election = 0 },
		"seats 0: it must be 1 to 256":                 func(p *chain.Params) { p.Seats = 0 },
		"seats 257":                                    func(p *chain.Params) { p.Seats = chain.MaxRegisteredSeats + 1 },
		"a limit and its window are set together":      func(p *chain.Params) { p.Valve.Window = 0 },
		"a limit of 0 in 9 blocks":                     func(p *chain.Params) { p.Valve.Limit = chain.Amount{} },
		"a window of 604801 blocks":                    func(p *chain.Params) { p.Valve.Window = chain.MaxValveBlocks + 1 },
		"a delay of 604801":                            func(p *chain.Params) { p.Valve.Delay = chain.MaxValveBlocks + 1 },
		"writers: key 03":                              func(p *chain.Params) { p.Writers = []keys.PublicKey{{3}, {3}} },
		"validators: key 01":                           func(p *chain.Params) { p.Validators = []keys.PublicKey{{2}, {1}} },
		"readers: 129 keys: it must have at most 128":  func(p *chain.Params) { p.Readers = make([]keys.PublicKey, chain.MaxListed+1) },
	} {
		p := closed()
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		edit(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if _, err := chain.DecodeParams(p.Encode()); err == nil {
			t.Errorf("%s: decoded", want)
		}
	}
}

// A committee is one of the chain's if it is large enough, and of listed nodes alone (SPEC 7.1, 7.3).
func TestParamsAdmit(t *testing.T) {
	p := closed()
	c := chain.Committee{Seats: []chain.Seat{{Node: keys.PublicKey{1}}, {Node: keys.PublicKey{2}}}}
	if err := p.Admits(&c); err != nil {
		t.Error(err)
	}
	c.Seats[1].Node[0] = 3
	if err := p.Admits(&c); err == nil || !strings.Contains(err.Error(), "none of those that may validate") {
		t.Error(err)
	}
	if p.Validators = nil; p.Admits(&c) != nil {
		t.Error("anybody may validate")
	}
	c.Seats = c.Seats[:1]
	if err := p.Admits(&c); err == nil || !strings.Contains(err.Error(), "1 seats, and the chain's has 2 at least") {
		t.Error(err)
	}
	other := closed()
	if other.Structural = false; other.Follows(&p) == nil {
		t.Error("a structural chain became another")
	}
}
