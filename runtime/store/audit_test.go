package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// each runs work in four goroutines.
func each(n int, f func(i int)) {
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := g; i < n; i += 4 {
				f(i)
			}
		})
	}
	wait.Wait()
}

func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, CacheBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func auditOf(t testing.TB, o audit.Options) audit.Report {
	t.Helper()
	o.Programs, o.CacheBytes = programs{}, 8<<20
	r, err := audit.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func words(t testing.TB, r any) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAuditPasses: nothing is found in what a store wrote, open or closed, in parallel or not.
func TestAuditPasses(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	l := newLedger(t, s, 6)
	l.story()
	open := auditOf(t, audit.Options{Store: s})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	closed := auditOf(t, audit.Options{Dir: dir, Each: each})
	for _, r := range []audit.Report{open, closed} {
		if !r.OK() || r.Blocks != lastHeight || r.Height != lastHeight || r.Head != l.hash || r.Messages < 40 || r.Accounts != 6 {
			t.Error(words(t, r))
		}
		for _, c := range r.Checks {
			tree := c.Name == audit.Departures || c.Name == audit.Proofs // that of TestAuditOfTree has them
			if c.Looked == 0 && c.Name != audit.Layout && !tree {
				t.Errorf("%s looked at nothing", c.Name)
			}
		}
	}
	for h := uint64(1); h <= lastHeight; h++ {
		r, err := audit.Replay(context.Background(), audit.Options{Dir: dir, Programs: programs{}}, h)
		if err != nil || !r.OK() || r.Block.Hash != l.result(h).Hash {
			t.Fatalf("block %d: %v %s", h, err, words(t, r))
		}
	}
}

// TestAuditFindsEveryBit: whatever value is changed, in whatever bit, with a right checksum, or lost, an audit finds it; and
// it never panics and always ends (A2). No value of a directory is without something that depends on it.
func TestAuditFindsEveryBit(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred audits")
	}
	p := newPlanted(t)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SEED"); text != "" {
		if err := json.Unmarshal([]byte(text), &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("repeat with: SEED=%d go test -run TestAuditFindsEveryBit ./runtime/store", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	check := func(what string, key []byte) {
		t.Helper()
		if r := auditOf(t, audit.Options{Store: p.Planter.Store, Each: each}); r.OK() {
			t.Errorf("%s of %s: not found", what, store.Describe(key))
		}
		p.restore()
	}
	for _, key := range p.Keys(chain.Main) {
		value := p.value(key)
		for _, bit := range bits(rng, len(value)) {
			changed := append([]byte(nil), value...)
			changed[bit/8] ^= 1 << (bit % 8)
			p.put(key, changed)
			check("change", key)
		}
		p.put(key, value[:rng.IntN(len(value)+1)/2])
		if string(p.value(key)) != string(value) {
			check("cut", key)
		}
		p.put(key, append(append([]byte(nil), value...), 0))
		check("a byte more", key)
		p.lose(key)
		check("loss", key)
	}
	if r := auditOf(t, audit.Options{Store: p.Planter.Store}); !r.OK() {
		t.Fatal("not put back: ", words(t, findings(&r)))
	}
}

// bits are some of a value: the first, the last and a few between.
func bits(rng *rand.Rand, bytes int) []int {
	if bytes == 0 {
		return nil
	}
	list := []int{0, 8*bytes - 1}
	for range 4 {
		list = append(list, rng.IntN(8*bytes))
	}
	return list
}

// TestAuditGoesOn: a block that fails costs its own replay and no other (A3), as far as the undo records lead back to a root
// that a header names.
func TestAuditGoesOn(t *testing.T) {
	p := newPlanted(t)
	p.body(4, func(b *chain.Block) { b.Inputs[2].Message.Proof[40] ^= 1 })
	p.journal(9, func(j *block.Journal) { j.Receipts[0].GasUsed++ })
	r := auditOf(t, audit.Options{Store: p.Planter.Store})
	if len(r.Resumed) != 1 || r.Resumed[0] != 4 || r.Blocks != lastHeight-1 || r.Check(audit.Receipts).Result != audit.Failed {
		t.Error(words(t, r))
	}
	p.undo(8, func(list []exec.Change) []exec.Change {
		return append(list, exec.Change{Slot: exec.Slot{Account: p.wallets[0].address, Key: "x"}, Before: []byte{1}})
	})
	r = auditOf(t, audit.Options{Store: p.Planter.Store})
	if len(r.Resumed) != 1 || r.Resumed[0] != 8 || r.Blocks != 3+2 || r.Check(audit.Replayed).Result != audit.Skipped {
		t.Error(words(t, r))
	}
}

// TestAuditOfDirectory: what a directory holds is found as in an open store, and nothing in it is changed.
func TestAuditOfDirectory(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	l := newLedger(t, s, 6)
	l.story()
	p := &planted{l, store.Planter{Store: s}, map[string][]byte{}}
	p.mark(lastHeight, func(h *store.Head) { h.State[0] ^= 1 }) // the store itself would not open any more
	p.record(0, func(a *chain.Account) { a.Nonce++ })
	l.must(s.Close())
	before := listFiles(t, dir)
	for range 2 {
		r := auditOf(t, audit.Options{Dir: dir})
		if got := strings.Join(failed(&r), ", "); got != "head marker, nonces, state, state root" {
			t.Errorf("failed: %s\n%s", got, words(t, findings(&r)))
		}
	}
	if after := listFiles(t, dir); after != before {
		t.Errorf("the audit changed the directory from\n%s\nto\n%s", before, after)
	}
}

// listFiles are the files of a directory with the times of their last change; the one that is locked is touched.
func listFiles(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" {
			return err
		}
		info, err := d.Info()
		b.WriteString(path + " " + info.ModTime().String() + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAuditRefusals: where there is nothing to audit an error says so, and no directory is made.
func TestAuditRefusals(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	run := func(o audit.Options) error {
		_, err := audit.Run(context.Background(), o)
		return err
	}
	if err := run(audit.Options{Dir: none}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("the audit made a directory")
	}
	if err := run(audit.Options{Dir: t.TempDir()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directory: %v", err)
	}
	if err := run(audit.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no name: %v", err)
	}
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := run(audit.Options{Dir: dir}); !errors.Is(err, store.ErrInUse) {
		t.Errorf("in use: %v", err)
	}
	if err := run(audit.Options{Store: s}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no chain: %v", err)
	}
	newLedger(t, s, 2)
	if r := auditOf(t, audit.Options{Store: s}); !r.OK() || r.Height != 0 {
		t.Errorf("genesis alone: %s", words(t, findings(&r)))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := audit.Run(ctx, audit.Options{Store: s}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAuditOfPruned: records that the store itself removed are no finding, one that it would have kept is.
func TestAuditOfPruned(t *testing.T) {
	for _, reopen := range []string{"", "reopened"} {
		t.Run(reopen, func(t *testing.T) {
			options := store.Options{Dir: t.TempDir(), CacheBytes: 8 << 20, KeepStates: 3}
			s, err := store.Open(options)
			if err != nil {
				t.Fatal(err)
			}
			l := newLedger(t, s, 2)
			if reopen != "" {
				l.must(s.Close())
				s, err = store.Open(options)
				l.must(err)
				l.store = s
			}
			for range 80 {
				l.add(all, l.pay(0, 1, 1))
			}
			r := auditOf(t, audit.Options{Store: s})
			if !r.OK() || r.UndoFrom < 64 || r.UndoFrom > 70 {
				t.Errorf("undo records from %d on\n%s", r.UndoFrom, words(t, findings(&r)))
			}
			if _, err := audit.Replay(context.Background(), audit.Options{Store: s}, 10); !errors.Is(err, store.ErrPruned) {
				t.Errorf("replay of a pruned block: %v", err)
			}
			l.must(store.Planter{Store: s}.Delete(store.UndoKey(r.UndoFrom + 2)))
			if r := auditOf(t, audit.Options{Store: s}); r.Check(audit.Undo).Result != audit.Failed {
				t.Error(words(t, findings(&r)))
			}
			l.must(s.Close())
		})
	}
}

// TestReplayNamesWhatDiffers: repeating one block finds what is wrong with it, and only that.
func TestReplayNamesWhatDiffers(t *testing.T) {
	p := newPlanted(t)
	for _, row := range []struct {
		name  string
		plant func()
		fails string
	}{
		{"signature", func() { p.body(4, func(b *chain.Block) { b.Inputs[2].Message.Proof[40] ^= 1 }) }, audit.Validity},
		{"receipts", func() { p.put(store.PartKey('r', 4), p.value(store.PartKey('r', 5))) }, audit.Receipts},
		{"index", func() { p.lose(store.IndexKey(p.processed(4, 0))) }, audit.MessageIndex},
		{"damage", func() { p.spoil(store.PartKey('r', 4)) }, audit.Checksums},
		{"another block", func() { p.body(5, func(b *chain.Block) { b.Header.GasUsed++ }) }, ""},
	} {
		row.plant()
		r, err := audit.Replay(context.Background(), audit.Options{Store: p.Planter.Store, Programs: programs{}}, 4)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if got := strings.Join(failed(&r.Report), ", "); got != row.fails || r.OK() != (row.fails == "") {
			t.Errorf("%s: failed: %q\n%s", row.name, got, words(t, findings(&r.Report)))
		}
		p.restore()
	}
	p.put(store.SlotKey(exec.Slot{Account: chain.Address{3: 1, 4: 77}}), chain.Account{Nonce: 1}.Encode())
	if _, err := audit.Replay(context.Background(), audit.Options{Store: p.Planter.Store, Programs: programs{}}, 4); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("state that doesn't lead back: %v", err)
	}
	p.restore()
	for _, height := range []uint64{0, lastHeight + 1, 1 << 62} {
		if _, err := audit.Replay(context.Background(), audit.Options{Store: p.Planter.Store, Programs: programs{}}, height); err == nil {
			t.Errorf("replay of block %d", height)
		}
	}
}

// BenchmarkAudit reports what an audit takes for each message: a payment is two.
func BenchmarkAudit(b *testing.B) {
	const wallets, blocks, payments = 10_000, 6, 5_000
	dir := b.TempDir()
	s := openStore(b, dir)
	l := newLedger(b, s, wallets)
	rng := rand.New(rand.NewPCG(1, 1))
	for range blocks {
		var list []*chain.Message
		for range payments {
			list = append(list, l.pay(rng.IntN(wallets), rng.IntN(wallets), 1))
		}
		l.add(all, list...)
	}
	l.must(s.Close())
	for _, row := range []struct {
		name string
		each merkle.Each
	}{{"loop", nil}, {"each", each}} {
		b.Run(row.name, func(b *testing.B) {
			var micros float64
			for b.Loop() {
				r := auditOf(b, audit.Options{Dir: dir, Each: row.each})
				if !r.OK() {
					b.Fatal(words(b, findings(&r)))
				}
				micros += r.MicrosPerMessage
			}
			b.ReportMetric(micros/float64(b.N), "µs/message")
		})
	}
}
