package store

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// Disk is a disk in memory that loses what was not synced when it crashes, fills up, and rots: on it a simulator runs the store
// as it is (Options.Disk). A store on one has small tables, so that little work makes it flush and compact.
//
// What a store says after a crash depends on the Crash alone, though nobody orders what pebble does in the background: of
// what was reported all is there, and of what was not, which is one batch at most, all or nothing as the Crash says.
type Disk struct {
	fs *crashableFS

	mu    sync.Mutex // guards the rest
	doom  *doom
	wreck *vfs.MemFS
}

// Crash says what of that which was not synced a crash leaves: so many percent, drawn from a seed.
type Crash struct {
	Kept int
	Seed uint64
}

func (c Crash) draw() *rand.Rand { return rand.New(rand.NewPCG(c.Seed, uint64(c.Kept))) }

// doom is a crash to come.
type doom struct {
	crash  Crash
	writes int   // before this one of what is still to be written; 0 for within a sync of the log
	torn   int64 // bytes that the largest such sync so far was for
}

// NewDisk is an empty one.
func NewDisk() *Disk { return &Disk{fs: newCrashable()} }

// files is the disk as a store sees it.
func (d *Disk) files() vfs.FS {
	return errorfs.Wrap(&loggedFS{d.fs, d}, errorfs.InjectorFunc(d.before))
}

// Crash is the disk that a crash leaves now. The disk itself goes on, for the store that has it open to be closed.
func (d *Disk) Crash(c Crash) *Disk {
	return &Disk{fs: &crashableFS{MemFS: d.fs.crash(c.Kept, c.draw())}}
}

// TearSync has a crash come within the sync of the batch that is written next: less than all of it is on the disk.
func (d *Disk) TearSync(c Crash) { d.set(&doom{crash: c}) }

// CrashAt has a crash come before the n-th write, sync or change of a directory from now on.
func (d *Disk) CrashAt(n int, c Crash) { d.set(&doom{crash: c, writes: n}) }

func (d *Disk) set(to *doom) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.doom, d.wreck = to, nil
}

// Wreck is what the crash that was to come has left; nil if it has not come. None will come any more.
func (d *Disk) Wreck() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	wreck := d.wreck
	d.doom, d.wreck = nil, nil
	if wreck == nil {
		return nil
	}
	return &Disk{fs: &crashableFS{MemFS: wreck}}
}

// Fill leaves no room on the disk, or makes some.
func (d *Disk) Fill(full bool) {
	usage := vfs.DiskUsage{}
	if full {
		usage = vfs.DiskUsage{AvailBytes: 1, TotalBytes: reserveBytes, UsedBytes: reserveBytes - 1}
	}
	d.fs.TestingSetDiskUsage(usage)
}

// before sees what the store, or pebble in the background, is about to do.
func (d *Disk) before(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.doom == nil || d.doom.writes == 0 {
		return nil
	}
	if d.doom.writes--; d.doom.writes == 0 {
		d.wreck = d.fs.crash(d.doom.crash.Kept, d.doom.crash.draw())
		d.doom = nil
	}
	return nil
}

// syncs sees that what lies between two places of a log is about to be synced. A log that ends is synced as well, for a few
// bytes: the batch is in the largest sync.
func (d *Disk) syncs(log string, from, to int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.doom; c != nil && c.writes == 0 && to-from > c.torn {
		c.torn = to - from
		d.wreck = d.torn(log, from, to)
	}
}

// torn is the disk with a log cut off in what its sync would have made durable: in the first half of it, since its end can be
// filler, which nobody misses.
func (d *Disk) torn(log string, from, to int64) *vfs.MemFS {
	random := d.doom.crash.draw()
	wreck := d.fs.crash(d.doom.crash.Kept, random)
	was, err := content(d.fs.crash(0, nil), log)
	is, errNow := content(d.fs, log)
	if err != nil || errNow != nil {
		return wreck // the directory's entry is not durable: all of the log is lost
	}
	cut := int(from + random.Int64N(max((to-from)/2, 1)))
	if err := replace(wreck, log, append(slices.Clone(is[:cut]), was[min(cut, len(was)):]...)); err != nil {
		panic(err) // it is in memory
	}
	return wreck
}

// loggedFS tells a disk of the syncs of logs. (errorfs doesn't know the name of one that took the place of an old one.)
type loggedFS struct {
	*crashableFS
	disk *Disk
}

// Create is told of a log.
func (f *loggedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.crashableFS.Create(name, category)
	return f.log(name, file), err
}

// ReuseForWrite is told of a log.
func (f *loggedFS) ReuseForWrite(from, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.crashableFS.ReuseForWrite(from, name, category)
	return f.log(name, file), err
}

func (f *loggedFS) log(name string, file vfs.File) vfs.File {
	if file == nil || !strings.HasSuffix(name, logSuffix) {
		return file
	}
	return &logFile{File: file, disk: f.disk, name: name}
}

// logFile is written from its beginning to its end, by one goroutine.
type logFile struct {
	vfs.File
	disk        *Disk
	name        string
	end, synced int64
}

// Write moves the end.
func (f *logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.end += int64(n)
	return n, err
}

// Sync makes all of it durable.
func (f *logFile) Sync() error {
	f.disk.syncs(f.name, f.synced, f.end)
	f.synced = f.end
	return f.File.Sync()
}

// SyncData is Sync.
func (f *logFile) SyncData() error { return f.Sync() }

func content(fsys vfs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

// replace gives a file other content, for good.
func replace(fsys vfs.FS, name string, b []byte) error {
	f, err := fsys.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close(), syncDir(fsys, fsys.PathDir(name)))
}

// Rot flips a bit of a value that lies there, beneath its checksum, and says of which. No store may have the disk open. Pick
// draws a number below n.
func (d *Disk) Rot(pick func(n int) int) (what string, err error) {
	s := newStore(Options{Disk: d})
	if err := s.openEngine(Options{Disk: d, CacheBytes: 1 << 20}); err != nil {
		return "", err
	}
	key, sealed, err := s.anyValue(pick)
	if err == nil {
		sealed[pick(len(sealed))] ^= 1 << pick(8)
		err = s.db.Set(key, sealed, pebble.Sync)
	}
	return describe(key), errors.Join(err, s.Close())
}

// anyValue draws a kind of value among those that are there, and one of its values.
func (s *Store) anyValue(pick func(n int) int) (key, sealed []byte, err error) {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return nil, nil, err
	}
	byKind := map[kind][][]byte{}
	for ok := it.First(); ok; ok = it.Next() {
		byKind[kind(it.Key()[prefixBytes-1])] = append(byKind[kind(it.Key()[prefixBytes-1])], slices.Clone(it.Key()))
	}
	if err := it.Close(); err != nil {
		return nil, nil, err
	}
	var there []kind
	for k := range byKind { // sorted: below
		there = append(there, k)
	}
	if len(there) == 0 {
		return nil, nil, ErrNotFound
	}
	slices.Sort(there)
	keys := byKind[there[pick(len(there))]]
	key = keys[pick(len(keys))]
	value, closer, err := s.db.Get(key)
	if err != nil {
		return nil, nil, err
	}
	return key, slices.Clone(value), closer.Close()
}

// smallTables makes pebble do in a few blocks what it does in many.
func smallTables(o *pebble.Options) {
	o.MemTableSize = 32 << 10
	o.L0CompactionThreshold = 2
	o.TargetFileSizes[0] = 4 << 10
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{Enabled: true, MinimumSize: 512, MaxBlobReferenceDepth: 2, TargetGarbageRatio: 0.5}
	}
}

// crashableFS can be cloned while it is written. ReuseForWrite of the one below takes a lock for reading twice, and a clone
// that comes in between waits for ever, so the two exclude one another here.
type crashableFS struct {
	*vfs.MemFS
	mu sync.RWMutex
}

func newCrashable() *crashableFS { return &crashableFS{MemFS: vfs.NewCrashableMem()} }

// ReuseForWrite excludes clones.
func (f *crashableFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.MemFS.ReuseForWrite(from, to, category)
}

func (f *crashableFS) crash(unsynced int, rng *rand.Rand) *vfs.MemFS {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rng})
}
