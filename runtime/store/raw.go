package store

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Raw is a data directory as it lies there, right or wrong: what an audit reads. Where Store stops at the first damaged
// value, Raw hands its error on and goes to the next; where Store believes the head marker, Raw shows what stands above
// it. It changes nothing. Its methods are safe for concurrent use, Close excepted.
type Raw struct {
	store *Store
	owned bool // opened by OpenRaw
}

// OpenRaw opens a directory that exists, to read only. It returns fs.ErrNotExist, ErrInUse, ErrFormat, or ErrDamaged if
// not even its tables can be listed.
func OpenRaw(o Options) (*Raw, error) {
	if o.Dir == "" {
		return nil, fmt.Errorf("store: no data directory is named: %w", fs.ErrNotExist)
	}
	s := newStore(o)
	if there, err := pebble.Peek(s.dir, s.fs); err != nil || !there.Exists {
		return nil, errors.Join(err, fmt.Errorf("store: %s holds no data: %w", s.dir, fs.ErrNotExist))
	}
	o.tune = func(p *pebble.Options) { p.ReadOnly = true }
	if err := s.openEngine(o); err != nil {
		return nil, err
	}
	r := &Raw{s, true}
	if err := r.Layout(); errors.Is(err, ErrFormat) {
		return nil, errors.Join(err, s.Close())
	}
	return r, nil
}

// Raw shows what lies in a store that is open. While it is used nothing may be committed.
func (s *Store) Raw() *Raw { return &Raw{s, false} }

// Close closes the directory if OpenRaw opened it.
func (r *Raw) Close() error {
	if !r.owned {
		return nil
	}
	return r.store.Close()
}

// Layout is ErrFormat if the directory was written in a layout that this version doesn't know, ErrDamaged if that can't
// be told.
func (r *Raw) Layout() error {
	key := markKey(0)
	value, err := r.store.get(r.store.db, key)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("store: %s: %w: it holds no version; was it made by another program?", r.store.dir, ErrFormat)
	}
	if err != nil {
		return err
	}
	return r.store.checkVersion(key, value)
}

// Chains are those that have any key.
func (r *Raw) Chains() (list []chain.ID, err error) {
	for from := chain.ID(1); ; from++ {
		id, found, err := r.store.nextChain(from)
		if err != nil || !found {
			return list, err
		}
		list = append(list, id)
		if from = id; from == ^chain.ID(0) {
			return list, nil
		}
	}
}

// Marker is a chain's head as its marker says, and how many pieces the genesis has.
func (r *Raw) Marker(id chain.ID) (Head, uint32, error) {
	key := markKey(id)
	value, err := r.store.get(r.store.db, key)
	if err != nil {
		return Head{}, 0, err
	}
	m, err := decodeMark(value)
	if err != nil {
		return Head{}, 0, damaged(key, err)
	}
	return m.Head, m.pieces, nil
}

// Base is what Store.Base returns.
func (r *Raw) Base(id chain.ID) (height uint64, shown []byte, err error) { return r.store.Base(id) }

// Genesis are the pieces of the encoded genesis put together, and how many there are.
func (r *Raw) Genesis(id chain.ID) (raw []byte, pieces uint32, err error) {
	lower, upper := span(id, kindGenesis, nil)
	return raw, pieces, r.scan(lower, upper, func(key, value []byte, damage error) error {
		if string(key) != string(genesisKey(id, pieces)) {
			return damaged(key, fmt.Errorf("piece %d comes before it", pieces))
		}
		pieces++
		raw = append(raw, value...)
		return damage
	})
}

// Kept is what is kept for the block at a height. What is missing or damaged is nil; Damage says why.
type Kept struct {
	Height                          uint64
	Block, Header, Receipts, Outbox []byte
	Certificate                     []byte
	Undo                            []byte
	Damage                          []error
}

// Votes are what Store.Votes returns, without the bodies.
func (r *Raw) Votes(id chain.ID) (record []byte, err error) {
	record, _, err = r.store.Votes(id)
	return record, err
}

// Blocks calls f for every height at which anything of a block stands, ascending.
func (r *Raw) Blocks(id chain.ID, f func(*Kept) error) error {
	lower, upper := span(id, kindBlock, nil)
	var kept *Kept
	flush := func() error {
		if kept == nil {
			return nil
		}
		r.undo(id, kept)
		return f(kept)
	}
	err := r.scan(lower, upper, func(key, value []byte, damage error) error {
		reader := wire.NewReader(key[prefixBytes:])
		height, p := reader.U64("height"), part(reader.U8("part"))
		if reader.Done() != nil {
			return nil // Strays names it
		}
		if kept == nil || kept.Height != height {
			if err := flush(); err != nil {
				return err
			}
			kept = &Kept{Height: height}
		}
		kept.take(key, p, value, damage)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// At is what is kept for the block at one height.
func (r *Raw) At(id chain.ID, height uint64) *Kept {
	k := &Kept{Height: height}
	for _, p := range []part{partBody, partHeader, partOutbox, partReceipts} {
		key := partKey(nil, id, p, height)
		value, err := r.store.get(r.store.db, key)
		if !errors.Is(err, ErrNotFound) {
			k.take(key, p, value, err)
		}
	}
	r.undo(id, k)
	return k
}

// take keeps a part; a value that is empty is not nil.
func (k *Kept) take(key []byte, p part, value []byte, damage error) {
	if damage != nil {
		k.Damage = append(k.Damage, damage)
		return
	}
	value = append(make([]byte, 0, len(value)), value...)
	switch p {
	case partBody:
		k.Block = value
	case partReceipts:
		k.Receipts = value
	case partOutbox:
		k.Outbox = value
	case partHeader:
		reader := wire.NewReader(value)
		k.Header = reader.Bytes("header", chain.MaxBlockBytes)
		k.Certificate = reader.Fixed("certificate", reader.Left())
		if err := reader.Done(); err != nil {
			k.Header, k.Certificate = nil, nil
			k.Damage = append(k.Damage, damaged(key, err))
		}
	}
}

func (r *Raw) undo(id chain.ID, k *Kept) {
	value, err := r.Undo(id, k.Height)
	switch {
	case err == nil:
		k.Undo = value
	case !errors.Is(err, ErrNotFound):
		k.Damage = append(k.Damage, err)
	}
}

// Undo is the undo record of the block at a height.
func (r *Raw) Undo(id chain.ID, height uint64) ([]byte, error) {
	return r.store.get(r.store.db, undoKey(nil, id, height))
}

// Undos calls f for the height of every undo record, ascending.
func (r *Raw) Undos(id chain.ID, f func(height uint64) error) error {
	lower, upper := span(id, kindUndo, nil)
	return r.keys(lower, upper, func(key []byte) error {
		reader := wire.NewReader(key[prefixBytes:])
		height := reader.U64("height")
		if reader.Done() != nil {
			return nil // Strays names it
		}
		return f(height)
	})
}

// PruneStep is the least number of undo records that are removed at once (Options.KeepStates): if fewer are missing at
// the start, they were lost.
const PruneStep = pruneStep

// DecodeUndo calls f for every slot in an undo record and what it held before the block; nil for absent. What f gets
// shares b.
func DecodeUndo(b []byte, f func(slot exec.Slot, before []byte)) error { return decodeUndo(b, f) }

// Names calls f for every block hash and its height, or with what is wrong with the value.
func (r *Raw) Names(id chain.ID, f func(hash chain.BlockHash, height uint64, damage error) error) error {
	lower, upper := span(id, kindName, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		var hash chain.BlockHash
		if len(key) != prefixBytes+len(hash) {
			return nil // Strays names it
		}
		copy(hash[:], key[prefixBytes:])
		reader := wire.NewReader(value)
		height := reader.U64("height")
		if err := reader.Done(); damage == nil && err != nil {
			damage = damaged(key, err)
		}
		return f(hash, height, damage)
	})
}

// HeightOf is the height that is stored for a block hash; ErrNotFound if none is.
func (r *Raw) HeightOf(id chain.ID, hash chain.BlockHash) (uint64, error) {
	key := nameKey(id, hash)
	value, err := r.store.get(r.store.db, key)
	if err != nil {
		return 0, err
	}
	reader := wire.NewReader(value)
	height := reader.U64("height")
	if err := reader.Done(); err != nil {
		return 0, damaged(key, err)
	}
	return height, nil
}

// Find is where the index says that a message was processed; ErrNotFound if it says nothing.
func (r *Raw) Find(id chain.ID, message chain.MessageID) (Place, error) {
	return r.store.place(indexKey(id, message))
}

// Index calls f for every entry of the message index, or with what is wrong with it.
func (r *Raw) Index(id chain.ID, f func(message chain.MessageID, p Place, damage error) error) error {
	lower, upper := span(id, kindIndex, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		if len(key) != indexKeyBytes {
			return nil // Strays names it
		}
		p, err := decodePlace(value)
		if damage == nil && err != nil {
			damage = damaged(key, err)
		}
		return f(chain.MessageID(key[prefixBytes:]), p, damage)
	})
}

// State calls f for every leaf of the state, in ascending order of paths, or with what is wrong with it: its value is nil
// then. Value is valid until f returns. A slot that doesn't belong under its path is damage.
func (r *Raw) State(id chain.ID, f func(path merkle.Path, slot exec.Slot, value []byte, damage error) error) error {
	lower, upper := span(id, kindState, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		path, err := readStateKey(key)
		if err != nil {
			return nil // Strays names it
		}
		slot := exec.Slot{Account: pathAccount(&path)}
		if damage == nil {
			if slot, value, err = readSlot(&path, value); err == nil && pathOf(&slot) != path {
				err = fmt.Errorf("it holds the entry %q, which doesn't belong there", slot.Key)
			}
			if err != nil {
				damage, value = damaged(key, err), nil
			}
		}
		return f(path, slot, value, damage)
	})
}

// Entries calls f for every entry of storage that the index lists, by account and key, or with what is wrong with it.
func (r *Raw) Entries(id chain.ID, f func(slot exec.Slot, damage error) error) error {
	return r.entries(id, nil, f)
}

// EntriesOf are the Entries of one account.
func (r *Raw) EntriesOf(id chain.ID, account chain.Address, f func(slot exec.Slot, damage error) error) error {
	return r.entries(id, account[:], f)
}

func (r *Raw) entries(id chain.ID, begin []byte, f func(slot exec.Slot, damage error) error) error {
	lower, upper := span(id, kindEntry, begin)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		slot, ok := readEntryKey(key)
		if !ok {
			return nil // Strays names it
		}
		if damage == nil && len(value) > 0 {
			damage = damaged(key, errors.New("it holds something"))
		}
		return f(slot, damage)
	})
}

// Holds says whether the state has a slot, whatever its value.
func (r *Raw) Holds(id chain.ID, slot exec.Slot) (bool, error) {
	path := pathOf(&slot)
	_, err := r.store.get(r.store.db, stateKey(nil, id, &path))
	switch {
	case err == nil || errors.Is(err, ErrDamaged):
		return true, nil
	case errors.Is(err, ErrNotFound):
		return false, nil
	}
	return false, err
}

// Codes calls f for everything that is kept as code, with the hash that it is kept under, or with what is wrong with it.
func (r *Raw) Codes(id chain.ID, f func(hash chain.CodeHash, code chain.PublishInput, damage error) error) error {
	lower, upper := span(id, kindCode, nil)
	return r.scan(lower, upper, func(key, value []byte, damage error) error {
		if len(key) != prefixBytes+len(chain.CodeHash{}) {
			return nil // Strays names it
		}
		var code chain.PublishInput
		if damage == nil {
			code, damage = decodeCode(key, value)
		}
		return f(chain.CodeHash(key[prefixBytes:]), code, damage)
	})
}

// Code is what is kept as the code of that hash; ErrNotFound if nothing is.
func (r *Raw) Code(id chain.ID, hash chain.CodeHash) (chain.PublishInput, error) {
	return r.store.Published(id, hash)
}

// Strays calls f for every key that the layout doesn't have.
func (r *Raw) Strays(id chain.ID, f func(stray error) error) error {
	lower, upper := chainSpan(id)
	return r.keys(lower, upper, func(key []byte) error {
		if inLayout(key) {
			return nil
		}
		return f(fmt.Errorf("%s: the layout has no such key", describe(key)))
	})
}

// inLayout says whether a key has a form of the layout.
func inLayout(key []byte) bool {
	if len(key) < prefixBytes {
		return false
	}
	rest := key[prefixBytes:]
	switch kind(key[prefixBytes-1]) {
	case kindBlock:
		return len(rest) == 8+1 && partWords[part(rest[8])] != ""
	case kindGenesis:
		return len(rest) == 4
	case kindCode, kindIndex, kindName:
		return len(rest) == 32
	case kindNode:
		return len(key) == nodeKeyBytes
	case kindDeparture:
		return len(key) == departureKeyBytes
	case kindProof:
		return len(key) == proofKeyBytes
	case kindEntry:
		_, ok := readEntryKey(key)
		return ok
	case kindMark, kindBase:
		return len(rest) == 0
	case kindJoined:
		return len(rest) == pathBytes
	case kindState:
		_, err := readStateKey(key)
		return err == nil
	case kindUndo:
		return len(rest) == 8
	case kindVote:
		return len(rest) == 0 || len(rest) == 32
	}
	return false
}

// scan calls f for all keys from lower up to upper, with their values or what is wrong with them. Key and value are valid
// until f returns. An error of its own says that a table can't be read, and that what comes behind was not seen.
func (r *Raw) scan(lower, upper []byte, f func(key, value []byte, damage error) error) error {
	it, err := r.store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return readError(lower, err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		sealed, failed := it.ValueAndErr()
		if failed != nil {
			err = f(it.Key(), nil, readError(it.Key(), failed))
			continue
		}
		value, damage := unseal(it.Key(), sealed)
		err = f(it.Key(), value, damage)
	}
	if e := it.Close(); err == nil && e != nil {
		err = readError(lower, e)
	}
	return err
}

// keys is scan without reading values.
func (r *Raw) keys(lower, upper []byte, f func(key []byte) error) error {
	it, err := r.store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return readError(lower, err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		err = f(it.Key())
	}
	if e := it.Close(); err == nil && e != nil {
		err = readError(lower, e)
	}
	return err
}
