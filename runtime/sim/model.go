package sim

import (
	"slices"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// model is a model of a disk. What was synced is there in every later life; of a record that a crash cut off there is a part,
// which its length shows, and of a block all or nothing. What rots its checksum shows.
type model struct {
	w       *World
	records [][]byte // of safety, the last ones
	bodies  []bft.Body
	chain   []modelBlock
	slots   slots
	full    bool
}

type modelBlock struct {
	raw         []byte // sealed
	certificate chain.Certificate
}

func newModel(w *World, first bft.Safety) *model {
	return &model{w: w, slots: newSlots(w.origin.changes), records: [][]byte{seal(first.Encode())}}
}

func (d *model) state() exec.State { return d.slots }

func (d *model) relays() keep.Relays {
	return keep.RelaysOf(records{d.w.final.archive, func() uint64 { return uint64(len(d.chain)) }}, d.w.id)
}

// room says whether there is some.
func (d *model) room() error {
	if d.full {
		return store.ErrDiskFull
	}
	return nil
}

func (d *model) write(s *bft.Safety, body *bft.Body, h how) error {
	if err := d.room(); err != nil {
		return err
	}
	if body != nil && h == whole {
		d.bodies = append(d.bodies, *body)
	}
	if s == nil {
		return nil
	}
	record := seal(s.Encode())
	if h == torn {
		record = record[:d.w.random.disk.IntN(len(record))]
	}
	d.records = append(d.records, record)
	if n := len(d.records); n > 3 {
		d.records = slices.Clone(d.records[n-3:])
	}
	return nil
}

// safety is the last record that was written to its end.
func (d *model) safety() (bft.Safety, error) {
	for _, r := range slices.Backward(d.records) {
		if cutOff(r) {
			continue
		}
		b, err := unseal(r)
		if err != nil {
			return bft.Safety{}, err
		}
		return bft.DecodeSafety(b)
	}
	return bft.Lost(), nil
}

func (d *model) commit(f *bft.Final, r *block.Result, _ keep.Prove, h how) error {
	if err := d.room(); err != nil || h == torn {
		return err
	}
	d.chain = append(d.chain, modelBlock{seal(f.Raw), f.Certificate})
	d.slots.apply(r.Changes)
	d.bodies = nil
	return nil
}

// maxServed bounds the blocks of an answer.
const maxServed = 16

func (d *model) finals(from uint64) (list []bft.Final, err error) {
	if from == 0 {
		return nil, nil
	}
	for at := from - 1; at < min(from-1+maxServed, uint64(len(d.chain))); at++ {
		raw, err := unseal(d.chain[at].raw)
		if err != nil {
			return nil, err
		}
		list = append(list, bft.Final{Raw: raw, Certificate: d.chain[at].certificate})
	}
	return list, nil
}

func (d *model) load(how) (*past, error) {
	p := &past{bodies: d.bodies}
	var err error
	if p.head, err = d.head(); err != nil {
		return nil, err
	}
	if p.safety, err = d.safety(); err != nil {
		return nil, err
	}
	if p.tree, err = d.slots.tree(); err != nil {
		return nil, err
	}
	return p, keep.Agree(p.tree, &p.head.Header)
}

// head is the last block.
func (d *model) head() (bft.Head, error) {
	if len(d.chain) == 0 {
		return genesisHead(d.w.origin), nil
	}
	last := &d.chain[len(d.chain)-1]
	raw, err := unseal(last.raw)
	if err != nil {
		return bft.Head{}, err
	}
	h, err := chain.DecodeBlockHeader(raw)
	return bft.Head{Header: h, Hash: h.Hash(), Certificate: &last.certificate}, err
}

func genesisHead(o *origin) bft.Head { return bft.Head{Header: o.header, Hash: o.header.Hash()} }

func (d *model) crash() {} // all is as durable as it will be

func (d *model) copy() disk {
	c := *d
	c.records, c.bodies, c.chain = slices.Clone(d.records), slices.Clone(d.bodies), slices.Clone(d.chain)
	c.slots = slots{d.slots.sealed.Clone()}
	return &c
}

func (d *model) fill(full bool) { d.full = full }

func (d *model) close() error { return nil }

// rot flips a bit of the last record, of a block or of a slot.
func (d *model) rot() (string, error) {
	r := d.w.random.disk
	flip := func(sealed []byte) []byte {
		sealed = slices.Clone(sealed)
		sealed[8+r.IntN(len(sealed)-8)] ^= 1 << r.IntN(8)
		return sealed
	}
	switch kind := r.IntN(3); {
	case kind == 0 && !cutOff(d.records[len(d.records)-1]):
		last := &d.records[len(d.records)-1]
		*last = flip(*last)
		return "votes", nil
	case kind == 1 && len(d.chain) > 0:
		b := &d.chain[r.IntN(len(d.chain))]
		b.raw = flip(b.raw)
		return "a block", nil
	}
	at := r.IntN(d.slots.sealed.Len())
	for slot, sealed := range d.slots.sealed.Ascend(btreemap.Min[exec.Slot](), btreemap.Max[exec.Slot]()) {
		if at--; at < 0 {
			d.slots.sealed.ReplaceOrInsert(slot, flip(sealed))
			break
		}
	}
	return "the state", nil
}
