package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// DefaultCacheBytes holds the tables of about a million accounts.
const DefaultCacheBytes = 256 << 20

// memoryDir is the name of the directory of a store in memory.
const memoryDir = "memory"

const (
	memTableBytes = 32 << 20
	memTables     = 4
	// bulkBytes is from when on a value is written to a file beside the tables, which compactions leave alone: blocks,
	// receipts, undo records, the genesis.
	bulkBytes = 64 << 10
)

// engineOptions were chosen by CPU per payment, with all work in the background, over commits of 10,000 payments among a
// million accounts (BenchmarkCommit). What counted: shorter keys for accounts; keys in order within the batch; bulk kept
// out of compactions; fewer, larger compactions of level 0 and fewer, larger files there; and syncing tables in larger
// pieces. Within the noise: larger blocks, smaller levels, and snappy, which made the tables without the bulk 30 % smaller.
func (s *Store) engineOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          s.guard,
		Cache:                       s.cache,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      engineLog{s.log, s.fatal},
		EventListener:               s.background.listener(s.log),
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       12,
		L0StopWritesThreshold:       64,
		LBaseMaxBytes:               512 << 20,
		BytesPerSync:                8 << 20,
	}
	o.TargetFileSizes[0] = 64 << 20
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	o.Experimental.SpanPolicyFunc = tableEnd
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled: true, MinimumSize: bulkBytes, MaxBlobReferenceDepth: 10, RewriteMinimumAge: time.Hour, TargetGarbageRatio: 0.5,
		}
	}
	return o
}

// tableEnd ends tables behind each of the kinds that grow at their end alone, blocks and undo records, and before them. So their tables
// don't overlap older ones and take no part in compactions of the state; and the bulk of undo records stands in files
// of its own, which go as a whole when the records are pruned.
func tableEnd(first []byte) (pebble.SpanPolicy, []byte, error) {
	if len(first) < prefixBytes {
		return pebble.SpanPolicy{}, nil, nil
	}
	last := kindVote
	for _, k := range []kind{kindNode, kindBlock, kindName, kindState, kindUndo} {
		if kind(first[prefixBytes-1]) <= k {
			last = k
			break
		}
	}
	return pebble.SpanPolicy{}, after(append(first[:prefixBytes-1:prefixBytes-1], byte(last))), nil
}

// openEngine takes the directory's lock by itself, so that a directory in use is told from every other error.
func (s *Store) openEngine(o Options) (err error) {
	s.guard = &guardFS{FS: s.fs, fatal: s.fatal}
	if err := makeDir(s.fs, s.dir); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if s.lock, err = pebble.LockDirectory(s.dir, s.fs); err != nil {
		return lockError(s.dir, err)
	}
	size := o.CacheBytes
	if size == 0 {
		size = DefaultCacheBytes
	}
	s.cache = pebble.NewCache(size)
	options := s.engineOptions()
	options.Lock = s.lock
	if o.Disk != nil {
		smallTables(options)
	}
	if o.tune != nil {
		o.tune(options)
	}
	if s.db, err = openDB(s.dir, options); err != nil {
		s.cache.Unref()
		return errors.Join(openError(s.dir, err), s.lock.Close())
	}
	s.guard.armed.Store(true)
	return nil
}

// MakeDir makes a directory on disk and what is missing above it, each in its parent for good (T1).
func MakeDir(dir string) error { return makeDir(vfs.Default, dir) }

func makeDir(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := fsys.PathDir(dir)
	if parent != dir {
		if err := makeDir(fsys, parent); err != nil {
			return err
		}
	}
	return errors.Join(fsys.MkdirAll(dir, 0o755), syncDir(fsys, parent))
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openDB turns the panic into an error that pebble ends with if a directory can't be synced: nothing was promised yet.
func openDB(dir string, options *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			cause, ok := r.(error)
			if !ok {
				panic(r)
			}
			db, err = nil, cause
		}
	}()
	return pebble.Open(dir, options)
}

// InUse says whether a process has a directory open.
func InUse(dir string) bool {
	lock, err := pebble.LockDirectory(dir, vfs.Default)
	if err == nil {
		err = lock.Close()
	}
	return err != nil && errors.Is(lockError(dir, err), ErrInUse)
}

// lockError tells a lock that is held from a directory that can't be written.
func lockError(dir string, err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return fmt.Errorf("store: %w", err)
	}
	held := strings.Contains(err.Error(), "lock held") // by this process: pebble has no name for that
	if held || errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("store: %s: %w: stop the node that runs on it, or choose another directory (%w)", dir, ErrInUse, err)
	}
	return fmt.Errorf("store: lock %s: %w", dir, err)
}

// openError says what to do.
func openError(dir string, err error) error {
	switch {
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("store: %s: %w: move the whole directory away and let the node fetch the chain from its peers, or restore "+
			"a backup; don't delete single files, the rest would open without what they held (%w)", dir, ErrDamaged, err)
	case strings.Contains(err.Error(), "format major version"), errors.Is(err, pebble.ErrDBNotPristine):
		return fmt.Errorf("store: %s: %w: use the program that wrote it, or another directory (%w)", dir, ErrFormat, err)
	}
	return fmt.Errorf("store: open %s: %w", dir, err)
}

// engineLog passes on what pebble logs. Its Fatalf is how pebble reports that the write-ahead log or the list of tables
// can't be written (T6): if it returned, the commit that waits for the write would succeed.
type engineLog struct {
	log   *slog.Logger
	fatal *fatal
}

func (l engineLog) Infof(string, ...any) {} // flushes and compactions are in Metrics

func (l engineLog) Errorf(format string, args ...any) {
	l.log.Error("store: " + fmt.Sprintf(format, args...))
}

func (l engineLog) Fatalf(format string, args ...any) {
	for _, a := range args {
		if err, ok := a.(error); ok {
			l.fatal.stop(fmt.Errorf("store: %w", err))
		}
	}
	l.fatal.stop(fmt.Errorf("store: "+format, args...))
}
