// Package mesh answers one question: which nodes are there, and where? It is the door to memberlist.
//
//	each node signs a Record: key, addresses, chains served ──metadata of memberlist──► every node: known (kept in a file)
//	                                                                                        │
//	memberlist: who answers? ──► alive or not: a hint ──────────────────────────► Members ◄─'
//
// A record is what its node said, or it is refused: the name under which memberlist spreads it must be the key, the address must be
// the one in it, and an older one doesn't replace a newer. So gossip can't send anybody to a wrong address. What it can say wrongly is
// that a node is dead, or alive. Nobody who uses this package may depend on that: Members has all nodes that are known, whether
// gossip takes them for alive or not, and the transport finds out for itself (DESIGN D11).
//
// memberlist forgets nodes that were dead for a while. After a partition nobody would look for the other half; so the mesh asks known
// nodes that seem away again and again, some at a time, and the operator's seeds where nobody is.
//
// # Invariants
//
//	M1  Members lists a node only with what it signed, for this network, last.
//	M2  What is known of a node is not lost by anything that another says. Nodes that aren't registered take a bounded part of the
//	    places, and don't push out those that are; nor do these those that have a seat.
//	M3  Nothing but membership travels here: no user messages, no user state.
//	M4  Two halves of which each knows one node of the other become one again by themselves.
//	M5  What comes in is looked at before memberlist takes memory or time for what it says of itself (look.go), and costs a bounded number
//	    of signatures in a second (known.go).
//
// # What it does not do
//
// It doesn't say who may vote, who leads, or whether a node can be reached. A liar with a key of the mesh can make nodes look dead for a
// while, which costs probes and time.
package mesh
