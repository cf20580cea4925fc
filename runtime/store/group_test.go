package store

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// syncs counts those of the write-ahead log, and can hold one up.
type syncs struct {
	count   atomic.Int64
	hold    atomic.Bool
	held    chan struct{} // closed when the sync is held up
	release chan struct{}
}

func newSyncs() *syncs { return &syncs{held: make(chan struct{}), release: make(chan struct{})} }

func (s *syncs) MaybeError(op errorfs.Op) error {
	if !strings.HasSuffix(op.Path, logSuffix) || op.Kind != errorfs.OpFileSyncData && op.Kind != errorfs.OpFileSync {
		return nil
	}
	s.count.Add(1)
	if s.hold.CompareAndSwap(true, false) {
		close(s.held)
		<-s.release
	}
	return nil
}

func (s *syncs) String() string { return "syncs" }

// series makes chains with small blocks, and the blocks.
type series struct {
	id     chain.ID
	head   Head
	writes []exec.Change
}

func newSeries(s *Store, id chain.ID, changes int) (*series, error) {
	g := &chain.Genesis{Name: "group", Chain: id, Params: chain.DefaultParams()}
	header := &chain.Header{Network: g.Network(), Chain: id}
	if err := s.Init(g, header, func(func(exec.Write) bool) {}, nil); err != nil {
		return nil, err
	}
	q := &series{id: id, head: Head{Hash: header.Hash()}}
	for i := range changes {
		q.writes = append(q.writes, exec.Change{Slot: exec.Slot{Account: chain.Address{4: byte(i), 5: byte(i >> 8), 6: 1}}, After: benchRecord(1)})
	}
	return q, nil
}

func (q *series) next() *Commit {
	h := &chain.Header{Chain: q.id, Height: q.head.Height + 1, Parent: q.head.Hash}
	q.head = Head{Height: h.Height, Hash: h.Hash()}
	return &Commit{Chain: q.id, Header: h, Hash: q.head.Hash, Changes: q.writes}
}

func manySeries(t testing.TB, s *Store, chains, changes int) (list []*series) {
	t.Helper()
	for i := range chains {
		q, err := newSeries(s, chain.ID(i+1), changes)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, q)
	}
	return list
}

// Chains that commit while the sync of another is under way wait for no lock: one sync is theirs, and none of them is shown
// before (T5).
func TestCommitsShareSync(t *testing.T) {
	const chains = 16
	log := newSyncs()
	s, err := Open(Options{fs: inject(vfs.NewMem(), log)})
	if err != nil {
		t.Fatal(err)
	}
	list := manySeries(t, s, chains, 3)
	log.count.Store(0)
	log.hold.Store(true)
	var commits sync.WaitGroup
	commit := func(q *series) {
		c := q.next()
		commits.Go(func() {
			if err := s.Commit(c); err != nil {
				t.Error(err)
			}
		})
	}
	commit(list[0])
	<-log.held
	for _, q := range list[1:] {
		commit(q)
	}
	waiting := func(q *series) bool {
		_, err := raw(s, nameKey(q.id, q.head.Hash))
		return err == nil
	}
	for patience := time.Now().Add(5 * time.Minute); !all(list, waiting); runtime.Gosched() {
		if time.Now().After(patience) {
			t.Error("commits wait for the sync of another chain before they are in the log")
			break
		}
	}
	for _, q := range list {
		if h, err := s.Head(q.id); err != nil || h.Height != 0 {
			t.Errorf("chain %d, its sync outstanding: head %d, %v", q.id, h.Height, err)
		}
	}
	close(log.release)
	commits.Wait()
	for _, q := range list {
		if h, err := s.Head(q.id); err != nil || h != q.head {
			t.Errorf("chain %d: head %v, want %v: %v", q.id, h, q.head, err)
		}
	}
	if n := log.count.Load(); n != 2 {
		t.Errorf("%d commits took %d syncs, want that of the first and one for all others", chains, n)
	}
	closeStore(t, s)
}

func all(list []*series, f func(*series) bool) bool {
	return !slices.ContainsFunc(list, func(q *series) bool { return !f(q) })
}

// BenchmarkCommitOfChains: one operation is a small block of each chain, all committed at once, again and again. The tip (T7) is
// written once for each.
func BenchmarkCommitOfChains(b *testing.B) {
	for _, chains := range []int{1, 4, 16} {
		b.Run(fmt.Sprint(chains), func(b *testing.B) {
			log := newSyncs()
			s, err := Open(Options{Dir: b.TempDir(), fs: inject(vfs.Default, log)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { closeStore(b, s) })
			list := manySeries(b, s, chains, 20)
			log.count.Store(0)
			used := cpu()
			b.ResetTimer()
			var commits sync.WaitGroup
			for _, q := range list {
				commits.Go(func() {
					for range b.N {
						if err := s.Commit(q.next()); err != nil {
							b.Error(err)
						}
					}
				})
			}
			commits.Wait()
			b.StopTimer()
			n := float64(b.N * chains)
			b.ReportMetric(float64((cpu()-used).Nanoseconds())/1e3/n, "cpu-µs/commit")
			b.ReportMetric(float64(log.count.Load())/n, "syncs/commit")
			b.ReportMetric(n/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

// BenchmarkTip is what a commit pays for T7.
func BenchmarkTip(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeStore(b, s) })
	list := manySeries(b, s, 16, 0)
	used, n := cpu(), 0
	for b.Loop() {
		q := list[n%len(list)]
		q.head.Height++
		s.raise(s.ledger(q.id), &q.head)
		n++
	}
	b.ReportMetric(float64((cpu()-used).Nanoseconds())/1e3/float64(n), "cpu-µs/op")
}
