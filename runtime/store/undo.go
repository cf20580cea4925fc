package store

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

const (
	wasAbsent  = 0
	wasPresent = 1
)

// undoBytes is the length of what appendUndo appends.
func undoBytes(c *exec.Change) int {
	n := chain.AddressSize + keyLengthBytes + len(c.Key) + 1
	if c.Before != nil {
		n += 4 + len(c.Before)
	}
	return n
}

func appendUndo(b []byte, c *exec.Change) []byte {
	b = append(b, c.Account[:]...)
	b = append(append(b, byte(len(c.Key)>>8), byte(len(c.Key))), c.Key...)
	if c.Before == nil {
		return append(b, wasAbsent)
	}
	return wire.AppendBytes(append(b, wasPresent), c.Before)
}

// decodeUndo calls f for every slot of a block and what it held before; nil for absent. What f gets shares b.
func decodeUndo(b []byte, f func(slot exec.Slot, before []byte)) error {
	r := wire.NewReader(b)
	for r.Left() > 0 && r.Err() == nil {
		var slot exec.Slot
		r.Into("account", slot.Account[:])
		n := int(r.U8("key length"))<<8 | int(r.U8("key length"))
		slot.Key = string(r.Fixed("key", n))
		switch r.U8("presence") {
		case wasAbsent:
			if r.Err() == nil {
				f(slot, nil)
			}
		case wasPresent:
			before := r.Fixed("value", int(r.U32("value length")))
			if r.Err() == nil {
				f(slot, before)
			}
		default:
			r.Fail("presence", wire.ErrValue)
		}
	}
	return r.Done()
}

// pruneStep is how many undo records are removed at once: one range deletion every so many blocks is next to free.
const pruneStep = 64

// prune removes undo records further below height than the store keeps, and returns the lowest that is left.
func (s *Store) prune(w *writer, l *ledger, height uint64) uint64 {
	if s.keep == 0 || height < s.keep {
		return l.undoFrom
	}
	// StateAt(height - keep) needs the records above it.
	first := height - s.keep + 1
	if first < l.undoFrom+pruneStep {
		return l.undoFrom
	}
	_ = w.batch.DeleteRange(undoKey(nil, w.chain, l.undoFrom), undoKey(nil, w.chain, first), nil) // fails for indexed batches only
	return first
}

// firstUndo is the lowest height at or below head's that has an undo record, or the one above head.
func (s *Store) firstUndo(id chain.ID, head uint64) (uint64, error) {
	lower, upper := span(id, kindUndo, nil)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return 0, err
	}
	first := head + 1
	if it.First() {
		r := wire.NewReader(bytes.TrimPrefix(it.Key(), lower))
		if first = r.U64("height"); r.Done() != nil {
			err = damaged(it.Key(), fmt.Errorf("key of an undo record"))
		}
	}
	if e := it.Close(); err == nil && e != nil {
		err = readError(lower, e)
	}
	return first, err
}
