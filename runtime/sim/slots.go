package sim

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
	"slices"
	"strings"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// slots is a state in memory: exec.State. Each value has its checksum.
type slots struct {
	sealed *btreemap.BTreeMap[exec.Slot, []byte]
}

func newSlots(changes []exec.Change) slots {
	s := slots{btreemap.New[exec.Slot, []byte](16, compareSlots)}
	s.apply(changes)
	return s
}

func compareSlots(a, b exec.Slot) int {
	return cmp.Or(a.Account.Compare(b.Account), strings.Compare(a.Key, b.Key))
}

func (s slots) apply(changes []exec.Change) {
	for _, c := range changes {
		if c.After == nil {
			s.sealed.Delete(c.Slot)
		} else {
			s.sealed.ReplaceOrInsert(c.Slot, seal(c.After))
		}
	}
}

// seal puts length and checksum around a record.
func seal(b []byte) []byte {
	r := binary.LittleEndian.AppendUint32(make([]byte, 0, 8+len(b)), uint32(len(b)))
	return append(binary.LittleEndian.AppendUint32(r, crc32.ChecksumIEEE(b)), b...)
}

// cutOff says whether a record is shorter than it says: a crash came into its write.
func cutOff(r []byte) bool { return len(r) < 8 || uint32(len(r)-8) < binary.LittleEndian.Uint32(r) }

func unseal(r []byte) ([]byte, error) {
	if len(r) < 8 || uint32(len(r)-8) != binary.LittleEndian.Uint32(r) || crc32.ChecksumIEEE(r[8:]) != binary.LittleEndian.Uint32(r[4:]) {
		return nil, fmt.Errorf("%w: a checksum is wrong", store.ErrDamaged)
	}
	return r[8:], nil
}

// all are the slots with their values, in order.
func (s slots) all() iter.Seq2[exec.Slot, []byte] {
	return func(yield func(exec.Slot, []byte) bool) {
		for slot, r := range s.sealed.Ascend(btreemap.Min[exec.Slot](), btreemap.Max[exec.Slot]()) {
			if !yield(slot, r[8:]) {
				return
			}
		}
	}
}

// tree is the state's, hashed anew.
func (s slots) tree() (*merkle.Tree, error) {
	type leaf struct {
		path  merkle.Path
		value merkle.Hash
	}
	leaves := make([]leaf, 0, s.sealed.Len())
	for slot, r := range s.sealed.Ascend(btreemap.Min[exec.Slot](), btreemap.Max[exec.Slot]()) {
		raw, err := unseal(r)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, leaf{block.SlotPath(slot), merkle.ValueHash(raw)})
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return bytes.Compare(a.path[:], b.path[:]) })
	t, next := merkle.New(), 0
	return t, t.Load(func() (p merkle.Path, h merkle.Hash, ok bool) {
		if next == len(leaves) {
			return p, h, false
		}
		next++
		return leaves[next-1].path, leaves[next-1].value, true
	})
}

// Account is the record of an account.
func (s slots) Account(a chain.Address) (chain.Account, error) {
	raw, err := s.Entry(a, "")
	if err != nil || raw == nil {
		return chain.Account{}, err
	}
	return chain.DecodeAccount(raw)
}

// Entry is the value of an entry; nil if there is none.
func (s slots) Entry(a chain.Address, key string) ([]byte, error) {
	_, r, ok := s.sealed.Get(exec.Slot{Account: a, Key: key})
	if !ok {
		return nil, nil
	}
	return unseal(r)
}

// Next is the next key of a's storage with the prefix.
func (s slots) Next(a chain.Address, prefix, after string) (string, error) {
	from := btreemap.GE(exec.Slot{Account: a, Key: max(prefix, "\x00")}) // the empty key is the record's
	if after >= prefix && after != "" {
		from = btreemap.GT(exec.Slot{Account: a, Key: after})
	}
	for slot := range s.sealed.Ascend(from, btreemap.Max[exec.Slot]()) {
		if slot.Account == a && strings.HasPrefix(slot.Key, prefix) {
			return slot.Key, nil
		}
		break
	}
	return "", nil
}
