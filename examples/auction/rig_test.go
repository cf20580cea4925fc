package auction_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
	"github.com/thinkey/thinkey/sdk/kit"
)

// How long a sale lasts, and auctioneers are waited for behind its end.
const (
	lasting = 20 * time.Second
	grace   = 10 * time.Second
)

// contracts are the modules that are on the chain, by the folder of their source.
var contracts = func(name string) kit.Contract { return kit.Go("contract/" + name) }

// purse is what everybody begins with.
const purse = 100

// house is a chain, or a tree of them, with an auction on it: one collector, one recorder, two auctioneers, and the kitten tom, which the seller has.
type house struct {
	*kit.Chain
	at                              places
	t                               testing.TB
	seller, alice, bob, carol       *kit.Account
	collector, recorder, east, west *kit.Account
	people                          []*kit.Account // who has a purse
	round                           uint64
	ends                            time.Time
	others                          map[*kit.Account]chain.Amount // what the contracts hold for other lots
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, kit.New(t), nil)
}

// places say who is on which chain; who isn't named is on the main chain.
type places map[string]string

func (p places) of(name string) string {
	if on, ok := p[name]; ok {
		return name + "@" + on
	}
	return name
}

func newHouseOn(t testing.TB, k *kit.Chain, at places) *house {
	t.Helper()
	h := &house{Chain: k, t: t, at: at}
	for _, p := range []struct {
		name string
		to   **kit.Account
	}{{"seller", &h.seller}, {"alice", &h.alice}, {"bob", &h.bob}, {"carol", &h.carol}} {
		*p.to = k.Account(at.of(p.name), kit.Balance(purse))
		h.people = append(h.people, *p.to)
	}
	h.recorder = h.found("recorder", "recorder", "", kit.Input(grace.Milliseconds()))
	h.east = h.found("east", "auctioneer", "east", kit.Input(h.recorder))
	h.west = h.found("west", "auctioneer", "west", kit.Input(h.recorder))
	h.collector = h.newCollector("collector", h.east, h.west)
	k.Call(h.seller, h.collector, "register", kit.Input("tom"))
	return h
}

// found deploys a contract where its place is.
func (h *house) found(name, contract, salt string, list ...kit.Detail) *kit.Account {
	h.t.Helper()
	return h.Deploy(h.founder(name), contracts(contract), salt, append(list, kit.As(name))...)
}

// founder is who founds contracts, on the chain where somebody is.
func (h *house) founder(of string) *kit.Account {
	h.t.Helper()
	name := "founder"
	if on, ok := h.at[of]; ok {
		name += "@" + on
	}
	f := h.Account(name)
	if f.Balance().IsZero() {
		h.Account(name, kit.Balance(1))
	}
	return f
}

func (h *house) newCollector(name string, auctioneers ...*kit.Account) *kit.Account {
	h.t.Helper()
	return h.found(name, "collector", name, kit.Input(h.recorder, auctioneers))
}

// sell puts tom up for sale.
func (h *house) sell(reserve int) *kit.Trace {
	h.t.Helper()
	h.round++
	h.ends = h.Time().Add(lasting)
	return h.Call(h.seller, h.collector, "sell", kit.Input("tom", reserve, h.ends.UnixMilli()))
}

// lot is tom in the last sale.
func (h *house) lot() protocol.Lot {
	return protocol.Lot{Collector: guest.Address(h.collector.Address()), Kitten: "tom", Round: h.round}
}

// bid bids for tom, by an account of a key.
func (h *house) bid(k *kit.Chain, who, at *kit.Account, amount uint64) *kit.Trace {
	h.t.Helper()
	return k.Send(who, at, "bid", kit.Input(h.lot(), false), kit.Amount(amount))
}

// otherLots lets dave bid for two more kittens: the auctioneers hold money for one, the recorder for the other. Whoever pays
// twice pays out of that.
func (h *house) otherLots() {
	h.t.Helper()
	dave := h.Account(h.at.of("dave"), kit.Balance(10*purse))
	h.others = make(map[*kit.Account]chain.Amount)
	bid := func(kitten string, at *kit.Account) {
		lot := protocol.Lot{Collector: guest.Address(h.collector.Address()), Kitten: kitten, Round: 1}
		h.Call(dave, at, "bid", kit.Input(lot, false), kit.Amount(purse))
	}
	sell := func(kitten string, lasts time.Duration) {
		h.Call(dave, h.collector, "register", kit.Input(kitten))
		h.Call(dave, h.collector, "sell", kit.Input(kitten, 0, h.Time().Add(lasts).UnixMilli()))
		bid(kitten, h.east)
	}
	sell("leo", lasting/2)
	sell("kim", 100*lasting)
	bid("kim", h.west)
	h.AdvanceTime(lasting)
	leo := protocol.Lot{Collector: guest.Address(h.collector.Address()), Kitten: "leo", Round: 1}
	h.Call(dave, h.east, "close", kit.Input(leo))
	for _, a := range []*kit.Account{h.recorder, h.east, h.west} {
		h.ExpectBalance(a, purse)
		h.others[a] = a.Balance()
	}
}

// say sends one of the messages that name a lot and nothing else.
func (h *house) say(k *kit.Chain, who, to *kit.Account, method string) *kit.Trace {
	h.t.Helper()
	return k.Send(who, to, method, kit.Input(h.lot()))
}

// pass makes the next block that much behind the end of the sale.
func (h *house) pass(behind time.Duration) {
	h.t.Helper()
	if d := h.ends.Add(behind).Sub(h.Time()); d > 0 {
		h.AdvanceTime(d)
	}
}

// end lets everything come to its end: time passes, and anybody closes and decides what is left to be.
func (h *house) end() []*kit.Trace {
	h.t.Helper()
	h.pass(0)
	traces := []*kit.Trace{h.say(h.Chain, h.carol, h.east, "close"), h.say(h.Chain, h.carol, h.west, "close")}
	h.pass(grace)
	return append(traces, h.say(h.Chain, h.carol, h.recorder, "decide"))
}

type kitten struct {
	Owner  chain.Address
	Round  uint64
	OnSale bool
}

func (h *house) tom() (tom kitten) {
	h.t.Helper()
	h.Query(h.collector, "kitten", &tom, kit.Input("tom"))
	return tom
}

// settled says what is wrong with how a sale ended: the contracts have no money of it left, and either the seller has the kitten and
// everybody their purse, or one of the others has the kitten and paid the price, which the seller has.
func (h *house) settled() error {
	h.t.Helper()
	for _, a := range []*kit.Account{h.collector, h.recorder, h.east, h.west} {
		if a.Balance() != h.others[a] {
			return fmt.Errorf("%s is left with %s, of which %s are for other lots", a, a.Balance(), h.others[a])
		}
	}
	tom := h.tom()
	if tom.OnSale {
		return fmt.Errorf("the kitten is still for sale")
	}
	price := h.paid(h.seller)
	for _, p := range h.people[1:] {
		want := int64(0)
		if tom.Owner == p.Address() {
			want = -price
		}
		if got := h.paid(p); got != want || got > 0 {
			return fmt.Errorf("%s has %+d, the seller %+d, and the kitten is %s's", p, got, price, h.At(tom.Owner))
		}
	}
	if sold := tom.Owner != h.seller.Address(); sold != (price > 0) {
		return fmt.Errorf("the seller has %+d, and the kitten is %s's", price, h.At(tom.Owner))
	}
	return nil
}

// paid is what an account has more than its purse.
func (h *house) paid(a *kit.Account) int64 {
	h.t.Helper()
	n, err := strconv.ParseInt(a.Balance().String(), 10, 64)
	if err != nil {
		h.t.Fatal(err)
	}
	return n - purse
}

// expect fails the test unless the sale ended with that owner and price.
func (h *house) expect(owner *kit.Account, price int64) {
	h.t.Helper()
	if err := h.settled(); err != nil {
		h.t.Error(err)
	}
	if got := h.At(h.tom().Owner); got != owner || h.paid(h.seller) != price {
		h.t.Errorf("the kitten is %s's for %d, expected %s's for %d", got, h.paid(h.seller), owner, price)
	}
}
