// Command collector is a contract that knows whose kitten is whose, and takes sellers' requests. A kitten that is for sale is in
// its custody: the owner can't give it away until the recorder has said how the sale ended. The kitten and the price
// change hands in one handling.
package main

import (
	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/guest"
)

// Collector is the state: what every handling reads.
type Collector struct {
	Recorder guest.Address
	Count    uint8 // of auctioneers
}

var (
	kittens     = guest.NewMap[string, protocol.Kitten]("kittens")
	auctioneers = guest.NewValue[[]guest.Address]("auctioneers")
)

// What the collector tells the outside.
const (
	Listed guest.Event[ListedBody] = "listed"
	Moved  guest.Event[MovedBody]  = "moved"
)

// ListedBody is a kitten that is for sale from now on.
type ListedBody struct {
	Lot     protocol.Lot
	Reserve guest.Amount
	End     uint64
}

// MovedBody is a kitten with its new owner; the price is 0 for a gift.
type MovedBody struct {
	Kitten   string
	From, To guest.Address
	Price    guest.Amount
}

func (c *Collector) init(ctx guest.Context, in protocol.CollectorInit) error {
	n := len(in.Auctioneers)
	if n < 1 || n > protocol.MaxAuctioneers {
		return guest.Refuse("%d auctioneers: 1 to %d may sell a kitten", n, protocol.MaxAuctioneers)
	}
	c.Recorder, c.Count = in.Recorder, uint8(n)
	auctioneers.Set(ctx, in.Auctioneers)
	return nil
}

// register makes a kitten the sender's, if nobody has one of that name.
func (c *Collector) register(ctx guest.Context, in protocol.KittenInput) error {
	switch n := len(in.Kitten); {
	case n < 1 || n > protocol.MaxName:
		return guest.Refuse("a kitten's name has 1 to %d bytes, not %d", protocol.MaxName, n)
	case kittens.Has(ctx, in.Kitten):
		return guest.Refuse("there is a kitten %q", in.Kitten)
	}
	kittens.Set(ctx, in.Kitten, protocol.Kitten{Owner: ctx.Sender()})
	return protocol.Free(ctx)
}

func (c *Collector) give(ctx guest.Context, in protocol.GiveInput) error {
	k, err := kept(ctx, in.Kitten)
	if err != nil {
		return err
	}
	k.Owner = in.To
	kittens.Set(ctx, in.Kitten, k)
	Moved.Emit(ctx, MovedBody{Kitten: in.Kitten, From: ctx.Sender(), To: in.To})
	return nil
}

// sell takes the kitten into custody and opens a sale.
func (c *Collector) sell(ctx guest.Context, in protocol.SellInput) error {
	k, err := kept(ctx, in.Kitten)
	if err != nil {
		return err
	}
	if in.End <= ctx.TimeMillis() {
		return guest.Refuse("the sale would end at %d, and it is %d", in.End, ctx.TimeMillis())
	}
	k.OnSale = true
	k.Round++
	kittens.Set(ctx, in.Kitten, k)
	by, _ := auctioneers.Get(ctx)
	open := protocol.OpenInput{Kitten: in.Kitten, Round: k.Round, Reserve: in.Reserve, End: in.End, Auctioneers: by}
	ctx.Send(protocol.Open.To(c.Recorder, open).WithGas(c.gas(protocol.OfferGas)))
	Listed.Emit(ctx, ListedBody{protocol.Lot{Collector: ctx.Self(), Kitten: in.Kitten, Round: k.Round}, in.Reserve, in.End})
	return nil
}

// hammer asks for the end of the sale now, and withdraw for one without a winner. The recorder decides: it may have done so
// already, and then its word is under way.
func (c *Collector) hammer(ctx guest.Context, in protocol.KittenInput) error {
	return c.ask(ctx, in.Kitten, protocol.Finish, protocol.CloseGas)
}

func (c *Collector) withdraw(ctx guest.Context, in protocol.KittenInput) error {
	return c.ask(ctx, in.Kitten, protocol.Cancel, protocol.RecallGas)
}

func (c *Collector) ask(ctx guest.Context, kitten string, what guest.Method[protocol.RoundInput], gasEach uint64) error {
	k, err := owned(ctx, kitten)
	if err != nil {
		return err
	}
	if !k.OnSale {
		return guest.Refuse("%q is not for sale", kitten)
	}
	ctx.Send(what.To(c.Recorder, protocol.RoundInput{Kitten: kitten, Round: k.Round}).WithGas(c.gas(gasEach)))
	return nil
}

// sold gives the kitten to the winner and the price that came to the seller.
func (c *Collector) sold(ctx guest.Context, in protocol.SoldInput) error {
	k, err := c.ended(ctx, in.Lot)
	if err != nil {
		return err
	}
	ctx.Send(guest.Pay(k.Owner, ctx.Amount()))
	Moved.Emit(ctx, MovedBody{in.Lot.Kitten, k.Owner, in.Winner, ctx.Amount()})
	k.Owner, k.OnSale = in.Winner, false
	kittens.Set(ctx, in.Lot.Kitten, k)
	if in.Tell {
		won := protocol.OutcomeInput{Lot: in.Lot, Won: true, Price: ctx.Amount()}
		ctx.Send(protocol.Outcome.To(in.Winner, won).WithGas(protocol.OutcomeGas))
	}
	return nil
}

// unsold gives the kitten out of custody.
func (c *Collector) unsold(ctx guest.Context, in protocol.LotInput) error {
	k, err := c.ended(ctx, in.Lot)
	if err != nil {
		return err
	}
	k.OnSale = false
	kittens.Set(ctx, in.Lot.Kitten, k)
	return protocol.Free(ctx)
}

// ended is the kitten whose sale the recorder says is over: it is for sale, in that round.
func (c *Collector) ended(ctx guest.Context, lot protocol.Lot) (protocol.Kitten, error) {
	if ctx.Sender() != c.Recorder {
		return protocol.Kitten{}, guest.Refuse("only the recorder %s says how a sale ended, not %s", c.Recorder, ctx.Sender())
	}
	k, err := find(ctx, lot.Kitten)
	switch {
	case err != nil:
		return k, err
	case lot.Collector != ctx.Self() || !k.OnSale || k.Round != lot.Round:
		return k, guest.Refuse("round %d of %q is not under way", lot.Round, lot.Kitten)
	}
	return k, nil
}

// bounced takes the kitten of a sale that could not be opened out of custody.
func (c *Collector) bounced(ctx guest.Context, b guest.Bounce) error {
	if b.Method != string(protocol.Open) {
		return nil // it came too late; the seller sees why
	}
	in, err := guest.Decode[protocol.OpenInput](b.Input)
	if err != nil {
		return err
	}
	k, err := find(ctx, in.Kitten)
	if err != nil {
		return err
	}
	k.OnSale = false
	kittens.Set(ctx, in.Kitten, k)
	return nil
}

// kitten is the view of one.
func (c *Collector) kitten(v guest.View, in protocol.KittenInput) (protocol.Kitten, error) {
	return find(v, in.Kitten)
}

func find(r guest.Reading, name string) (protocol.Kitten, error) {
	k, ok := kittens.Get(r, name)
	if !ok {
		return k, guest.Refuse("there is no kitten %q", name)
	}
	return k, nil
}

// owned is a kitten of the sender's.
func owned(ctx guest.Context, name string) (protocol.Kitten, error) {
	k, err := find(ctx, name)
	if err == nil && k.Owner != ctx.Sender() {
		err = guest.Refuse("%q is %s's, not %s's", name, k.Owner, ctx.Sender())
	}
	if err == nil {
		err = protocol.Free(ctx)
	}
	return k, err
}

// kept is a kitten that the sender may dispose of.
func kept(ctx guest.Context, name string) (protocol.Kitten, error) {
	k, err := owned(ctx, name)
	if err == nil && k.OnSale {
		err = guest.Refuse("%q is for sale", name)
	}
	return k, err
}

// gas is for a message to the recorder that goes on to all auctioneers.
func (c *Collector) gas(each uint64) uint64 { return protocol.ForAll(int(c.Count), each) }

func init() {
	guest.Serve[Collector](
		guest.Init((*Collector).init),
		guest.Handle(protocol.Register, (*Collector).register, guest.Doc("Makes a kitten of a new name the sender's.")),
		guest.Handle(protocol.Give, (*Collector).give, guest.Doc("Gives a kitten of the sender's away.")),
		guest.Handle(protocol.Sell, (*Collector).sell, guest.Doc("Puts a kitten of the sender's up for sale.")),
		guest.Handle(protocol.Hammer, (*Collector).hammer, guest.Doc("Ends the sale of a kitten of the sender's now.")),
		guest.Handle(protocol.Withdraw, (*Collector).withdraw, guest.Doc("Takes a kitten of the sender's out of a sale that is not decided.")),
		guest.Handle(protocol.Sold, (*Collector).sold, guest.Doc("Gives the kitten to the winner and the price to the seller. From the recorder alone.")),
		guest.Handle(protocol.Unsold, (*Collector).unsold, guest.Doc("Leaves the kitten to the seller. From the recorder alone.")),
		guest.Query(protocol.KittenQuery, (*Collector).kitten),
		guest.Bounced((*Collector).bounced),
		guest.Emits(Listed), guest.Emits(Moved),
		guest.Sends(protocol.Open), guest.Sends(protocol.Finish), guest.Sends(protocol.Outcome),
	)
}

func main() {}
