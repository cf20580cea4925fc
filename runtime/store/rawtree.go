package store

import (
	"encoding/binary"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// What Raw shows of the things that a chain keeps to prove to others what happened on it.

// Departure is where a relay that left is said to stand; ErrNotFound if nothing says it.
func (r *Raw) Departure(id, to chain.ID, number uint64) (Place, error) {
	return r.store.place(departureKey(nil, id, to, number))
}

// Departures calls f for every relay that is said to have left, by destination and number, or with what is wrong with it.
func (r *Raw) Departures(id chain.ID, f func(to chain.ID, d Departed, damage error) error) error {
	lower, upper := span(id, kindDeparture, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		to, number, err := readDepartureKey(key)
		if err != nil {
			return nil // Strays names it
		}
		p, err := decodePlace(value)
		if damage == nil && err != nil {
			damage = damaged(key, err)
		}
		return f(to, Departed{number, p.Height, p.Event}, damage)
	})
}

// Node is what is kept of an accumulator's node; ErrNotFound if nothing is.
func (r *Raw) Node(id, list chain.ID, n merkle.Node) (merkle.Hash, error) {
	return r.store.Node(id, list, n.Level, n.Index)
}

// Nodes calls f for every node of an accumulator, or with what is wrong with it.
func (r *Raw) Nodes(id chain.ID, f func(list chain.ID, n merkle.Node, damage error) error) error {
	lower, upper := span(id, kindNode, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		list, n, err := readAccumulatorKey(key)
		if err != nil {
			return nil // Strays names it
		}
		if damage == nil {
			n.Hash, damage = decodeNode(key, value)
		}
		return f(list, n, damage)
	})
}

// Proof is the proof that is kept under a name; ErrNotFound if none is.
func (r *Raw) Proof(id chain.ID, of byte, c chain.ID, at uint64) ([]byte, error) {
	return r.store.get(r.store.db, proofKey(nil, id, of, c, at))
}

// Proofs calls f for every proof, or with what is wrong with it.
func (r *Raw) Proofs(id chain.ID, f func(p *Proof, damage error) error) error {
	lower, upper := span(id, kindProof, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		if len(key) != proofKeyBytes {
			return nil // Strays names it
		}
		rest := key[prefixBytes:]
		p := &Proof{Of: rest[0], Chain: chain.ID(binary.BigEndian.Uint32(rest[1:])), At: binary.BigEndian.Uint64(rest[5:]), Raw: value}
		return f(p, damage)
	})
}
