package store_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// planted is a chain into which something wrong is put, each change with a right checksum unless it says otherwise. What it
// changes it can put back.
type planted struct {
	*ledger
	store.Planter
	old map[string][]byte // nil for absent
}

func (p *planted) keep(key []byte) {
	if _, kept := p.old[string(key)]; !kept {
		p.old[string(key)], _ = p.Get(key)
	}
}

func (p *planted) put(key, value []byte) {
	p.t.Helper()
	p.keep(key)
	p.must(p.Put(key, value))
}

func (p *planted) lose(keys ...[]byte) {
	p.t.Helper()
	for _, key := range keys {
		p.keep(key)
		if p.old[string(key)] == nil {
			p.t.Fatalf("%s is not there to be lost", store.Describe(key))
		}
		p.must(p.Delete(key))
	}
}

// spoil makes the checksum wrong.
func (p *planted) spoil(key []byte) {
	p.t.Helper()
	p.keep(key)
	p.must(p.Break(key))
}

func (p *planted) restore() {
	for key, value := range p.old {
		if value == nil {
			p.must(p.Delete([]byte(key)))
		} else {
			p.must(p.Put([]byte(key), value))
		}
	}
	clear(p.old)
}

// body changes a stored block and leaves all else as it was.
func (p *planted) body(height uint64, change func(*chain.Block)) {
	p.t.Helper()
	b, err := chain.DecodeBlock(bytes.Clone(p.result(height).Raw))
	p.must(err)
	change(b)
	p.put(store.PartKey('b', height), b.Append(nil))
}

// record changes the record of a wallet.
func (p *planted) record(n int, change func(*chain.Account)) {
	p.t.Helper()
	a, err := p.State(chain.Main).Account(p.wallets[n].address)
	p.must(err)
	change(&a)
	p.put(store.SlotKey(exec.Slot{Account: p.wallets[n].address}), a.Encode())
}

func (p *planted) entry(address chain.Address, key string, value []byte) {
	slot := exec.Slot{Account: address, Key: key}
	p.put(store.SlotKey(slot), store.SlotValue(slot, value))
}

// own is an entry of the chain's own.
func (p *planted) own(key string, change func([]byte) []byte) {
	p.t.Helper()
	value, err := p.State(chain.Main).Entry(system, key)
	p.must(err)
	p.entry(system, key, change(bytes.Clone(value)))
}

func (p *planted) journal(height uint64, change func(*block.Journal)) {
	p.t.Helper()
	j, err := block.DecodeJournal(p.value(store.PartKey('r', height)))
	p.must(err)
	change(j)
	p.put(store.PartKey('r', height), j.Encode())
}

// undo changes an undo record.
func (p *planted) undo(height uint64, change func([]exec.Change) []exec.Change) {
	p.put(store.UndoKey(height), store.UndoValue(change(slices.Clone(p.result(height).Changes))))
}

func (p *planted) value(key []byte) []byte {
	p.t.Helper()
	value, err := p.Get(key)
	p.must(err)
	return value
}

func (p *planted) parts(height uint64) [][]byte {
	return [][]byte{store.PartKey('b', height), store.PartKey('h', height), store.PartKey('r', height)}
}

func (p *planted) mark(height uint64, change func(*store.Head)) {
	h := store.Head{Height: height, Hash: p.result(height).Hash, State: p.result(height).Block.Header.Roots.State}
	change(&h)
	p.put(store.MarkKey(), store.MarkValue(h))
}

// processed is a message of a block.
func (p *planted) processed(height uint64, event int) chain.MessageID {
	return p.result(height).Processed[event]
}

// relabel makes a header the last block's, everywhere: whoever forges would.
func (p *planted) relabel(change func(*chain.Header)) {
	var hash chain.BlockHash
	p.body(lastHeight, func(b *chain.Block) {
		change(&b.Header)
		hash = b.Header.Hash()
		raw := b.Header.Append(nil)
		p.put(store.PartKey('h', lastHeight), append([]byte{0, 0, byte(len(raw) >> 8), byte(len(raw))}, raw...))
		p.put(store.NameKey(hash), []byte{0, 0, 0, 0, 0, 0, 0, lastHeight})
		p.lose(store.NameKey(p.result(lastHeight).Hash))
		p.mark(lastHeight, func(h *store.Head) { h.Hash, h.State = hash, b.Header.Roots.State })
	})
}

var system = chain.SystemAddress(chain.Main)

func more(a *chain.Amount, n uint64) {
	sum, err := a.Add(chain.NewAmount(n))
	if err != nil {
		panic(err)
	}
	*a = sum
}

// corruption is a row: what is planted, and which checks must fail, with some words of a finding of the first.
type corruption struct {
	name  string
	plant func(p *planted)
	fails []string
	says  func(p *planted) string
}

func says(s string) func(*planted) string { return func(*planted) string { return s } }

func address(n int) func(*planted) string {
	return func(p *planted) string { return p.wallets[n].address.String() }
}

func message(height uint64, event int) func(*planted) string {
	return func(p *planted) string { return p.processed(height, event).String() }
}

// inState are the checks that meet a leaf of a wrong value, holding money or not.
var (
	inState = []string{audit.State, audit.StateRoot}
	inMoney = []string{audit.State, audit.StateRoot, audit.Conservation}
)

var stateRows = []corruption{
	{"balance", func(p *planted) { p.record(0, func(a *chain.Account) { more(&a.Balance, 1) }) }, inMoney, address(0)},
	{"balance moved to another account", func(p *planted) {
		var moved chain.Account
		p.record(0, func(a *chain.Account) { moved = *a })
		p.record(1, func(a *chain.Account) { *a, moved = moved, *a })
		p.record(0, func(a *chain.Account) { *a = moved })
	}, append([]string{audit.Nonces}, inState...), address(0)},
	{"deposit", func(p *planted) { p.record(2, func(a *chain.Account) { more(&a.Deposit, 1) }) }, inMoney, address(2)},
	{"nonce", func(p *planted) { p.record(1, func(a *chain.Account) { a.Nonce++ }) }, append([]string{audit.Nonces}, inState...), address(1)},
	{"storage bytes", func(p *planted) { p.record(3, func(a *chain.Account) { a.StorageBytes++ }) }, inState, address(3)},
	{"code out of nowhere", func(p *planted) { p.record(3, func(a *chain.Account) { a.Code[0] = 1 }) }, inState, address(3)},
	{"record that does not decode", func(p *planted) {
		p.put(store.SlotKey(exec.Slot{Account: p.wallets[0].address}), []byte{9})
	}, append([]string{audit.Conservation}, inState...), says("")},
	{"empty record", func(p *planted) {
		p.put(store.SlotKey(exec.Slot{Account: chain.Address{3: 1, 4: 77}}), chain.Account{}.Encode())
	}, inState, says("an empty record is stored")},
	{"most money there is", func(p *planted) {
		p.record(0, func(a *chain.Account) { a.Balance = chain.MaxAmount })
	}, inMoney, address(0)},
	{"extra account", func(p *planted) {
		p.put(store.SlotKey(exec.Slot{Account: chain.Address{3: 1, 4: 77}}), chain.Account{Balance: chain.NewAmount(5)}.Encode())
	}, inMoney, says("replay has nothing there")},
	{"extra account without money", func(p *planted) {
		p.put(store.SlotKey(exec.Slot{Account: chain.Address{3: 1, 4: 77}}), chain.Account{Nonce: 1}.Encode())
	}, append([]string{audit.Nonces}, inState...), says("processed 0 external messages")},
	{"account of another chain", func(p *planted) {
		p.put(store.SlotKey(exec.Slot{Account: chain.Address{3: 2, 4: 77}}), chain.Account{Balance: chain.NewAmount(5)}.Encode())
	}, inMoney, says("it belongs to chain 2")},
	{"record of the chain's own account", func(p *planted) {
		p.put(store.SlotKey(exec.Slot{Account: system}), chain.Account{Balance: chain.NewAmount(5)}.Encode())
	}, inMoney, says("the chain's own account has no record")},
	{"missing account", func(p *planted) { p.lose(store.SlotKey(exec.Slot{Account: p.wallets[2].address})) }, inMoney, address(2)},
	{"entry of a contract", func(p *planted) { p.entry(p.wallets[3].address, "l", []byte("other valve")) }, inState, says(`entry "l"`)},
	{"extra entry of a contract", func(p *planted) { p.entry(p.wallets[3].address, "z", []byte("z")) },
		append([]string{audit.EntryIndex}, inState...), says(`the index lacks the entry "z"`)},
	{"extra entry of a contract, in the index too", func(p *planted) {
		p.entry(p.wallets[3].address, "z", []byte("z"))
		p.put(store.EntryKey(p.wallets[3].address, "z"), nil)
	}, inState, says(`entry "z"`)},
	{"missing entry of a contract", func(p *planted) {
		p.lose(store.SlotKey(exec.Slot{Account: p.wallets[3].address, Key: "l"}))
	}, append([]string{audit.State, audit.EntryIndex}, audit.StateRoot), says("holds 3 bytes of storage")},
	{"entry under the path of another", func(p *planted) {
		slot := exec.Slot{Account: p.wallets[3].address, Key: "l"}
		p.put(store.SlotKey(slot), store.SlotValue(exec.Slot{Account: slot.Account, Key: "k"}, []byte("other value")))
	}, []string{audit.Checksums}, says(`"k"`)},
	{"fees", func(p *planted) {
		p.own(chain.KeyFees, func(v []byte) []byte { v[len(v)-1]++; return v })
	}, inMoney, says(`"fees"`)},
	{"params", func(p *planted) {
		p.own(chain.KeyParams, func(v []byte) []byte { v[len(v)-1]++; return v })
	}, inState, says(`"params"`)},
	{"issued", func(p *planted) {
		p.own(chain.KeyIssued, func(v []byte) []byte { v[len(v)-1]++; return v })
	}, inMoney, says(`"issued"`)},
	{"warm code", func(p *planted) {
		p.own(chain.KeyWarm, func(v []byte) []byte { v[len(v)-1]++; return v })
	}, inState, says("warm code: a load of")},
	{"code that is not warm", func(p *planted) {
		p.own(chain.CodeKey(published.Hash()), func(v []byte) []byte { v[len(v)-1]--; return v })
	}, inState, says("warm code: a load of")},
	{"extent of the queue", func(p *planted) {
		p.own(chain.KeyQueue, func(v []byte) []byte { v[len(v)-1]++; return v })
	}, inState, says(`"queue"`)},
	{"queue without end", func(p *planted) {
		p.own(chain.KeyQueue, func(v []byte) []byte { v[8] = 0xff; return v })
	}, inState, says("queue from")},
	{"amount of a waiting message", func(p *planted) {
		q := p.queue()
		p.own(chain.QueuedKey(q.Head), func(v []byte) []byte {
			m, err := chain.DecodeMessage(v)
			p.must(err)
			m = m.Clone()
			more(&m.Amount, 1)
			return m.Encode()
		})
	}, inMoney, says("queue/")},
	{"missing message of the queue", func(p *planted) {
		p.lose(store.SlotKey(exec.Slot{Account: system, Key: chain.QueuedKey(p.queue().Head)}))
	}, inMoney, says("of the queue")},
	{"message outside of the queue", func(p *planted) {
		value, err := p.State(chain.Main).Entry(system, chain.QueuedKey(p.queue().Head))
		p.must(err)
		p.entry(system, chain.QueuedKey(p.queue().Tail+5), value)
	}, inMoney, says("outside of the queue")},
	{"height in the entry of code", func(p *planted) {
		p.own(chain.CodeKey(published.Hash()), func(v []byte) []byte { v[7]++; return v })
	}, inState, says("the chain's entry of code " + published.Hash().String())},
	{"length in the entry of code", func(p *planted) {
		p.own(chain.CodeKey(published.Hash()), func(v []byte) []byte { v[11]++; return v })
	}, append([]string{audit.Code}, inState...), says("has 1500 bytes")},
	{"entry of code that does not decode", func(p *planted) {
		p.own(chain.CodeKey(published.Hash()), func(v []byte) []byte { v[12]++; return v })
	}, append([]string{audit.State, audit.Code}, audit.StateRoot), says("immutable")},
	{"missing entry of code", func(p *planted) {
		p.lose(store.SlotKey(exec.Slot{Account: system, Key: chain.CodeKey(published.Hash())}))
	}, append([]string{audit.Code}, inState...), says("was not published")},
	{"entry that no chain has", func(p *planted) { p.entry(system, "mint", []byte{1}) }, inState, says("no such entry")},
}

func (p *planted) queue() chain.Queue {
	raw, err := p.State(chain.Main).Entry(system, chain.KeyQueue)
	p.must(err)
	q, err := chain.DecodeQueue(raw)
	p.must(err)
	return q
}

var blockRows = []corruption{
	{"amount that σ says was sent", func(p *planted) {
		p.body(9, func(b *chain.Block) { more(&firstSent(b).Amount, 1) })
	}, []string{audit.Replayed}, says("block 9")},
	{"receiver that σ says was sent to", func(p *planted) {
		p.body(1, func(b *chain.Block) { firstSent(b).To = p.wallets[4].address })
	}, []string{audit.Order}, says("block 1")},
	{"external messages swapped in σ", func(p *planted) {
		p.body(9, func(b *chain.Block) { swap(busiest(b).Events, 0, 1) })
	}, []string{audit.Validity}, says("the account's next is")},
	{"relays of one sender swapped in σ", func(p *planted) {
		p.body(9, func(b *chain.Block) {
			q := sequence(b, p.wallets[1].address)
			i := slices.IndexFunc(q.Events, func(e chain.Event) bool { return len(e.Sent) == 0 })
			swap(q.Events, i, i+1)
		})
	}, []string{audit.Order}, says("block 9")},
	{"event left out of σ", func(p *planted) {
		p.body(1, func(b *chain.Block) { q := busiest(b); q.Events = q.Events[:len(q.Events)-1] })
	}, []string{audit.Replayed}, says("block 1")},
	{"event twice in σ", func(p *planted) {
		p.body(1, func(b *chain.Block) { q := busiest(b); q.Events = append(q.Events, q.Events[len(q.Events)-1]) })
	}, []string{audit.Order}, says("block 1")},
	{"signature of an input", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Inputs[2].Message.Proof[40] ^= 1 })
	}, []string{audit.Validity}, func(p *planted) string { return p.result(4).Block.Inputs[2].Message.ID().String() }},
	{"key of an input", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Inputs[2].Message.Proof[4] ^= 1 })
	}, []string{audit.Validity}, says("signature")},
	{"amount of an input", func(p *planted) {
		p.body(4, func(b *chain.Block) {
			m := b.Inputs[2].Message.Clone()
			more(&m.Amount, 1)
			b.Inputs[2].Message = m.Seal()
		})
	}, []string{audit.Validity}, says("signature")},
	{"input left out", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Inputs = b.Inputs[:len(b.Inputs)-1] })
	}, []string{audit.Order}, says("block 4")},
	{"state root in a header", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Header.Roots.State[0] ^= 1 })
	}, []string{audit.Replayed, audit.Headers, audit.HashChain, audit.BlockHashes}, says("state root")},
	{"receipts root in a header", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Header.Roots.Receipts[0] ^= 1 })
	}, []string{audit.Replayed, audit.Headers, audit.HashChain, audit.BlockHashes}, says("receipts root")},
	{"gas in a header", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Header.GasUsed++ })
	}, []string{audit.Replayed, audit.Headers, audit.HashChain, audit.BlockHashes}, says("gas used")},
	{"time in a header", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Header.TimeMillis++ })
	}, []string{audit.HashChain, audit.Headers, audit.BlockHashes}, says("block 5 names")},
	{"parent in a header", func(p *planted) {
		p.body(4, func(b *chain.Block) { b.Header.Parent[0] ^= 1 })
	}, []string{audit.HashChain, audit.Headers, audit.BlockHashes}, says("parent")},
	{"another block in its place", func(p *planted) {
		p.put(store.PartKey('b', 4), p.result(3).Raw)
	}, []string{audit.HashChain, audit.Validity, audit.Headers, audit.BlockHashes}, says("says that it is block 3")},
	{"block that does not decode", func(p *planted) {
		p.put(store.PartKey('b', 4), append(bytes.Clone(p.result(4).Raw), 0))
	}, []string{audit.Validity}, says("encoding")},
	{"block at height 0", func(p *planted) {
		b, err := chain.DecodeBlock(p.value(store.PartKey('b', 0)))
		p.must(err)
		b.Header.TimeMillis++
		p.put(store.PartKey('b', 0), b.Append(nil))
	}, []string{audit.Genesis, audit.HashChain, audit.Headers, audit.BlockHashes}, says("another is stored")},
	{"genesis of another network", func(p *planted) {
		g := *p.genesis
		g.Name = "forged"
		p.put(store.GenesisKey(), g.Encode())
	}, []string{audit.Genesis}, says("another is stored")},
	{"genesis with more money", func(p *planted) {
		g := *p.genesis
		g.Accounts = slices.Clone(g.Accounts)
		more(&g.Accounts[0].Balance, 1)
		p.put(store.GenesisKey(), g.Encode())
	}, []string{audit.Genesis, audit.Conservation}, says("another is stored")},
	{"genesis that does not decode", func(p *planted) {
		raw := p.genesis.Encode()
		raw[0] = 0xff
		p.put(store.GenesisKey(), raw)
	}, []string{audit.Genesis}, says("version")},
	{"balance, with every root made to fit", func(p *planted) {
		p.record(0, func(a *chain.Account) { more(&a.Balance, 1) })
		tree := merkle.New()
		var updates []merkle.Update
		p.must(p.Leaves(chain.Main, func(path merkle.Path, _ exec.Slot, value []byte) error {
			updates = append(updates, merkle.Update{Path: path, Value: merkle.ValueHash(value)})
			return nil
		}))
		v, err := tree.Update(nil, updates, nil)
		p.must(err)
		p.relabel(func(h *chain.Header) { h.Roots.State = chain.Hash(v.Root()) })
	}, []string{audit.Replayed, audit.Conservation, audit.HeadMarker}, says("state root")},
}

var besideRows = []corruption{
	{"header kept apart", func(p *planted) {
		key := store.PartKey('h', 6)
		value := bytes.Clone(p.value(key))
		value[len(value)-20] ^= 1
		p.put(key, value)
	}, []string{audit.Headers}, says("block 6")},
	{"header kept apart is another's", func(p *planted) {
		p.put(store.PartKey('h', 6), p.value(store.PartKey('h', 5)))
	}, []string{audit.Headers}, says("block 6")},
	{"lost header", func(p *planted) { p.lose(store.PartKey('h', 6)) }, []string{audit.Headers, audit.Heights}, says("block 6: its header is missing")},
	{"certificate", func(p *planted) {
		p.put(store.PartKey('h', 6), append(bytes.Clone(p.value(store.PartKey('h', 6))), 1))
	}, []string{audit.Certificates}, says("block 6")},
	{"outbox", func(p *planted) { p.put(store.PartKey('o', 6), []byte{1}) }, []string{audit.Outboxes}, says("block 6")},
	{"lost outbox", func(p *planted) {
		p.relabel(func(h *chain.Header) { h.Roots.Outbox[0] ^= 1 })
	}, []string{audit.Outboxes, audit.Replayed, audit.HeadMarker}, says("block 10: its outbox is missing")},
	{"damaged outbox", func(p *planted) {
		p.put(store.PartKey('o', 6), []byte{1})
		p.spoil(store.PartKey('o', 6))
	}, []string{audit.Checksums}, says("damaged: chain 1")},
	{"receipt", func(p *planted) {
		p.journal(7, func(j *block.Journal) { j.Receipts[2].GasUsed++ })
	}, []string{audit.Receipts}, message(7, 2)},
	{"event of a receipt", func(p *planted) {
		p.journal(2, func(j *block.Journal) {
			i := slices.IndexFunc(j.Receipts, func(r chain.Receipt) bool { return len(r.Events) > 0 })
			j.Receipts[i].Events[0].Body[0] ^= 1
		})
	}, []string{audit.Receipts}, says("block 2")},
	{"lost receipt", func(p *planted) {
		p.journal(7, func(j *block.Journal) { j.Receipts = j.Receipts[1:] })
	}, []string{audit.Receipts}, says("block 7")},
	{"carried-in message of a journal", func(p *planted) {
		p.journal(5, func(j *block.Journal) {
			m := j.Carried[3].Clone()
			more(&m.Amount, 1)
			j.Carried[3] = m.Seal()
		})
	}, []string{audit.Receipts}, says("carried-in message 3")},
	{"carried-in messages swapped in a journal", func(p *planted) {
		p.journal(5, func(j *block.Journal) { swap(j.Carried, 0, 1) })
	}, []string{audit.Receipts}, says("carried-in message 0")},
	{"receipts at height 0", func(p *planted) { p.put(store.PartKey('r', 0), []byte{1}) }, []string{audit.Receipts}, says("block 0")},
	{"undo record", func(p *planted) {
		p.undo(6, func(list []exec.Change) []exec.Change {
			i := slices.IndexFunc(list, func(c exec.Change) bool { return c.Key == "" })
			list[i].Before = chain.Account{Nonce: 99}.Encode()
			return list
		})
	}, []string{audit.Undo}, says("nonce 99")},
	{"slot too few in an undo record", func(p *planted) {
		p.undo(6, func(list []exec.Change) []exec.Change { return list[1:] })
	}, []string{audit.Undo}, says("lacks")},
	{"last slot missing from an undo record", func(p *planted) {
		p.undo(6, func(list []exec.Change) []exec.Change { return list[:len(list)-1] })
	}, []string{audit.Undo}, says("lacks")},
	{"slot too many in an undo record", func(p *planted) {
		p.undo(6, func(list []exec.Change) []exec.Change {
			return append(list, exec.Change{Slot: exec.Slot{Account: p.wallets[0].address, Key: "x"}})
		})
	}, []string{audit.Undo}, says(`entry "x"`)},
	{"slot twice in an undo record", func(p *planted) {
		p.undo(6, func(list []exec.Change) []exec.Change { return append(list, list[0]) })
	}, []string{audit.Undo}, says("twice")},
	{"undo record that does not decode", func(p *planted) { p.put(store.UndoKey(6), []byte{1}) }, []string{audit.Undo}, says("block 6")},
	{"lost undo record", func(p *planted) { p.lose(store.UndoKey(6)) }, []string{audit.Undo}, says("block 6")},
	{"lost first undo record", func(p *planted) { p.lose(store.UndoKey(1)) }, []string{audit.Undo}, says("block 2")},
	{"undo record above the head", func(p *planted) { p.put(store.UndoKey(lastHeight+1), nil) }, []string{audit.Undo}, says("block 11")},
	{"wrong place in the index", func(p *planted) {
		p.put(store.IndexKey(p.processed(4, 1)), store.PlaceValue(store.Place{Height: 4, Event: 2}))
	}, []string{audit.MessageIndex}, message(4, 1)},
	{"wrong block in the index", func(p *planted) {
		p.put(store.IndexKey(p.processed(4, 1)), store.PlaceValue(store.Place{Height: 1 << 60, Event: 1}))
	}, []string{audit.MessageIndex}, message(4, 1)},
	{"missing from the index", func(p *planted) { p.lose(store.IndexKey(p.processed(4, 1))) }, []string{audit.MessageIndex}, message(4, 1)},
	{"extra entry of the index", func(p *planted) {
		p.put(store.IndexKey(chain.MessageID{7, 7}), store.PlaceValue(store.Place{Height: 4, Event: 1}))
	}, []string{audit.MessageIndex}, says(chain.MessageID{7, 7}.String())},
	{"one entry missing and one extra", func(p *planted) {
		id := p.processed(4, 1)
		p.lose(store.IndexKey(id))
		id[31] ^= 1
		p.put(store.IndexKey(id), store.PlaceValue(store.Place{Height: 4, Event: 1}))
	}, []string{audit.MessageIndex}, message(4, 1)},
	{"message processed twice, as the journals tell it", func(p *planted) {
		id := p.processed(4, 1)
		p.journal(1, func(j *block.Journal) { j.Receipts[0].Message = id })
		p.put(store.IndexKey(id), store.PlaceValue(store.Place{Height: 1, Event: 0}))
	}, []string{audit.Once, audit.Receipts}, message(4, 1)},
	{"missing from the entry index", func(p *planted) {
		p.lose(store.EntryKey(p.wallets[3].address, "l"))
	}, []string{audit.EntryIndex}, says(`lacks the entry "l"`)},
	{"all of an account missing from the entry index", func(p *planted) {
		p.lose(store.EntryKey(p.wallets[3].address, "l"), store.EntryKey(p.wallets[3].address, "m"))
	}, []string{audit.EntryIndex}, says(`lacks the entry "m"`)},
	{"extra in the entry index", func(p *planted) {
		p.put(store.EntryKey(p.wallets[3].address, "ll"), nil)
	}, []string{audit.EntryIndex}, says(`the index lists the entry "ll"`)},
	{"account without storage in the entry index", func(p *planted) {
		p.put(store.EntryKey(p.wallets[0].address, "l"), nil)
	}, []string{audit.EntryIndex}, address(0)},
	{"one missing from the entry index, and one extra", func(p *planted) {
		p.lose(store.EntryKey(p.wallets[3].address, "l"))
		p.put(store.EntryKey(p.wallets[5].address, "l"), nil)
	}, []string{audit.EntryIndex}, address(5)},
	{"entry of the chain's own in the entry index", func(p *planted) {
		p.put(store.EntryKey(system, chain.KeyFees), nil)
	}, []string{audit.Layout}, says("no such key")},
	{"value in the entry index", func(p *planted) {
		p.put(store.EntryKey(p.wallets[3].address, "l"), []byte{1})
	}, []string{audit.Checksums}, says("it holds something")},
	{"lost code", func(p *planted) { p.lose(store.CodeKey(published.Hash())) }, []string{audit.Code}, says("and is not kept")},
	{"other code", func(p *planted) {
		p.put(store.CodeKey(published.Hash()), append([]byte{1}, make([]byte, 1501)...))
	}, []string{audit.Code}, says("has the hash")},
	{"code that is not immutable", func(p *planted) {
		p.put(store.CodeKey(published.Hash()), make([]byte, 1501))
	}, []string{audit.Code}, says("has the hash")},
	{"extra code", func(p *planted) {
		in := chain.PublishInput{Code: []byte("unpublished")}
		p.put(store.CodeKey(in.Hash()), append([]byte{0}, in.Code...))
	}, []string{audit.Code}, says("was not published")},
	{"no code at all", func(p *planted) { p.put(store.CodeKey(published.Hash()), nil) }, []string{audit.Checksums}, says("it is no code")},
	{"block not found by its hash", func(p *planted) { p.lose(store.NameKey(p.result(5).Hash)) }, []string{audit.BlockHashes}, says("block 5")},
	{"wrong height for a hash", func(p *planted) {
		p.put(store.NameKey(p.result(5).Hash), []byte{7: 4})
	}, []string{audit.BlockHashes}, says("block 5")},
	{"hash of no block", func(p *planted) { p.put(store.NameKey(chain.BlockHash{1}), []byte{7: 4}) }, []string{audit.BlockHashes}, says("no such block")},
	{"key that the layout doesn't have", func(p *planted) { p.put(store.StrayKey(), []byte{1}) }, []string{audit.Layout}, says("no such key")},
	{"lost block in the middle", func(p *planted) { p.lose(p.parts(5)...) }, []string{audit.Heights, audit.BlockHashes}, says("block 5 is missing")},
	{"lost blocks in the middle", func(p *planted) {
		p.lose(slices.Concat(p.parts(5), p.parts(6))...)
	}, []string{audit.Heights, audit.BlockHashes}, says("blocks 5 to 6 are missing")},
	{"lost body in the middle", func(p *planted) { p.lose(store.PartKey('b', 5)) }, []string{audit.Heights}, says("block 5: its body is missing")},
	{"lost last block", func(p *planted) {
		p.lose(p.parts(lastHeight)...)
	}, []string{audit.HeadMarker, audit.Heights, audit.Undo, audit.BlockHashes, audit.State, audit.StateRoot, audit.Nonces, audit.MessageIndex,
		audit.Accumulators},
		says("it says height 10, and the last block is 9")},
	{"lost body of the last block", func(p *planted) { p.lose(store.PartKey('b', lastHeight)) }, []string{audit.Heights}, says("block 10: its body is missing")},
	{"head marker moved back", func(p *planted) { p.mark(lastHeight-1, func(*store.Head) {}) }, []string{audit.HeadMarker}, says("it says height 9, and the last block is 10")},
	{"head marker moved forward", func(p *planted) {
		p.mark(lastHeight, func(h *store.Head) { h.Height = 1 << 62 })
	}, []string{audit.HeadMarker, audit.Heights}, says("and the last block is 10")},
	{"hash in the head marker", func(p *planted) {
		p.mark(lastHeight, func(h *store.Head) { h.Hash[0] ^= 1 })
	}, []string{audit.HeadMarker}, says("it names block")},
	{"state root in the head marker", func(p *planted) {
		p.mark(lastHeight, func(h *store.Head) { h.State[0] ^= 1 })
	}, []string{audit.HeadMarker}, says("it has state root")},
	{"pieces of the genesis in the head marker", func(p *planted) {
		value := bytes.Clone(p.value(store.MarkKey()))
		value[len(value)-1]++
		p.put(store.MarkKey(), value)
	}, []string{audit.Genesis}, says("the head marker says 2")},
	{"lost head marker", func(p *planted) { p.lose(store.MarkKey()) }, []string{audit.HeadMarker}, says("no head marker")},
	{"block far above the head", func(p *planted) {
		p.put(store.PartKey('b', 1<<61), p.result(lastHeight).Raw)
	}, []string{audit.Heights, audit.HeadMarker, audit.HashChain, audit.BlockHashes, audit.Headers, audit.Receipts, audit.Undo},
		says("are missing: the next one stored is")},
}

// firstSent is the first message that a block's σ says was sent; busiest the account with the most events.
func firstSent(b *chain.Block) *chain.Sent {
	for i := range b.Order {
		for j := range b.Order[i].Events {
			if len(b.Order[i].Events[j].Sent) > 0 {
				return &b.Order[i].Events[j].Sent[0]
			}
		}
	}
	panic("nothing was sent")
}

func busiest(b *chain.Block) *chain.Sequence {
	best := &b.Order[0]
	for i := range b.Order {
		if len(b.Order[i].Events) > len(best.Events) {
			best = &b.Order[i]
		}
	}
	return best
}

func sequence(b *chain.Block, account chain.Address) *chain.Sequence {
	i := slices.IndexFunc(b.Order, func(q chain.Sequence) bool { return q.Account == account })
	return &b.Order[i]
}

func swap[T any](list []T, i, j int) { list[i], list[j] = list[j], list[i] }

// damageRows are values with a wrong checksum.
func damageRows() (rows []corruption) {
	only := func(key func(p *planted) []byte) func(p *planted) { return func(p *planted) { p.spoil(key(p)) } }
	for name, key := range map[string]func(p *planted) []byte{
		"body":          func(*planted) []byte { return store.PartKey('b', 6) },
		"header":        func(*planted) []byte { return store.PartKey('h', 6) },
		"receipts":      func(*planted) []byte { return store.PartKey('r', 6) },
		"undo":          func(*planted) []byte { return store.UndoKey(6) },
		"index":         func(p *planted) []byte { return store.IndexKey(p.processed(6, 0)) },
		"block hash":    func(p *planted) []byte { return store.NameKey(p.result(6).Hash) },
		"record":        func(p *planted) []byte { return store.SlotKey(exec.Slot{Account: p.wallets[1].address}) },
		"entry":         func(p *planted) []byte { return store.SlotKey(exec.Slot{Account: p.wallets[3].address, Key: "l"}) },
		"code":          func(*planted) []byte { return store.CodeKey(published.Hash()) },
		"entry index":   func(p *planted) []byte { return store.EntryKey(p.wallets[3].address, "l") },
		"genesis":       func(*planted) []byte { return store.GenesisKey() },
		"marker":        func(*planted) []byte { return store.MarkKey() },
		"body of the 0": func(*planted) []byte { return store.PartKey('b', 0) },
	} {
		rows = append(rows, corruption{"damaged " + name, only(key), []string{audit.Checksums}, says("damaged: chain 1")})
	}
	slices.SortFunc(rows, func(a, b corruption) int { return strings.Compare(a.name, b.name) })
	return rows
}

func newPlanted(t *testing.T) *planted {
	t.Helper()
	s := openStore(t, t.TempDir())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	l := newLedger(t, s, 6)
	l.story()
	return &planted{l, store.Planter{Store: s}, map[string][]byte{}}
}

// failed are the checks of a report that found something.
func failed(r *audit.Report) []string {
	names := map[string]bool{}
	for _, c := range r.Checks {
		if c.Result == audit.Failed {
			names[c.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// TestAuditFindsWhatIsPlanted: every row makes exactly the checks fail that it names, with words that name the thing, and
// nothing is found once it is put back.
func TestAuditFindsWhatIsPlanted(t *testing.T) {
	p := newPlanted(t)
	for _, row := range slices.Concat(stateRows, blockRows, besideRows, damageRows()) {
		t.Run(row.name, func(t *testing.T) {
			p.ledger.t = t
			row.plant(p)
			if len(p.old) == 0 {
				t.Fatal("nothing was planted")
			}
			r := auditOf(t, audit.Options{Store: p.Planter.Store})
			want := slices.Sorted(slices.Values(row.fails))
			if r.OK() || !slices.Equal(failed(&r), want) {
				t.Errorf("failed: %q, expected %q\n%s", failed(&r), want, words(t, findings(&r)))
			}
			if c := r.Check(row.fails[0]); !slices.ContainsFunc(c.Findings, func(f audit.Finding) bool { return strings.Contains(f.Words, row.says(p)) }) {
				t.Errorf("no finding of %q says %q\n%s", c.Name, row.says(p), words(t, c.Findings))
			}
			p.restore()
			if r = auditOf(t, audit.Options{Store: p.Planter.Store}); !r.OK() {
				t.Fatalf("put back: %s", words(t, findings(&r)))
			}
		})
	}
}

func findings(r *audit.Report) (list []string) {
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			list = append(list, fmt.Sprintf("%s: %s", c.Name, f.Words))
		}
		if c.Skipped != "" {
			list = append(list, fmt.Sprintf("%s: skipped: %s", c.Name, c.Skipped))
		}
	}
	return list
}
