// Command auctioneer is a contract that takes bids for the lots of its recorder. It holds the highest bid and its money, and
// gives the others back at once. Closed, it reports its bid to the recorder, with the money.
//
//	offer ─► taking ─close─► reported ─(report failed)─► taking
//	            │                '─────(refused for good)─► returning ─close─► over
//	            '─recall─► over
package main

import (
	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/guest"
)

// Auctioneer is the state.
type Auctioneer struct{ Recorder guest.Address }

// The stages of a lot. Money of its best bid is here in taking and returning, under way in reported, gone in over.
const (
	taking uint8 = iota + 1
	reported
	returning
	over
)

// Sale is a lot with its best bid.
type Sale struct {
	Reserve guest.Amount
	End     uint64
	Best    protocol.Held
}

// All lots that were ever offered, and their stages. They stay: a round is sold once. A stage stands by itself so that the
// hook for bounces need not read anything: it has little gas, and a byte that is there already takes no deposit.
var (
	sales  = guest.NewMap[protocol.Lot, Sale]("sales")
	stages = guest.NewMap[protocol.Lot, uint8]("stages")
)

// Leading tells that there is a new best bid.
const Leading guest.Event[LeadingBody] = "leading"

// LeadingBody is the bid.
type LeadingBody struct {
	Lot    protocol.Lot
	Bidder guest.Address
	Amount guest.Amount
}

func (a *Auctioneer) init(_ guest.Context, in protocol.AuctioneerInit) error {
	a.Recorder = in.Recorder
	return nil
}

func (a *Auctioneer) offer(ctx guest.Context, in protocol.OfferInput) error {
	if err := protocol.From(ctx, a.Recorder); err != nil {
		return err
	}
	if sales.Has(ctx, in.Lot) {
		return guest.Refuse("round %d of %q is here already", in.Lot.Round, in.Lot.Kitten)
	}
	sales.Set(ctx, in.Lot, Sale{Reserve: in.Reserve, End: in.End})
	stages.Set(ctx, in.Lot, taking)
	return nil
}

// bid takes what comes with it, or refuses: then the ledger gives it back.
func (a *Auctioneer) bid(ctx guest.Context, in protocol.BidInput) error {
	s, err := find(ctx, in.Lot)
	if err != nil {
		return err
	}
	bid := protocol.Held{Bidder: ctx.Sender(), Tell: in.Tell, Amount: ctx.Amount()}
	switch {
	case stages.At(ctx, in.Lot) != taking || ctx.TimeMillis() >= s.End:
		return guest.Refuse("the sale of %q is over", in.Lot.Kitten)
	case bid.Amount.Less(s.Reserve):
		return guest.Refuse("%s is below the lowest price of %s", bid.Amount, s.Reserve)
	case !s.Best.Amount.Less(bid.Amount):
		return guest.Refuse("%s is bid already", s.Best.Amount)
	}
	s.Best.GiveBack(ctx, in.Lot, bid.Amount)
	s.Best = bid
	sales.Set(ctx, in.Lot, s)
	Leading.Emit(ctx, LeadingBody{in.Lot, bid.Bidder, bid.Amount})
	return nil
}

// close ends the bidding: anybody may once it is time, and the recorder when it likes.
func (a *Auctioneer) close(ctx guest.Context, in protocol.LotInput) error {
	s, err := find(ctx, in.Lot)
	if err != nil {
		return err
	}
	switch stages.At(ctx, in.Lot) {
	case taking:
		if ctx.TimeMillis() < s.End && ctx.Sender() != a.Recorder {
			return guest.Refuse("bids for %q are taken until %d, and it is %d", in.Lot.Kitten, s.End, ctx.TimeMillis())
		}
		report := protocol.ReportInput{Lot: in.Lot, Bidder: s.Best.Bidder, Tell: s.Best.Tell}
		ctx.Send(protocol.Report.To(a.Recorder, report).Carrying(s.Best.Amount).WithGas(protocol.ReportGas))
		stages.Set(ctx, in.Lot, reported)
	case returning:
		s.Best.GiveBack(ctx, in.Lot, guest.Amount{})
		stages.Set(ctx, in.Lot, over)
	default:
		return guest.Refuse("the sale of %q is closed already", in.Lot.Kitten)
	}
	return protocol.Free(ctx)
}

// recall gives the best bid back: the recorder has decided without it. If it is under way already, the recorder does that.
func (a *Auctioneer) recall(ctx guest.Context, in protocol.LotInput) error {
	if err := protocol.From(ctx, a.Recorder); err != nil {
		return err
	}
	s, err := find(ctx, in.Lot)
	if err != nil {
		return err
	}
	if stage := stages.At(ctx, in.Lot); stage == taking || stage == returning {
		s.Best.GiveBack(ctx, in.Lot, guest.Amount{})
		stages.Set(ctx, in.Lot, over)
	}
	return nil
}

// bounced has the money of a report again. The next close sends it once more, or gives the bid back where the recorder would
// refuse again. Nothing is sent here: that takes more gas than a bounce brings.
func (a *Auctioneer) bounced(ctx guest.Context, b guest.Bounce) error {
	if b.Method != string(protocol.Report) {
		return nil // an outcome that its bidder didn't want
	}
	in, err := guest.Decode[protocol.ReportInput](b.Input)
	if err != nil {
		return err
	}
	stage := returning
	if protocol.Passing(b.Status) {
		stage = taking
	}
	stages.Set(ctx, in.Lot, stage)
	return nil
}

// sale is the view of a lot, and stage that of its stage.
func (a *Auctioneer) sale(v guest.View, in protocol.LotInput) (Sale, error) { return find(v, in.Lot) }

func (a *Auctioneer) stage(v guest.View, in protocol.LotInput) (protocol.StageOutput, error) {
	return protocol.StageOutput{Stage: stages.At(v, in.Lot)}, nil
}

func find(r guest.Reading, lot protocol.Lot) (Sale, error) {
	s, ok := sales.Get(r, lot)
	if !ok {
		return s, guest.Refuse("round %d of %q was never offered here", lot.Round, lot.Kitten)
	}
	return s, nil
}

func init() {
	guest.Serve[Auctioneer](
		guest.Init((*Auctioneer).init),
		guest.Handle(protocol.Offer, (*Auctioneer).offer, guest.Doc("Takes bids for a lot. From the recorder alone.")),
		guest.Handle(protocol.Bid, (*Auctioneer).bid, guest.Doc("Bids the amount that comes with it.")),
		guest.Handle(protocol.Close, (*Auctioneer).close, guest.Doc("Ends the bidding and reports the best bid, with its money.")),
		guest.Handle(protocol.Recall, (*Auctioneer).recall, guest.Doc("Gives the best bid back. From the recorder alone.")),
		guest.Query("sale", (*Auctioneer).sale), guest.Query("stage", (*Auctioneer).stage),
		guest.Bounced((*Auctioneer).bounced),
		guest.Emits(Leading),
		guest.Sends(protocol.Report), guest.Sends(protocol.Outcome),
	)
}

func main() {}
