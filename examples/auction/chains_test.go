package auction_test

import (
	"maps"
	"testing"

	"github.com/thinkey/thinkey/sdk/kit"
)

// apart is an auction over a main chain and three others: the collector and the seller are on the main chain, the recorder on c, one
// auctioneer on a and one on b, and bidders on all of them. A fourth chain has lookers-on.
var apart = places{"recorder": "c", "east": "a", "west": "b", "alice": "a", "bob": "b", "carol": "c", "dave": "b"}

func newHouseApart(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, kit.New(t, kit.Chains(4)), maps.Clone(apart))
}

// The same story as on one chain: contracts and messages don't know which chain they are on.
func TestStoryOverChains(t *testing.T) { newHouseApart(t).story() }

// Tom is hot: four auctioneers sell him at once, on four chains, and the best of all their bids wins. Every other bid comes back, and
// the collector is told once.
func TestHotKitten(t *testing.T) {
	h := newHouseApart(t)
	h.at["north"] = "c"
	north, south := h.found("north", "auctioneer", "north", kit.Input(h.recorder)), h.found("south", "auctioneer", "south", kit.Input(h.recorder))
	h.collector = h.newCollector("hot collector", h.east, h.west, north, south)
	h.Call(h.seller, h.collector, "register", kit.Input("tom"))
	h.sell(10)
	h.Together(func(k *kit.Chain) {
		h.bid(k, h.alice, h.east, 40)
		h.bid(k, h.alice, south, 15)
		h.bid(k, h.bob, h.west, 30)
		h.bid(k, h.bob, north, 35)
		h.bid(k, h.carol, north, 41)
		h.bid(k, h.carol, h.east, 20)
		h.bid(k, h.carol, south, 25)
	})
	end := h.Call(h.seller, h.collector, "hammer", kit.Input("tom"))
	if n := end.Count(kit.Sent(h.collector.Name(), "sold")); n != 1 {
		t.Errorf("the collector is told %d times\n%s", n, end)
	}
	h.expect(h.carol, 41)
	for _, a := range []*kit.Account{north, south} {
		h.ExpectBalance(a, 0)
	}
	h.Conserved()
}

// onTheWay sends what has to come to another chain and holds it: the orders in which all of it, and what comes of it, arrives are explored.
func (h *house) onTheWay(send func(k *kit.Chain)) endings {
	h.t.Helper()
	h.Hold("", "")
	send(h.Chain)
	return h.explore(20, func(*kit.Chain) {}, func() error {
		h.Conserved()
		return nil
	})
}

// While bids are on their way to two chains the hammer falls on a third one: the best of those that came in time wins, and whatever
// overtakes what, money and kittens are all there.
func TestExploreHammerOverChains(t *testing.T) {
	h := newHouseApart(t)
	h.otherLots()
	h.sell(10)
	all := h.onTheWay(func(k *kit.Chain) {
		h.bid(k, h.alice, h.west, 15)
		h.bid(k, h.carol, h.east, 20)
		h.bid(k, h.bob, h.east, 25)
		k.Send(h.seller, h.collector, "hammer", kit.Input("tom"))
	})
	if len(all) != 2 || all["bob@b for 25"] == 0 || all["carol@c for 20"] == 0 {
		t.Errorf("it ended so: %v; bob's bid comes before the hammer, or behind it", all)
	}
}

// Behind the end: both auctioneers are closed from other chains, the recorder is told to decide without who is late, and the seller
// wants the kitten back. Reports, recalls and the end cross on their way.
func TestExploreEndOverChains(t *testing.T) {
	h := newHouseApart(t)
	h.otherLots()
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 15)
	h.bid(h.Chain, h.bob, h.west, 20)
	h.pass(grace)
	all := h.onTheWay(func(k *kit.Chain) {
		h.say(k, h.carol, h.east, "close")
		h.say(k, h.alice, h.west, "close")
		h.say(k, h.Account("erin@d", kit.Balance(1)), h.recorder, "decide")
		k.Send(h.seller, h.collector, "withdraw", kit.Input("tom"))
	})
	if len(all) != 3 {
		t.Errorf("it ended in %d ways, expected 3: alice, bob, nobody", len(all))
	}
}
