package store

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// layoutVersion is that of the schema in doc.go. Another one is refused. 1 had neither code nor an index of entries, 2 no votes, 3 nothing
// for other chains of a tree, 4 credits as messages, no former committees, no warm code, 5 no gas of the queue,
// 6 neither what a chain holds nor names of chains.
const layoutVersion = 7

// layoutJoined is that of a directory in which a chain began with a state, or is about to: the same, and the kinds 'j' and 'k' beside it. A program
// that knows 7 alone would take the pieces for the remains of a genesis, and blocks that never were here for lost ones. It refuses 8; one that
// knows both goes on with either.
const layoutJoined = 8

// checkVersion says whether the value of a layout's key is one that this program reads.
func (s *Store) checkVersion(key, value []byte) error {
	r := wire.NewReader(value)
	version := r.U32("version")
	if err := r.Done(); err != nil {
		return damaged(key, err)
	}
	if version != layoutVersion && version != layoutJoined {
		return fmt.Errorf("store: %s: %w: version %d, this program reads %d and %d; use the program that wrote it, or another directory",
			s.dir, ErrFormat, version, layoutVersion, layoutJoined)
	}
	return nil
}

// Options say where and how to store. The zero value is a store in memory that keeps everything.
type Options struct {
	// Dir is the data directory, made if it doesn't exist; empty for a store in memory.
	Dir string
	// KeepStates is how many heights below the head StateAt can go back; 0 for all.
	KeepStates uint64
	// CacheBytes bounds the cache of blocks of tables; 0 for DefaultCacheBytes.
	CacheBytes int64
	// Log takes what happens in the background; nil for nothing.
	Log *slog.Logger
	// Fatal is called when the write-ahead log, a file of bulk or the list of tables can't be written (T6). It must end the
	// process and not return; nil panics.
	Fatal func(error)
	// Disk, if set, is in memory and can crash; Dir is on it then.
	Disk *Disk
	// Volatile lets a process that is killed lose what wasn't synced, as a loss of power would: for tests of processes.
	Volatile bool

	fs   vfs.FS                // for tests: instead of the disk
	tune func(*pebble.Options) // for measurements
}

// Store is open. Its methods are safe for concurrent use, Close excepted.
type Store struct {
	db         *pebble.DB
	cache      *pebble.Cache
	lock       *pebble.Lock
	fs         vfs.FS
	guard      *guardFS // around fs
	dir        string
	keep       uint64
	log        *slog.Logger
	fatal      *fatal
	background background

	mu     sync.Mutex // guards chains
	chains map[chain.ID]*ledger
}

// ledger is what the store knows of one chain.
type ledger struct {
	id      chain.ID
	durable atomic.Pointer[mark] // the head, once its sync is done (T5)
	records records
	gaps    gaps
	tip     *tip   // from Init on
	base    uint64 // the height of the state that the chain began with here; set before durable is

	mu      sync.Mutex // a chain commits one block at a time; guards the rest
	applied *mark      // the head that State shows: durable, or later while syncs are under way
	batch   *pebble.Batch
	order   []place // see sortChanges
	// undoFrom is the lowest height whose undo record may be there: all below are gone.
	undoFrom uint64
	bodies   []chain.BlockHash // kept since the last commit
}

// Open opens or makes a data directory. It returns ErrInUse, ErrFormat or ErrDamaged with words on what to do.
func Open(o Options) (*Store, error) {
	s := newStore(o)
	if err := s.openEngine(o); err != nil {
		return nil, err
	}
	for _, check := range []func() error{s.checkLayout, s.checkHeads, s.checkTips} {
		if err := check(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// newStore is one that is not open yet.
func newStore(o Options) *Store {
	s := &Store{dir: o.Dir, keep: o.KeepStates, log: o.Log, fs: o.fs, chains: map[chain.ID]*ledger{}, fatal: &fatal{end: o.Fatal}}
	s.background = background{fatal: s.fatal, now: time.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	switch {
	case s.fs != nil:
	case o.Disk != nil:
		s.fs = o.Disk.files()
	case s.dir == "":
		s.fs = vfs.NewMem()
	default:
		s.fs = vfs.Default
		if o.Volatile {
			s.fs = volatileFS{s.fs}
		}
	}
	if s.dir == "" {
		s.dir = memoryDir
	}
	return s
}

// Close waits for what runs in the background and closes the files. No other method may run or be called any more, and
// every view must be closed.
func (s *Store) Close() error {
	for _, l := range s.chains {
		if l.batch != nil {
			_ = l.batch.Close() // frees memory, can't fail
		}
		if l.tip != nil {
			_ = l.tip.file.Close() // not synced: each write was checked
		}
	}
	err := s.db.Close()
	s.cache.Unref()
	if err = errors.Join(err, s.lock.Close()); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// checkLayout writes the version into a new directory and compares it in one that exists.
func (s *Store) checkLayout() error {
	key := markKey(0)
	value, err := s.get(s.db, key)
	if errors.Is(err, ErrNotFound) {
		if empty, err := s.empty(); err != nil || !empty {
			return errors.Join(err, fmt.Errorf("store: %s: %w: it holds no version; was it made by another program?", s.dir, ErrFormat))
		}
		return s.begin(key)
	}
	if err != nil {
		return err
	}
	return s.checkVersion(key, value)
}

// begin writes the version into a new directory, and starts a second log: pebble begins the first one in its oldest
// format, in which damage can't be told from a crash, whatever comes behind it.
func (s *Store) begin(key []byte) error {
	if err := s.set(key, wire.AppendU32(nil, layoutVersion)); err != nil {
		return err
	}
	if err := s.db.Flush(); err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	return nil
}

func (s *Store) empty() (bool, error) {
	_, found, err := s.nextChain(0)
	return !found, err
}

// checkHeads reads the marker of every chain and compares it with the header of its block.
func (s *Store) checkHeads() error {
	for from := chain.ID(1); ; from++ {
		id, found, err := s.nextChain(from)
		if err != nil || !found {
			return err
		}
		if err := s.load(id); err != nil && !errors.Is(err, ErrNotFound) { // not found: Init was cut off
			return err
		}
		if from = id; from == ^chain.ID(0) {
			return nil
		}
	}
}

// nextChain is the first chain from id on that has any key.
func (s *Store) nextChain(id chain.ID) (next chain.ID, found bool, err error) {
	lower, _ := chainSpan(id)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower})
	if err != nil {
		return 0, false, fmt.Errorf("store: %w", err)
	}
	if found = it.First(); found {
		next = chain.ID(wire.NewReader(it.Key()).U32("chain"))
	}
	if err := it.Close(); err != nil {
		return 0, false, readError(lower, err)
	}
	return next, found, nil
}

// load takes a chain's head from disk.
func (s *Store) load(id chain.ID) error {
	key := markKey(id)
	value, err := s.get(s.db, key)
	if err != nil {
		return err
	}
	m, err := decodeMark(value)
	if err != nil {
		return damaged(key, err)
	}
	key = partKey(nil, id, partHeader, m.Height)
	value, err = s.must(s.db, key)
	if err != nil {
		return err
	}
	h, _, err := decodeHeader(value)
	if err != nil {
		return damaged(key, err)
	}
	if h.Hash() != m.Hash || h.Roots.State != m.State || h.Height != m.Height || h.Chain != id {
		return damaged(key, fmt.Errorf("block %s, but the marker names %s", h.Hash(), m.Hash))
	}
	l := s.ledger(id)
	if l.undoFrom, err = s.firstUndo(id, m.Height); err != nil {
		return err
	}
	if err := s.openTip(l, &m); err != nil {
		return err
	}
	if err := s.loadBodies(l); err != nil {
		return err
	}
	if l.base, _, err = s.Base(id); err != nil {
		return err
	}
	l.applied = &m
	l.durable.Store(&m)
	return nil
}

// ledger returns the entry of a chain, initialised or not.
func (s *Store) ledger(id chain.ID) *ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.chains[id]
	if l == nil {
		l = &ledger{id: id}
		s.chains[id] = l
	}
	return l
}

// getter is a database or a snapshot of it.
type getter interface {
	Get(key []byte) (value []byte, closer io.Closer, err error)
	NewIter(o *pebble.IterOptions) (*pebble.Iterator, error)
}

// get returns a copy of the value under key, or ErrNotFound, ErrDamaged or the disk's error.
func (s *Store) get(from getter, key []byte) ([]byte, error) {
	sealed, closer, err := from.Get(key)
	if err != nil {
		return nil, readError(key, err)
	}
	defer closer.Close()
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, len(value)), value...), nil
}

// must is get for what has to be there: that it isn't is ErrDamaged.
func (s *Store) must(from getter, key []byte) ([]byte, error) {
	value, err := s.get(from, key)
	if errors.Is(err, ErrNotFound) {
		return nil, damaged(key, errMissing)
	}
	return value, err
}

var errMissing = errors.New("it is missing")

// readError is pebble's error in words of ours.
func readError(key []byte, err error) error {
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return fmt.Errorf("store: %s: %w", describe(key), ErrNotFound)
	case pebble.IsCorruptionError(err):
		return damaged(key, err)
	}
	return fmt.Errorf("store: read %s: %w", describe(key), err)
}

// set writes one value and waits until it is on disk.
func (s *Store) set(key, value []byte) error {
	batch := s.db.NewBatch()
	w := writer{batch: batch}
	w.put(key, value)
	if err := s.apply(batch, pebble.Sync); err != nil {
		return fmt.Errorf("store: write %s: %w", describe(key), err)
	}
	return batch.Close()
}
