package store

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardFS ends the process at the first write or sync that fails of the write-ahead log, of the directory that lists it,
// or of a file of bulk (T6). Pebble would do so itself, but in several ways, of which some unlock what isn't locked, or
// follow a nil pointer, and die without a word of why; what else fails it tries again.
type guardFS struct {
	vfs.FS
	fatal *fatal
	// armed once pebble is open: until then nothing is promised, and an error of log or directory is returned.
	armed atomic.Bool
}

const (
	logSuffix  = ".log"  // of the write-ahead log, as pebble names it
	bulkSuffix = ".blob" // of a file of bulk
	// markerPrefix begins the name of a file whose name is its content: which list of tables counts.
	markerPrefix = "marker."
)

// check passes err on, or ends the process.
func (g *guardFS) check(what, name string, err error) error {
	if err != nil && (g.armed.Load() || strings.HasSuffix(name, bulkSuffix)) {
		g.fatal.stop(fmt.Errorf("store: %s %s: %w", what, name, err))
	}
	return err
}

// guarded says whether pebble can't go on after an error in a file.
func guarded(name string) bool {
	return strings.HasSuffix(name, logSuffix) || strings.HasSuffix(name, bulkSuffix)
}

// Create guards a new log or file of bulk. What a marker names is in the directory for good before the marker is: pebble
// syncs both entries at once, and a crash in between could keep the marker alone, with which nothing opens any more.
func (g *guardFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(g.PathBase(name), markerPrefix) {
		if err := syncDir(g, g.PathDir(name)); err != nil {
			return nil, err
		}
	}
	f, err := g.FS.Create(name, category)
	return g.file("create", name, f, err)
}

// ReuseForWrite guards a log that takes the place of an old one.
func (g *guardFS) ReuseForWrite(from, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.FS.ReuseForWrite(from, name, category)
	return g.file("reuse", name, f, err)
}

func (g *guardFS) file(what, name string, f vfs.File, err error) (vfs.File, error) {
	if !guarded(name) {
		return f, err
	}
	if err != nil {
		return nil, g.check(what, name, err)
	}
	return &guardFile{f, g, name}, nil
}

// OpenDir guards what names the files.
func (g *guardFS) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardFile{f, g, name}, nil
}

// Unwrap is the file system that is guarded.
func (g *guardFS) Unwrap() vfs.FS { return g.FS }

// guardFile is a write-ahead log, a file of bulk, or a directory.
type guardFile struct {
	vfs.File
	guard *guardFS
	name  string
}

// Write ends the process if it fails; so do the others.
func (f *guardFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.guard.check("write", f.name, err)
}

// Sync makes data and length durable.
func (f *guardFile) Sync() error { return f.guard.check("sync", f.name, f.File.Sync()) }

// SyncData makes data durable.
func (f *guardFile) SyncData() error { return f.guard.check("sync", f.name, f.File.SyncData()) }

// SyncTo begins to make data durable.
func (f *guardFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	return full, f.guard.check("sync", f.name, err)
}

// Close can be what reports that a write failed.
func (f *guardFile) Close() error { return f.guard.check("close", f.name, f.File.Close()) }
