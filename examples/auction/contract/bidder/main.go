// Command bidder is a contract that bids its own coins for its owner, and keeps book of what became of its bids. It shows what
// an account with code has to know to take part; accounts of keys bid by a call.
package main

import (
	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/guest"
)

// Bidder is the state.
type Bidder struct{ Owner guest.Address }

// What can become of a bid. Lost and refused ones are back in the balance.
const (
	under uint8 = iota + 1 // under way, or the best one so far
	won
	lost
	refused
)

// Offer is the last bid for a lot. Who may say what became of it is written down with it: nobody else is believed.
type Offer struct {
	Auctioneer, Recorder guest.Address
	Amount               guest.Amount
	State                uint8
	Price                guest.Amount
}

var offers = guest.NewMap[protocol.Lot, Offer]("offers")

// init takes the owner's coins.
func (b *Bidder) init(ctx guest.Context, _ guest.None) error {
	b.Owner = ctx.Sender()
	return nil
}

func (b *Bidder) bid(ctx guest.Context, in protocol.BidForInput) error {
	if ctx.Sender() != b.Owner { // coins may come with it
		return guest.Refuse("only the owner %s bids", b.Owner)
	}
	if o, ok := offers.Get(ctx, in.Lot); ok && (o.State == under || o.State == won) {
		return guest.Refuse("a bid of %s for %q stands", o.Amount, in.Lot.Kitten)
	}
	offers.Set(ctx, in.Lot, Offer{Auctioneer: in.Auctioneer, Recorder: in.Recorder, Amount: in.Amount, State: under})
	bid := protocol.Bid.To(in.Auctioneer, protocol.BidInput{Lot: in.Lot, Tell: true})
	ctx.Send(bid.Carrying(in.Amount))
	return nil
}

// outcome is what the auction says of a bid: who lost hears it from the auctioneer or the recorder, who won from the collector.
func (b *Bidder) outcome(ctx guest.Context, in protocol.OutcomeInput) error {
	o, ok := offers.Get(ctx, in.Lot)
	s := ctx.Sender()
	switch {
	case !ok:
		return guest.Refuse("no bid was made for %q", in.Lot.Kitten)
	case in.Won && s != in.Lot.Collector, !in.Won && s != o.Auctioneer && s != o.Recorder:
		return guest.Refuse("%s has no word in this", s)
	}
	o.State, o.Price = lost, in.Price
	if in.Won {
		o.State = won
	}
	offers.Set(ctx, in.Lot, o)
	return protocol.Free(ctx)
}

// handOver gives a kitten that was won to the owner.
func (b *Bidder) handOver(ctx guest.Context, in protocol.LotInput) error {
	if err := protocol.From(ctx, b.Owner); err != nil {
		return err
	}
	ctx.Send(protocol.Give.To(in.Lot.Collector, protocol.GiveInput{Kitten: in.Lot.Kitten, To: b.Owner}))
	return nil
}

// withdraw pays all coins to the owner.
func (b *Bidder) withdraw(ctx guest.Context, _ guest.None) error {
	if err := protocol.From(ctx, b.Owner); err != nil {
		return err
	}
	ctx.Send(guest.Pay(b.Owner, ctx.Balance()))
	return nil
}

// bounced has the money of a bid that was refused.
func (b *Bidder) bounced(ctx guest.Context, bounce guest.Bounce) error {
	if bounce.Method != string(protocol.Bid) {
		return nil
	}
	in, err := guest.Decode[protocol.BidInput](bounce.Input)
	if err != nil {
		return err
	}
	o := offers.At(ctx, in.Lot)
	o.State = refused
	offers.Set(ctx, in.Lot, o)
	return nil
}

// offer is the view of the last bid for a lot.
func (b *Bidder) offer(v guest.View, in protocol.LotInput) (Offer, error) {
	return offers.At(v, in.Lot), nil
}

func init() {
	guest.Serve[Bidder](
		guest.Init((*Bidder).init, guest.Doc("Makes the sender the owner.")),
		guest.Handle(protocol.BidFor, (*Bidder).bid, guest.Doc("Bids at an auctioneer. From the owner alone.")),
		guest.Handle(protocol.Outcome, (*Bidder).outcome, guest.Doc("Hears what became of a bid.")),
		guest.Handle("hand_over", (*Bidder).handOver, guest.Doc("Gives a kitten to the owner.")),
		guest.Handle("withdraw", (*Bidder).withdraw, guest.Doc("Pays all coins to the owner.")),
		guest.Query("offer", (*Bidder).offer),
		guest.Bounced((*Bidder).bounced),
		guest.Sends(protocol.Bid), guest.Sends(protocol.Give),
	)
}

func main() {}
