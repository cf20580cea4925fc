package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// What a chain keeps to prove to other chains of its tree what happened on it (SPEC 7.2, 8.1).

// Departure is a relay that left with a block: the number that it has among those to one chain, and its place in the outbox.
type Departure struct {
	To     chain.ID
	Number uint64
	Place  uint32
}

// Departed is where a relay that left stands: in which block's outbox, and where in it.
type Departed struct {
	Number, Height uint64
	Place          uint32
}

// Nodes are what merkle.Accumulator.Append returned for one list: that of the chain's own blocks, named by the chain itself,
// or that of what it recorded of a child.
type Nodes struct {
	List  chain.ID
	Nodes []merkle.Node
}

// Proof is something that was proven at a height of a chain, as the caller encoded it. The caller says what Of stands for.
type Proof struct {
	Of    byte
	Chain chain.ID
	At    uint64
	Raw   []byte
}

// nodes writes what accumulators grew by.
func (w *writer) nodes(lists []Nodes) {
	for i := range lists {
		l := &lists[i]
		for j := range l.Nodes {
			n := &l.Nodes[j]
			w.put(accumulatorKey(w.key[:0], w.chain, l.List, n.Level, n.Index), n.Hash[:])
		}
	}
}

// departures writes where the relays of a block's outbox stand.
func (w *writer) departures(height uint64, list []Departure) {
	var value [placeBytes]byte
	for i := range list {
		d := &list[i]
		Place{height, d.Place}.put(value[:])
		w.put(departureKey(w.key[:0], w.chain, d.To, d.Number), value[:])
	}
}

// proofs writes what the caller wants to show later. One with the name of another takes its place.
func (w *writer) proofs(list []Proof) {
	for i := range list {
		p := &list[i]
		w.put(proofKey(w.key[:0], w.chain, p.Of, p.Chain, p.At), p.Raw)
	}
}

// Departures are the relays that left a chain for another, from a number on, in order, limit at most.
func (s *Store) Departures(id, to chain.ID, first uint64, limit int) ([]Departed, error) {
	head, err := s.Head(id)
	if err != nil {
		return nil, err
	}
	_, upper := departureSpan(id, to)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: departureKey(nil, id, to, first), UpperBound: upper})
	if err != nil {
		return nil, readError(upper, err)
	}
	var list []Departed
	for ok := it.First(); ok && err == nil && len(list) < limit; ok = it.Next() {
		var d Departed
		d, err = departedAt(it)
		if d.Height > head.Height { // T5
			break
		}
		list = append(list, d)
	}
	return closeRead(list, it, err)
}

// departedAt reads what an iterator stands on.
func departedAt(it *pebble.Iterator) (Departed, error) {
	value, err := valueAt(it)
	if err != nil {
		return Departed{}, err
	}
	_, number, err := readDepartureKey(it.Key())
	if err != nil {
		return Departed{}, err
	}
	p, err := decodePlace(value)
	if err != nil {
		return Departed{}, damaged(it.Key(), err)
	}
	return Departed{number, p.Height, p.Event}, nil
}

// Node is one of the nodes that were committed for a list; ErrNotFound if it was not.
func (s *Store) Node(id, list chain.ID, level uint8, index uint64) (merkle.Hash, error) {
	key := accumulatorKey(nil, id, list, level, index)
	value, err := s.get(s.db, key)
	if errors.Is(err, ErrNotFound) && s.ledger(id).base > 0 {
		return merkle.Hash{}, fmt.Errorf("store: %s: of blocks up to %d no more is here than what comes later is shown with: %w", describe(key), s.ledger(id).base, ErrPruned)
	}
	if err != nil {
		return merkle.Hash{}, err
	}
	return decodeNode(key, value)
}

func decodeNode(key, value []byte) (hash merkle.Hash, err error) {
	r := wire.NewReader(value)
	r.Into("hash", hash[:])
	if err := r.Done(); err != nil {
		return merkle.Hash{}, damaged(key, err)
	}
	return hash, nil
}

// Proof is the proof for the highest height of c that is not above most; ErrNotFound if there is none.
func (s *Store) Proof(id chain.ID, of byte, c chain.ID, most uint64) (at uint64, raw []byte, err error) {
	last := proofKey(nil, id, of, c, most)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: proofKey(nil, id, of, c, 0), UpperBound: append(last[:len(last):len(last)], 0)})
	if err != nil {
		return 0, nil, readError(last, err)
	}
	if it.Last() {
		var value []byte
		value, err = valueAt(it)
		raw = append(make([]byte, 0, len(value)), value...)
		at = binary.BigEndian.Uint64(it.Key()[proofKeyBytes-8:])
	}
	if raw, err = closeRead(raw, it, err); err != nil {
		return 0, nil, err
	}
	if raw == nil {
		return 0, nil, fmt.Errorf("store: %s or one before it: %w", describe(last), ErrNotFound)
	}
	return at, raw, nil
}

// valueAt is the value that an iterator stands on, valid until it moves.
func valueAt(it *pebble.Iterator) ([]byte, error) {
	sealed, err := it.ValueAndErr()
	if err != nil {
		return nil, readError(it.Key(), err)
	}
	return unseal(it.Key(), sealed)
}

// closeRead closes the iterator that gave read, and returns that if all went well.
func closeRead[T any](read T, it *pebble.Iterator, err error) (T, error) {
	if e := it.Close(); err == nil && e != nil {
		err = fmt.Errorf("store: read: %w", e)
	}
	if err != nil {
		var none T
		return none, err
	}
	return read, nil
}
