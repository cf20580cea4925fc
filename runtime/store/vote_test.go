package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// T9 without crashes: what is kept replaces what was, bodies gather until a commit, and what was never kept is told from that.
func TestVotes(t *testing.T) {
	m := newModel(1, newSeed(t), 2)
	disk := vfs.NewMem()
	s := openSmall(t, disk)
	if err := s.KeepVotes(m.chain, voteRecord(1), nil); !errors.Is(err, ErrNotFound) {
		t.Fatalf("votes without a genesis: %v", err)
	}
	if err := s.Init(m.genesis, m.zero, slices.Values(m.initial), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Votes(m.chain); !errors.Is(err, ErrNotFound) {
		t.Fatalf("votes that were never kept: %v", err)
	}
	bodies := []Body{{m.commits[0].Hash, m.commits[0].Block}, {m.commits[1].Hash, m.commits[1].Block}}
	for i := range bodies {
		if err := s.KeepVotes(m.chain, voteRecord(i), &bodies[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.KeepVotes(m.chain, voteRecord(7), nil); err != nil {
		t.Fatal(err)
	}
	wantVotes(t, s, m, "signed 7", 2)
	closeStore(t, s)
	s = openSmall(t, disk) // the bodies of an earlier life go with the commit, too
	wantVotes(t, s, m, "signed 7", 2)
	if err := s.Commit(m.commits[0]); err != nil {
		t.Fatal(err)
	}
	wantVotes(t, s, m, "signed 7", 0)
	closeStore(t, s)
}

func wantVotes(t *testing.T, s *Store, m *model, record string, bodies int) {
	t.Helper()
	got, list, err := s.Votes(m.chain)
	if err != nil || string(got) != record || len(list) != bodies {
		t.Fatalf("%q with %d bodies, want %q with %d: %v", got, len(list), record, bodies, err)
	}
	for _, b := range list {
		if b.Hash != m.commits[0].Hash && b.Hash != m.commits[1].Hash || len(b.Raw) == 0 {
			t.Errorf("body %s of %d bytes", b.Hash, len(b.Raw))
		}
	}
}
