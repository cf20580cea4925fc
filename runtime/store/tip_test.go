package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// T7: whatever of the log or the list of tables is damaged, cut off or lost when a process was killed, a directory is
// opened with all that was final or not at all.
func TestLostTail(t *testing.T) {
	seed := newSeed(t)
	m := newModel(1, seed, 8)
	disk := vfs.NewCrashableMem()
	s, err := Open(Options{Dir: "dir", fs: disk})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for _, c := range m.commits {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	killed := func() *vfs.MemFS { // as a kill leaves it: what was written is there, synced or not
		return disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(seed, 1))})
	}
	if err := opensWhole(killed(), len(m.commits)); err != nil {
		t.Fatalf("undamaged: %v", err)
	}
	refused := 0
	for _, part := range []string{".log", "MANIFEST"} {
		for i := range 60 {
			clone := killed()
			if err := damageFile(clone, "dir", part, float64(i)/60); err != nil {
				t.Fatal(err)
			}
			err := opensWhole(clone, len(m.commits))
			if errors.Is(err, ErrDamaged) {
				refused++
			} else if err != nil {
				t.Errorf("%s damaged at %d of 60: %v", part, i, err)
			}
		}
	}
	if refused < 40 {
		t.Errorf("only %d directories were refused", refused)
	}
	clone := killed()
	if err := clone.Remove("dir/tip-1"); err != nil {
		t.Fatal(err)
	}
	if err := opensWhole(clone, 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("without its tip: %v", err)
	}
	closeStore(t, s)
}

func opensWhole(fs vfs.FS, blocks int) error {
	s, err := Open(Options{Dir: "dir", fs: fs})
	if err != nil {
		return err
	}
	head, err := s.Head(1)
	if head.Height != uint64(blocks) {
		err = fmt.Errorf("opened at height %d of %d", head.Height, blocks)
	}
	return errors.Join(err, s.Close())
}
