package store

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

var (
	_ exec.State = (*State)(nil)
	_ exec.State = (*View)(nil)
)

// State is the final state of a chain, read directly: each read sees the newest commit (T5). It is safe for concurrent
// use.
type State struct {
	store  *Store
	ledger *ledger
}

// State reads the final state of a chain. A chain without genesis has nothing in it.
func (s *Store) State(id chain.ID) *State { return &State{s, s.ledger(id)} }

// Account is the record of address; the zero record if there is none.
func (t *State) Account(address chain.Address) (chain.Account, error) {
	record, found, generation := t.ledger.records.get(address)
	if found {
		return record, nil
	}
	record, err := readAccount(t.store.db, t.ledger.id, address)
	if err == nil {
		t.ledger.records.offer(address, record, generation)
	}
	return record, err
}

// Entry is the value of key in the storage of address; nil if there is none.
func (t *State) Entry(address chain.Address, key string) ([]byte, error) {
	return readEntry(t.store.db, t.ledger.id, exec.Slot{Account: address, Key: key})
}

// Next is the first key of the storage of address that begins with prefix and is greater than behind, or not less than
// prefix if that is empty; "" if there is none. The chain's own entries have no order.
func (t *State) Next(address chain.Address, prefix, behind string) (key string, err error) {
	return nextEntry(t.store.db, &t.ledger.gaps, t.ledger.id, exec.Slot{Account: address, Key: behind}, prefix, nil)
}

func readAccount(from getter, id chain.ID, address chain.Address) (a chain.Account, err error) {
	var buf [stateKeyBytes]byte
	path := merkle.AccountPath(address)
	key := stateKey(buf[:0], id, &path)
	err = borrow(from, key, func(value []byte) (err error) {
		a, err = chain.DecodeAccount(value)
		return err
	})
	return a, err
}

// readEntry returns a copy; not nil for an entry that is empty.
func readEntry(from getter, id chain.ID, slot exec.Slot) (value []byte, err error) {
	var buf [stateKeyBytes]byte
	path := pathOf(&slot)
	key := stateKey(buf[:0], id, &path)
	err = borrow(from, key, func(b []byte) error {
		found, v, err := readSlot(&path, b)
		if err == nil && found != slot {
			err = fmt.Errorf("it is the entry %q", found.Key)
		}
		value = append(make([]byte, 0, len(v)), v...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// borrow calls f with the value under key, which is valid until it returns; not at all if there is none.
func borrow(from getter, key []byte, f func(value []byte) error) error {
	sealed, closer, err := from.Get(key)
	if err != nil {
		if err = readError(key, err); errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	defer closer.Close()
	value, err := unseal(key, sealed)
	if err != nil {
		return err
	}
	if err := f(value); err != nil {
		return damaged(key, err)
	}
	return nil
}

// Leaves calls f for every leaf of the state tree, in ascending order of paths. Value is valid until f returns. What it
// passes by of account records is remembered, as far as there is room.
func (s *Store) Leaves(id chain.ID, f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	held := &s.ledger(id).records
	generation := held.generation.Load()
	return leaves(s.db, id, nil, func(path merkle.Path, slot exec.Slot, value []byte) error {
		if slot.Key == "" {
			held.fill(slot.Account, value, generation)
		}
		return f(path, slot, value)
	})
}

// Storage calls f for every entry of an account, in the order of their paths. Value is valid until f returns.
func (s *Store) Storage(id chain.ID, address chain.Address, f func(key string, value []byte) error) error {
	return storage(s.db, id, address, f)
}

func storage(from getter, id chain.ID, address chain.Address, f func(key string, value []byte) error) error {
	path := merkle.AccountPath(address)
	return leaves(from, id, path[:accountBytes], func(_ merkle.Path, slot exec.Slot, value []byte) error {
		if slot.Key == "" {
			return nil
		}
		return f(slot.Key, value)
	})
}

// leaves reads those whose paths begin with begin.
func leaves(from getter, id chain.ID, begin []byte, f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	lower, upper := span(id, kindState, begin)
	return leavesIn(from, lower, upper, f)
}

// leavesIn reads those between two keys.
func leavesIn(from getter, lower, upper []byte, f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	return scan(from, lower, upper, func(key, sealed []byte) error {
		path, err := readStateKey(key)
		if err != nil {
			return err
		}
		slot, value, err := readSlot(&path, sealed)
		if err != nil {
			return damaged(key, err)
		}
		return f(path, slot, value)
	})
}
