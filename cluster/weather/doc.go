// Package weather answers one question: what becomes of bytes on their way from one node to another, on a bad day? It is a proxy
// between the nodes of a test network on one machine.
//
//	node 0 ──TCP, UDP──► address that others are told of node 1 ─► Proxy: air of 0 to 1 ─► address where node 1 listens
//	  ▲                                                               │
//	  '──────────────────────────── air of 1 to 0 ◄───────────────────'
//
// Nodes know nothing of it: each listens at an address of its own, says another of itself, which is the proxy's, and dials from its
// own, so that the proxy knows who talks to whom. Their streams are encrypted: what they carry can't be told apart, nor cut by chain.
//
// Air is how one direction of one link is. Streams are never changed or reordered, since TCP doesn't let that happen on any network:
// what is lost comes late, once it is sent again, and what is cut waits until it isn't, or until an end gives up. Datagrams are
// lost, late, and overtake each other.
//
// # Invariants
//
//	P1  What arrives on a stream is what was sent, from its beginning, in order; a connection may end early.
//	P2  While the air of a direction is cut nothing arrives on it, and no connection comes about that needs it.
//	P3  What is under way is bounded for each stream, and so is the number of streams and datagrams.
//
// # What it does not do
//
// It doesn't limit the rate, and it doesn't carry what users send to nodes.
package weather
