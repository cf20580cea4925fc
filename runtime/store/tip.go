package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// tip is a file beside the tables that says which block of a chain was final last (T7). It is written behind every commit,
// when that is on disk, and not synced: it survives the end of the process, and after a loss of power it says too little,
// never too much. Two slots take turns, so that a write that was cut off leaves the one before.
//
//	slot := chain:u32 height:u64 block hash:32 crc      at 0 if the height is even, else at tipSlot
//
// Without it, damage near the end of the write-ahead log or of the list of tables could not be told from what a crash cut
// off: pebble would open without the blocks from there on.
type tip struct {
	file vfs.File
	slot [tipSlot]byte
}

const tipSlot = 4 + 8 + 32 + crcBytes

// tipPoint is what a slot says.
type tipPoint struct {
	height uint64
	hash   chain.BlockHash
}

const tipName = "tip-%d"

func (s *Store) tipPath(id chain.ID) string { return s.fs.PathJoin(s.dir, fmt.Sprintf(tipName, id)) }

// checkTips refuses a directory that lost a chain altogether, its marker included.
func (s *Store) checkTips() error {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	for _, name := range names {
		var id chain.ID
		if n, err := fmt.Sscanf(name, tipName, &id); n != 1 || err != nil || s.ledger(id).durable.Load() != nil {
			continue
		}
		switch says, err := s.readTip(id); {
		case err != nil:
			return err
		case says != nil:
			return fmt.Errorf("store: %s: %w: block %d of chain %d was final, and there is none: %s", s.dir, ErrDamaged, says.height, id, afterLoss)
		}
	}
	return nil
}

// afterLoss is what to do about blocks that are gone.
const afterLoss = "move the whole directory away and let the node fetch the chain from its peers, or restore a backup"

// makeTip makes the file, empty, before a chain begins: it is there whenever the chain's marker is.
func (s *Store) makeTip(id chain.ID) (*tip, error) {
	f, err := s.fs.OpenReadWrite(s.tipPath(id), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	t := &tip{file: f}
	if err = f.Sync(); err == nil {
		err = syncDir(s.fs, s.dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// openTip opens the file of a chain with the given head, and refuses one that says that more was final.
func (s *Store) openTip(l *ledger, head *mark) error {
	says, err := s.readTip(l.id)
	if err != nil {
		return err
	}
	if says != nil {
		if err := s.agrees(l.id, says, head.Height); err != nil {
			return err
		}
	}
	f, err := s.fs.OpenReadWrite(s.tipPath(l.id), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	l.tip = &tip{file: f}
	return nil
}

// agrees says whether the block that was final last is there.
func (s *Store) agrees(id chain.ID, says *tipPoint, head uint64) error {
	if says.height > head {
		return fmt.Errorf("store: %s: %w: block %d of chain %d was final, and the blocks end with %d: %s", s.dir, ErrDamaged, says.height, id, head, afterLoss)
	}
	value, err := s.must(s.db, partKey(nil, id, partHeader, says.height))
	if err != nil {
		return err
	}
	if h, _, err := decodeHeader(value); err != nil || h.Hash() != says.hash {
		return errors.Join(err, fmt.Errorf("store: %s: %w: block %d of chain %d is not %s, which was final: %s", s.dir, ErrDamaged, says.height, id, says.hash, afterLoss))
	}
	return nil
}

// readTip returns what the file says; nil if it is empty: a crash came before the first block was reported.
func (s *Store) readTip(id chain.ID) (*tipPoint, error) {
	f, err := s.fs.Open(s.tipPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: %w: %s is missing: restore a backup of the whole directory", ErrDamaged, s.tipPath(id))
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, 2*tipSlot+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("store: read %s: %w", s.tipPath(id), err)
	}
	return decodeTip(id, b)
}

func decodeTip(id chain.ID, b []byte) (last *tipPoint, err error) {
	if len(b) == 0 {
		return nil, nil
	}
	for at := 0; at+tipSlot <= len(b); at += tipSlot {
		value, err := unseal(nil, b[at:at+tipSlot])
		if err != nil {
			continue // never written, or cut off
		}
		r := wire.NewReader(value)
		of, p := chain.ID(r.U32("chain")), &tipPoint{height: r.U64("height")}
		r.Into("hash", p.hash[:])
		if r.Done() == nil && of == id && (last == nil || p.height > last.height) {
			last = p
		}
	}
	if last == nil {
		return nil, fmt.Errorf("store: %w: tip of chain %d: none of its slots can be read", ErrDamaged, id)
	}
	return last, nil
}

// write notes that a block is on disk.
func (t *tip) write(id chain.ID, h *Head) error {
	b := binary.BigEndian.AppendUint32(t.slot[:0], uint32(id))
	copy(t.slot[len(wire.AppendU64(b, h.Height)):], h.Hash[:])
	seal(nil, t.slot[:])
	_, err := t.file.WriteAt(t.slot[:], int64(h.Height%2)*tipSlot)
	return err
}

// raise writes the tip of a chain whose commit is on disk. What can't be written ends the process (T6): it can't be taken
// back, and may not be forgotten.
func (s *Store) raise(l *ledger, h *Head) {
	if err := l.tip.write(l.id, h); err != nil {
		s.fatal.stop(fmt.Errorf("store: write %s: %w", s.tipPath(l.id), err))
	}
}

// Tip compares what lies there with the block of a chain that was final last: ErrDamaged if that is gone.
func (r *Raw) Tip(id chain.ID, head uint64) error {
	says, err := r.store.readTip(id)
	if err != nil || says == nil {
		return err
	}
	return r.store.agrees(id, says, head)
}
