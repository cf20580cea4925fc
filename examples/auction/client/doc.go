// Package client plays an auction on a development network: modules are published, accounts made of them, a kitten is sold
// over two auctioneers, and everything is printed. Start reading at Play.
//
//	Play ─► open (stage.go): publish, deploy ─► bids (play.go), one after the other ─► the hammer falls ─► judge
//
// Places say on which chain everybody is; without, there is one chain, which makes blocks on demand.
//
// The messages are those of ../contract/protocol, the very types that the contracts are built from. Everything that the program
// says it was told by the node: who got what it reads from traces, events and accounts, and what must have come of it stands
// in one place (want), which is compared in the end.
//
// # Invariants
//
//	P1  The result is the same each time: every bid has come to its end before the next, and no bid depends on a clock. Which auctioneer's report
//	    comes first is up to the accounts, which run at once, so the last tree has two forms.
//	P2  Nothing is printed as a fact that the node didn't answer.
package client
