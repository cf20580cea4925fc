package store

import (
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// injectFS tells an injector of all that is done on a disk. Pebble's own forgets a log that takes the place of an old one, which
// is most of them.
type injectFS struct {
	*errorfs.FS
	injector errorfs.Injector
}

func inject(disk vfs.FS, i errorfs.Injector) vfs.FS { return injectFS{errorfs.Wrap(disk, i), i} }

func (f injectFS) ReuseForWrite(from, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(from, name, category)
	if err != nil {
		return nil, err
	}
	return injectFile{file, name, f.injector}, nil
}

// injectFile is a log in the place of an old one.
type injectFile struct {
	vfs.File
	name     string
	injector errorfs.Injector
}

func (f injectFile) may(kind errorfs.OpKind) error {
	return f.injector.MaybeError(errorfs.Op{Kind: kind, Path: f.name})
}

func (f injectFile) Write(p []byte) (int, error) {
	if err := f.may(errorfs.OpFileWrite); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f injectFile) Sync() error {
	if err := f.may(errorfs.OpFileSync); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f injectFile) SyncData() error {
	if err := f.may(errorfs.OpFileSyncData); err != nil {
		return err
	}
	return f.File.SyncData()
}

func (f injectFile) SyncTo(length int64) (bool, error) {
	if err := f.may(errorfs.OpFileSyncTo); err != nil {
		return false, err
	}
	return f.File.SyncTo(length)
}

func (f injectFile) Close() error {
	if err := f.may(errorfs.OpFileClose); err != nil {
		return err
	}
	return f.File.Close()
}
