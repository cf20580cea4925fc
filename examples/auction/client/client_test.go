package client

import (
	"maps"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
)

// What the program holds the end to is what its own bids come to: the highest of those that are made wins, and nothing is made
// or lost.
func TestWantFollowsFromBids(t *testing.T) {
	best := bid{}
	for _, b := range bids {
		if b.amount > best.amount {
			best = b
		}
	}
	sum := int64(0)
	for _, more := range want.more {
		sum += more
	}
	if best.by != want.owner || want.more["seller"] != int64(best.amount) || sum != 0 {
		t.Errorf("%s bids most, %d; %+v", best.by, best.amount, want)
	}
}

func TestJudge(t *testing.T) {
	after := map[string]chain.Amount{"alice": chain.NewAmount(100), "seller": chain.NewAmount(120), "east": {}, "agent": chain.NewAmount(30)}
	if err := judge(after, "agent"); err != nil {
		t.Error(err)
	}
	if judge(after, "alice") == nil {
		t.Error("another winner passes")
	}
	for name := range after {
		wrong := maps.Clone(after)
		wrong[name] = chain.NewAmount(7)
		if judge(wrong, "agent") == nil {
			t.Errorf("another balance of %s passes", name)
		}
	}
}

func TestOutcome(t *testing.T) {
	alice, east := chain.Address{3: 1, 4: 1}, chain.Address{3: 1, 4: 2}
	s := &stage{names: map[chain.Address]string{alice: "alice", east: "east"}}
	message := func(to chain.Address, method string, amount uint64, status chain.Status) *sdk.TraceNode {
		return &sdk.TraceNode{Message: sdk.Message{To: to, Method: method, Amount: chain.NewAmount(amount), Status: status}}
	}
	refused := message(east, "bid", 5, chain.StatusRefused)
	refused.Reason = "7 is bid already"
	refused.Children = []*sdk.TraceNode{message(alice, "bounce", 5, chain.StatusOK)}
	leads := message(east, "bid", 5, chain.StatusOK)
	leads.Events = []sdk.ContractEvent{{Topic: "leading"}}
	leads.Children = []*sdk.TraceNode{message(alice, "add", 4, chain.StatusOK)}
	for root, want := range map[*sdk.TraceNode]string{
		refused: "✗ refused: 7 is bid already, 5 is back at alice",
		leads:   "✓ leads, 4 is back at alice",
	} {
		if got := s.outcome(&sdk.Trace{Root: root}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
