package block

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// On a chain with a committee a block has the round and the proposer of its proposal, whichever seat that is; the state has
// the committee, and the header its hash.
func TestBlockOfACommittee(t *testing.T) {
	g := &chain.Genesis{Name: "seats", Chain: here, TimeMillis: 1, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: here}}
	g.Possession = make([]keys.BLSSignature, 4) // nobody asks
	for i := range byte(4) {
		g.Committee.Seats = append(g.Committee.Seats, chain.Seat{Node: [32]byte{1, i}, Key: [96]byte{2, i}})
	}
	l := newLedger(t, g)
	if l.header.Committee != g.Committee.Hash() || l.header.Next != l.header.Committee || l.header.Committee == NoCommittee {
		t.Fatalf("header names %s", l.header.Committee)
	}
	c, err := l.before().Committee()
	if err != nil || c.Hash() != l.header.Next {
		t.Fatalf("the state has %+v, %v", c, err)
	}
	res, err := Build(l.before(), l.rules, &Run{Context: l.context(t), Accounts: []*exec.Overlay{}, Round: 7, Proposer: 3})
	if err != nil {
		t.Fatal(err)
	}
	if h := &res.Block.Header; h.Round != 7 || h.Proposer != 3 || h.Committee != g.Committee.Hash() {
		t.Fatalf("header %+v", h)
	}
	good, fault, err := Verify(l.before(), l.rules, res.Raw)
	if fault != nil || err != nil || good.Hash != res.Hash {
		t.Fatal(fault, err)
	}
	b := copyBlock(t, res.Block)
	b.Header.Proposer = 4
	if fault := mustFault(t, l, b.Append(nil)); fault.Part != PartProposer {
		t.Fatal(fault)
	}
}
