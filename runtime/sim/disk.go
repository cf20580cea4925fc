package sim

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// errDisk is what a disk answers that can't write; the node stops for it.
var errDisk = errors.New("the disk is full")

// disk is a model of a node's disk. What was synced is there in every later life. A record that a crash cut off is there in
// part, and its checksum says so.
type disk struct {
	records [][]byte // of safety, the last ones
	bodies  []bft.Body
	chain   []bft.Final
	slots   *btreemap.BTreeMap[exec.Slot, []byte]
	full    bool
	lost    bool // since when nothing was written
}

func newDisk(o *origin) *disk {
	d := &disk{slots: btreemap.New[exec.Slot, []byte](16, compareSlots)}
	d.apply(o.changes)
	return d
}

func compareSlots(a, b exec.Slot) int {
	return cmp.Or(a.Account.Compare(b.Account), strings.Compare(a.Key, b.Key))
}

func (d *disk) apply(changes []exec.Change) {
	for _, c := range changes {
		if c.After == nil {
			d.slots.Delete(c.Slot)
		} else {
			d.slots.ReplaceOrInsert(c.Slot, bytes.Clone(c.After))
		}
	}
}

// seal puts length and checksum around a record.
func seal(b []byte) []byte {
	r := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
	return append(binary.LittleEndian.AppendUint32(r, crc32.ChecksumIEEE(b)), b...)
}

func unseal(r []byte) ([]byte, bool) {
	if len(r) < 8 || uint32(len(r)-8) != binary.LittleEndian.Uint32(r) || crc32.ChecksumIEEE(r[8:]) != binary.LittleEndian.Uint32(r[4:]) {
		return nil, false
	}
	return r[8:], true
}

// write makes a record and a body durable; part of the record alone if it is torn.
func (d *disk) write(s *bft.Safety, body *bft.Body, torn func(n int) int) {
	if body != nil && torn == nil {
		d.bodies = append(d.bodies, *body)
	}
	if s == nil {
		return
	}
	record := seal(s.Encode())
	if torn != nil {
		record = record[:torn(len(record))]
	}
	d.records = append(d.records, record)
	if n := len(d.records); n > 3 {
		d.records = slices.Clone(d.records[n-3:])
	}
}

// safety is the last record that is whole.
func (d *disk) safety() bft.Safety {
	if d.lost {
		return bft.Lost()
	}
	for _, r := range slices.Backward(d.records) {
		if b, whole := unseal(r); whole {
			s, err := bft.DecodeSafety(b)
			if err != nil {
				panic(err) // its checksum is right
			}
			return s
		}
	}
	return bft.Safety{}
}

// commit makes a block durable with all that follows from it.
func (d *disk) commit(f *bft.Final, changes []exec.Change) {
	d.chain = append(d.chain, *f)
	d.apply(changes)
	d.bodies = nil
}

// head is the last committed block.
func (d *disk) head(o *origin) (bft.Head, error) {
	if len(d.chain) == 0 {
		return bft.Head{Header: o.header, Hash: o.header.Hash()}, nil
	}
	f := &d.chain[len(d.chain)-1]
	h, err := chain.DecodeBlockHeader(f.Raw)
	return bft.Head{Header: h, Hash: h.Hash(), Certificate: &f.Certificate}, err
}

// tree is the state's, hashed anew.
func (d *disk) tree() (*merkle.Tree, error) {
	type leaf struct {
		path  merkle.Path
		value merkle.Hash
	}
	leaves := make([]leaf, 0, d.slots.Len())
	for slot, raw := range d.slots.Ascend(btreemap.Min[exec.Slot](), btreemap.Max[exec.Slot]()) {
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

// Account makes a disk an exec.State.
func (d *disk) Account(a chain.Address) (chain.Account, error) {
	_, raw, ok := d.slots.Get(exec.Slot{Account: a})
	if !ok {
		return chain.Account{}, nil
	}
	return chain.DecodeAccount(raw)
}

// Entry is the value of an entry; nil if there is none.
func (d *disk) Entry(a chain.Address, key string) ([]byte, error) {
	_, raw, _ := d.slots.Get(exec.Slot{Account: a, Key: key})
	return raw, nil
}

// Next is the next key of a's storage with the prefix.
func (d *disk) Next(a chain.Address, prefix, after string) (string, error) {
	from := btreemap.GE(exec.Slot{Account: a, Key: max(prefix, "\x00")}) // the empty key is the record's
	if after >= prefix && after != "" {
		from = btreemap.GT(exec.Slot{Account: a, Key: after})
	}
	for slot := range d.slots.Ascend(from, btreemap.Max[exec.Slot]()) {
		if slot.Account == a && strings.HasPrefix(slot.Key, prefix) {
			return slot.Key, nil
		}
		break
	}
	return "", nil
}
