// Command recorder is a contract that picks the winner of a lot over all its auctioneers. They report their best bids with the
// money; it holds the highest and gives the others back at once. When all have reported, or those that did not have had
// time enough, the money goes to the collector with the winner's name.
//
//	open ─► deciding ─► decided ─(sold, unsold failed)─► telling ─decide─► decided
//	                       '─────(sold refused)────────► refused ─decide─► decided (the bid is given back)
package main

import (
	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/guest"
)

// Recorder is the state.
type Recorder struct{ Grace uint64 }

// The stages of a lot. The money of the best bid is here in all but decided.
const (
	deciding uint8 = iota + 1
	decided
	telling
	refused
)

// Sale is a lot with the best bid reported.
type Sale struct {
	Reserve guest.Amount
	End     uint64
	Best    protocol.Held
	Stalls  []Stall
}

// Stall is an auctioneer's part in a sale.
type Stall struct {
	Auctioneer guest.Address
	Done       bool // it has reported
}

// All lots that were ever opened, and their stages. They stay: a round is sold once. A stage stands by itself so that the
// hook for bounces need not read anything: it has little gas, and a byte that is there already takes no deposit.
var (
	sales  = guest.NewMap[protocol.Lot, Sale]("sales")
	stages = guest.NewMap[protocol.Lot, uint8]("stages")
)

// Decided tells who won.
const Decided guest.Event[DecidedBody] = "decided"

// DecidedBody is the best bid; its bidder is nobody if there was none.
type DecidedBody struct {
	Lot    protocol.Lot
	Winner guest.Address
	Price  guest.Amount
}

func (r *Recorder) init(_ guest.Context, in protocol.RecorderInit) error {
	r.Grace = in.Grace
	return nil
}

// open may be said by anybody: the sale is the sender's, and its end is told to the sender.
func (r *Recorder) open(ctx guest.Context, in protocol.OpenInput) error {
	lot := protocol.Lot{Collector: ctx.Sender(), Kitten: in.Kitten, Round: in.Round}
	switch n := len(in.Auctioneers); {
	case n < 1 || n > protocol.MaxAuctioneers:
		return guest.Refuse("%d auctioneers: 1 to %d may sell a lot", n, protocol.MaxAuctioneers)
	case len(in.Kitten) > protocol.MaxName:
		return guest.Refuse("a kitten's name of %d bytes: %d are the most", len(in.Kitten), protocol.MaxName)
	case sales.Has(ctx, lot):
		return guest.Refuse("round %d of %q was opened before", in.Round, in.Kitten)
	}
	s := Sale{Reserve: in.Reserve, End: in.End}
	for _, a := range in.Auctioneers {
		if s.stall(a) != nil {
			return guest.Refuse("auctioneer %s is named twice", a)
		}
		s.Stalls = append(s.Stalls, Stall{Auctioneer: a})
		ctx.Send(protocol.Offer.To(a, protocol.OfferInput{Lot: lot, Reserve: in.Reserve, End: in.End}).WithGas(protocol.OfferGas))
	}
	sales.Set(ctx, lot, s)
	stages.Set(ctx, lot, deciding)
	return protocol.Free(ctx)
}

// report is an auctioneer's best bid, with its money. What is late is given back; what comes first wins among equals.
func (r *Recorder) report(ctx guest.Context, in protocol.ReportInput) error {
	s, err := find(ctx, in.Lot)
	if err != nil {
		return err
	}
	stall := s.stall(ctx.Sender())
	switch {
	case stall == nil || stall.Done:
		return guest.Refuse("%s has nothing to report of %q", ctx.Sender(), in.Lot.Kitten)
	case in.Bidder.Chain() == 0 && !ctx.Amount().IsZero(): // could not be given back, and would stand in the way of others
		return guest.Refuse("a bid of %s by nobody", ctx.Amount())
	}
	stall.Done = true
	open := stages.At(ctx, in.Lot) == deciding
	bid := protocol.Held{Bidder: in.Bidder, Tell: in.Tell, Amount: ctx.Amount()}
	switch {
	case !open || bid.Amount.Less(s.Reserve) || !s.Best.Amount.Less(bid.Amount):
		bid.GiveBack(ctx, in.Lot, s.Best.Amount)
	default:
		s.Best.GiveBack(ctx, in.Lot, bid.Amount)
		s.Best = bid
	}
	sales.Set(ctx, in.Lot, s)
	if open && s.complete() {
		s.decide(ctx, in.Lot)
	}
	return nil
}

// decide lets anybody go on with what waits: for auctioneers that don't report, or for a collector that didn't get the end.
func (r *Recorder) decide(ctx guest.Context, in protocol.LotInput) error {
	s, err := find(ctx, in.Lot)
	if err != nil {
		return err
	}
	switch stages.At(ctx, in.Lot) {
	case deciding:
		if late := ctx.TimeMillis() >= s.End && ctx.TimeMillis()-s.End >= r.Grace; !late {
			return guest.Refuse("auctioneers may report until %d ms behind %d, and it is %d", r.Grace, s.End, ctx.TimeMillis())
		}
		s.decide(ctx, in.Lot)
	case telling:
		s.tell(ctx, in.Lot)
	case refused:
		s.withdraw(ctx, in.Lot)
	default:
		return guest.Refuse("the sale of %q is decided", in.Lot.Kitten)
	}
	return protocol.Free(ctx)
}

// finish lets all auctioneers report now.
func (r *Recorder) finish(ctx guest.Context, in protocol.RoundInput) error {
	lot, s, err := own(ctx, in)
	if err != nil {
		return err
	}
	for _, stall := range s.Stalls {
		if !stall.Done {
			ctx.Send(protocol.Close.To(stall.Auctioneer, protocol.LotInput{Lot: lot}).WithGas(protocol.CloseGas))
		}
	}
	return nil
}

// cancel ends the sale with nobody for a winner.
func (r *Recorder) cancel(ctx guest.Context, in protocol.RoundInput) error {
	lot, s, err := own(ctx, in)
	if err != nil {
		return err
	}
	s.withdraw(ctx, lot)
	return nil
}

// own is the sender's sale that is not decided yet.
func own(ctx guest.Context, in protocol.RoundInput) (lot protocol.Lot, s Sale, err error) {
	lot = protocol.Lot{Collector: ctx.Sender(), Kitten: in.Kitten, Round: in.Round}
	if s, err = find(ctx, lot); err != nil {
		return lot, s, err
	}
	if stages.At(ctx, lot) != deciding {
		return lot, s, guest.Refuse("the sale of %q is decided", in.Kitten)
	}
	return lot, s, protocol.Free(ctx)
}

// withdraw gives the best bid back and decides for nobody.
func (s *Sale) withdraw(ctx guest.Context, lot protocol.Lot) {
	s.Best.GiveBack(ctx, lot, guest.Amount{})
	s.Best = protocol.Held{}
	sales.Set(ctx, lot, *s)
	s.decide(ctx, lot)
}

// decide ends the sale: auctioneers that were waited for give back what they have.
func (s *Sale) decide(ctx guest.Context, lot protocol.Lot) {
	for _, stall := range s.Stalls {
		if !stall.Done {
			ctx.Send(protocol.Recall.To(stall.Auctioneer, protocol.LotInput{Lot: lot}).WithGas(protocol.RecallGas))
		}
	}
	Decided.Emit(ctx, DecidedBody{lot, s.Best.Bidder, s.Best.Amount})
	s.tell(ctx, lot)
}

// tell sends the end of the sale to the collector, and the price with it.
func (s *Sale) tell(ctx guest.Context, lot protocol.Lot) {
	stages.Set(ctx, lot, decided)
	if s.Best.Amount.IsZero() {
		ctx.Send(protocol.Unsold.To(lot.Collector, protocol.LotInput{Lot: lot}).WithGas(protocol.UnsoldGas))
		return
	}
	sold := protocol.SoldInput{Lot: lot, Winner: s.Best.Bidder, Tell: s.Best.Tell}
	ctx.Send(protocol.Sold.To(lot.Collector, sold).Carrying(s.Best.Amount).WithGas(protocol.SoldGas))
}

// bounced notes that the end didn't arrive: the price, if there is one, is here again. decide goes on from there. Nothing is
// sent here: that takes more gas than a bounce brings.
func (r *Recorder) bounced(ctx guest.Context, b guest.Bounce) error {
	switch b.Method {
	case string(protocol.Sold):
		in, err := guest.Decode[protocol.SoldInput](b.Input)
		if err != nil {
			return err
		}
		stages.Set(ctx, in.Lot, again(b, refused))
	case string(protocol.Unsold):
		in, err := guest.Decode[protocol.LotInput](b.Input)
		if err != nil {
			return err
		}
		stages.Set(ctx, in.Lot, again(b, decided))
	}
	return nil // others: an outcome that its bidder didn't want, a close of what is closed, an offer to who is no auctioneer
}

// again is the stage behind a bounce.
func again(b guest.Bounce, ifRefused uint8) uint8 {
	if protocol.Passing(b.Status) {
		return telling
	}
	return ifRefused
}

// sale is the view of a lot, and stage that of its stage.
func (r *Recorder) sale(v guest.View, in protocol.LotInput) (Sale, error) { return find(v, in.Lot) }

func (r *Recorder) stage(v guest.View, in protocol.LotInput) (protocol.StageOutput, error) {
	return protocol.StageOutput{Stage: stages.At(v, in.Lot)}, nil
}

func find(r guest.Reading, lot protocol.Lot) (Sale, error) {
	s, ok := sales.Get(r, lot)
	if !ok {
		return s, guest.Refuse("round %d of %q was never opened here", lot.Round, lot.Kitten)
	}
	return s, nil
}

// stall is the auctioneer's; nil if it has none.
func (s *Sale) stall(of guest.Address) *Stall {
	for i := range s.Stalls {
		if s.Stalls[i].Auctioneer == of {
			return &s.Stalls[i]
		}
	}
	return nil
}

// complete says whether there is nobody to wait for.
func (s *Sale) complete() bool {
	for _, stall := range s.Stalls {
		if !stall.Done {
			return false
		}
	}
	return true
}

func init() {
	guest.Serve[Recorder](
		guest.Init((*Recorder).init),
		guest.Handle(protocol.Open, (*Recorder).open, guest.Doc("Opens a sale of the sender's.")),
		guest.Handle(protocol.Report, (*Recorder).report, guest.Doc("Takes an auctioneer's best bid, with its money.")),
		guest.Handle(protocol.Decide, (*Recorder).decide, guest.Doc("Goes on with a sale that waits. From anybody.")),
		guest.Handle(protocol.Finish, (*Recorder).finish, guest.Doc("Lets the auctioneers of a sale of the sender's report now.")),
		guest.Handle(protocol.Cancel, (*Recorder).cancel, guest.Doc("Ends a sale of the sender's without a winner.")),
		guest.Query("sale", (*Recorder).sale), guest.Query("stage", (*Recorder).stage),
		guest.Bounced((*Recorder).bounced),
		guest.Emits(Decided),
		guest.Sends(protocol.Offer), guest.Sends(protocol.Close), guest.Sends(protocol.Recall),
		guest.Sends(protocol.Sold), guest.Sends(protocol.Unsold), guest.Sends(protocol.Outcome),
	)
}

func main() {}
