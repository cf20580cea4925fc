package kit

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// moment is the chain after one of its blocks. It never changes: a snapshot is a pointer to one, and any number of next
// blocks can be tried on it. The state shares what did not change with the moment before, values and tree alike (M6).
type moment struct {
	header  *chain.Header
	hash    chain.BlockHash
	slots   *btreemap.BTreeMap[exec.Slot, []byte]
	version *merkle.Version // nil at genesis
}

// slotsDegree is that of the tree of slots: a clone that changes one copies a path of nodes this wide.
const slotsDegree = 8

func compareSlots(a, b exec.Slot) int {
	return cmp.Or(a.Account.Compare(b.Account), strings.Compare(a.Key, b.Key))
}

// genesis is the first moment; tree must be empty.
func genesis(g *chain.Genesis, tree *merkle.Tree) (*moment, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	header, changes, err := block.Genesis(g, tree, nil)
	if err != nil {
		return nil, err
	}
	m := &moment{header: header, hash: header.Hash(), slots: btreemap.New[exec.Slot, []byte](slotsDegree, compareSlots)}
	m.write(changes)
	return m, nil
}

// Account makes a moment an exec.State.
func (m *moment) Account(a chain.Address) (chain.Account, error) {
	_, raw, ok := m.slots.Get(exec.Slot{Account: a})
	if !ok {
		return chain.Account{}, nil
	}
	return chain.DecodeAccount(raw)
}

// Entry is the value of an entry; nil if there is none.
func (m *moment) Entry(a chain.Address, key string) ([]byte, error) {
	_, raw, _ := m.slots.Get(exec.Slot{Account: a, Key: key})
	return raw, nil
}

// Next is the next key of a's storage with the prefix.
func (m *moment) Next(a chain.Address, prefix, after string) (string, error) {
	from := btreemap.GE(exec.Slot{Account: a, Key: max(prefix, "\x00")}) // the empty key is the record's
	if after >= prefix && after != "" {
		from = btreemap.GT(exec.Slot{Account: a, Key: after})
	}
	for slot := range m.slots.Ascend(from, btreemap.Max[exec.Slot]()) {
		if slot.Account == a && strings.HasPrefix(slot.Key, prefix) {
			return slot.Key, nil
		}
		break
	}
	return "", nil
}

func (m *moment) before(tree *merkle.Tree) *block.Before {
	return &block.Before{Header: m.header, Hash: m.hash, State: m, Tree: tree, Base: m.version}
}

// params are the chain's.
func (m *moment) params() (chain.Params, error) {
	raw, err := m.Entry(chain.SystemAddress(m.header.Chain), chain.KeyParams)
	if err != nil {
		return chain.Params{}, err
	}
	return chain.DecodeParams(raw)
}

// after is the moment that a valid block leads to.
func (m *moment) after(res *block.Result) *moment {
	next := &moment{header: &res.Block.Header, hash: res.Hash, slots: m.slots.Clone(), version: res.Version}
	next.write(res.Changes)
	return next
}

func (m *moment) write(changes []exec.Change) {
	for _, c := range changes {
		if c.After == nil {
			m.slots.Delete(c.Slot)
		} else {
			m.slots.ReplaceOrInsert(c.Slot, bytes.Clone(c.After))
		}
	}
}

// conserved says whether a block's changes leave the sum of all money as it was (I1): balances, deposits, fees. Nothing waits
// in the queue between blocks of a kit.
func conserved(changes []exec.Change) error {
	before, err := money(changes, func(c *exec.Change) []byte { return c.Before })
	if err != nil {
		return err
	}
	after, err := money(changes, func(c *exec.Change) []byte { return c.After })
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("money is not conserved: the accounts and fees that the block changed held %s before and %s after", before, after)
	}
	return nil
}

func money(changes []exec.Change, side func(*exec.Change) []byte) (sum chain.Amount, err error) {
	for i := range changes {
		held, err := moneyOf(changes[i].Slot, side(&changes[i]))
		if err != nil {
			return sum, err
		}
		if sum, err = sum.Add(held); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// moneyOf is what one slot of the state holds.
func moneyOf(slot exec.Slot, raw []byte) (chain.Amount, error) {
	switch {
	case raw == nil:
		return chain.Amount{}, nil
	case slot.Key == "":
		a, err := chain.DecodeAccount(raw)
		if err != nil {
			return chain.Amount{}, err
		}
		return a.Balance.Add(a.Deposit)
	case slot.Account.IsSystem() && slot.Key == chain.KeyFees:
		return chain.DecodeAmount(raw)
	}
	return chain.Amount{}, nil
}

// total is all money that there is.
func (m *moment) total() (sum chain.Amount, err error) {
	for slot, raw := range m.slots.Ascend(btreemap.Min[exec.Slot](), btreemap.Max[exec.Slot]()) {
		held, err := moneyOf(slot, raw)
		if err != nil {
			return sum, err
		}
		if sum, err = sum.Add(held); err != nil {
			return sum, err
		}
	}
	return sum, nil
}
