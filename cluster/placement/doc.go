// Package placement answers one question: how does a question for an account come to a node that has the account's chain? It is the
// second door to proto.actor: its cluster and its remoting (DESIGN D15).
//
//	Request(address, Live|Copy, body)
//	   │ proto.actor: cluster.Request ─► call ─► lookup: chain of the address ─► the leader, as far as known, or any node that has it
//	   ▼                                                      ▲
//	remote: one letter to a frame                       directory ◄── Config.Nodes: records that nodes signed (package mesh)
//	   │ road: queue of the node, bounded                     │
//	   ▼                                                      └─► provider ─► proto.actor's list of members
//	   │                     none is reached: a neighbour that reaches one, once (through.go)
//	gRPC ─ TLS 1.3, both show their node keys ─► frame limits ─► guard ─► gate ─► Config.Answer: the live account
//
// An account has no activation of its own here: actors/host activates it when it is asked. So nothing has to be moved when a chain's
// leader changes. Who isn't the leader says who is, and the call goes there; who asks remembers the last leader of each chain. Two
// nodes may both answer for an account while a leader changes, and a call that was not answered is sent again: neither can hurt, as an
// account's state is that of committed blocks, and a message is its id (DESIGN D1). This package carries questions, submissions and tools,
// never blocks, votes or relays.
//
// proto.actor is started as what it calls a client: it serves its port, and asks, but doesn't gossip. Its own gossip would say a second
// time what the mesh says, and blocks for good whom it suspects once. Members leave its list when they lose their registration or move,
// never because they are silent; a node that comes back does so under another member id (provider.go).
//
// # Invariants
//
//	P1  proto.actor sees no frame from outside but: who connects, once; and one letter, from the node that the connection's key
//	    names, to the gate or to a question of this node that was put to that node and is open. All else ends the stream, is counted,
//	    and shuts the node out for a while.
//	P2  Only keys that Config.Member knows come through the TLS handshake. Before that a connection costs one of a fixed number of
//	    handshakes, and ends after a fixed time.
//	P3  What is held for a node has a bound: connections, questions being answered, letters and bytes that wait to be sent to it. So has
//	    what is held for all together. Who meets a bound is told, or, where the answer itself would be too much, runs out of time.
//	P4  This node dials only addresses of registered nodes, as they signed them, and goes on only if the key there is theirs.
//	P5  A call ends: with an answer, or with an error when its time is over, or nobody wants the answer any more.
//	P6  A question goes through one node without the chain at most, and only where the asker reaches none that has it: who is asked so asks
//	    nodes that have it, a few times, and nobody else.
//	P7  No node keeps a question from the others by an answer that is none: that a node fails is one try, and its words are told if nobody is left to ask.
//	    Who is asked first is the asker's own chance; that a node has a chain is its word alone.
//
// # What it does not do
//
// It doesn't know what is asked, and vouches for no answer, of which who passes it on sees and may change every byte: who must not believe a node asks
// for a proof. Delivery is at least once.
package placement
