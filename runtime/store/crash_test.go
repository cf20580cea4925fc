package store

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

const crashBlocks = 60

// nothing is reported before Init returns.
const nothing = -1

// crash is a disk as a crash at some instant leaves it, and the height that had been reported by then, as committed and as
// voted for.
type crash struct {
	fs       *vfs.MemFS
	reported int64
	voted    int64
	unsynced int
	op       string
}

// T1, T2: crashes at random writes and syncs, with none, some and all of what wasn't synced.
func TestCrash(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, crashBlocks)
	for _, unsynced := range []int{0, 20, 60, 100} {
		t.Run(fmt.Sprint(unsynced), func(t *testing.T) {
			recoverAll(t, m, runWithCrashes(t, m, seed, unsynced, 1), seed)
		})
	}
}

var crashAll = flag.Bool("crash.all", false, "recover from all crashes of TestCrash and TestCrashAmongBegun, not from a third of them")

func recoverAll(t *testing.T, m *model, crashes []crash, seed uint64) {
	t.Helper()
	rng, tried := rand.New(rand.NewPCG(seed, 5)), 0
	defer func() { t.Logf("%d of %d crashes", tried, len(crashes)) }()
	for i, c := range crashes {
		if !*crashAll && rng.IntN(3) > 0 {
			continue
		}
		tried++
		if err := c.recover(t, m); err != nil {
			t.Fatalf("crash %d, before %s, %d reported: %v", i, c.op, c.reported, err)
		}
	}
}

// T1, T2, T5: the same while blocks are begun before those before them are synced: what is there is a prefix with all that was reported,
// and nothing was shown before.
func TestCrashAmongBegun(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, crashBlocks)
	for _, unsynced := range []int{0, 20, 60, 100} {
		t.Run(fmt.Sprint(unsynced), func(t *testing.T) {
			recoverAll(t, m, runWithCrashes(t, m, seed, unsynced, 8), seed)
		})
	}
}

// T2: a store that a crash cut off while it was made can be made again, whatever part of the directory's entries survived.
func TestCrashWhileMade(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, 1)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 30 {
		disk := newCrashable()
		var mu sync.Mutex
		var crashes []crash
		hook := errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
				mu.Lock()
				defer mu.Unlock()
				crashes = append(crashes, crash{disk.crash(60, rng), nothing, nothing, 60, fmt.Sprint(op.Kind, " ", op.Path)})
			}
			return nil
		})
		closeStore(t, openSmall(t, inject(disk, hook)))
		for i, c := range crashes {
			if err := c.recover(t, m); err != nil {
				t.Fatalf("crash %d, before %s: %v", i, c.op, err)
			}
		}
	}
}

// T1: the directories above the store's own, if it made them, are there after a crash as well.
func TestCrashOfNewDirectories(t *testing.T) {
	for _, dir := range []string{"above/its/own", "/above/its/own", "own"} {
		m := newModel(1, newSeed(t), 1)
		disk := newCrashable()
		o := Options{Dir: dir, fs: disk, tune: smallTables, CacheBytes: 1 << 20}
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.init(s); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(m.commits[0]); err != nil {
			t.Fatal(err)
		}
		o.fs = disk.crash(0, nil)
		closeStore(t, s)
		after, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if head, err := after.Head(m.chain); err != nil || head.Height != 1 {
			t.Errorf("%s: head %+v, %v", dir, head, err)
		}
		closeStore(t, after)
	}
}

// runWithCrashes runs the whole model, with so many blocks that are begun and not waited for, and takes a clone of the disk before about
// every sixth write.
func runWithCrashes(t *testing.T, m *model, seed uint64, unsynced, begun int) []crash {
	disk := newCrashable()
	var reported, voted atomic.Int64
	reported.Store(nothing)
	voted.Store(nothing)
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, uint64(unsynced)))
	var crashes []crash
	hook := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(6) == 0 {
			r, v := reported.Load(), voted.Load() // first: what is reported is on the clone
			clone := disk.crash(unsynced, rng)
			crashes = append(crashes, crash{clone, r, v, unsynced, fmt.Sprint(op.Kind, " ", op.Path)})
		}
		return nil
	})
	s := openSmall(t, inject(disk, hook))
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	reported.Store(0)
	voted.Store(0)
	var pending []*Pending
	for i, c := range m.commits {
		if begun == 1 { // else its sync would be that of the blocks before it
			if err := s.KeepVotes(m.chain, voteRecord(i+1), &Body{c.Hash, c.Block}); err != nil {
				t.Fatal(err)
			}
			voted.Store(int64(i + 1))
		}
		p, err := s.Begin(c)
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, p)
		for len(pending) >= begun || i+1 == len(m.commits) && len(pending) > 0 {
			if h, err := s.Head(m.chain); err != nil || begun == 1 && int64(h.Height) != reported.Load() {
				t.Fatalf("head %d, %d were waited for: %v", h.Height, reported.Load(), err)
			}
			if err := pending[0].Wait(); err != nil {
				t.Fatal(err)
			}
			pending = pending[1:]
			reported.Add(1)
		}
	}
	closeStore(t, s)
	mu.Lock()
	defer mu.Unlock()
	return crashes
}

// recover opens the store after the crash, compares it with the model, and goes on from there.
func (c *crash) recover(t *testing.T, m *model) error {
	s, err := Open(Options{fs: c.fs, tune: smallTables, CacheBytes: 1 << 20})
	if err != nil {
		return err
	}
	defer closeStore(t, s)
	head, err := s.Head(m.chain)
	if errors.Is(err, ErrNotFound) && c.reported == nothing {
		if err := m.init(s); err != nil {
			return fmt.Errorf("init again: %w", err)
		}
		head, err = s.Head(m.chain)
	}
	if err != nil {
		return err
	}
	if int64(head.Height) < c.reported {
		return fmt.Errorf("head %d", head.Height)
	}
	if err := m.check(s); err != nil {
		return err
	}
	if err := c.checkVotes(s, m, head.Height); err != nil {
		return err
	}
	if head.Height == uint64(len(m.commits)) {
		return nil
	}
	if err := s.Commit(m.commits[head.Height]); err != nil {
		return err
	}
	return m.checkBlock(s, head.Height+1)
}

// checkVotes holds T9: the last record that was reported is there, or one that was being written, and with a vote for the next
// height its body, which no commit has taken.
func (c *crash) checkVotes(s *Store, m *model, head uint64) error {
	record, bodies, err := s.Votes(m.chain)
	if err != nil {
		return err
	}
	var last int64
	if _, err := fmt.Sscanf(string(record), "signed %d", &last); err != nil || last < c.voted || last < int64(head) && c.voted > 0 {
		return fmt.Errorf("votes %q, %d was reported and the head is %d (%w)", record, c.voted, head, err)
	}
	want := 0
	if c.voted > nothing && last > int64(head) {
		want = 1
	}
	if len(bodies) != want || want > 0 && (bodies[0].Hash != m.commits[head].Hash || !bytes.Equal(bodies[0].Raw, m.commits[head].Block)) {
		return fmt.Errorf("%d bodies for a vote of height %d behind head %d", len(bodies), last, head)
	}
	return nil
}

func voteRecord(n int) []byte { return fmt.Appendf(nil, "signed %d", n) }

// T1, T6: every single write and sync fails once. Either Commit reports nothing or the block is there; and the process
// ends where the write-ahead log can't be trusted any more.
func TestWriteErrors(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, 25)
	var fatals, logFaults, points int
	for at := int32(0); ; at++ {
		run := &faultyRun{disk: newCrashable(), at: at, fatal: make(chan error, 16)}
		fatal := run.execute(m)
		op := run.failed.Load()
		if op == nil {
			break
		}
		points++
		if fatal != nil {
			fatals++
		}
		if strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSync) {
			logFaults++
			if fatal == nil && !run.closing.Load() && run.openErr == nil {
				t.Errorf("write %d: %v %s failed, and the process went on", at, op.Kind, op.Path)
			}
		}
		c := crash{reported: run.reported.Load()} // first: what is reported is on the clone
		c.fs = run.disk.crash(0, nil)
		if err := c.recover(t, m); err != nil {
			t.Fatalf("write %d, %v %s failed (fatal: %v), %d reported: %v", at, op.Kind, op.Path, fatal, c.reported, err)
		}
	}
	t.Logf("%d points of failure, %d in the write-ahead log; %d ended the process", points, logFaults, fatals)
	if logFaults < len(m.commits) {
		t.Errorf("only %d writes and syncs of the write-ahead log were made to fail", logFaults)
	}
}

var errInjected = &fs.PathError{Op: "write", Path: "x", Err: errors.New("injected")}

// faultyRun is a life of a node in which one write fails.
type faultyRun struct {
	disk     *crashableFS
	at       int32
	count    atomic.Int32
	failed   atomic.Pointer[errorfs.Op]
	reported atomic.Int64
	closing  atomic.Bool
	openErr  error
	fatal    chan error
}

func (r *faultyRun) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead || r.count.Add(1)-1 != r.at {
		return nil
	}
	r.failed.Store(&op)
	return errInjected
}

func (r *faultyRun) String() string { return "one write" }

// execute returns what Fatal was called with. After that the run is over, whatever its goroutines still do.
func (r *faultyRun) execute(m *model) error {
	r.reported.Store(nothing)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.live(m)
	}()
	select {
	case <-done:
	case err := <-r.fatal:
		return err
	}
	select {
	case err := <-r.fatal:
		return err
	default:
		return nil
	}
}

func (r *faultyRun) live(m *model) {
	s, err := Open(Options{fs: inject(r.disk, r), tune: smallTables, CacheBytes: 1 << 20, Fatal: func(err error) {
		r.fatal <- err
		select {} // the process is over
	}})
	if r.openErr = err; err != nil {
		return
	}
	if again(func() error { return m.init(s) }) == nil {
		r.reported.Store(0)
		for i, c := range m.commits {
			vote := func() error { return s.KeepVotes(m.chain, voteRecord(i+1), &Body{c.Hash, c.Block}) }
			if again(vote) != nil || again(func() error { return s.Commit(c) }) != nil {
				break
			}
			r.reported.Store(int64(i + 1))
		}
	}
	r.closing.Store(true)
	_ = s.Close() // its error is the one that was injected
}

// again tries until an error isn't one that passes by itself.
func again(f func() error) error {
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := f()
		if !errors.Is(err, ErrBackground) || time.Now().After(deadline) {
			return err
		}
		runtime.Gosched()
	}
}
