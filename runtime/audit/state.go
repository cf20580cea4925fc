package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// state is a chain's state in memory: encoded values, and the tree that authenticates them. It is the exec.State of the
// block that comes next; while that is verified nothing changes it.
type state struct {
	records map[chain.Address]string
	entries map[exec.Slot]string
	order   *btreemap.BTreeMap[exec.Slot, struct{}] // the entries of accounts, by account and key
	tree    *merkle.Tree
}

func newState() *state {
	const degree = 32
	return &state{
		records: map[chain.Address]string{}, entries: map[exec.Slot]string{}, tree: merkle.New(),
		order: btreemap.New[exec.Slot, struct{}](degree, compareSlots),
	}
}

func compareSlots(a, b exec.Slot) int {
	return cmp.Or(a.Account.Compare(b.Account), cmp.Compare(a.Key, b.Key))
}

// Account is the record of address; the zero record if there is none.
func (s *state) Account(address chain.Address) (chain.Account, error) {
	raw, ok := s.records[address]
	if !ok {
		return chain.Account{}, nil
	}
	a, err := chain.DecodeAccount([]byte(raw))
	if err != nil {
		return a, fmt.Errorf("account %s: %w", address, err)
	}
	return a, nil
}

// Entry is the value of key in the storage of address; nil if there is none.
func (s *state) Entry(address chain.Address, key string) ([]byte, error) {
	raw, ok := s.entries[exec.Slot{Account: address, Key: key}]
	if !ok {
		return nil, nil
	}
	return []byte(raw), nil
}

// Next is the first key of the storage of address that begins with prefix and is greater than after, or not less than
// prefix if that is empty; "" if there is none.
func (s *state) Next(address chain.Address, prefix, after string) (string, error) {
	from := btreemap.GE(exec.Slot{Account: address, Key: prefix})
	if after != "" && after >= prefix {
		from = btreemap.GT(exec.Slot{Account: address, Key: after})
	}
	for slot := range s.order.Ascend(from, btreemap.Max[exec.Slot]()) {
		if slot.Account == address && strings.HasPrefix(slot.Key, prefix) {
			return slot.Key, nil
		}
		break
	}
	return "", nil
}

// set puts a value into a slot; nil removes it. The tree is not told.
func (s *state) set(slot exec.Slot, value []byte) {
	switch {
	case slot.Key == "" && value == nil:
		delete(s.records, slot.Account)
	case slot.Key == "":
		s.records[slot.Account] = string(value)
	case value == nil:
		delete(s.entries, slot)
		s.order.Delete(slot)
	default:
		if _, there := s.entries[slot]; !there && !slot.Account.IsSystem() {
			s.order.ReplaceOrInsert(slot, struct{}{})
		}
		s.entries[slot] = string(value)
	}
}

func (s *state) apply(changes []exec.Change) {
	for i := range changes {
		s.set(changes[i].Slot, changes[i].After)
	}
}

// atGenesis is the state at height 0, with its header.
func atGenesis(g *chain.Genesis, each merkle.Each) (*state, *chain.Header, error) {
	s := newState()
	header, changes, err := block.Genesis(g, s.tree, each)
	if err != nil {
		return nil, nil, err
	}
	s.apply(changes)
	return s, header, nil
}

// rewind is the state after the block at height, made of the stored state, which is that after the block at top, and the
// undo records above height.
func rewind(raw *store.Raw, id chain.ID, height, top uint64) (*state, error) {
	s := newState()
	err := raw.State(id, func(_ merkle.Path, slot exec.Slot, value []byte, damage error) error {
		if damage == nil {
			s.set(slot, append([]byte{}, value...))
		}
		return damage
	})
	if err != nil {
		return nil, err
	}
	for h := top; h > height; h-- {
		record, err := raw.Undo(id, h)
		if err != nil {
			return nil, err
		}
		// any value may stand in a slot for a moment; what counts is the root in the end
		if err := store.DecodeUndo(record, s.set); err != nil {
			return nil, fmt.Errorf("undo record of block %d: %w", h, err)
		}
	}
	return s, s.grow()
}

// grow makes the tree over the values.
func (s *state) grow() error {
	leaves := make([]merkle.Leaf, 0, len(s.records)+len(s.entries))
	for address, value := range s.records {
		leaves = append(leaves, merkle.Leaf{Path: merkle.AccountPath(address), Value: merkle.ValueHash([]byte(value))})
	}
	for slot, value := range s.entries {
		leaves = append(leaves, merkle.Leaf{Path: block.SlotPath(slot), Value: merkle.ValueHash([]byte(value))})
	}
	slices.SortFunc(leaves, func(a, b merkle.Leaf) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	i := 0
	return s.tree.Load(func() (merkle.Path, merkle.Hash, bool) {
		if i == len(leaves) {
			return merkle.Path{}, merkle.Hash{}, false
		}
		i++
		return leaves[i-1].Path, leaves[i-1].Value, true
	})
}

// root is that of the tree.
func (s *state) root() chain.Hash { return chain.Hash(s.tree.Root()) }
