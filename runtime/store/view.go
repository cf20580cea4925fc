package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// View is the state of a chain after the block at a height, whatever is committed meanwhile. It is safe for concurrent
// use and must be closed: it keeps what it reads from being removed.
type View struct {
	Head     Head // of the chain at that height
	store    *Store
	chain    chain.ID
	snapshot *pebble.Snapshot
	// before holds what the slots changed above the height held at it; nil for absent.
	before map[exec.Slot][]byte
	// listed are those of them that are entries of storage, by account and key: made when first asked for.
	listed func() []exec.Slot
	// sorted are all of them, by path: made when first asked for.
	sorted func() []leaf
	gaps   gaps // of the snapshot
}

// StateAt is the state after the block at a height: the final one with the undo records of all blocks above it applied,
// which it holds in memory. ErrNotFound above the head, ErrPruned if a record is gone.
func (s *Store) StateAt(id chain.ID, height uint64) (*View, error) {
	v := &View{store: s, chain: id, before: map[exec.Slot][]byte{}}
	v.listed, v.sorted = sync.OnceValue(v.list), sync.OnceValue(v.sortedOnce)
	key := partKey(nil, id, partHeader, height)
	if err := s.absent(id, key, partHeader, height); err != nil {
		return nil, err
	}
	if err := s.shown(id, key, height); err != nil { // first: the snapshot has it then
		return nil, err
	}
	v.snapshot = s.db.NewSnapshot()
	if err := v.rewind(height); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// Close lets go of what the view keeps.
func (v *View) Close() error { return v.snapshot.Close() }

func (v *View) rewind(height uint64) error {
	value, err := v.store.must(v.snapshot, markKey(v.chain))
	if err != nil {
		return err
	}
	m, err := decodeMark(value)
	if err != nil {
		return damaged(markKey(v.chain), err)
	}
	for h := m.Height; h > height; h-- {
		if err := v.undo(h); err != nil {
			return err
		}
	}
	value, err = v.store.must(v.snapshot, partKey(nil, v.chain, partHeader, height))
	if err != nil {
		return err
	}
	header, _, err := decodeHeader(value)
	if err != nil {
		return damaged(partKey(nil, v.chain, partHeader, height), err)
	}
	v.Head = Head{height, header.Hash(), header.Roots.State}
	return nil
}

// undo takes back the block at height h.
func (v *View) undo(h uint64) error {
	key := undoKey(nil, v.chain, h)
	value, err := v.store.get(v.snapshot, key)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("store: chain %d: state before height %d: %w", v.chain, h, ErrPruned)
	}
	if err != nil {
		return err
	}
	if err := decodeUndo(value, func(slot exec.Slot, before []byte) { v.before[slot] = before }); err != nil {
		return damaged(key, err)
	}
	return nil
}

// Account is the record of address; the zero record if there is none.
func (v *View) Account(address chain.Address) (chain.Account, error) {
	before, ok := v.before[exec.Slot{Account: address}]
	switch {
	case !ok:
		return readAccount(v.snapshot, v.chain, address)
	case before == nil:
		return chain.Account{}, nil
	}
	a, err := chain.DecodeAccount(before)
	if err != nil {
		return a, fmt.Errorf("%w: chain %d, undo, account %s: %w", ErrDamaged, v.chain, address, err)
	}
	return a, nil
}

// Entry is the value of key in the storage of address; nil if there is none.
func (v *View) Entry(address chain.Address, key string) ([]byte, error) {
	slot := exec.Slot{Account: address, Key: key}
	if before, ok := v.before[slot]; ok {
		return slices.Clone(before), nil
	}
	return readEntry(v.snapshot, v.chain, slot)
}

// Next is the first key of the storage of address that begins with prefix and is greater than behind, or not less than
// prefix if that is empty; "" if there is none. The chain's own entries have no order.
func (v *View) Next(address chain.Address, prefix, behind string) (key string, err error) {
	slot := exec.Slot{Account: address, Key: behind}
	key, err = nextEntry(v.snapshot, &v.gaps, v.chain, slot, prefix, func(slot exec.Slot) bool {
		_, older := v.before[slot]
		return older
	})
	if err != nil {
		return "", err
	}
	if older := v.nextOlder(slot, prefix); key == "" || older != "" && older < key {
		return older, nil
	}
	return key, nil
}

// nextOlder is the next key among those that the undo records bring back.
func (v *View) nextOlder(slot exec.Slot, prefix string) string {
	list := v.listed()
	from := exec.Slot{Account: slot.Account, Key: firstKey(slot.Key, prefix)}
	at, _ := slices.BinarySearchFunc(list, from, compareSlots)
	for _, s := range list[at:] {
		if s.Account != slot.Account || !strings.HasPrefix(s.Key, prefix) {
			return ""
		}
		if v.before[s] != nil {
			return s.Key
		}
	}
	return ""
}

func (v *View) list() []exec.Slot {
	var list []exec.Slot
	for slot := range v.before { // any order: sorted below
		if isListed(&slot) {
			list = append(list, slot)
		}
	}
	slices.SortFunc(list, compareSlots)
	return list
}

func compareSlots(a, b exec.Slot) int {
	return cmp.Or(a.Account.Compare(b.Account), cmp.Compare(a.Key, b.Key))
}

// Leaves calls f for every leaf of the state tree, in ascending order of paths. Value is valid until f returns.
func (v *View) Leaves(f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	return v.leaves(nil, f)
}

// Storage calls f for every entry of an account, in the order of their paths. Value is valid until f returns.
func (v *View) Storage(address chain.Address, f func(key string, value []byte) error) error {
	path := merkle.AccountPath(address)
	return v.leaves(path[:accountBytes], func(_ merkle.Path, slot exec.Slot, value []byte) error {
		if slot.Key == "" {
			return nil
		}
		return f(slot.Key, value)
	})
}

// leaf is a slot that the view has from an undo record.
type leaf struct {
	path  merkle.Path
	slot  exec.Slot
	value []byte
}

// leaves merges what the snapshot has with what was there before, which goes first where both have a path.
func (v *View) leaves(begin []byte, f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	lower, upper := span(v.chain, kindState, begin)
	return v.merged(lower, upper, v.older(begin), f)
}

// leavesFrom is Leaves from a path on.
func (v *View) leavesFrom(from merkle.Path, f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	_, upper := span(v.chain, kindState, nil)
	older := v.sorted()
	at, _ := slices.BinarySearchFunc(older, from, func(l leaf, p merkle.Path) int { return bytes.Compare(l.path[:], p[:]) })
	return v.merged(stateKey(nil, v.chain, &from), upper, older[at:], f)
}

// merged puts those between two keys, and those that undo records bring back, in order.
func (v *View) merged(lower, upper []byte, older []leaf, f func(path merkle.Path, slot exec.Slot, value []byte) error) error {
	emit := func(until func(path *merkle.Path) bool) error {
		for len(older) > 0 && until(&older[0].path) {
			l := &older[0]
			older = older[1:]
			if l.value == nil {
				continue
			}
			if err := f(l.path, l.slot, l.value); err != nil {
				return err
			}
		}
		return nil
	}
	err := leavesIn(v.snapshot, lower, upper, func(path merkle.Path, slot exec.Slot, value []byte) error {
		if err := emit(func(p *merkle.Path) bool { return bytes.Compare(p[:], path[:]) <= 0 }); err != nil {
			return err
		}
		if _, replaced := v.before[slot]; replaced {
			return nil
		}
		return f(path, slot, value)
	})
	if err != nil {
		return err
	}
	return emit(func(*merkle.Path) bool { return true })
}

// sortedOnce is older of all, made when first asked for.
func (v *View) sortedOnce() []leaf { return v.older(nil) }

// older are the slots from undo records below begin, in ascending order of their paths.
func (v *View) older(begin []byte) []leaf {
	var list []leaf
	for slot, value := range v.before {
		l := leaf{pathOf(&slot), slot, value}
		if bytes.HasPrefix(l.path[:], begin) {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b leaf) int { return bytes.Compare(a.path[:], b.path[:]) })
	return list
}
