package kit

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
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
	holds   chain.Amount    // all money that is on the chain

	// Of a chain in a tree alone:
	past *past              // what it shows to others; this moment included
	sent map[chain.ID]flow  // to each chain, ever
	in   map[chain.ID]flow  // from each chain, ever
	cert *chain.Certificate // made when it is asked for
}

// flow is what went from one chain to another: how many relays, with how much money.
type flow struct {
	relays uint64
	value  chain.Amount
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

// after is the moment that a valid block leads to. Where there is one chain, nothing is kept of the past.
func (m *moment) after(res *block.Result) (*moment, error) {
	next := &moment{header: &res.Block.Header, hash: res.Hash, slots: m.slots.Clone(), version: res.Version}
	var err error
	if next.sent, next.in, err = m.flows(res); err != nil {
		return nil, err
	}
	if next.holds, err = m.heldAfter(res.Changes); err != nil {
		return nil, err
	}
	next.write(res.Changes)
	if m.past != nil {
		next.past = m.past.with(next, res)
	}
	return next, nil
}

// flows are what went between chains up to the end of a block.
func (m *moment) flows(res *block.Result) (sent, in map[chain.ID]flow, err error) {
	sent, in = m.sent, m.in
	if len(res.Outbox) > 0 {
		sent = maps.Clone(sent)
	}
	for _, o := range res.Outbox {
		if sent, err = add(sent, o.To, o.Message); err != nil {
			return nil, nil, err
		}
	}
	if len(res.Block.Arrived.Imports) > 0 {
		in = maps.Clone(in)
	}
	for _, im := range res.Block.Arrived.Imports {
		for _, r := range im.Messages {
			if in, err = add(in, im.Source, r); err != nil {
				return nil, nil, err
			}
		}
	}
	return sent, in, nil
}

// add counts a relay.
func add(list map[chain.ID]flow, id chain.ID, r *chain.Message) (map[chain.ID]flow, error) {
	if list == nil {
		list = make(map[chain.ID]flow)
	}
	f := list[id]
	value, err := f.value.Add(exec.Value(r))
	list[id] = flow{f.relays + 1, value}
	return list, err
}

// heldAfter is the money on the chain after a block with these changes: balances, deposits, fees. Nothing waits in the queue between
// blocks of a kit.
func (m *moment) heldAfter(changes []exec.Change) (chain.Amount, error) {
	before, err := money(changes, func(c *exec.Change) []byte { return c.Before })
	if err != nil {
		return before, err
	}
	after, err := money(changes, func(c *exec.Change) []byte { return c.After })
	if err != nil {
		return after, err
	}
	untouched, err := m.holds.Sub(before)
	if err != nil {
		return before, fmt.Errorf("money is not conserved: the accounts and fees that the block changed held %s before, of %s on the chain", before, m.holds)
	}
	return untouched.Add(after)
}

// conserved says whether all money is there after a block (I1) that leads one chain to next: what is on the chains, and what is on its
// way between them.
func (k *Chain) conserved(next *moment) error {
	at := func(c *Chain) *moment {
		if c == k {
			return next
		}
		return c.now
	}
	var all []chain.Amount
	for _, from := range k.chains {
		all = append(all, at(from).holds)
		for to, sent := range at(from).sent { // any order: a sum
			value, err := sent.value.Sub(at(k.on(to)).in[from.id].value)
			if err != nil {
				return fmt.Errorf("money is not conserved: chain %s took in more from chain %s than that sent: %w", k.on(to).name, from.name, err)
			}
			all = append(all, value)
		}
	}
	return k.adds(all)
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

func money(changes []exec.Change, side func(*exec.Change) []byte) (sum chain.Amount, err error) {
	for i := range changes {
		held, err := changes[i].Slot.Held(side(&changes[i]))
		if err != nil {
			return sum, err
		}
		if sum, err = sum.Add(held); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// total is all money that there is.
func (m *moment) total() (sum chain.Amount, err error) {
	for slot, raw := range m.slots.Ascend(btreemap.Min[exec.Slot](), btreemap.Max[exec.Slot]()) {
		held, err := slot.Held(raw)
		if err != nil {
			return sum, err
		}
		if sum, err = sum.Add(held); err != nil {
			return sum, err
		}
	}
	return sum, nil
}
