package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Head is the last committed block; ErrNotFound before Init.
func (s *Store) Head(id chain.ID) (Head, error) {
	m := s.ledger(id).durable.Load()
	if m == nil {
		return Head{}, fmt.Errorf("store: head of chain %d: %w", id, ErrNotFound)
	}
	return m.Head, nil
}

// Block is the block at a height and the certificate that made it final, which may be empty. The block at height 0 is
// its header alone.
func (s *Store) Block(id chain.ID, height uint64) (raw, certificate []byte, err error) {
	if raw, err = s.at(id, partBody, height); err != nil {
		return nil, nil, err
	}
	_, certificate, err = s.header(id, height)
	return raw, certificate, err
}

// Header is the header of the block at a height, read without the block.
func (s *Store) Header(id chain.ID, height uint64) (chain.Header, error) {
	h, _, err := s.header(id, height)
	return h, err
}

// Certificate is what made the block at a height final; it may be empty.
func (s *Store) Certificate(id chain.ID, height uint64) ([]byte, error) {
	_, certificate, err := s.header(id, height)
	return certificate, err
}

// Receipts are those of the block at a height, as they were committed.
func (s *Store) Receipts(id chain.ID, height uint64) ([]byte, error) {
	return s.at(id, partReceipts, height)
}

// emptyOutbox is the root in the header of a block without outbox.
var emptyOutbox = chain.Hash(merkle.Root(nil))

// Outbox is that of the block at a height, as it was committed; empty if the block has none.
func (s *Store) Outbox(id chain.ID, height uint64) ([]byte, error) {
	key := partKey(nil, id, partOutbox, height)
	if err := errors.Join(s.shown(id, key, height), s.absent(id, key, partOutbox, height)); err != nil {
		return nil, err
	}
	raw, err := s.get(s.db, key)
	if !errors.Is(err, ErrNotFound) {
		return raw, err
	}
	h, err := s.Header(id, height)
	if err == nil && h.Roots.Outbox != emptyOutbox {
		err = damaged(key, errMissing)
	}
	return nil, err
}

// HeightOf is the height of the block with the given hash.
func (s *Store) HeightOf(id chain.ID, hash chain.BlockHash) (uint64, error) {
	key := nameKey(id, hash)
	value, err := s.get(s.db, key)
	if err != nil {
		return 0, err
	}
	r := wire.NewReader(value)
	height := r.U64("height")
	if err := r.Done(); err != nil {
		return 0, damaged(key, err)
	}
	return height, s.shown(id, key, height)
}

// Find is where a message was processed; ErrNotFound if it wasn't, or not yet.
func (s *Store) Find(id chain.ID, message chain.MessageID) (Place, error) {
	key := indexKey(id, message)
	p, err := s.place(key)
	if err != nil {
		return Place{}, err
	}
	return p, s.shown(id, key, p.Height)
}

// place reads one, whatever the head is.
func (s *Store) place(key []byte) (Place, error) {
	value, err := s.get(s.db, key)
	if err != nil {
		return Place{}, err
	}
	p, err := decodePlace(value)
	if err != nil {
		return Place{}, damaged(key, err)
	}
	return p, nil
}

// Index calls f for every processed message, in ascending order of their ids. It is for audits: it reads all of the
// index.
func (s *Store) Index(id chain.ID, f func(message chain.MessageID, p Place) error) error {
	head, err := s.Head(id)
	if err != nil {
		return err
	}
	lower, upper := span(id, kindIndex, nil)
	return scan(s.db, lower, upper, func(key, value []byte) error {
		p, err := decodePlace(value)
		if err != nil || len(key) != indexKeyBytes {
			return damaged(key, err)
		}
		if p.Height > head.Height {
			return nil
		}
		return f(chain.MessageID(key[prefixBytes:]), p)
	})
}

func (s *Store) header(id chain.ID, height uint64) (chain.Header, []byte, error) {
	value, err := s.at(id, partHeader, height)
	if err != nil {
		return chain.Header{}, nil, err
	}
	h, certificate, err := decodeHeader(value)
	if err != nil {
		return chain.Header{}, nil, damaged(partKey(nil, id, partHeader, height), err)
	}
	return h, certificate, nil
}

// at is a part of the block at a height, which must be there up to the head (T3).
func (s *Store) at(id chain.ID, p part, height uint64) ([]byte, error) {
	key := partKey(nil, id, p, height)
	if err := s.shown(id, key, height); err != nil {
		return nil, err
	}
	if err := s.absent(id, key, p, height); err != nil {
		return nil, err
	}
	return s.must(s.db, key)
}

// shown is ErrNotFound for what belongs to a block that isn't on disk yet (T5).
func (s *Store) shown(id chain.ID, key []byte, height uint64) error {
	if m := s.ledger(id).durable.Load(); m == nil || height > m.Height {
		return fmt.Errorf("store: %s: %w", describe(key), ErrNotFound)
	}
	return nil
}

// scan calls f for all keys from lower up to upper, with their values, both valid until it returns.
func scan(from getter, lower, upper []byte, f func(key, value []byte) error) error {
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return readError(lower, err)
	}
	err = each(it, f)
	if e := it.Close(); err == nil && e != nil {
		err = readError(lower, e)
	}
	return err
}

func each(it *pebble.Iterator, f func(key, value []byte) error) error {
	for ok := it.First(); ok; ok = it.Next() {
		sealed, err := it.ValueAndErr()
		if err != nil {
			return readError(it.Key(), err)
		}
		value, err := unseal(it.Key(), sealed)
		if err != nil {
			return err
		}
		if err := f(it.Key(), value); err != nil {
			return err
		}
	}
	return nil
}
