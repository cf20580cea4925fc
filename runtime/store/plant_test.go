package store

import (
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What the audit's tests, which stand outside of the package, need to plant what is wrong.

// Planter changes a store behind its back.
type Planter struct{ *Store }

// Put writes a value with a right checksum.
func (p Planter) Put(key, value []byte) error { return p.set(key, append([]byte(nil), value...)) }

// Break writes a value with a wrong checksum.
func (p Planter) Break(key []byte) error { return flip(p.Store, key, 7) }

// Get is the value under a key.
func (p Planter) Get(key []byte) ([]byte, error) { return p.get(p.db, key) }

// Delete removes a key.
func (p Planter) Delete(key []byte) error { return p.db.Delete(key, pebble.Sync) }

// Keys are all keys of a chain.
func (p Planter) Keys(id chain.ID) (list [][]byte) {
	lower, upper := chainSpan(id)
	_ = p.Raw().keys(lower, upper, func(key []byte) error {
		list = append(list, append([]byte(nil), key...))
		return nil
	})
	return list
}

// Describe names a key.
func Describe(key []byte) string { return describe(key) }

// The keys of chain 1.
var (
	MarkKey    = func() []byte { return markKey(1) }
	GenesisKey = func() []byte { return genesisKey(1, 0) }
	PartKey    = func(name byte, height uint64) []byte { return partKey(nil, 1, part(name), height) }
	UndoKey    = func(height uint64) []byte { return undoKey(nil, 1, height) }
	NameKey    = func(hash chain.BlockHash) []byte { return nameKey(1, hash) }
	IndexKey   = func(id chain.MessageID) []byte { return indexKey(1, id) }
	CodeKey    = func(hash chain.CodeHash) []byte { return codeKey(nil, 1, hash) }
	EntryKey   = func(account chain.Address, key string) []byte { return entryKey(nil, 1, account, key) }
	StrayKey   = func() []byte { return append(appendPrefix(nil, 1, 'x'), "stray"...) }
)

// SlotKey is the key of a slot of chain 1, and SlotValue what stands under it.
func SlotKey(slot exec.Slot) []byte {
	path := pathOf(&slot)
	return stateKey(nil, 1, &path)
}

func SlotValue(slot exec.Slot, value []byte) []byte {
	b := make([]byte, slotBytes(&slot, value)-crcBytes)
	putSlot(b, &slot, value)
	return b
}

// PlaceValue and MarkValue are values of the index and of the marker; UndoValue is an undo record.
func PlaceValue(p Place) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, p.Height), p.Event)
}

func MarkValue(h Head) []byte { return mark{h, 1}.append(nil) }

func UndoValue(changes []exec.Change) (b []byte) {
	for i := range changes {
		b = appendUndo(b, &changes[i])
	}
	return b
}
