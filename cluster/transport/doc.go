// Package transport answers one question: how do bytes come from one node to another, whoever else talks?
//
//	Host ──Reach──► TCP ──TLS 1.3, both show their node keys──► hello: versions, network ──► one connection for each pair
//	  │                                                             '── refused: named, counted
//	  '─ Channel (a chain) ─Send─► queue of the peer, by class ─fragments─►│ window │─► inbox of the channel, peers in turn ─► take
//
// A node is its Ed25519 key, which TLS makes it show (identity.go). Whether the key is registered is asked of Config.Member; nodes that
// are not have small rooms, few connections, and channels that are open to the public alone.
//
// Messages are cut into fragments, and between any two of them what is more urgent goes first (Class): votes before blocks before the
// rest. The receiver gives credit for what it has room for, class by class, so that it can always read: what is urgent never waits behind
// what nobody takes. Why not one of the well-known multiplexers over TLS: yamux, which the authors of memberlist keep, writes all
// streams through one queue in the order of their calls, knows no priority, and lets the other end open streams with a window each;
// HTTP/2 has priorities that its Go implementation doesn't follow. What is needed here is less: a fixed number of streams, in one order.
//
// # Invariants
//
//	N1  Who is named as a message's sender held the key while the message was sent.
//	N2  Messages of one class from one node to another arrive in the order sent, whole, at most once; each may be lost.
//	N3  Between two nodes there is one connection, but for the instant in which one takes another's place; both ends keep the same.
//	N4  A peer can make this node hold no more than the windows of its rooms, and a fixed amount for its connection; nothing is
//	    allocated on its word. What waits to be sent to it is bounded by the queues.
//	N5  A peer that is slow, or sends what it likes, delays nobody else: it has its own goroutines and windows; in a channel peers
//	    take turns.
//	N6  Before its key is known a connection costs one of a fixed number of handshakes, and ends after a fixed time. Addresses at which no node is
//	    that is dialed have places of their own: whoever fills those keeps out no node that is known.
//	N7  Bytes that no node following the protocol sends end the connection, and ban the key for a while. All that is refused is
//	    counted (Counts).
//
// # What it does not do
//
// It doesn't know which nodes there are (package mesh), what the bytes mean, or that a message arrived: what must arrive is sent again by
// who wants it, as consensus does. It keeps nothing for a node that is away.
package transport
