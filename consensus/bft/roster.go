package bft

import (
	"iter"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Roster numbers nodes as the replica of one epoch knows them: the members as Members does, others from chain.MaxSeats on as they
// come.
type Roster struct {
	nodes  map[Peer]keys.PublicKey
	number map[keys.PublicKey]Peer
	next   Peer
	// These never change: they may be read beside the replica.
	seated  map[keys.PublicKey]bool
	members []keys.PublicKey // in their order
}

// maxOthers bounds the nodes without a seat that one node hears in an epoch.
const maxOthers = chain.MaxSeats

// NewRoster has the members of a committee.
func NewRoster(c *light.Committee) *Roster {
	r := &Roster{nodes: map[Peer]keys.PublicKey{}, number: map[keys.PublicKey]Peer{}}
	for seat := range c.Quorums().Seats {
		if node := c.Seat(seat).Node; !r.knows(node) {
			r.add(node)
			r.members = append(r.members, node)
		}
	}
	r.next, r.seated = chain.MaxSeats, make(map[keys.PublicKey]bool, len(r.number))
	for node := range r.number { // any order: a set
		r.seated[node] = true
	}
	return r
}

func (r *Roster) knows(node keys.PublicKey) bool {
	_, ok := r.number[node]
	return ok
}

func (r *Roster) add(node keys.PublicKey) {
	r.nodes[r.next], r.number[node] = node, r.next
	r.next++
}

// Number is a node's number; false if there are too many without a seat.
func (r *Roster) Number(node keys.PublicKey) (Peer, bool) {
	if !r.knows(node) && r.next < chain.MaxSeats+maxOthers {
		r.add(node)
	}
	p, ok := r.number[node]
	return p, ok
}

// Member is the number of a node that has a seat, and Outside for others.
func (r *Roster) Member(node keys.PublicKey) Peer {
	if p, ok := r.number[node]; ok && p < chain.MaxSeats {
		return p
	}
	return Outside
}

// Seated says whether a node has a seat. Unlike Number it changes nothing, and may be called beside the replica.
func (r *Roster) Seated(node keys.PublicKey) bool { return r.seated[node] }

// Members are the nodes with a seat, in their order. It may be called beside the replica, as Seated may.
func (r *Roster) Members() iter.Seq[keys.PublicKey] { return slices.Values(r.members) }

// Node is the node with a number.
func (r *Roster) Node(p Peer) (keys.PublicKey, bool) {
	node, ok := r.nodes[p]
	return node, ok
}
