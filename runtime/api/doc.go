// Package api is the HTTP server of the nodes of a process: the only door through which wallets, tools and people reach them.
//
//	request ─► guard (panics, host, origin) ─► route ─► node (submit, read, query, await) ─► JSON | events | bytes
//	                                             │
//	                                             └ histories: committed blocks with their events, read once, kept while used
//
// Each chain has its histories; bounds are those of the process. A tree of messages is followed over all chains that are here,
// and at other nodes over those that aren't.
//
// The JSON types are those of sdk/client. GET /v1/ lists the routes.
//
// # Invariants
//
//	N1  Every error is {"error":{code, message, hint}} with a fitting HTTP status, unknown paths and methods included.
//	N2  Nothing that a stranger sends decides how much memory or how many goroutines there are: connections, streams, waits,
//	    bytes of bodies on their way in and of answers on their way out, and blocks being read each have a bound (Limits), as have
//	    the views that the node runs (runtime/node). Over it the answer is 503, busy. Events come a page at a time (events.go).
//	N3  Nothing waits for a stranger forever: headers, bodies, writes and idle connections have deadlines; who reads a stream
//	    too slowly loses it, and takes it up again with Last-Event-ID.
//	N4  A panic in a route answers 500 and is logged; the node goes on.
//	N5  A stream is a function of the chain: events have the same numbers and contents whenever it is read, and none is left out. That of
//	    a tree over several chains is one of the chains and its cursors: what follows a cursor is the same, whoever asks. What another node
//	    tells of chains that aren't here has no number, and is told again.
//	N6  What a submission keeps in memory is its messages, not the body that they came in.
//	N7  A development network answers only on loopback and to names of it, so that no web page can reach it by another name.
//	N8  What other nodes tell of a tree is marked as their word, displaces nothing that the chains here show, and costs a bounded number of
//	    questions, bytes and seconds (abroad.go). Who is asked by another node asks nobody.
//
// # What it does not do
//
// It knows no users and no TLS, allows no other origin (CORS), and decides nothing: whether a message is taken is for
// runtime/ingress and the account's live actor.
package api
