package protocol

import "github.com/thinkey/thinkey/sdk/guest"

// How many auctioneers may sell one lot, and how long a kitten's name may be: bounces, which have little gas, bring both back.
const (
	MaxAuctioneers = 8
	MaxName        = 32
)

// Gas of the messages between the contracts. They are numbers and no shares of what is left: whoever sets the end of a sale
// going has to bring enough for all of it, or nothing happens. With shares, somebody could bring so little that a report is
// sent and can't be handled. What isn't used comes back.
const (
	OfferGas   = 300_000
	OutcomeGas = 300_000
	UnsoldGas  = 300_000
	RecallGas  = 1_500_000 // an add and an outcome follow from it
	SoldGas    = 1_500_000 // likewise
	ReportGas  = 3_000_000 // an add, an outcome and a sold
	CloseGas   = 4_000_000 // a report
)

// ForAll is the gas of a message to the recorder that makes it send one of each gas to n auctioneers.
func ForAll(n int, each uint64) uint64 { return 1_000_000 + uint64(n)*(each+400_000) }

// Passing says of a bounce's status that the same message could succeed if it is sent again: its gas did not suffice, or its
// tree was too deep, which is the doing of whoever set the tree going. Everything else would fail again.
func Passing(status uint8) bool { return status == outOfGas || status == limit }

// As sdk/chain numbers them.
const (
	outOfGas = 3
	limit    = 11
)

// Held is a bid with its money, which is part of the balance of who speaks of it.
type Held struct {
	Bidder guest.Address
	Tell   bool
	Amount guest.Amount // 0: there is no bid
}

// GiveBack gives a bid's money back (A3). better is the bid that beat it, 0 if none did.
func (h Held) GiveBack(ctx guest.Context, lot Lot, better guest.Amount) {
	if h.Amount.IsZero() {
		return
	}
	ctx.Send(guest.Pay(h.Bidder, h.Amount))
	if h.Tell {
		ctx.Send(Outcome.To(h.Bidder, OutcomeInput{Lot: lot, Price: better}).WithGas(OutcomeGas))
	}
}

// Free refuses money: what comes with a message that takes none would be nobody's.
func Free(ctx guest.Context) error {
	if a := ctx.Amount(); !a.IsZero() {
		return guest.Refuse("%s came with a message that takes no money", a)
	}
	return nil
}

// From refuses a message from anybody else.
func From(ctx guest.Context, who guest.Address) error {
	if s := ctx.Sender(); s != who {
		return guest.Refuse("only %s may say this, and %s did", who, s)
	}
	return Free(ctx)
}
