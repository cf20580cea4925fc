package store

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// fatal ends the process, once.
type fatal struct {
	end   func(error)
	cause atomic.Pointer[error]
}

// stop never returns.
func (f *fatal) stop(err error) {
	f.cause.CompareAndSwap(nil, &err)
	if f.end != nil {
		f.end(err)
	}
	panic(err) // Options.Fatal broke its promise, or there is none
}

// background watches flushes and compactions. Pebble tries again at once what failed, without end, and stops taking
// writes when too much waits: a commit would hang without a word. So commits are refused from the first failure on,
// until one succeeds; and when that doesn't come for patience, the node is stopped.
type background struct {
	fatal    *fatal
	now      func() time.Time
	failures atomic.Uint64

	mu             sync.Mutex // guards the rest
	flush, compact failure
}

// failure is a kind of work that fails at present: err is nil if it doesn't.
type failure struct {
	err   error
	since time.Time
}

// patience is longer than a disk's hiccup, or an operator's "rm", takes.
const patience = time.Minute

// logEvery keeps a loop of failures from filling the disk's last bytes with log lines.
const logEvery = 1000

func (b *background) listener(log *slog.Logger) *pebble.EventListener {
	return &pebble.EventListener{
		FlushEnd:      func(i pebble.FlushInfo) { b.note(&b.flush, i.Err) },
		CompactionEnd: func(i pebble.CompactionInfo) { b.note(&b.compact, i.Err) },
		BackgroundError: func(err error) {
			if b.failures.Add(1)%logEvery == 1 {
				log.Warn("store: writing tables failed; trying again", "error", err, "failures", b.failures.Load())
			}
		},
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			log.Error("store: damaged table; move the data directory away and fetch the chain from peers", "path", i.Path, "error", i.Details)
		},
	}
}

// emptyTable is pebble's word, for which it has no name, for a flush that had nothing left to write.
const emptyTable = "empty table"

// note records how a piece of work ended.
func (b *background) note(f *failure, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case errors.Is(err, pebble.ErrCancelledCompaction): // says nothing about the disk
	case err != nil && strings.Contains(err.Error(), emptyTable):
	case err == nil:
		*f = failure{}
	case f.err == nil:
		*f = failure{err, b.now()}
	case b.now().Sub(f.since) > patience:
		b.fatal.stop(fmt.Errorf("store: %w since %s: %w", ErrBackground, f.since.Format(time.RFC3339), err))
	}
}

// err is ErrBackground while something fails.
func (b *background) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := errors.Join(b.flush.err, b.compact.err); err != nil {
		return fmt.Errorf("%w: %w", ErrBackground, err)
	}
	return nil
}

// reserveBytes is what must be free on the disk before a commit: room for twice what waits in memory to be written to
// tables. Without it the write-ahead log runs into the end of the disk, which is fatal (T6).
const reserveBytes = 2 * memTables * memTableBytes

// ready says why it is better not to write now; nil if nothing speaks against it.
func (s *Store) ready() error {
	if cause := s.fatal.cause.Load(); cause != nil {
		return fmt.Errorf("stopped: %w", *cause)
	}
	if err := s.background.err(); err != nil {
		return err
	}
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err == nil && usage.AvailBytes < reserveBytes { // an error: this file system can't say
		return fmt.Errorf("%w: %d MiB left in %s, %d must be", ErrDiskFull, usage.AvailBytes>>20, s.dir, reserveBytes>>20)
	}
	return nil
}

// apply writes a batch. A batch that could not be logged ends the process: pebble panics, or calls Fatalf, and can't take
// another one (T6).
func (s *Store) apply(batch *pebble.Batch, o *pebble.WriteOptions) error {
	defer s.stopOnPanic()
	return s.db.Apply(batch, o)
}

// applyLater is apply of a batch whose sync is waited for afterwards.
func (s *Store) applyLater(batch *pebble.Batch) error {
	defer s.stopOnPanic()
	return s.db.ApplyNoSyncWait(batch, pebble.Sync)
}

func (s *Store) stopOnPanic() {
	if r := recover(); r != nil {
		if err, ok := r.(error); ok {
			s.fatal.stop(fmt.Errorf("store: write: %w", err))
		}
		panic(r)
	}
}
