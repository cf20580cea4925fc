package protocol

import "github.com/thinkey/thinkey/sdk/guest"

// Lot is a kitten in one of its sales.
type Lot struct {
	Collector guest.Address // whose kitten's name it is
	Kitten    string
	Round     uint64 // counts the sales of this kitten
}

// What sellers and owners say to a collector.
const (
	Register guest.Method[KittenInput] = "register"
	Give     guest.Method[GiveInput]   = "give"
	Sell     guest.Method[SellInput]   = "sell"
	Hammer   guest.Method[KittenInput] = "hammer"   // the seller ends the sale now
	Withdraw guest.Method[KittenInput] = "withdraw" // the seller wants the kitten back
)

// KittenInput names a kitten.
type KittenInput struct{ Kitten string }

// GiveInput says who gets a kitten.
type GiveInput struct {
	Kitten string
	To     guest.Address
}

// SellInput puts a kitten up for sale.
type SellInput struct {
	Kitten  string
	Reserve guest.Amount // the lowest price
	End     uint64       // milliseconds since 1970: bids must come before
}

// What a collector says to a recorder. It speaks of its own kittens alone: the sender is the lot's collector.
const (
	Open   guest.Method[OpenInput]  = "open"
	Finish guest.Method[RoundInput] = "finish"
	Cancel guest.Method[RoundInput] = "cancel"
)

// OpenInput opens a sale over some auctioneers.
type OpenInput struct {
	Kitten      string
	Round       uint64
	Reserve     guest.Amount
	End         uint64
	Auctioneers []guest.Address
}

// RoundInput names a sale of the sender's.
type RoundInput struct {
	Kitten string
	Round  uint64
}

// What a recorder says to an auctioneer, bidders to an auctioneer, and anybody to both once it is time.
const (
	Offer  guest.Method[OfferInput] = "offer"
	Recall guest.Method[LotInput]   = "recall" // the sale is over without you: give the bid back
	Bid    guest.Method[BidInput]   = "bid"    // carries the money
	Close  guest.Method[LotInput]   = "close"  // from anybody after the end, from the recorder before it too
	Decide guest.Method[LotInput]   = "decide" // for a recorder, from anybody
)

// OfferInput is a lot to take bids for.
type OfferInput struct {
	Lot     Lot
	Reserve guest.Amount
	End     uint64
}

// LotInput names a lot.
type LotInput struct{ Lot Lot }

// StageOutput is the view of a lot's stage.
type StageOutput struct{ Stage uint8 }

// BidInput bids the amount that comes with it.
type BidInput struct {
	Lot  Lot
	Tell bool // the bidder is a contract that understands an outcome
}

// Report says an auctioneer's best bid to the recorder, and brings it; one without money says that there is none.
const Report guest.Method[ReportInput] = "report"

// ReportInput says whose the bid is.
type ReportInput struct {
	Lot    Lot
	Bidder guest.Address
	Tell   bool
}

// What a recorder says to the collector in the end.
const (
	Sold   guest.Method[SoldInput] = "sold" // brings the price
	Unsold guest.Method[LotInput]  = "unsold"
)

// SoldInput says who gets the kitten.
type SoldInput struct {
	Lot    Lot
	Winner guest.Address
	Tell   bool
}

// Outcome tells a bidder that asked for it what became of a bid. It carries nothing: the money has come before it (A3).
const Outcome guest.Method[OutcomeInput] = "outcome"

// OutcomeInput says whether the bid won, and the price: that of the bidder, or the one that was better, 0 if there was none.
type OutcomeInput struct {
	Lot   Lot
	Won   bool
	Price guest.Amount
}
