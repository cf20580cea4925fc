package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Body is an encoded block that a member has voted for, and that is not final yet.
type Body struct {
	Hash chain.BlockHash
	Raw  []byte
}

// KeepVotes keeps what a member must not forget of what it signed (SPEC 5.6), in place of what was kept before, and a body
// beside those that are there; either may be nil. When it returns nil both are there after any crash, whatever it picks: what
// is signed may be sent then. The bodies go with the next commit: they are of the height after the head.
func (s *Store) KeepVotes(id chain.ID, record []byte, body *Body) error {
	l := s.ledger(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.durable.Load() == nil {
		return fmt.Errorf("store: votes on chain %d: %w: it has no genesis", id, ErrNotFound)
	}
	if err := s.ready(); err != nil {
		return fmt.Errorf("store: votes: %w", err)
	}
	w := l.writer(s.db)
	if record != nil {
		w.put(voteKey(id), record)
	}
	if body != nil {
		w.put(bodyKey(w.key[:0], id, body.Hash), body.Raw)
	}
	if err := s.apply(w.batch, pebble.Sync); err != nil {
		return fmt.Errorf("store: votes: %w", err)
	}
	if body != nil {
		l.bodies = append(l.bodies, body.Hash)
	}
	return nil
}

// Votes are what KeepVotes, or Init, kept last, and the bodies since the last commit. ErrNotFound if nothing was ever kept:
// whoever has voted for this chain has lost what it signed.
func (s *Store) Votes(id chain.ID) (record []byte, bodies []Body, err error) {
	if record, err = s.get(s.db, voteKey(id)); err != nil {
		return nil, nil, err
	}
	lower, upper := span(id, kindVote, nil)
	err = scan(s.db, lower, upper, func(key, value []byte) error {
		if len(key) == prefixBytes {
			return nil
		}
		if len(key) != bodyKeyBytes {
			return damaged(key, errors.New("it is no key of a body"))
		}
		bodies = append(bodies, Body{chain.BlockHash(key[prefixBytes:]), append([]byte(nil), value...)})
		return nil
	})
	return record, bodies, err
}

// loadBodies notes the bodies that the next commit removes.
func (s *Store) loadBodies(l *ledger) error {
	_, bodies, err := s.Votes(l.id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	for _, b := range bodies {
		l.bodies = append(l.bodies, b.Hash)
	}
	return err
}

// dropBodies removes the bodies of the height that the batch commits.
func (w *writer) dropBodies(hashes []chain.BlockHash) {
	for _, hash := range hashes {
		_ = w.batch.Delete(bodyKey(w.key[:0], w.chain, hash), nil) // fails for indexed batches only
	}
}
