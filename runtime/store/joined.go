package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// A chain can begin with the state after one of its blocks, in the place of all blocks up to there: piece by piece, and then with the block's
// header at once. Until that is there the chain isn't: a crash in between leaves pieces, which needn't be fetched again.
//
//	JoinPiece, JoinPiece, … (each one batch: leaves and record)     JoinCode
//	          '─► crash ─► Joining: which are here ─► JoinDrop what another state lacks
//	JoinEnd: header, certificate, genesis, votes, marker: one batch, synced ─► Base

// Joined is a piece of a state that is here: its leaves from First to Last, which hash to Hash.
type Joined struct {
	First, Last merkle.Path
	Hash        merkle.Hash
}

// Joining are the pieces that are here of a chain that isn't yet, by their first paths.
func (s *Store) Joining(id chain.ID) (list []Joined, err error) {
	lower, upper := span(id, kindJoined, nil)
	err = scan(s.db, lower, upper, func(key, value []byte) error {
		r := wire.NewReader(value)
		var j Joined
		r.Into("last path", j.Last[:])
		r.Into("hash", j.Hash[:])
		if n := copy(j.First[:], key[prefixBytes:]); n != pathBytes || r.Done() != nil {
			return damaged(key, errors.New("it is no piece of a state"))
		}
		list = append(list, j)
		return nil
	})
	return list, err
}

// JoinPiece keeps a piece. It is not synced: a crash leaves all of it, or nothing.
func (s *Store) JoinPiece(id chain.ID, j *Joined, leaves []exec.Write) error {
	return s.joinWrite(id, func(w *writer) error {
		for i := range leaves {
			w.slot(&leaves[i].Slot, leaves[i].Value)
			w.entry(&exec.Change{Slot: leaves[i].Slot, After: leaves[i].Value})
		}
		w.put(joinedKey(id, &j.First), j.Last[:], j.Hash[:])
		return nil
	})
}

// JoinDrop removes a piece.
func (s *Store) JoinDrop(id chain.ID, j *Joined) error {
	return s.joinWrite(id, func(w *writer) error {
		lower, upper := stateKey(nil, id, &j.First), append(stateKey(nil, id, &j.Last), 0)
		err := scan(s.db, lower, upper, func(key, sealed []byte) error {
			path, err := readStateKey(key)
			if err != nil {
				return err
			}
			slot, value, err := readSlot(&path, sealed)
			if err == nil {
				w.slot(&slot, nil)
				w.entry(&exec.Change{Slot: slot, Before: value})
			}
			return err
		})
		if err != nil {
			return err
		}
		return w.batch.Delete(joinedKey(id, &j.First), nil)
	})
}

// JoinCode keeps code that the state names.
func (s *Store) JoinCode(id chain.ID, p exec.Published) error {
	return s.joinWrite(id, func(w *writer) error {
		w.code([]exec.Published{p})
		return nil
	})
}

// joinWrite applies one batch to a chain that isn't there yet.
func (s *Store) joinWrite(id chain.ID, write func(w *writer) error) error {
	l := s.ledger(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.durable.Load() != nil {
		return fmt.Errorf("store: join chain %d: %w", id, ErrInitialised)
	}
	err := s.ready()
	w := l.writer(s.db)
	if err == nil {
		w.put(markKey(0), wire.AppendU32(nil, layoutJoined))
		err = write(w)
	}
	if err == nil {
		err = s.apply(w.batch, pebble.NoSync)
	}
	if err != nil {
		return fmt.Errorf("store: join chain %d: %w", id, err)
	}
	return nil
}

// Base is where a chain begins that has no blocks before.
type Base struct {
	Genesis     *chain.Genesis
	Header      *chain.Header
	Certificate []byte
	Nodes       []Nodes // the peaks of the state's accumulators: with them what is added later can be shown
	Shown       []byte  // what shows the header to who knows the genesis, as the caller encoded it
	Votes       []byte  // as of Init
}

// JoinEnd makes the chain begin with the state that the pieces are. The caller has compared its root. When it returns nil the chain is there
// after any crash; on an error it is not there.
func (s *Store) JoinEnd(b *Base) error {
	id := b.Header.Chain
	l := s.ledger(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.durable.Load() != nil {
		return fmt.Errorf("store: join chain %d: %w", id, ErrInitialised)
	}
	l.records.begin()
	defer l.records.end(nil)
	defer l.records.drop()
	l.gaps.begin(id, nil)
	defer l.gaps.end()
	if err := s.joinEnd(l, b); err != nil {
		return fmt.Errorf("store: join chain %d: %w", id, err)
	}
	return nil
}

func (s *Store) joinEnd(l *ledger, b *Base) error {
	if l.tip == nil {
		t, err := s.makeTip(l.id)
		if err != nil {
			return err
		}
		l.tip = t
	}
	h := b.Header
	m := mark{Head: Head{h.Height, h.Hash(), h.Roots.State}}
	w := l.writer(s.db)
	w.put(markKey(0), wire.AppendU32(nil, layoutJoined))
	w.nodes(b.Nodes)
	w.part(h.Height, partHeader, wire.AppendBytes(nil, h.Append(nil)), b.Certificate)
	var err error
	if m.pieces, err = s.origin(w, b.Genesis); err != nil {
		return err
	}
	lower, upper := span(l.id, kindJoined, nil)
	if err := w.batch.DeleteRange(lower, upper, nil); err != nil {
		return err
	}
	w.put(baseKey(l.id), wire.AppendU64(nil, h.Height), b.Shown)
	w.put(nameKey(l.id, m.Hash), wire.AppendU64(nil, h.Height))
	if b.Votes != nil {
		w.put(voteKey(l.id), b.Votes)
	}
	w.put(markKey(l.id), m.append(nil))
	if err := s.apply(w.batch, pebble.Sync); err != nil {
		return err
	}
	l.base, l.undoFrom, l.applied = h.Height, h.Height+1, &m
	s.raise(l, &m.Head)
	l.durable.Store(&m)
	return nil
}

// Base is the height of the state that a chain began with here, and what JoinEnd was given to show its header; 0 if it has all blocks.
func (s *Store) Base(id chain.ID) (height uint64, shown []byte, err error) {
	key := baseKey(id)
	value, err := s.get(s.db, key)
	if errors.Is(err, ErrNotFound) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	r := wire.NewReader(value)
	height = r.U64("height")
	shown = r.Fixed("what shows it", r.Left())
	if err := r.Done(); err != nil {
		return 0, nil, damaged(key, err)
	}
	return height, shown, nil
}

// absent is ErrPruned for parts of blocks that are not here, as the chain begins with a later state.
func (s *Store) absent(id chain.ID, key []byte, p part, height uint64) error {
	if base := s.ledger(id).base; height < base || height == base && base > 0 && p != partHeader {
		return fmt.Errorf("store: %s: blocks up to %d are not here: %w", describe(key), base, ErrPruned)
	}
	return nil
}

func joinedKey(id chain.ID, first *merkle.Path) []byte {
	return append(appendPrefix(nil, id, kindJoined), first[:]...)
}

func baseKey(id chain.ID) []byte { return appendPrefix(nil, id, kindBase) }

// LeavesFrom calls f for the leaves from a path on, in ascending order, until it says that it has enough. Value is valid until f returns.
func (v *View) LeavesFrom(from merkle.Path, f func(path merkle.Path, slot exec.Slot, value []byte) (more bool, err error)) error {
	enough := errors.New("enough")
	err := v.leavesFrom(from, func(path merkle.Path, slot exec.Slot, value []byte) error {
		more, err := f(path, slot, value)
		if err == nil && !more {
			err = enough
		}
		return err
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}
