package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What was committed is what is read, now and after the store was opened again.
func TestCommitAndRead(t *testing.T) {
	m := newModel(1, newSeed(t), 40)
	disk := vfs.NewMem()
	s := openSmall(t, disk)
	if _, err := s.Head(1); !errors.Is(err, ErrNotFound) {
		t.Fatalf("head before init: %v", err)
	}
	if err := s.Commit(m.commits[0]); !errors.Is(err, ErrNotFound) {
		t.Fatalf("commit before init: %v", err)
	}
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	if err := m.init(s); !errors.Is(err, ErrInitialised) {
		t.Fatalf("init twice: %v", err)
	}
	for i, c := range m.commits {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
		if i%10 == 7 {
			closeStore(t, s)
			s = openSmall(t, disk)
		}
		if err := m.check(s); err != nil {
			t.Fatal(err)
		}
	}
	defer closeStore(t, s)
	g, err := s.Genesis(1)
	if err != nil || !bytes.Equal(g.Encode(), m.genesis.Encode()) {
		t.Errorf("genesis %v, error %v", g, err)
	}
	raw, _, err := s.Block(1, 0)
	if k, e := chain.DecodeBlock(raw); err != nil || e != nil || k.Header.Hash() != m.zero.Hash() {
		t.Errorf("block 0: %v, %v", err, e)
	}
}

// T3: a block that doesn't follow is refused, and changes nothing.
func TestCommitOrder(t *testing.T) {
	m := newModel(1, newSeed(t), 6)
	s := openModel(t, m, 4)
	other := *m.commits[4]
	other.Hash[0]++
	header := *m.commits[4].Header
	header.Parent[0]++
	orphan := Commit{Chain: 1, Header: &header, Hash: header.Hash()}
	stray := *m.commits[4]
	stray.Chain = 2
	for name, c := range map[string]*Commit{
		"repeated": m.commits[3], "skipped": m.commits[5], "parent": &orphan, "hash": &other,
	} {
		if err := s.Commit(c); !errors.Is(err, ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Commit(&stray); err == nil {
		t.Error("block of another chain was taken")
	}
	if err := m.check(s); err != nil {
		t.Error(err)
	}
}

// Chains share a directory, not their data.
func TestChains(t *testing.T) {
	seed := newSeed(t)
	s := openSmall(t, vfs.NewMem())
	defer closeStore(t, s)
	models := []*model{newModel(1, seed, 30), newModel(2, seed, 30), newModel(^chain.ID(0), seed, 30)}
	var wg sync.WaitGroup
	for _, m := range models {
		wg.Go(func() {
			if err := m.init(s); err != nil {
				t.Error(err)
			}
			for _, c := range m.commits {
				if err := s.Commit(c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, m := range models {
		if err := m.check(s); err != nil {
			t.Errorf("chain %d: %v", m.chain, err)
		}
	}
	if m := s.Metrics(); m.Flushes == 0 || m.DiskBytes == 0 {
		t.Errorf("nothing was flushed: %+v", m)
	}
}

// The state at every height is the model's, by every way to read it.
func TestStateAt(t *testing.T) {
	m := newModel(1, newSeed(t), 40)
	s := openModel(t, m, len(m.commits))
	if err := errors.Join(sameReads(s.State(1), m.states[40], m.slots()), sameOrder(s.State(1), m.states[40])); err != nil {
		t.Error(err)
	}
	for h, want := range m.states {
		v, err := s.StateAt(1, uint64(h))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(sameReads(v, want, m.slots()), sameState(v.Leaves, want), sameStorage(v, want), sameOrder(v, want)); err != nil {
			t.Errorf("height %d: %v", h, err)
		}
		if h > 0 && v.Head.Hash != m.commits[h-1].Hash {
			t.Errorf("height %d: head %v", h, v.Head)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

// slots are all that any state of the model has, and some that none has.
func (m *model) slots() func(func(exec.Slot) bool) {
	return func(yield func(exec.Slot) bool) {
		all := map[exec.Slot]bool{{Account: chain.Address{9}}: true, {Account: chain.Address{9}, Key: "none"}: true}
		for _, state := range m.states {
			for slot := range state {
				all[slot] = true
			}
		}
		for slot := range all {
			if !yield(slot) {
				return
			}
		}
	}
}

// sameStorage compares what Storage gives for each account.
func sameStorage(v *View, want map[exec.Slot][]byte) error {
	left := map[exec.Slot]bool{}
	accounts := map[chain.Address]bool{}
	for slot := range want {
		accounts[slot.Account] = true
		if slot.Key != "" {
			left[slot] = true
		}
	}
	for a := range accounts {
		err := v.Storage(a, func(key string, value []byte) error {
			slot := exec.Slot{Account: a, Key: key}
			if !left[slot] || !bytes.Equal(want[slot], value) {
				return fmt.Errorf("storage of %v: %v = %x", a, slot, value)
			}
			delete(left, slot)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("storage lacks %v", left)
	}
	return nil
}

// T5, and views: readers run beside commits and see whole blocks.
func TestReadersBesideCommits(t *testing.T) {
	m := newModel(1, newSeed(t), 120)
	s := openModel(t, m, 0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Go(func() {
			for n := uint64(reader); ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if err := m.readOnce(s, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, c := range m.commits {
		if err := s.Commit(c); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
}

func (m *model) readOnce(s *Store, n uint64) error {
	head, err := s.Head(1)
	if err != nil {
		return err
	}
	h := head.Height - min(head.Height, n%5)
	v, err := s.StateAt(1, h)
	if err != nil {
		return err
	}
	records := func(yield func(exec.Slot) bool) {
		for _, w := range m.initial {
			if !yield(w.Slot) {
				return
			}
		}
	}
	err = errors.Join(sameState(v.Leaves, m.states[h]), sameReads(v, m.states[h], records))
	if err = errors.Join(err, v.Close()); err != nil || h == 0 {
		return err
	}
	for i, id := range m.commits[h-1].Messages {
		if p, err := s.Find(1, id); err != nil || p != (Place{h, uint32(i)}) {
			return fmt.Errorf("message %d of block %d at %v: %w", i, h, p, err)
		}
	}
	for _, w := range m.initial {
		if _, err := s.State(1).Account(w.Account); err != nil {
			return err
		}
	}
	return m.checkBlock(s, h)
}

// T5: while a commit waits for its sync, nothing of it is shown as final, though it can be read in memory already.
func TestUnsyncedIsNotShown(t *testing.T) {
	m := newModel(1, newSeed(t), 21)
	var armed atomic.Bool
	reached, release := make(chan struct{}), make(chan struct{})
	slow := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasSuffix(op.Path, ".log") && op.Kind == errorfs.OpFileWrite && armed.CompareAndSwap(true, false) {
			close(reached)
			<-release
		}
		return nil
	})
	s, err := Open(Options{fs: inject(vfs.NewMem(), slow)})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for _, c := range m.commits[:20] {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	armed.Store(true)
	done := make(chan error)
	go func() { done <- s.Commit(m.commits[20]) }()
	<-reached
	for { // until it is in memory
		if _, err := raw(s, nameKey(1, m.commits[20].Hash)); err == nil {
			break
		}
		runtime.Gosched()
	}
	if head, err := s.Head(1); err != nil || head.Height != 20 {
		t.Errorf("head %v, error %v", head, err)
	}
	if err := errors.Join(m.checkBeyond(s, 20), m.checkIndex(s, 20)); err != nil {
		t.Error(err)
	}
	v, err := s.StateAt(1, 20)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sameState(v.Leaves, m.states[20]), v.Close()); err != nil {
		t.Error(err)
	}
	close(release)
	if err := errors.Join(<-done, m.check(s)); err != nil {
		t.Error(err)
	}
}

// Undo records go, a step at a time, and what must be kept stays; also when the store is opened with another number.
func TestPruning(t *testing.T) {
	m := newModel(1, newSeed(t), 260)
	disk := vfs.NewMem()
	open := func(keep uint64) *Store {
		s, err := Open(Options{fs: disk, tune: smallTables, CacheBytes: 1 << 20, KeepStates: keep})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(40)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for i, c := range m.commits {
		if i == 160 {
			closeStore(t, s)
			s = open(20)
		}
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
		height, keep := uint64(i+1), uint64(40)
		if i >= 160 {
			keep = 20
		}
		if err := m.checkKept(s, height, keep); err != nil {
			t.Fatalf("head %d, keep %d: %v", height, keep, err)
		}
	}
	if err := m.check(s); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
}

// checkKept holds the bounds of what is kept: keep at least, a step more at most.
func (m *model) checkKept(s *Store, height, keep uint64) error {
	oldest := height - min(height, keep)
	v, err := s.StateAt(1, oldest)
	if err != nil {
		return err
	}
	if err := errors.Join(sameState(v.Leaves, m.states[oldest]), v.Close()); err != nil {
		return fmt.Errorf("height %d: %w", oldest, err)
	}
	if height <= keep+pruneStep {
		return nil
	}
	if v, err = s.StateAt(1, oldest-pruneStep); !errors.Is(err, ErrPruned) {
		if err == nil {
			err = v.Close()
		}
		return fmt.Errorf("state at %d: %w", oldest-pruneStep, errors.Join(err, errors.New("it isn't pruned")))
	}
	return nil
}

// A genesis of many pieces, and an Init that an earlier one was cut off in.
func TestInit(t *testing.T) {
	s := openSmall(t, vfs.NewMem())
	defer closeStore(t, s)
	g := &chain.Genesis{Name: "large", Chain: 1, Params: chain.DefaultParams()}
	var state []exec.Write
	for i := range uint64(106_000) {
		a := chain.Address{3: 1}
		binary.BigEndian.PutUint64(a[4:], (i+1)*0x9e3779b97f4a7c15)
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a, Balance: chain.NewAmount(i + 1)})
		state = append(state, exec.Write{Slot: exec.Slot{Account: a}, Value: chain.Account{Balance: chain.NewAmount(i + 1)}.Encode()})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	stray := exec.Write{Slot: exec.Slot{Account: chain.Address{3: 1, 4: 0xff, 23: 1}}, Value: []byte("left over")}
	w := s.ledger(1).writer(s.db)
	w.slot(&stray.Slot, stray.Value)
	if err := s.apply(w.batch, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	header := &chain.Header{Network: g.Network(), Chain: 1}
	if err := s.Init(g, header, slices.Values(state), nil); err != nil {
		t.Fatal(err)
	}
	got, err := s.Genesis(1)
	if err != nil || got.Network() != g.Network() {
		t.Errorf("genesis: %v", err)
	}
	want := map[exec.Slot][]byte{}
	for _, w := range state {
		want[w.Slot] = w.Value
	}
	if err := sameState(func(f leafFunc) error { return s.Leaves(1, f) }, want); err != nil {
		t.Error(err)
	}
	if err := s.Init(&chain.Genesis{Chain: 2}, header, slices.Values(state), nil); !errors.Is(err, ErrOrder) {
		t.Errorf("header of another chain: %v", err)
	}
}

func TestOpenTwice(t *testing.T) {
	for name, o := range map[string]Options{"disk": {Dir: t.TempDir()}, "memory": {Dir: "x", fs: vfs.NewMem()}} {
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(o); !errors.Is(err, ErrInUse) || !strings.Contains(fmt.Sprint(err), o.Dir) {
			t.Errorf("%s: second open: %v", name, err)
		}
		closeStore(t, s)
		s, err = Open(o)
		if err != nil {
			t.Fatalf("%s: open after close: %v", name, err)
		}
		closeStore(t, s)
	}
}

// A directory of another program, of a later layout, or of a later pebble is refused, and an unwritable one isn't "in use".
func TestOpenRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(dir string, fs vfs.FS) error
		want    error
	}{
		"foreign": {func(dir string, fs vfs.FS) error {
			db, err := pebble.Open(dir, &pebble.Options{FS: fs, Logger: engineLog{log: slog.New(slog.DiscardHandler)}})
			if err != nil {
				return err
			}
			return errors.Join(db.Set([]byte("someone"), []byte("else"), pebble.Sync), db.Close())
		}, ErrFormat},
		"later layout": {func(dir string, fs vfs.FS) error {
			s, err := Open(Options{Dir: dir, fs: fs})
			if err != nil {
				return err
			}
			return errors.Join(s.set(markKey(0), []byte{0, 0, 0, 99}), s.Close())
		}, ErrFormat},
		"earlier layout": {func(dir string, fs vfs.FS) error {
			s, err := Open(Options{Dir: dir, fs: fs})
			if err != nil {
				return err
			}
			return errors.Join(s.set(markKey(0), []byte{0, 0, 0, 1}), s.Close())
		}, ErrFormat},
		"later pebble": {func(dir string, fs vfs.FS) error {
			s, err := Open(Options{Dir: dir, fs: fs})
			if err != nil {
				return err
			}
			f, err := fs.Create(filepath.Join(dir, "marker.format-version.999999.999"), vfs.WriteCategoryUnspecified)
			if err != nil {
				return err
			}
			return errors.Join(f.Close(), s.Close())
		}, ErrFormat},
		"damaged layout": {func(dir string, fs vfs.FS) error {
			s, err := Open(Options{Dir: dir, fs: fs})
			if err != nil {
				return err
			}
			return errors.Join(flip(s, markKey(0), 3), s.Close())
		}, ErrDamaged},
		"damaged list of tables": {func(dir string, fs vfs.FS) error {
			s, err := Open(Options{Dir: dir, fs: fs})
			if err != nil {
				return err
			}
			return errors.Join(s.Close(), damageFile(fs, dir, "MANIFEST", 0.1))
		}, ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			if err := c.prepare("dir", fs); err != nil {
				t.Fatal(err)
			}
			s, err := Open(Options{Dir: "dir", fs: fs})
			if err == nil {
				closeStore(t, s)
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "dir") && !strings.Contains(err.Error(), "chain") {
				t.Errorf("error %v, want %v", err, c.want)
			}
			t.Log(err)
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: file}); err == nil || errors.Is(err, ErrInUse) {
		t.Errorf("a file as directory: %v", err)
	}
}

// damageFile flips a bit in the newest file whose name has the given part in it, at a place from 0 to 1.
func damageFile(fs vfs.FS, dir, part string, place float64) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.Contains(n, part) || strings.HasPrefix(n, "marker") })
	if len(names) == 0 {
		return fmt.Errorf("no %s in %s", part, dir)
	}
	name := filepath.Join(dir, names[len(names)-1])
	f, err := fs.Open(name)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	b[int(place*float64(len(b)))] ^= 1
	g, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = g.Write(b)
	return errors.Join(err, g.Sync(), g.Close())
}

// A damaged write-ahead log is refused with words on what to do, unless the damage is near its end: that looks like what a
// crash leaves. It holds for the first log of a new directory too.
func TestDamagedLog(t *testing.T) {
	m := newModel(1, newSeed(t), 30)
	large := make([]byte, 8<<10) // so that the last commits are near the end, the others not
	for _, c := range m.commits {
		c.Outbox = append(c.Outbox, large...)
	}
	disk := vfs.NewCrashableMem()
	s, err := Open(Options{Dir: "dir", fs: disk})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	var ends []int // of the log, behind each commit
	for _, c := range m.commits[:15] {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, logBytes(t, disk))
	}
	least := 0 // commits that are not near the end
	for least < len(ends) && ends[least] <= ends[len(ends)-1]-unclearBytes {
		least++
	}
	if least < 3 {
		t.Fatalf("nothing to lose: the log ends at %v", ends)
	}
	for i := range 50 {
		clone := disk.CrashClone(vfs.CrashCloneCfg{})
		if err := damageFile(clone, "dir", ".log", float64(i)/50); err != nil {
			t.Fatal(err)
		}
		if err := openDamaged(clone, uint64(least)); err != nil {
			t.Errorf("damage at %d of 50: %v", i, err)
		}
	}
	closeStore(t, s)
}

// unclearBytes is the end of a log in which pebble may take damage for a write that a crash cut off: two of its blocks.
const unclearBytes = 64 << 10

// logBytes is the length of the newest log.
func logBytes(t *testing.T, fs vfs.FS) int {
	t.Helper()
	names, err := fs.List("dir")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		if strings.HasSuffix(name, ".log") {
			info, err := fs.Stat(filepath.Join("dir", name))
			if err != nil {
				t.Fatal(err)
			}
			return int(info.Size())
		}
	}
	t.Fatal("no log")
	return 0
}

func openDamaged(fs vfs.FS, least uint64) error {
	s, err := Open(Options{Dir: "dir", fs: fs})
	if err != nil {
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "fetch the chain from its peers") {
			return fmt.Errorf("unclear: %w", err)
		}
		return nil
	}
	head, err := s.Head(1)
	if head.Height < least {
		err = fmt.Errorf("opened at height %d, below %d", head.Height, least)
	}
	return errors.Join(err, s.Close())
}

// Nothing is written to a disk that is nearly full, and all goes on when there is room.
func TestDiskFull(t *testing.T) {
	m := newModel(1, newSeed(t), 4)
	disk := vfs.NewMem()
	s := openSmall(t, disk)
	defer closeStore(t, s)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: reserveBytes - 1, TotalBytes: 1 << 40})
	if err := s.Commit(m.commits[0]); !errors.Is(err, ErrDiskFull) {
		t.Errorf("error %v", err)
	}
	if err := m.check(s); err != nil {
		t.Error(err)
	}
	disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: reserveBytes, TotalBytes: 1 << 40})
	if err := s.Commit(m.commits[0]); err != nil {
		t.Error(err)
	}
}

// Work in the background that fails refuses commits, and ends the process when it doesn't get better.
func TestBackgroundFailure(t *testing.T) {
	var ended error
	now := time.Unix(0, 0)
	b := background{now: func() time.Time { return now }, fatal: &fatal{end: func(err error) { ended = err }}}
	broken := errors.New("no space left")
	b.note(&b.flush, broken)
	now = now.Add(patience)
	b.note(&b.flush, broken)
	if err := b.err(); !errors.Is(err, ErrBackground) || !errors.Is(err, broken) || ended != nil {
		t.Fatalf("error %v, ended by %v", err, ended)
	}
	b.note(&b.compact, nil)
	if b.err() == nil {
		t.Error("a compaction that succeeds says nothing about flushes")
	}
	b.note(&b.flush, nil)
	if err := b.err(); err != nil {
		t.Error(err)
	}
	b.note(&b.flush, broken)
	now = now.Add(patience + 1)
	defer func() {
		if recover() == nil || !errors.Is(ended, broken) {
			t.Errorf("the process went on, ended by %v", ended)
		}
	}()
	b.note(&b.flush, broken)
}
