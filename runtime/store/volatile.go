package store

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// volatileFS holds back what is written to a file until it is synced, or the file is closed: a process that is killed leaves of its logs
// what a loss of power could leave at the worst. The system itself would keep all that was written, and no kill of a process find a
// sync that is missing.
type volatileFS struct{ vfs.FS }

// Create makes a file.
func (v volatileFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := v.FS.Create(name, category)
	return heldBack(f, err)
}

// ReuseForWrite makes a file of an old one.
func (v volatileFS) ReuseForWrite(from, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := v.FS.ReuseForWrite(from, name, category)
	return heldBack(f, err)
}

func heldBack(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &volatileFile{File: f}, nil
}

// mostHeld is from when on what was written goes to the disk unasked, as a system's own cache would let it.
const mostHeld = 64 << 20

// volatileFile is a file that is written from its beginning to its end.
type volatileFile struct {
	vfs.File

	mu   sync.Mutex // guards held
	held []byte
}

// Write implements io.Writer.
func (f *volatileFile) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = append(f.held, b...)
	if len(f.held) > mostHeld {
		return len(b), f.flush()
	}
	return len(b), nil
}

func (f *volatileFile) flush() error {
	b := f.held
	f.held = nil
	_, err := f.File.Write(b)
	return err
}

// settled writes what was held back, and then does the rest.
func (f *volatileFile) settled(then func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.flush(); err != nil {
		return err
	}
	return then()
}

// Sync implements vfs.File.
func (f *volatileFile) Sync() error { return f.settled(f.File.Sync) }

// SyncData implements vfs.File.
func (f *volatileFile) SyncData() error { return f.settled(f.File.SyncData) }

// SyncTo promises nothing, and does nothing.
func (f *volatileFile) SyncTo(int64) (bool, error) { return false, nil }

// Fd is none: nothing goes past this.
func (f *volatileFile) Fd() uintptr { return vfs.InvalidFd }

// Close implements io.Closer.
func (f *volatileFile) Close() error {
	return errors.Join(f.settled(func() error { return nil }), f.File.Close())
}
