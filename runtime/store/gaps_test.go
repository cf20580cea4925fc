package store

import (
	"encoding/binary"
	"math/rand"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// walker is a chain of one account whose keys are numbers.
type walker struct {
	t       *testing.T
	store   *Store
	account chain.Address
	keys    map[int]bool
}

func newWalker(t *testing.T) *walker {
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	g := &chain.Genesis{Name: "gaps", Chain: 1, Params: chain.DefaultParams()}
	if err := s.Init(g, &chain.Header{Network: g.Network(), Chain: 1}, func(func(exec.Write) bool) {}, nil); err != nil {
		t.Fatal(err)
	}
	return &walker{t, s, chain.Address{3: 1, 4: 7, 5: 1}, map[int]bool{}}
}

func numbered(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

// toggle commits a block in which the keys come, or go if they are there.
func (w *walker) toggle(keys ...int) {
	w.t.Helper()
	h, err := w.store.Head(1)
	if err != nil {
		w.t.Fatal(err)
	}
	var changes []exec.Change
	for _, k := range keys {
		c := exec.Change{Slot: exec.Slot{Account: w.account, Key: numbered(k)}, After: []byte("v")}
		if w.keys[k] {
			c.Before, c.After = c.After, nil
		}
		w.keys[k] = !w.keys[k]
		changes = append(changes, c)
	}
	header := &chain.Header{Chain: 1, Height: h.Height + 1, Parent: h.Hash}
	if err := w.store.Commit(&Commit{Chain: 1, Header: header, Hash: header.Hash(), Changes: changes}); err != nil {
		w.t.Fatal(err)
	}
}

// want is the key that comes after n.
func (w *walker) want(n int) string {
	best := -1
	for k, there := range w.keys {
		if there && k > n && (best < 0 || k < best) {
			best = k
		}
	}
	if best < 0 {
		return ""
	}
	return numbered(best)
}

func (w *walker) check(state exec.Entries, n int) {
	w.t.Helper()
	key, err := state.Next(w.account, "", numbered(n))
	if err != nil || key != w.want(n) {
		w.t.Fatalf("behind %d: %x, want %x (%v)", n, key, w.want(n), err)
	}
}

// Behind keys that were deleted a search passes each of them once, whatever comes and goes afterwards.
func TestGapsArePassedOnce(t *testing.T) {
	w := newWalker(t)
	all := make([]int, 20_000)
	for i := range all {
		all[i] = i + 1
	}
	w.toggle(all...)
	w.toggle(all...)
	state := w.store.State(1)
	for n := range 300 {
		w.check(state, 60*n) // each would pass thousands
		if n%10 == 0 {
			w.toggle(30_000 + n)
		}
	}
	steps := 0
	for n := range 100 {
		lower, _ := w.store.ledger(1).gaps.skip(entryKey(nil, 1, w.account, numbered(1+200*n)))
		it, err := w.store.db.NewIter(nil)
		if err != nil {
			t.Fatal(err)
		}
		it.SeekGE(lower)
		steps += passed(it)
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if steps > 100*gapSteps {
		t.Errorf("100 searches passed %d keys that are no more", steps)
	}
}

// With gaps a search finds what it finds without them, in the final state and in earlier ones.
func TestGapsAreTrue(t *testing.T) {
	const seed, numbers = 1, 2000
	r := rand.New(rand.NewSource(seed))
	w := newWalker(t)
	for range 60 {
		block := r.Perm(numbers)[:1+r.Intn(numbers/2)]
		if r.Intn(3) == 0 { // all that is there goes, but for a few
			block = slices.DeleteFunc(r.Perm(numbers), func(k int) bool { return !w.keys[k] || k%97 == 0 })
		}
		w.toggle(block...)
		h, err := w.store.Head(1)
		if err != nil {
			t.Fatal(err)
		}
		view, err := w.store.StateAt(1, h.Height)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			n := r.Intn(numbers)
			w.check(w.store.State(1), n)
			w.check(view, n)
		}
		if err := view.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if g := &w.store.ledger(1).gaps; g.ends == nil || g.ends.Len() == 0 {
		t.Error("no gap was remembered")
	}
}
