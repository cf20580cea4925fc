package cli

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// A node that knows others, and none of them as a member, was away while the committee changed: the doctor says how it finds back.
func TestDoctorKnowsNoMember(t *testing.T) {
	g := &chain.Genesis{}
	g.Chains = []chain.Genesis{{}} // the others have seats on another chain alone
	g.Chains[0].Committee.Seats = []chain.Seat{{Node: keys.PublicKey{1}}, {Node: keys.PublicKey{2}}, {Node: keys.PublicKey{3}}}
	p := &patient{home: "h", genesis: g, state: nodeState{State: nodeUp, Peers: []client.Peer{{Connected: true}}}}
	if f := p.lookPeers(t.Context()); f.State != isBad || !strings.Contains(f.Do, "trusted") {
		t.Errorf("%+v", f)
	}
	p.state.Peers = nil
	if f := p.lookPeers(t.Context()); f.State != isBad || !strings.Contains(f.Do, "seeds") {
		t.Errorf("%+v", f)
	}
	p.state.Peers = []client.Peer{{Connected: true, Member: true}, {Member: true, Connected: true}, {Member: true, Connected: true}}
	if f := p.lookPeers(t.Context()); f.State != isWell {
		t.Errorf("%+v", f)
	}
}

// A seat on a chain that the node doesn't run votes for nothing: the doctor says so.
func TestDoctorKnowsIdleSeat(t *testing.T) {
	home, file, cards, nodes := draft(t, "main(a(a1),b)", 1)
	if a := run(t, home, "genesis", "add-node", file, cards[0]); a.code != 0 {
		t.Fatalf("%+v", a)
	}
	for want, chains := range map[string][]uint32{
		"seats from the start: 1 of 1 on main, 1 of 1 on a, 1 of 1 on a1, 1 of 1 on b": {},
		"that this node doesn't run: a1, b":                                            {1, 2},
		"chain 3 stands under chain 2":                                                 {1, 3},
	} {
		p := &patient{home: nodeHome(home), config: nodeConfig{Genesis: genesisFile, Chains: chains}, card: nodes[0]}
		if f := p.lookGenesis(t.Context()); !strings.Contains(f.Words, want) {
			t.Errorf("%v: %+v", chains, f)
		}
	}
}
