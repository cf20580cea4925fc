// Package auction shows the way into the folder: kittens are sold to the highest bidder over several auctioneers at once.
// README.md draws the protocol and says why nothing is lost.
//
//	contract/protocol    the messages, and what two contracts share
//	contract/collector   whose kitten is whose; takes sellers' requests
//	contract/auctioneer  takes bids
//	contract/recorder    picks the winner over all auctioneers
//	contract/bidder      bids for its owner
//	rust                 the same contracts in Rust
//	client, client/demo  an auction on a live network
//
// The tests beside this file tell what happens, one story after the other, and try every order of messages. This package
// itself is empty.
package auction
