// Package protocol answers one question: what do the contracts of the auction say to one another? Here are their messages,
// and the few rules that two of them share. ../../README.md draws who sends what to whom, and why nothing is lost.
//
//	seller --sell--> collector --open--> recorder --offer--> auctioneer <--bid-- bidder
//	                     ^                  |  ^                  |
//	                     '---sold, unsold---'  '------report------'
//
// # Invariants
//
//	A1  A message counts for who sent it. Whoever opens a sale is its collector, and what comes of the sale goes there; a report
//	    counts from the auctioneers that the collector named; offers count from an auctioneer's own recorder.
//	A2  Words about money carry the money: a bid, a report and a sold are as large as what comes with them.
//	A3  Money for somebody who may not want to hear of it goes by add, which can't fail; words go behind it and may.
//	A4  A lot is sold in a round, and no round comes twice: what is late is never taken for the next sale.
package protocol
