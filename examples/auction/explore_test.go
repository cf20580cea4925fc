package auction_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// endings counts how the orders of an exploration ended.
type endings map[string]int

// explore runs every order of what scenario sends, lets the sale end behind each, and holds it to be settled.
func (h *house) explore(most int, scenario func(k *kit.Chain), also func() error, options ...kit.ExploreOption) endings {
	h.t.Helper()
	all := endings{}
	x := h.Explore(most, scenario, func(k *kit.Chain) error {
		moved := 0
		for _, t := range slices.Concat(k.Traces(), h.end()) {
			moved += t.Count(kit.Sent(h.collector.Name(), "sold", kit.Status(chain.StatusOK)))
		}
		if err := h.settled(); err != nil {
			return err
		}
		if owner := h.At(h.tom().Owner); moved > 1 || moved == 1 && owner == h.seller || moved == 0 && owner != h.seller {
			return fmt.Errorf("the kitten was sold %d times, and is %s's", moved, owner)
		}
		all[fmt.Sprintf("%s for %d", h.At(h.tom().Owner), h.paid(h.seller))]++
		return also()
	}, options...)
	if x.Sampled && len(options) == 0 {
		h.t.Errorf("there are more orders than the %d that were run", x.Orders)
	}
	h.t.Logf("%d orders, the longest of %d messages:", x.Orders, x.Longest)
	for _, e := range slices.Sorted(maps.Keys(all)) {
		h.t.Logf("%6d × %s", all[e], e)
	}
	return all
}

func nothing() error { return nil }

// Every order of bids: three bid against one another at two auctioneers. Nothing ends yet; the best bid wins when it does, and
// all others have their money.
func TestExploreBids(t *testing.T) {
	h := newHouse(t)
	h.otherLots()
	h.sell(10)
	all := h.explore(20, func(k *kit.Chain) {
		h.bid(k, h.alice, h.east, 15)
		h.bid(k, h.bob, h.east, 15)
		h.bid(k, h.carol, h.east, 12)
		h.bid(k, h.bob, h.west, 14)
		h.bid(k, h.alice, h.west, 13)
		h.bid(k, h.carol, h.west, 15)
	}, nothing)
	if len(all) != 2 {
		t.Errorf("it ended in %d ways, expected 2: the first of equal bids wins", len(all))
	}
}

// The hammer falls while bids are under way: the kitten goes to the highest of those that came in time. Somebody always wins:
// the first bid was there before.
func TestExploreHammer(t *testing.T) {
	h := newHouse(t)
	h.otherLots()
	h.sell(10)
	h.bid(h.Chain, h.carol, h.east, 10)
	all := h.explore(20, func(k *kit.Chain) {
		h.bid(k, h.alice, h.east, 15)
		h.bid(k, h.bob, h.west, 20)
		h.bid(k, h.carol, h.west, 20)
		h.bid(k, h.bob, h.east, 12)
		k.Send(h.seller, h.collector, "hammer", kit.Input("tom"))
	}, nothing)
	if len(all) != 5 {
		t.Errorf("it ended in %d ways, expected 5: each of the bids wins in some order", len(all))
	}
}

// The seller changes their mind while bids are under way, one of them a contract's, which knows in the end what became of it.
func TestExploreWithdraw(t *testing.T) {
	h := newHouse(t)
	h.otherLots()
	agent := h.Deploy(h.Account("founder", kit.Balance(purse)), contracts("bidder"), "", kit.Amount(purse), kit.As("agent"))
	h.people = append(h.people, agent)
	h.sell(10)
	h.bid(h.Chain, h.carol, h.east, 10)
	h.explore(20, func(k *kit.Chain) {
		h.bid(k, h.alice, h.west, 15)
		k.Send(h.Account("founder"), agent, "bid", kit.Input(h.west, h.recorder, h.lot(), 20))
		h.bid(k, h.bob, h.west, 30)
		k.Send(h.seller, h.collector, "hammer", kit.Input("tom"))
		k.Send(h.seller, h.collector, "withdraw", kit.Input("tom"))
	}, func() error {
		var offer struct {
			Auctioneer, Recorder chain.Address
			Amount               chain.Amount
			State                uint8
			Price                chain.Amount
		}
		h.Query(agent, "offer", &offer, kit.Input(h.lot()))
		const won, lost, refused = 2, 3, 4
		if has := h.tom().Owner == agent.Address(); has != (offer.State == won) || !has && offer.State != lost && offer.State != refused {
			return fmt.Errorf("the agent believes in state %d, and the kitten is %s's", offer.State, h.At(h.tom().Owner))
		}
		return nil
	})
}

// Everything that can be under way behind the end: both closings, twice, bids that are too late, the recorder's deciding
// without who is late, and the seller's wanting the kitten back.
func TestExploreEnd(t *testing.T) {
	h := newHouse(t)
	h.otherLots()
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 15)
	h.bid(h.Chain, h.bob, h.west, 20)
	h.pass(grace)
	all := h.explore(20, func(k *kit.Chain) {
		h.say(k, h.carol, h.east, "close")
		h.say(k, h.alice, h.west, "close")
		h.say(k, h.carol, h.west, "close")
		h.bid(k, h.alice, h.west, 50)
		h.say(k, h.bob, h.recorder, "decide")
		k.Send(h.seller, h.collector, "withdraw", kit.Input("tom"))
	}, nothing)
	if len(all) != 3 {
		t.Errorf("it ended in %d ways, expected 3: alice, bob, nobody", len(all))
	}
}
