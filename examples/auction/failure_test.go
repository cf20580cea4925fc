package auction_test

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
	"github.com/thinkey/thinkey/sdk/kit"
)

// A bid that is refused has its money back at once, by the ledger.
func TestRefusedBids(t *testing.T) {
	h := newHouse(t)
	nowhere := h.lot()
	h.sell(10)
	h.bid(h.Chain, h.alice, h.east, 20)
	for words, trace := range map[string]*kit.Trace{
		"was never offered here": h.Send(h.bob, h.east, "bid", kit.Input(nowhere, false), kit.Amount(50)),
		"below the lowest price": h.bid(h.Chain, h.bob, h.west, 9),
		"20 is bid already":      h.bid(h.Chain, h.bob, h.east, 20),
		"0 is below":             h.bid(h.Chain, h.bob, h.east, 0),
	} {
		trace.Expect(kit.Sent("", "", kit.From("bob"), kit.Refused(words)), kit.Sent("bob", "bounce"))
	}
	h.ExpectBalance(h.bob, purse)
	h.end()
	h.expect(h.alice, 20)
}

// Nobody is believed who isn't the one to say it; what comes with a lie goes back.
func TestUnprovenSenders(t *testing.T) {
	h := newHouse(t)
	h.sell(10)
	h.bid(h.Chain, h.alice, h.east, 20)
	lot, mallory := h.lot(), guest.Address(h.carol.Address())
	mine := protocol.OpenInput{Kitten: "tom", Round: 1, Auctioneers: []guest.Address{guest.Address(h.east.Address())}}
	for _, lie := range []struct {
		to     *kit.Account
		method string
		input  any
		words  string
	}{
		{h.east, "offer", protocol.OfferInput{Lot: lot}, "only"},
		{h.east, "recall", lot, "only"},
		{h.recorder, "report", protocol.ReportInput{Lot: lot, Bidder: mallory}, "nothing to report"},
		{h.recorder, "finish", protocol.RoundInput{Kitten: "tom", Round: 1}, "never opened"},
		{h.recorder, "cancel", protocol.RoundInput{Kitten: "tom", Round: 1}, "never opened"},
		{h.collector, "sold", protocol.SoldInput{Lot: lot, Winner: mallory}, "only the recorder"},
		{h.collector, "unsold", lot, "only the recorder"},
		{h.collector, "withdraw", "tom", "not"},
	} {
		h.Send(h.carol, lie.to, lie.method, kit.Input(lie.input), kit.Amount(1)).
			Expect(kit.Sent(lie.to.Name(), lie.method, kit.Refused(lie.words)), kit.Sent("carol", "bounce", kit.Amount(1)))
	}
	// Anybody may open a sale, but it is one of their own: it isn't that of the collector's kitten of the same name.
	h.Send(h.carol, h.recorder, "open", kit.Input(mine)).ExpectOK()
	h.Send(h.carol, h.recorder, "cancel", kit.Input("tom", 1)).Expect(kit.Sent("carol", "unsold"))
	h.ExpectBalance(h.carol, purse)
	h.end()
	h.expect(h.alice, 20)
}

func TestNoBids(t *testing.T) {
	h := newHouse(t)
	h.sell(10)
	h.pass(0)
	h.Send(h.bob, h.east, "close", kit.Input(h.lot()), kit.Amount(1)).Expect(kit.Sent("east", "close", kit.Refused("takes no money")))
	h.say(h.Chain, h.bob, h.east, "close").ExpectOK()
	h.say(h.Chain, h.bob, h.west, "close").ExpectOK().Expect(kit.Sent("collector", "unsold"))
	h.expect(h.seller, 0)
}

// The seller may have the kitten back until the recorder has decided. Bids come back, wherever they are by then.
func TestWithdraw(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.bid(h.Chain, h.bob, h.west, 7)
	h.pass(0)
	h.say(h.Chain, h.carol, h.east, "close").ExpectOK() // alice's is at the recorder now
	h.Call(h.seller, h.collector, "withdraw", kit.Input("tom")).
		Expect(kit.Sent("alice", "add", kit.Amount(5), kit.From("recorder")), kit.Sent("bob", "add", kit.Amount(7), kit.From("west")))
	h.expect(h.seller, 0)
	h.say(h.Chain, h.carol, h.west, "close").Expect(kit.Sent("west", "close", kit.Refused("is closed already")))
	h.expect(h.seller, 0)

	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.end()
	h.Send(h.seller, h.collector, "withdraw", kit.Input("tom")).Expect(kit.Sent("collector", "withdraw", kit.Refused("not")))
	h.expect(h.alice, 5)
}

// An auctioneer that nobody closes in time is decided without: its bid comes back, whatever it was.
func TestLateAuctioneer(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.bid(h.Chain, h.bob, h.west, 7)
	h.pass(0)
	h.say(h.Chain, h.carol, h.east, "close").ExpectOK()
	h.say(h.Chain, h.carol, h.recorder, "decide").Expect(kit.Sent("recorder", "decide", kit.Refused("may report until")))
	h.pass(grace)
	h.say(h.Chain, h.carol, h.recorder, "decide").Expect(kit.Sent("collector", "sold"), kit.Sent("bob", "add", kit.Amount(7), kit.From("west")))
	h.expect(h.alice, 5)
	h.say(h.Chain, h.carol, h.recorder, "decide").Expect(kit.Sent("recorder", "decide", kit.Refused("is decided")))
}

// A report that is under way while the recorder decides is late: the recorder gives its bid back, and the recall changes nothing.
func TestLateReport(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.bid(h.Chain, h.bob, h.west, 7)
	h.pass(0)
	h.say(h.Chain, h.carol, h.east, "close").ExpectOK()
	h.pass(grace)
	traces := h.Replay(kit.Order{
		{"recorder", "decide#2"}, {"recorder", "report#1.1.1"},
		{"west", "close#1"}, {"west", "recall#2.1.1"},
	}, func(k *kit.Chain) {
		h.say(k, h.carol, h.west, "close")
		h.say(k, h.carol, h.recorder, "decide")
	})
	traces[0].ExpectOK().Expect(kit.Sent("bob", "add", kit.Amount(7), kit.From("recorder")))
	traces[1].ExpectOK().Expect(kit.Sent("west", "recall")).ExpectNone(kit.Sent("bob", "add"))
	h.expect(h.alice, 5)
}

// Among equal bids the first at the recorder wins.
func TestEqualBids(t *testing.T) {
	for _, first := range []string{"east", "west"} {
		t.Run(first, func(t *testing.T) {
			h := newHouse(t)
			h.sell(0)
			h.bid(h.Chain, h.alice, h.east, 5)
			h.bid(h.Chain, h.bob, h.west, 5)
			h.pass(0)
			orders := map[string]kit.Order{
				"east": {{"recorder", "report#1.1.1"}, {"recorder", "report#2.1.1"}},
				"west": {{"recorder", "report#2.1.1"}, {"recorder", "report#1.1.1"}},
			}
			h.Replay(orders[first], func(k *kit.Chain) {
				h.say(k, h.carol, h.east, "close")
				h.say(k, h.carol, h.west, "close")
			})
			h.expect(map[string]*kit.Account{"east": h.alice, "west": h.bob}[first], 5)
		})
	}
}

// A bidder whose code refuses everything stands in nobody's way and loses nothing: money comes by add, which reaches no code.
func TestBidderThatRefuses(t *testing.T) {
	h := newHouse(t)
	rude := h.Deploy(h.carol, puppet, "", kit.As("rude"))
	h.sell(0)
	h.pull(h.Chain, h.carol, rude, h.east, "bid", 5, 0, h.lot(), true).ExpectOK()
	h.bid(h.Chain, h.alice, h.east, 6).Expect(
		kit.Sent("rude", "add", kit.Amount(5)), kit.Sent("rude", "outcome", kit.Refused("no method")), kit.Sent("east", "bounce", kit.Amount(0)))
	h.ExpectBalance(rude, 5)
	h.end()
	if h.At(h.tom().Owner) != h.alice {
		t.Error("alice has not got the kitten")
	}
	for a, want := range map[*kit.Account]uint64{h.alice: purse - 6, h.seller: purse + 6, h.carol: purse - 5, rude: 5, h.east: 0, h.recorder: 0} {
		h.ExpectBalance(a, want)
	}
}

// Whoever closes can make the tree of messages so deep that the recorder, or the collector, can't send what it must: then
// the message bounces with its money, which is noted, and anybody sets it going again.
func TestTooDeep(t *testing.T) {
	for name, deep := range map[string]uint64{"report": chain.MaxDepth - 3, "sold": chain.MaxDepth - 4} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			mole := h.Deploy(h.carol, puppet, "", kit.As("mole"))
			h.sell(0)
			h.bid(h.Chain, h.alice, h.east, 5)
			h.bid(h.Chain, h.bob, h.west, 7)
			h.pass(0)
			h.say(h.Chain, h.carol, h.east, "close").ExpectOK()
			trace := h.pull(h.Chain, h.carol, mole, h.west, "close", 0, deep, h.lot())
			trace.Expect(kit.Sent("", name, kit.Because("deeper than"), kit.Amount(7)), kit.Sent("", "bounce", kit.Amount(7), kit.Status(chain.StatusOK)))
			h.ExpectBalance(h.bob, purse-7)
			h.end()
			h.expect(h.bob, 7)
		})
	}
}

// Whoever sets something going with too little gas for all of it sets nothing going, however little it is.
func TestAnyGas(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.bid(h.Chain, h.bob, h.west, 7)
	h.pass(0)
	h.say(h.Chain, h.carol, h.east, "close").ExpectOK()
	for gas := uint64(50_000); ; gas += 250_000 {
		trace := h.Send(h.carol, h.west, "close", kit.Input(h.lot()), kit.Gas(gas))
		if trace.OK() {
			t.Logf("a close takes %d gas, most of which comes back", gas)
			break
		}
		trace.ExpectNone(kit.Sent("recorder", "report"))
		h.ExpectBalance(h.west, 7)
		if gas > 10_000_000 {
			t.Fatalf("%d gas are too little\n%s", gas, trace)
		}
	}
	h.expect(h.bob, 7)
}

// A collector that doesn't take the price of its own kitten can't keep it from its bidder.
func TestCollectorThatRefuses(t *testing.T) {
	h := newHouse(t)
	fake := h.Deploy(h.carol, puppet, "", kit.As("fake"))
	h.collector, h.round, h.ends = fake, 1, h.Time().Add(lasting)
	open := protocol.OpenInput{Kitten: "tom", Round: 1, End: uint64(h.ends.UnixMilli()), Auctioneers: []guest.Address{guest.Address(h.east.Address())}}
	h.pull(h.Chain, h.carol, fake, h.recorder, "open", 0, 0, open).ExpectOK()
	h.bid(h.Chain, h.alice, h.east, 5)
	h.pass(0)
	h.say(h.Chain, h.bob, h.east, "close").Expect(kit.Sent("fake", "sold", kit.Refused("no method")), kit.Sent("recorder", "bounce", kit.Status(chain.StatusOK)))
	h.ExpectBalance(h.recorder, 5)
	h.say(h.Chain, h.bob, h.recorder, "decide").Expect(kit.Sent("alice", "add", kit.Amount(5)), kit.Sent("fake", "unsold", kit.Refused("no method")))
	h.ExpectBalance(h.alice, purse)
	h.say(h.Chain, h.bob, h.recorder, "decide").Expect(kit.Sent("recorder", "decide", kit.Refused("is decided")))
}

// A recorder that refuses a report can't keep the auctioneer from giving the bid back.
func TestRecorderThatRefuses(t *testing.T) {
	h := newHouse(t)
	fake := h.Deploy(h.carol, puppet, "", kit.As("fake"))
	east := h.Deploy(h.carol, contracts("auctioneer"), "east", kit.Input(fake), kit.As("lone east"))
	h.round, h.ends = 1, h.Time().Add(lasting)
	h.pull(h.Chain, h.carol, fake, east, "offer", 0, 0, protocol.OfferInput{Lot: h.lot(), End: uint64(h.ends.UnixMilli())}).ExpectOK()
	h.bid(h.Chain, h.alice, east, 5)
	h.pass(0)
	h.say(h.Chain, h.bob, east, "close").Expect(kit.Sent("fake", "report", kit.Refused("no method")))
	h.ExpectBalance(east, 5)
	h.say(h.Chain, h.bob, east, "close").Expect(kit.Sent("alice", "add", kit.Amount(5)))
	h.ExpectBalance(h.alice, purse)
}

// A collector may name somebody who is no auctioneer: the offer bounces, and the others sell the kitten, a while later.
func TestAuctioneerThatIsNone(t *testing.T) {
	h := newHouse(t)
	h.collector = h.newCollector("other collector", h.east, h.bob)
	h.Call(h.seller, h.collector, "register", kit.Input("tom"))
	h.round, h.ends = 1, h.Time().Add(lasting)
	h.Send(h.seller, h.collector, "sell", kit.Input("tom", 0, h.ends.UnixMilli())).Expect(kit.Sent("recorder", "bounce", kit.From("bob")))
	h.bid(h.Chain, h.alice, h.east, 5)
	h.pass(0)
	h.say(h.Chain, h.carol, h.east, "close").ExpectOK()
	h.pass(grace)
	h.say(h.Chain, h.carol, h.recorder, "decide").Expect(kit.Sent("other collector", "sold"))
	h.expect(h.alice, 5)
}

// A sale that can't be opened leaves the kitten to its owner.
func TestRecorderThatIsNone(t *testing.T) {
	h := newHouse(t)
	h.recorder = h.bob
	h.collector = h.newCollector("lone collector", h.east)
	h.Call(h.seller, h.collector, "register", kit.Input("tom"))
	h.Send(h.seller, h.collector, "sell", kit.Input("tom", 0, h.Time().UnixMilli()+9000)).
		Expect(kit.Sent("lone collector", "bounce", kit.Status(chain.StatusOK)))
	if tom := h.tom(); tom.OnSale || tom.Owner != h.seller.Address() {
		t.Errorf("%+v", tom)
	}
}

// A recorder that says twice how a sale ended is believed once, and not for another round.
func TestSoldTwice(t *testing.T) {
	h := newHouse(t)
	h.recorder = h.Deploy(h.carol, puppet, "", kit.As("fake"))
	h.collector = h.newCollector("lone collector", h.east)
	h.Call(h.seller, h.collector, "register", kit.Input("tom"))
	h.sell(0).Expect(kit.Sent("fake", "open"))
	sold := func(to *kit.Account, amount uint64, round uint64) *kit.Trace {
		lot := h.lot()
		lot.Round = round
		return h.pull(h.Chain, to, h.recorder, h.collector, "sold", amount, 0, lot, to.Address(), false)
	}
	again := kit.Sent("lone collector", "sold", kit.Refused("is not under way"))
	sold(h.bob, 3, 2).Expect(again, kit.Sent("fake", "bounce", kit.Amount(3)))
	sold(h.alice, 7, 1).ExpectOK()
	sold(h.bob, 9, 1).Expect(again)
	h.pull(h.Chain, h.bob, h.recorder, h.collector, "unsold", 0, 0, h.lot()).Expect(kit.Sent("lone collector", "unsold", kit.Refused("is not under way")))
	if tom := h.tom(); tom.Owner != h.alice.Address() || h.paid(h.seller) != 7 {
		t.Errorf("%+v, the seller has %d", tom, h.paid(h.seller))
	}
}

// A bounce brings gas enough for its hook, at worst: the longest reason, the longest name, as many auctioneers as there may be.
func TestHooksFit(t *testing.T) {
	h := newHouse(t)
	mean := h.Deploy(h.carol, puppet, "", kit.As("mean"))
	east := h.Deploy(h.carol, contracts("auctioneer"), "mean", kit.Input(mean), kit.As("east of the mean"))
	h.ends = h.Time().Add(lasting)
	lot := protocol.Lot{Collector: guest.Address(mean.Address()), Kitten: "a kitten's name can be that long", Round: 1}
	open := protocol.OpenInput{Kitten: lot.Kitten, Round: 1, End: uint64(h.ends.UnixMilli()), Auctioneers: []guest.Address{guest.Address(h.east.Address())}}
	h.pull(h.Chain, h.carol, mean, h.recorder, "open", 0, 0, open).ExpectOK()
	h.pull(h.Chain, h.carol, mean, east, "offer", 0, 0, protocol.OfferInput{Lot: lot, End: open.End}).ExpectOK()
	h.Call(h.alice, h.east, "bid", kit.Input(lot, false), kit.Amount(5))
	h.Call(h.alice, east, "bid", kit.Input(lot, false), kit.Amount(6))
	h.pass(0)
	sold, reported := h.Send(h.alice, h.east, "close", kit.Input(lot)), h.Send(h.alice, east, "close", kit.Input(lot))

	h.recorder = h.Deploy(h.carol, kit.Native{Name: "meaner", Handle: kit.Methods{"open": rejected}.Handle}, "")
	all := make([]*kit.Account, protocol.MaxAuctioneers)
	for i := range all {
		all[i] = h.Account(fmt.Sprint("auctioneer ", i))
	}
	collector := h.newCollector("lone collector", all...)
	h.Call(h.seller, collector, "register", kit.Input(lot.Kitten))
	opened := h.Send(h.seller, collector, "sell", kit.Input(lot.Kitten, 0, h.Time().UnixMilli()+9000))

	agent := h.Deploy(h.carol, contracts("bidder"), "", kit.Amount(5), kit.As("agent"))
	bid := h.Send(h.carol, agent, "bid", kit.Input(mean, mean, lot, 5))
	for at, trace := range map[string]*kit.Trace{"recorder": sold, "east of the mean": reported, "lone collector": opened, "agent": bid} {
		b := trace.Find(kit.Sent(at, "bounce"))
		if b == nil || !b.OK() {
			t.Errorf("the hook of %s\n%s", at, trace)
			continue
		}
		t.Logf("the hook of %s takes %d of %d gas", at, b.GasUsed, b.GasLimit)
	}
}

// Code that has not run lately is paid for, and loading it takes more than the contracts give each other: a report, or the end of a
// sale, comes back then. Nothing is lost, and when somebody has called the contract that was cold, the sale goes on.
func TestColdContracts(t *testing.T) {
	h := newHouse(t)
	h.sell(0)
	h.bid(h.Chain, h.alice, h.east, 5)
	h.bid(h.Chain, h.bob, h.west, 7)
	h.pass(grace)
	warm := func(a *kit.Account) { h.Send(h.carol, a, "nothing", kit.Gas(200_000_000)) } // it refuses that, once it is loaded
	h.Cool()
	warm(h.west)
	h.say(h.Chain, h.carol, h.west, "close") // a recorder in Go is too dear to load for the report: it comes back
	warm(h.recorder)
	h.say(h.Chain, h.carol, h.west, "close")
	h.say(h.Chain, h.carol, h.recorder, "decide").
		Expect(kit.Sent("collector", "sold", kit.Status(chain.StatusOutOfGas)), kit.Sent("recorder", "bounce", kit.Status(chain.StatusOK)))
	h.ExpectBalance(h.recorder, 7)
	warm(h.collector)
	h.say(h.Chain, h.carol, h.recorder, "decide").Expect(kit.Sent("collector", "sold", kit.Status(chain.StatusOK)))
	h.expect(h.bob, 7)
}
