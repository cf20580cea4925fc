package merkle

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "seed of the first random history")
	seedsFlag = flag.Uint64("seeds", 30, "number of random histories")
)

// TestRandomHistories compares trees with the definition through versions that are stacked, compete, are committed and
// discarded in any order.
func TestRandomHistories(t *testing.T) {
	for seed := *seedFlag; seed < *seedFlag+*seedsFlag; seed++ {
		h := newHistory(t, seed)
		for range 150 {
			h.step()
		}
		h.finish()
		if t.Failed() {
			return
		}
	}
}

// history is one tree and what its versions should hold.
type history struct {
	t     *testing.T
	rnd   *rand.Rand
	tree  *Tree
	each  Each
	paths []Path // seen so far
	final content
	open  []*modelVersion
}

type modelVersion struct {
	v       *Version
	base    *modelVersion // nil: the state that was final when it was made
	content content
	lost    bool
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with: go test ./sdk/merkle -run TestRandomHistories -seed %d -seeds 1", seed)
		}
	})
	rnd := rand.New(rand.NewPCG(seed, 0))
	h := &history{t: t, rnd: rnd, tree: New(), final: content{}}
	if rnd.IntN(2) == 0 {
		h.tree = NewAt(randomPath(rnd), rnd.IntN(PathBits+1))
	}
	if rnd.IntN(2) == 0 {
		h.each = parallel
	}
	return h
}

// path is a path under the tree's prefix: a known one, a new one, or one that parts from a known one at any depth.
func (h *history) path() Path {
	p := randomPath(h.rnd)
	prefix, n := h.tree.prefix.Path, h.tree.prefix.Bits
	if len(h.paths) > 0 && h.rnd.IntN(8) > 0 {
		prefix = h.paths[h.rnd.IntN(len(h.paths))]
		n = max(n, h.rnd.IntN(PathBits+1))
	}
	for i := range n {
		if p.bit(i) != prefix.bit(i) {
			p[i/8] ^= 0x80 >> (i % 8)
		}
	}
	h.paths = append(h.paths, p)
	return p
}

func (h *history) updates() []Update {
	set := content{}
	for range h.rnd.IntN(1 << h.rnd.IntN(7)) {
		p := h.path()
		if h.rnd.IntN(3) == 0 {
			p = h.paths[h.rnd.IntN(len(h.paths))]
		}
		set[p] = Hash{byte(1 + h.rnd.IntN(3))}
		if h.rnd.IntN(3) == 0 {
			set[p] = Hash{}
		}
	}
	if h.rnd.IntN(10) == 0 { // empty the state
		for p := range h.final {
			set[p] = Hash{}
		}
	}
	updates := []Update{}
	for _, l := range set.leaves() {
		updates = append(updates, Update(l))
	}
	return updates
}

func (h *history) pick() *modelVersion {
	if len(h.open) == 0 || h.rnd.IntN(3) == 0 {
		return nil
	}
	return h.open[h.rnd.IntN(len(h.open))]
}

func (h *history) step() {
	h.t.Helper()
	m := h.pick()
	switch h.rnd.IntN(8) {
	case 0, 1:
		if m != nil {
			h.commit(m)
		}
	case 2:
		if m != nil {
			h.discard(m)
		}
	case 3:
		h.prove(m)
	default:
		if len(h.open) < 8 {
			h.update(m)
		}
	}
	if h.t.Failed() {
		h.t.FailNow()
	}
}

func (h *history) update(base *modelVersion) {
	h.t.Helper()
	m := &modelVersion{base: base}
	under, on := h.final, (*Version)(nil)
	if base != nil {
		under, on = base.content, base.v
	}
	updates := h.updates()
	before := slices.Clone(updates)
	v, err := h.tree.Update(on, updates, h.each)
	if !slices.Equal(updates, before) {
		h.t.Fatal("Update changed its argument")
	}
	if base != nil && base.lost {
		wantErr(h.t, err, ErrLost)
		return
	}
	if err != nil {
		h.t.Fatal(err)
	}
	m.v, m.content = v, under.with(updates)
	if want := slowState(m.content.leaves()); v.Root() != want || v.Len() != len(m.content) {
		h.t.Fatalf("root %x with %d keys, want %x with %d", v.Root(), v.Len(), want, len(m.content))
	}
	h.open = append(h.open, m)
}

func (h *history) commit(m *modelVersion) {
	h.t.Helper()
	err := h.tree.Commit(m.v)
	switch {
	case m.lost:
		wantErr(h.t, err, ErrLost)
		return
	case m.base != nil:
		wantErr(h.t, err, ErrNotNext)
		return
	case err != nil:
		h.t.Fatal(err)
	}
	h.final = m.content
	h.remove(m)
	for _, o := range h.open { // bases stand before what is stacked on them
		switch {
		case o.base == m:
			o.base = nil
		case o.base == nil || o.base.lost:
			o.lost = true
		}
	}
	wantErr(h.t, h.tree.Commit(m.v), ErrClosed)
	wantErr(h.t, h.tree.Discard(m.v), ErrClosed)
	audit(h.t, h.tree, h.tree.head)
	for _, o := range h.open {
		if !o.lost {
			audit(h.t, h.tree, o.v)
		}
	}
}

func (h *history) discard(m *modelVersion) {
	h.t.Helper()
	err := h.tree.Discard(m.v)
	for _, o := range h.open {
		if o.base == m {
			wantErr(h.t, err, ErrStacked)
			return
		}
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.remove(m)
	wantErr(h.t, h.tree.Discard(m.v), ErrClosed)
	_, err = h.tree.Update(m.v, nil, nil)
	wantErr(h.t, err, ErrClosed)
}

func (h *history) remove(m *modelVersion) {
	h.open = slices.DeleteFunc(h.open, func(o *modelVersion) bool { return o == m })
}

// prove proves every path of the version and some that are not in it.
func (h *history) prove(m *modelVersion) {
	h.t.Helper()
	c, v, root := h.final, (*Version)(nil), h.tree.Root()
	if m != nil {
		c, v, root = m.content, m.v, m.v.Root()
	}
	for range 3 {
		h.path()
	}
	leaves := c.leaves()
	for _, p := range h.paths[max(0, len(h.paths)-40):] {
		proof, err := h.tree.Prove(v, p)
		if m != nil && m.lost {
			wantErr(h.t, err, ErrLost)
			continue
		}
		if err != nil {
			h.t.Fatal(err)
		}
		if len(c) == 0 {
			wantErr(h.t, proof.VerifyAt(h.tree.prefix, root, p, Hash{}), ErrZero)
			continue
		}
		checkStateProof(h.t, stateClaim{h.tree.prefix, root, p, c[p]}, proof)
		if want := slowProof(leaves, p); !slices.Equal(proof.Append(nil), want.Append(nil)) {
			h.t.Fatalf("path %x: proof %x, want %x", p, proof.Append(nil), want.Append(nil))
		}
	}
}

// finish discards what is open, last first, and looks for leaks; then it builds the content in other ways.
func (h *history) finish() {
	h.t.Helper()
	for _, m := range slices.Backward(slices.Clone(h.open)) {
		h.discard(m)
	}
	checkLeaks(h.t, h.tree)
	audit(h.t, h.tree, h.tree.head)
	other := NewAt(h.tree.prefix.Path, h.tree.prefix.Bits)
	for _, l := range h.rnd.Perm(len(h.final)) {
		mustCommit(h.t, other, mustUpdate(h.t, other, nil, []Update{Update(h.final.leaves()[l])}))
	}
	loaded := NewAt(h.tree.prefix.Path, h.tree.prefix.Bits)
	if err := loaded.Load(from(h.final.leaves())); err != nil {
		h.t.Fatal(err)
	}
	if other.Root() != h.tree.Root() || loaded.Root() != h.tree.Root() {
		h.t.Fatalf("root %x, one by one %x, loaded %x", h.tree.Root(), other.Root(), loaded.Root())
	}
	for _, tree := range []*Tree{other, loaded} {
		checkLeaks(h.t, tree)
		audit(h.t, tree, tree.head)
	}
	h.empty(loaded)
}

// empty deletes all keys one by one in any order.
func (h *history) empty(tree *Tree) {
	h.t.Helper()
	c := h.final
	for _, i := range h.rnd.Perm(len(h.final)) {
		u := Update{Path: h.final.leaves()[i].Path}
		c = c.with([]Update{u})
		mustCommit(h.t, tree, mustUpdate(h.t, tree, nil, []Update{u}))
		if want := slowState(c.leaves()); tree.Root() != want {
			h.t.Fatalf("root %x with %d keys, want %x", tree.Root(), len(c), want)
		}
		checkLeaks(h.t, tree)
	}
}
