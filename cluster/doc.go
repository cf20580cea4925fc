// Package cluster shows the way into the folder: how nodes in different processes, on different machines, find and reach each other.
//
//	mesh: who is there, and where? (gossip; a hint)
//	  │ addresses
//	  ▼
//	runtime/node ──channel of a chain──► transport ──TLS 1.3, node keys──► the same channel at the other nodes
//
// Reading order:
//
//	cluster/transport   one connection for each pair of nodes, authenticated, in classes of urgency, bounded at both ends
//	cluster/mesh        which nodes there are, by records that they signed; memberlist's door
//	cluster/placement   how a question for an account comes to a node that has its chain; proto.actor's second door
//	cluster/overlay     to whom a block goes in full, and to whom its name; a pure core, and a simulated network that measures it
//	cluster/weather     links between nodes of one machine that are cut, slow, or break; a proxy for tests
//
// Where a node may be reached says the mesh; who it is shows the transport; who may vote says the chain's state (DESIGN D11). This
// package itself is empty.
package cluster
