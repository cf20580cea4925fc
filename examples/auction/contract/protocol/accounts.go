package protocol

import "github.com/thinkey/thinkey/sdk/guest"

// What each account of an auction is told when it is made: whom it may believe.

// RecorderInit says for how many milliseconds behind the end of a sale auctioneers are waited for.
type RecorderInit struct{ Grace uint64 }

// AuctioneerInit names the recorder whose lots an auctioneer sells.
type AuctioneerInit struct{ Recorder guest.Address }

// CollectorInit names the recorder that a collector believes, and the auctioneers that every kitten is sold by.
type CollectorInit struct {
	Recorder    guest.Address
	Auctioneers []guest.Address
}

// Kitten is what a collector knows of one. Its size never changes.
type Kitten struct {
	Owner  guest.Address
	Round  uint64 // of the last sale; 0 before the first
	OnSale bool   `abi:"on_sale"` // the name that it has in Rust
}

// KittenQuery is the view of a kitten.
const KittenQuery = "kitten"

// BidFor is what its owner says to a bidder.
const BidFor guest.Method[BidForInput] = "bid"

// BidForInput says where, and for what, to bid how much.
type BidForInput struct {
	Auctioneer, Recorder guest.Address
	Lot                  Lot
	Amount               guest.Amount
}
