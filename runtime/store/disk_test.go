package store

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

func openOn(t *testing.T, d *Disk) *Store {
	t.Helper()
	s, err := Open(Options{Disk: d, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// holds says whether a disk has the model's first blocks, and the votes of a height.
func holds(t *testing.T, d *Disk, m *model, height uint64, voted int) {
	t.Helper()
	s := openOn(t, d)
	defer closeStore(t, s)
	head, err := s.Head(m.chain)
	if err != nil || head.Height != height {
		t.Fatalf("head %d, %v; it should be %d", head.Height, err, height)
	}
	if record, _, err := s.Votes(m.chain); err != nil || string(record) != string(voteRecord(voted)) {
		t.Fatalf("votes %q, %v; they should be %q", record, err, voteRecord(voted))
	}
	if height%8 != 0 { // it reads everything
		return
	}
	if err := m.check(s); err != nil {
		t.Fatal(err)
	}
}

// What a disk holds after a crash is what was reported before it, and of what was not yet, as the crash says: nothing if its
// sync is torn. However much of the rest is kept, and whatever pebble did meanwhile.
func TestDiskCrash(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, 24)
	rng := rand.New(rand.NewPCG(seed, 2))
	crash := func() Crash { return Crash{[]int{0, 20, 60, 100}[rng.IntN(4)], rng.Uint64()} }
	d := NewDisk()
	s := openOn(t, d)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for i, c := range m.commits {
		d.TearSync(crash())
		if err := s.KeepVotes(m.chain, voteRecord(i+1), &Body{c.Hash, c.Block}); err != nil {
			t.Fatal(err)
		}
		holds(t, d.Wreck(), m, uint64(i), i)
		holds(t, d.Crash(crash()), m, uint64(i), i+1)
		d.TearSync(crash())
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
		holds(t, d.Wreck(), m, uint64(i), i+1)
		holds(t, d.Crash(crash()), m, uint64(i+1), i+1)
	}
	closeStore(t, s)
	if d.Wreck() != nil {
		t.Error("a crash came that was not to come")
	}
}

// A crash while a disk is opened takes nothing from it.
func TestDiskCrashWhileOpened(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, 20)
	d := NewDisk()
	s := openOn(t, d)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for _, c := range m.commits {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	came := 0
	for n := 1; n < 26; n++ {
		next := d.Crash(Crash{60, seed + uint64(n)})
		closeStore(t, s)
		d = next
		d.CrashAt(n, Crash{60, seed})
		s = openOn(t, d)
		if wreck := d.Wreck(); wreck != nil {
			came++
			holds(t, wreck, m, uint64(len(m.commits)), 0)
		}
	}
	closeStore(t, s)
	if came < 10 {
		t.Errorf("only %d crashes came", came)
	}
}

// A disk that is full takes nothing, and one that has room again does.
func TestDiskFills(t *testing.T) {
	m := newModel(1, newSeed(t), 1)
	d := NewDisk()
	s := openOn(t, d)
	defer closeStore(t, s)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	d.Fill(true)
	if err := s.KeepVotes(m.chain, voteRecord(1), nil); !errors.Is(err, ErrDiskFull) {
		t.Errorf("votes on a full disk: %v", err)
	}
	if err := s.Commit(m.commits[0]); !errors.Is(err, ErrDiskFull) {
		t.Errorf("commit on a full disk: %v", err)
	}
	d.Fill(false)
	if err := s.Commit(m.commits[0]); err != nil {
		t.Error(err)
	}
}

// A disk that rots has one value more whose checksum is wrong.
func TestDiskRots(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, 10)
	d := NewDisk()
	s := openOn(t, d)
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for _, c := range m.commits {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	sound := d.Crash(Crash{})
	closeStore(t, s)
	rng := rand.New(rand.NewPCG(seed, 3))
	kinds := map[string]bool{}
	for range 20 {
		d := sound.Crash(Crash{})
		what, err := d.Rot(rng.IntN)
		if err != nil {
			t.Fatal(err)
		}
		if n := wrong(t, d); n != 1 {
			t.Fatalf("%s rotted, and %d values are wrong", what, n)
		}
		kinds[what[:14]] = true
	}
	if len(kinds) < 5 {
		t.Errorf("only these rotted: %v", kinds)
	}
}

// wrong counts the values on a disk that are not what was written.
func wrong(t *testing.T, d *Disk) (n int) {
	t.Helper()
	s := newStore(Options{Disk: d})
	if err := s.openEngine(Options{Disk: d, CacheBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	it, err := s.db.NewIter(&pebble.IterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		if _, err := unseal(it.Key(), it.Value()); err != nil {
			n++
		}
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}
