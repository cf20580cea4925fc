package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// joinModel is a state in pieces, and the block that it is after.
type joinModel struct {
	genesis *chain.Genesis
	header  *chain.Header
	pieces  []Joined
	leaves  [][]exec.Write // by piece
}

func newJoinModel(pieces int) *joinModel {
	m := &joinModel{genesis: &chain.Genesis{Name: "join", Chain: 1, Params: chain.DefaultParams()}}
	var all []exec.Write
	for k := range 4 * pieces {
		a := chain.KeyAddress(1, [32]byte{byte(k), byte(k >> 8)})
		all = append(all, exec.Write{Slot: exec.Slot{Account: a}, Value: chain.Account{Nonce: uint64(k) + 1}.Encode()},
			exec.Write{Slot: exec.Slot{Account: a, Key: "key"}, Value: []byte{byte(k)}})
	}
	path := func(w exec.Write) merkle.Path { return pathOf(&w.Slot) }
	slices.SortFunc(all, func(a, b exec.Write) int { p, q := path(a), path(b); return slices.Compare(p[:], q[:]) })
	var fold merkle.Fold
	for i := range all {
		_ = fold.Add(merkle.Leaf{Path: path(all[i]), Value: merkle.ValueHash(all[i].Value)}, 0) // in order
	}
	for list := range slices.Chunk(all, 8) {
		m.leaves = append(m.leaves, list)
		m.pieces = append(m.pieces, Joined{First: path(list[0]), Last: path(list[len(list)-1]), Hash: merkle.Hash{byte(len(m.pieces)), 1}})
	}
	root, _ := fold.End()
	m.header = &chain.Header{Network: m.genesis.Network(), Chain: 1, Height: 77, Roots: chain.Roots{State: chain.Hash(root)}}
	return m
}

func (m *joinModel) base() *Base {
	return &Base{Genesis: m.genesis, Header: m.header, Certificate: []byte("certificate"), Shown: []byte("shown"), Votes: []byte("votes")}
}

// goOn ends what was begun.
func (m *joinModel) goOn(s *Store, each func()) error {
	have, err := s.Joining(1)
	if err != nil {
		return err
	}
	for i := range m.pieces {
		if !slices.Contains(have, m.pieces[i]) {
			if err := s.JoinPiece(1, &m.pieces[i], m.leaves[i]); err != nil {
				return err
			}
			each()
		}
	}
	return s.JoinEnd(m.base())
}

// check holds a store to be the whole chain, or none with some whole pieces.
func (m *joinModel) check(s *Store) (whole bool, err error) {
	head, err := s.Head(1)
	whole = err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	have, err := s.Joining(1)
	if err != nil {
		return whole, err
	}
	var want []exec.Write
	for i := range m.pieces {
		if whole || slices.Contains(have, m.pieces[i]) {
			want = append(want, m.leaves[i]...)
		}
	}
	if whole && (len(have) > 0 || head.Height != m.header.Height || head.Hash != m.header.Hash()) {
		return whole, fmt.Errorf("head %+v, and %d pieces", head, len(have))
	}
	at := 0
	err = s.Leaves(1, func(_ merkle.Path, slot exec.Slot, value []byte) error {
		if at == len(want) || want[at].Slot != slot || string(want[at].Value) != string(value) {
			return fmt.Errorf("leaf %d is %+v", at, slot)
		}
		at++
		return nil
	})
	if err == nil && at != len(want) {
		err = fmt.Errorf("%d leaves, want %d", at, len(want))
	}
	return whole, err
}

// T10: at whichever write a crash comes, what is there is the whole chain, or whole pieces and no chain; and it goes on from there.
func TestCrashWhileJoined(t *testing.T) {
	seed := newSeed(t)
	m := newJoinModel(40)
	for _, unsynced := range []int{0, 50, 100} {
		rng := rand.New(rand.NewPCG(seed, uint64(unsynced)))
		disk := newCrashable()
		var ended atomic.Bool
		var mu sync.Mutex
		var crashes []crash
		hook := errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
				mu.Lock()
				defer mu.Unlock()
				if rng.IntN(3) == 0 {
					reported := int64(nothing)
					if ended.Load() {
						reported = int64(m.header.Height)
					}
					crashes = append(crashes, crash{fs: disk.crash(unsynced, rng), reported: reported, op: fmt.Sprint(op.Kind, " ", op.Path)})
				}
			}
			return nil
		})
		s := openSmall(t, inject(disk, hook))
		n := 0
		if err := m.goOn(s, func() {
			if n++; n%8 == 0 { // a part of it is on the disk for good
				if err := s.db.LogData(nil, pebble.Sync); err != nil {
					t.Error(err)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		ended.Store(true)
		closeStore(t, s)
		mu.Lock()
		list := crashes
		mu.Unlock()
		if len(list) < 5 {
			t.Errorf("%d crashes", len(list))
		}
		for i, c := range list {
			if err := m.recovers(t, &c); err != nil {
				t.Fatalf("crash %d, before %s: %v", i, c.op, err)
			}
		}
	}
}

func (m *joinModel) recovers(t *testing.T, c *crash) error {
	s, err := Open(Options{fs: c.fs, tune: smallTables, CacheBytes: 1 << 20})
	if err != nil {
		return err
	}
	defer closeStore(t, s)
	whole, err := m.check(s)
	if err != nil {
		return err
	}
	if !whole {
		if c.reported != nothing {
			return errors.New("the chain is gone")
		}
		if err := m.goOn(s, func() {}); err != nil {
			return err
		}
		if whole, err = m.check(s); err != nil || !whole {
			return fmt.Errorf("it can't go on: %w", err)
		}
	}
	return nil
}

// A chain that began with a state says so: of what was before it has nothing, and the header that it began with is there.
func TestJoined(t *testing.T) {
	m := newJoinModel(3)
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	for i := range m.pieces[:2] {
		if err := s.JoinPiece(1, &m.pieces[i], m.leaves[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.JoinDrop(1, &m.pieces[0]); err != nil {
		t.Fatal(err)
	}
	if whole, err := m.check(s); whole || err != nil {
		t.Fatalf("%v, %v", whole, err)
	}
	if err := m.goOn(s, func() {}); err != nil {
		t.Fatal(err)
	}
	if err := s.JoinPiece(1, &m.pieces[0], m.leaves[0]); !errors.Is(err, ErrInitialised) {
		t.Errorf("another piece: %v", err)
	}
	if err := s.JoinEnd(m.base()); !errors.Is(err, ErrInitialised) {
		t.Errorf("again: %v", err)
	}
	if base, shown, err := s.Base(1); err != nil || base != 77 || string(shown) != "shown" {
		t.Errorf("base %d, %q, %v", base, shown, err)
	}
	if h, err := s.Header(1, 77); err != nil || h.Hash() != m.header.Hash() {
		t.Errorf("header: %v", err)
	}
	for what, read := range map[string]func() error{
		"header":   func() error { _, err := s.Header(1, 76); return err },
		"block":    func() error { _, _, err := s.Block(1, 77); return err },
		"receipts": func() error { _, err := s.Receipts(1, 77); return err },
		"outbox":   func() error { _, err := s.Outbox(1, 77); return err },
		"state":    func() error { _, err := s.StateAt(1, 76); return err },
		"node":     func() error { _, err := s.Node(1, 1, 0, 5); return err },
	} {
		if err := read(); !errors.Is(err, ErrPruned) {
			t.Errorf("%s: %v", what, err)
		}
	}
	v, err := s.StateAt(1, 77)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := v.Account(m.leaves[0][0].Account); err != nil || !a.Exists() {
		t.Errorf("%+v, %v", a, err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	h := &chain.Header{Network: m.header.Network, Chain: 1, Height: 78, Parent: m.header.Hash()}
	if err := s.Commit(&Commit{Chain: 1, Header: h, Hash: h.Hash(), Block: []byte("block")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Block(1, 78); err != nil {
		t.Error(err)
	}
}

// A program that knows nothing of chains that begin with a state refuses a directory from the first piece on, and not before.
func TestLayoutOfJoined(t *testing.T) {
	m := newJoinModel(3)
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	version := func(want uint32) {
		t.Helper()
		value, err := s.get(s.db, markKey(0))
		if err != nil || len(value) != 4 || binary.BigEndian.Uint32(value) != want {
			t.Errorf("%x, %v; want %d", value, err, want)
		}
	}
	version(layoutVersion)
	if err := s.JoinPiece(1, &m.pieces[0], m.leaves[0]); err != nil {
		t.Fatal(err)
	}
	version(layoutJoined)
	if err := m.goOn(s, func() {}); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if s, err = Open(Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	version(layoutJoined)
	closeStore(t, s)
	r, err := OpenRaw(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Layout(), r.Close()); err != nil {
		t.Error(err)
	}
}
