package audit

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// compare holds what is kept beside a block to what replay gives. One goroutine at a time uses it, in the order of heights.
type compare struct {
	*notes
	raw *store.Raw
	id  chain.ID

	pairs  pairs
	nonces map[chain.Address]uint64 // external messages processed
	broken bool                     // not every block was seen: the counts say nothing
	// placed counts, by the first two bytes of their ids, the messages that the index has right.
	placed [1 << 16]uint32
	// lastRead is the journal that was read last, to look up a place.
	lastRead   *block.Journal
	lastHeight uint64

	crossed crossed
	partial bool // of some blocks that are kept it is not known what they made: what is kept and was not met can be theirs
	proven  proven
}

func newCompare(r *run) *compare {
	return &compare{notes: r.notes, raw: r.raw, id: r.id, nonces: map[chain.Address]uint64{}, proven: proven{}}
}

// one compares one block.
func (c *compare) one(j judgement) {
	if j.result == nil {
		c.broken = true
		c.pairs.forget()
		return
	}
	height := j.kept.Height
	for _, part := range []struct {
		check string
		f     func(*store.Kept, *block.Result) error
	}{
		{Receipts, c.journal}, {Outboxes, c.outbox}, {Departures, c.departures}, {Accumulators, c.nodes}, {Undo, c.undo},
		{Conservation, c.money}, {Nonces, c.count}, {Pairs, c.order}, {MessageIndex, c.index},
	} {
		err := guard(func() error { return part.f(j.kept, j.result) })
		if err != nil {
			c.add(part.check, height, "block %d: %v", height, err)
		}
	}
	c.proofs(height, j.proofs)
}

// journal compares receipts and carried-in messages.
func (c *compare) journal(k *store.Kept, res *block.Result) error {
	if k.Receipts == nil {
		return nil
	}
	c.looked(Receipts, len(res.Journal.Receipts))
	if bytes.Equal(k.Receipts, res.Journal.Encode()) {
		return nil
	}
	stored, err := block.DecodeJournal(k.Receipts)
	if err != nil {
		return fmt.Errorf("its receipts: %w", err)
	}
	return fmt.Errorf("its receipts are not those of replay: %s", differJournals(stored, &res.Journal))
}

// differJournals says where they differ first.
func differJournals(stored, want *block.Journal) string {
	for i := range min(len(stored.Carried), len(want.Carried)) {
		if a, b := stored.Carried[i], want.Carried[i]; a.ID() != b.ID() {
			return fmt.Sprintf("carried-in message %d is kept as %s, and is %s", i, a.ID(), b.ID())
		}
	}
	if a, b := len(stored.Carried), len(want.Carried); a != b {
		return fmt.Sprintf("%d carried-in messages are kept, and there were %d", a, b)
	}
	for i := range min(len(stored.Receipts), len(want.Receipts)) {
		a, b := &stored.Receipts[i], &want.Receipts[i]
		if !bytes.Equal(a.Append(nil), b.Append(nil)) {
			return fmt.Sprintf("receipt %d is kept as %s, and replay gives %s", i, describe(a), describe(b))
		}
	}
	if a, b := len(stored.Receipts), len(want.Receipts); a != b {
		return fmt.Sprintf("%d receipts are kept, and there were %d events", a, b)
	}
	return "they are not in canonical form"
}

func describe(c *chain.Receipt) string {
	text := fmt.Sprintf("message %s, %s, %d gas, %d events", c.Message, c.Status, c.GasUsed, len(c.Events))
	if c.Reason != "" {
		text += fmt.Sprintf(", reason %q", c.Reason)
	}
	return text
}

// outbox compares the outbox. One that is missing is met where the header is looked at.
func (c *compare) outbox(k *store.Kept, res *block.Result) error {
	want := block.EncodeOutbox(res.Outbox)
	if k.Outbox == nil || bytes.Equal(k.Outbox, want) && want != nil {
		return nil
	}
	stored, err := block.DecodeOutbox(k.Outbox)
	switch {
	case err != nil:
		return fmt.Errorf("its %w", err)
	case len(stored) != len(res.Outbox):
		return fmt.Errorf("its outbox is kept with %d relays, and %d left", len(stored), len(res.Outbox))
	}
	for i, s := range stored {
		if w := res.Outbox[i]; s.To != w.To || s.Number != w.Number || s.Message.ID() != w.Message.ID() {
			return fmt.Errorf("place %d of its outbox is kept as message %s, %d to chain %d, and message %s left as %d to chain %d",
				i, s.Message.ID(), s.Number, s.To, w.Message.ID(), w.Number, w.To)
		}
	}
	return errors.New("its outbox is not in canonical form")
}

// undo compares the undo record, whatever the order of its slots.
func (c *compare) undo(k *store.Kept, res *block.Result) error {
	if k.Undo == nil {
		return nil
	}
	c.looked(Undo, len(res.Changes))
	at, same := 0, true
	err := store.DecodeUndo(k.Undo, func(slot exec.Slot, before []byte) {
		if at >= len(res.Changes) {
			same = false
			return
		}
		w := &res.Changes[at]
		at++
		same = same && w.Slot == slot && sameValue(w.Before, before)
	})
	if err != nil {
		return fmt.Errorf("its undo record: %w", err)
	}
	if same && at == len(res.Changes) {
		return nil
	}
	return c.undoUnordered(k, res)
}

// undoUnordered names the slots that differ.
func (c *compare) undoUnordered(k *store.Kept, res *block.Result) error {
	want := make(map[exec.Slot][]byte, len(res.Changes))
	for i := range res.Changes {
		want[res.Changes[i].Slot] = res.Changes[i].Before
	}
	var errs error
	_ = store.DecodeUndo(k.Undo, func(slot exec.Slot, before []byte) { // it decoded before
		value, ok := want[slot]
		switch {
		case errs != nil:
		case !ok:
			errs = fmt.Errorf("its undo record has %s, which the block didn't change or which it has twice", nameSlot(slot))
		case !sameValue(value, before):
			errs = fmt.Errorf("its undo record has %s as %s, and the block found %s", nameSlot(slot), nameValue(slot, before), nameValue(slot, value))
		}
		delete(want, slot)
	})
	if errs == nil && len(want) > 0 {
		for i := range res.Changes {
			if _, missing := want[res.Changes[i].Slot]; missing {
				return fmt.Errorf("its undo record lacks %s and %d more slots that the block changed", nameSlot(res.Changes[i].Slot), len(want)-1)
			}
		}
	}
	return errs
}

// sameValue compares values of a slot, of which nil is none.
func sameValue(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// count holds nonces to the number of external messages (I6): those of an account come in order, and each counts.
func (c *compare) count(_ *store.Kept, res *block.Result) (err error) {
	before := len(res.Journal.Carried)
	for i := range res.Block.Arrived.Imports {
		before += len(res.Block.Arrived.Imports[i].Messages)
	}
	for i := range res.Block.Order {
		q := &res.Block.Order[i]
		for _, e := range q.Events {
			n := int(e.Received) - before
			if n < 0 || n >= len(res.Block.Inputs) || res.Block.Inputs[n].Message.Kind != chain.External {
				continue
			}
			m := res.Block.Inputs[n].Message
			c.looked(Nonces, 1)
			if want := c.nonces[q.Account]; !c.broken && m.Nonce != want && err == nil {
				err = fmt.Errorf("account %s processed message %s with nonce %d as its external message %d", q.Account, m.ID(), m.Nonce, want)
			}
			c.nonces[q.Account] = m.Nonce + 1
		}
	}
	return err
}

// order follows the pairs of accounts.
func (c *compare) order(_ *store.Kept, res *block.Result) error {
	looked, err := c.pairs.block(res)
	c.looked(Pairs, looked)
	return err
}

// index looks up every message that was processed.
func (c *compare) index(k *store.Kept, res *block.Result) error {
	c.looked(MessageIndex, len(res.Processed))
	c.looked(Once, len(res.Processed))
	for i, id := range res.Processed {
		want := store.Place{Height: k.Height, Event: uint32(i)}
		got, err := c.raw.Find(c.id, id)
		switch {
		case err == nil && got == want:
			c.placed[bucket(id)]++
		case errors.Is(err, store.ErrNotFound):
			c.add(MessageIndex, k.Height, "message %s was processed in block %d as event %d, and the index doesn't have it", id, want.Height, want.Event)
		case err != nil:
			c.add(Checksums, k.Height, "%v", err)
		case c.processed(id, got):
			c.add(Once, k.Height, "message %s was processed in block %d as event %d, and in block %d as event %d", id, got.Height, got.Event, want.Height, want.Event)
		default:
			c.add(MessageIndex, k.Height, "message %s was processed in block %d as event %d, and the index says block %d, event %d", id, want.Height, want.Event, got.Height, got.Event)
		}
	}
	return nil
}

func bucket(id chain.MessageID) int { return int(id[0])<<8 | int(id[1]) }

// processed says whether the journal that is kept has the message at that place.
func (c *compare) processed(id chain.MessageID, at store.Place) bool {
	if c.lastRead == nil || c.lastHeight != at.Height {
		raw := c.raw.At(c.id, at.Height).Receipts
		c.lastRead, c.lastHeight = &block.Journal{}, at.Height
		if j, err := block.DecodeJournal(raw); err == nil {
			c.lastRead = j
		}
	}
	return uint64(at.Event) < uint64(len(c.lastRead.Receipts)) && c.lastRead.Receipts[at.Event].Message == id
}
