package auction_test

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/kit"
)

// The story: tom is sold over two auctioneers at once. Alice and bob bid against one another in the east, carol's contract in
// the west has the last word. The seller gets the price, the winner the kitten, everybody else their money.
func TestStory(t *testing.T) { newHouse(t).story() }

func (h *house) story() {
	t := h.t
	t.Helper()
	east, west, recorder, collector := h.east.Name(), h.west.Name(), h.recorder.Name(), h.collector.Name()
	agent := h.Deploy(h.carol, contracts("bidder"), "", kit.Amount(50), kit.As("agent"))
	h.sell(10).Expect(
		kit.Sent(recorder, "open", kit.From(collector)), kit.Sent(east, "offer"), kit.Sent(west, "offer"),
		kit.Sent(collector, "sell", kit.Emitted("listed")),
	)
	h.bid(h.Chain, h.alice, h.east, 12).ExpectOK().Expect(kit.Sent(east, "bid", kit.Emitted("leading")))
	h.bid(h.Chain, h.bob, h.east, 15).ExpectOK().Expect(kit.Sent(h.alice.Name(), "add", kit.Amount(12), kit.From(east)))
	h.ExpectBalance(h.alice, purse)
	h.Call(h.carol, agent, "bid", kit.Input(h.west, h.recorder, h.lot(), 20))

	h.pass(0)
	h.say(h.Chain, h.alice, h.east, "close").ExpectOK().ExpectNone(kit.Sent(collector, "sold"))
	end := h.say(h.Chain, h.alice, h.west, "close").ExpectOK()
	end.Expect(
		kit.Sent(h.bob.Name(), "add", kit.Amount(15), kit.From(recorder)), kit.Sent(recorder, "report", kit.Amount(20), kit.Emitted("decided")),
		kit.Sent(collector, "sold", kit.Amount(20), kit.Emitted("moved")), kit.Sent(h.seller.Name(), "add", kit.Amount(20)),
		kit.Sent(agent.Name(), "outcome", kit.From(collector)),
	)
	if owner := h.At(h.tom().Owner); owner != agent {
		t.Errorf("the kitten is %s's\n%s", owner, end)
	}
	for a, want := range map[*kit.Account]uint64{h.seller: purse + 20, h.alice: purse, h.bob: purse, h.carol: purse - 50, agent: 30, h.east: 0, h.west: 0, h.recorder: 0, h.collector: 0} {
		h.ExpectBalance(a, want)
	}
	h.Call(h.carol, agent, "hand_over", kit.Input(h.lot()))
	h.Call(h.carol, agent, "withdraw")
	h.expect(h.carol, 20)
	h.Conserved()
	t.Logf("\n%s\n%s", end, h.GasReport())
}

// A kitten that was sold can be sold again, by its new owner, and nothing of the first sale counts in the second.
func TestSoldAgain(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 30)
	h.end()
	h.expect(h.alice, 30)
	first := h.lot()
	h.seller, h.people[0], h.alice, h.people[1] = h.alice, h.alice, h.seller, h.seller
	h.sell(0)
	h.Send(h.bob, h.east, "bid", kit.Input(first, false), kit.Amount(40)).Expect(kit.Sent("east", "bid", kit.Refused("is over")))
	h.bid(h.Chain, h.bob, h.west, 30)
	h.end()
	for who, want := range map[*kit.Account]uint64{h.seller: purse, h.alice: purse + 30, h.bob: purse - 30} {
		h.ExpectBalance(who, want)
	}
	if tom := h.tom(); tom.Owner != h.bob.Address() || tom.Round != 2 || tom.OnSale {
		t.Errorf("%+v", tom)
	}
}

// A kitten is given away by its owner alone, and never while it is for sale.
func TestCustody(t *testing.T) {
	h := newHouse(t)
	give := func(by, to *kit.Account) *kit.Trace { return h.Send(by, h.collector, "give", kit.Input("tom", to)) }
	refused := func(method, words string) kit.Pattern { return kit.Sent("collector", method, kit.Refused(words)) }
	give(h.alice, h.alice).Expect(refused("give", "is tk1"))
	h.Send(h.alice, h.collector, "register", kit.Input("tom")).Expect(refused("register", "there is a kitten"))
	h.Send(h.alice, h.collector, "sell", kit.Input("tom", 0, h.Time().UnixMilli()+9000)).Expect(refused("sell", "not"))
	h.Send(h.seller, h.collector, "sell", kit.Input("tom", 0, h.Time().UnixMilli())).Expect(refused("sell", "would end at"))
	h.sell(0)
	give(h.seller, h.bob).Expect(refused("give", "is for sale"))
	h.Send(h.seller, h.collector, "sell", kit.Input("tom", 0, h.Time().UnixMilli()+9000)).Expect(refused("sell", "is for sale"))
	h.end()
	give(h.seller, h.bob).ExpectOK()
	if owner := h.At(h.tom().Owner); owner != h.bob {
		t.Errorf("the kitten is %s's", owner)
	}
}

// Time decides which bids count, and no order: before the end nobody closes but the seller, behind it nobody bids.
func TestTime(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.say(h.Chain, h.bob, h.east, "close").Expect(kit.Sent("east", "close", kit.Refused("bids for \"tom\" are taken until")))
	h.say(h.Chain, h.bob, h.recorder, "decide").Expect(kit.Sent("recorder", "decide", kit.Refused("may report until")))
	h.Send(h.bob, h.collector, "hammer", kit.Input("tom")).Expect(kit.Sent("collector", "hammer", kit.Refused("not")))
	h.pass(0)
	h.bid(h.Chain, h.bob, h.east, 9).Expect(kit.Sent("east", "bid", kit.Refused("is over")), kit.Sent("bob", "bounce", kit.Amount(9)))
	h.end()
	h.expect(h.alice, 5)
}

// The seller may be happy with what is bid: the hammer falls at all auctioneers, and what comes behind it bounces.
func TestHammer(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.bid(h.Chain, h.bob, h.west, 6)
	h.Call(h.seller, h.collector, "hammer", kit.Input("tom")).Expect(kit.Sent("collector", "sold", kit.Amount(6)))
	h.expect(h.bob, 6)
	h.bid(h.Chain, h.carol, h.east, 50).Expect(kit.Sent("east", "bid", kit.Refused("is over")))
	h.Send(h.seller, h.collector, "hammer", kit.Input("tom")).Expect(kit.Sent("collector", "hammer", kit.Refused("not")))
	h.expect(h.bob, 6)
}
