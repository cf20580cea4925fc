package client

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/guest"
)

const kitten = "tom"

// bid is one that somebody makes; by agent it is made through carol's contract.
type bid struct {
	by, at string
	amount uint64
}

// bids are made one after the other. Five of them are refused or outbid, and one wins.
var bids = []bid{
	{"alice", "east", 12}, {"bob", "east", 15}, {"agent", "west", 20}, {"alice", "west", 18}, {"bob", "west", 5}, {"alice", "east", 17},
}

// want is what must come of them: what people have more, or less, than before, and whose the kitten is.
var want = struct {
	owner string
	more  map[string]int64
}{"agent", map[string]int64{"seller": +20, "carol": -50, "agent": +30}}

// agentPurse is what carol gives her contract.
const agentPurse = 50

// Play plays the auction on a fresh development network, and prints what happens: one with blocks on demand, or with several chains if
// places say who is where. It fails unless the kitten goes to the highest bidder and the price to the seller, and all others have
// their money.
func Play(ctx context.Context, node string, m Modules, places Places, out io.Writer) error {
	s, err := open(ctx, node, m, places, out)
	if err != nil {
		return err
	}
	defer s.node.Close()
	if err := s.deploy("carol", "agent", s.agency, nil, agentPurse); err != nil {
		return err
	}
	before, err := s.balances()
	if err != nil {
		return err
	}
	if err := s.sell(); err != nil {
		return err
	}
	for _, b := range bids {
		if err := s.bid(b); err != nil {
			return err
		}
	}
	if err := s.hammer(); err != nil {
		return err
	}
	after, err := s.balances()
	if err != nil {
		return err
	}
	s.drawBalances(before, after)
	owner, err := s.owner()
	if err != nil {
		return err
	}
	s.say("\n%s is %s's", kitten, owner)
	return judge(after, owner)
}

// sell puts the kitten up for sale, for an hour.
func (s *stage) sell() error {
	collector := guest.Address(s.at["collector"])
	t, err := s.call("seller", protocol.Register.To(collector, protocol.KittenInput{Kitten: kitten}))
	if err != nil {
		return err
	}
	if err := wentWell(t); err != nil {
		return err
	}
	now, err := s.on(s.places.of("collector")).Latest(s.ctx)
	if err != nil {
		return err
	}
	end := now.TimeMillis + uint64(time.Hour.Milliseconds())
	t, err = s.call("seller", protocol.Sell.To(collector, protocol.SellInput{Kitten: kitten, Reserve: guest.NewAmount(10), End: end}))
	if err != nil {
		return err
	}
	s.say("\nseller puts %s up for sale, for 10 at the least", kitten)
	s.draw(t)
	s.say("\nbids, one after the other")
	return wentWell(t)
}

// bid makes a bid and prints what came of it.
func (s *stage) bid(b bid) error {
	at, amount := guest.Address(s.at[b.at]), guest.NewAmount(b.amount)
	by, m := b.by, protocol.Bid.To(at, protocol.BidInput{Lot: s.lot(kitten)}).Carrying(amount)
	if by == "agent" {
		in := protocol.BidForInput{Auctioneer: at, Recorder: guest.Address(s.at["recorder"]), Lot: s.lot(kitten), Amount: amount}
		by, m = "carol", protocol.BidFor.To(guest.Address(s.at["agent"]), in)
	}
	t, err := s.call(by, m)
	if err != nil {
		return err
	}
	s.say("  %-5s bids %2d in the %s  %s", b.by, b.amount, b.at, s.outcome(t))
	if b.by == want.owner {
		s.draw(t)
	}
	return nil
}

// hammer ends the sale: the seller is content.
func (s *stage) hammer() error {
	t, err := s.call("seller", protocol.Hammer.To(guest.Address(s.at["collector"]), protocol.KittenInput{Kitten: kitten}))
	if err != nil {
		return err
	}
	s.say("\nseller lets the hammer fall")
	s.draw(t)
	s.say("  %d messages in one tree, %d gas", t.Messages, t.GasUsed)
	return wentWell(t)
}

// owner asks the collector whose the kitten is.
func (s *stage) owner() (string, error) {
	q := sdk.Question{Method: protocol.KittenQuery, Input: guest.Encode(protocol.KittenInput{Kitten: kitten})}
	a, err := s.node.Query(s.ctx, s.at["collector"], q)
	if err != nil {
		return "", err
	}
	k, err := guest.Decode[protocol.Kitten](a.Output)
	if a.Status != chain.StatusOK || err != nil {
		return "", fmt.Errorf("the collector does not tell whose %s is: %s %s %v", kitten, a.Status, a.Reason, err)
	}
	return s.name(chain.Address(k.Owner)), nil
}

// balances are proven to the state root of the last block.
func (s *stage) balances() (map[string]chain.Amount, error) {
	list := make(map[string]chain.Amount)
	for _, name := range s.cast {
		a, err := s.node.ProvenAccount(s.ctx, s.at[name])
		if err != nil {
			return nil, err
		}
		list[name] = a.Balance
	}
	return list, nil
}

// judge says what is not as it must be in the end.
func judge(after map[string]chain.Amount, owner string) error {
	if owner != want.owner {
		return fmt.Errorf("%s has the kitten, and %s bid most", owner, want.owner)
	}
	for name, balance := range after {
		begin := int64(0)
		if key, _, _ := strings.Cut(name, "@"); slices.Contains(People, key) {
			begin = Purse
		}
		if w := chain.NewAmount(uint64(begin + want.more[name])); balance != w {
			return fmt.Errorf("%s ends with %s, and should have %s", name, balance, w)
		}
	}
	return nil
}
