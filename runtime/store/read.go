package store

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Head is the last committed block; ErrNotFound before Init.
func (s *Store) Head(id chain.ID) (Head, error) {
	m := s.ledger(id).durable.Load()
	if m == nil {
		return Head{}, fmt.Errorf("store: head of chain %d: %w", id, ErrNotFound)
	}
	return m.Head, nil
}
