// Package cluster shows the way into the folder: how nodes in different processes, on different machines, find and reach each other.
//
//	runtime/node ──channel of a chain──► transport ──TLS 1.3, node keys──► the same channel at the other nodes
//
// Reading order:
//
//	cluster/transport   one connection for each pair of nodes, authenticated, in classes of urgency, bounded at both ends
//
// Who a node is shows the transport; who may vote says the chain's state. This package itself is empty.
package cluster
