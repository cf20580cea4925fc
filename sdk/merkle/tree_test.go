package merkle

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/wire"
)

func TestPaths(t *testing.T) {
	address := [24]byte{0, 0, 0, 7, 0xaa, 0xbb}
	address[23] = 0xcc
	p := AccountPath(address)
	if want := (Path{0: 0xaa, 1: 0xbb, 19: 0xcc, 23: 7}); p != want {
		t.Fatalf("account %x, want %x", p, want)
	}
	slot := wire.Sum(wire.TagSlot, []byte("key"))
	want := p
	copy(want[24:], slot[:])
	if got := SlotPath(address, []byte("key")); got != want {
		t.Fatalf("slot %x, want %x", got, want)
	}
	for n := range PathBits {
		q := Path(flip(p[:], n))
		if p.shared(&q) != n || p.bit(n) == q.bit(n) {
			t.Fatalf("bit %d: shared %d, bits %d and %d", n, p.shared(&q), p.bit(n), q.bit(n))
		}
	}
	if p.shared(&p) != PathBits {
		t.Fatal("a path shares all bits with itself")
	}
}

// TestHashesAreTheDefinedOnes: the hash that is spelt out is the one of sdk/wire.
func TestHashesAreTheDefinedOnes(t *testing.T) {
	p := pair{{1}, {2}}
	for _, depth := range []int{0, 1, 255, 256, 447} {
		want := wire.Sum(wire.TagBranch, []byte{byte(depth >> 8), byte(depth)}, p[0][:], p[1][:])
		if got := p.hash(depth); got != want {
			t.Fatalf("branch at depth %d: %x, want %x", depth, got, want)
		}
	}
	if want := wire.Sum(wire.TagValue, []byte("v")); ValueHash([]byte("v")) != want {
		t.Fatal("value")
	}
}

func TestSubtreeIsTheRootOfAShard(t *testing.T) {
	_, leaves := proofTree(t)
	whole := New()
	if err := whole.Load(from(leaves)); err != nil {
		t.Fatal(err)
	}
	prefixes := []Path{{}, {0xff}}
	for _, l := range leaves {
		prefixes = append(prefixes, l.Path)
	}
	for _, prefix := range prefixes {
		for bits := range PathBits + 1 {
			if bits > 32 && bits%7 > 0 && bits < PathBits-8 {
				continue
			}
			shard := NewAt(prefix, bits)
			at := shard.Prefix()
			below := slices.DeleteFunc(slices.Clone(leaves), func(l Leaf) bool { return !at.Covers(l.Path) })
			if err := shard.Load(from(below)); err != nil {
				t.Fatal(err)
			}
			if got := whole.Subtree(prefix, bits); got != shard.Root() || got != slowState(below) {
				t.Fatalf("prefix %x of %d bits: subtree %x, shard %x", prefix, bits, got, shard.Root())
			}
			if got := shard.Subtree(Path{}, 0); len(below) == len(leaves) && got != whole.Root() {
				t.Fatalf("prefix %x of %d bits: holds everything, but not with its root", prefix, bits)
			}
		}
	}
}

func TestUpdateRefusesBadBatches(t *testing.T) {
	inside, outside := Path{0x80}, Path{0x40}
	tree := NewAt(Path{0x80}, 1)
	for _, c := range []struct {
		updates []Update
		want    error
	}{
		{[]Update{{Path: outside, Value: Hash{1}}}, ErrOutside},
		{[]Update{{Path: outside}}, ErrOutside},
		{[]Update{{inside, Hash{1}}, {inside, Hash{2}}}, ErrOrder},
		{[]Update{{Path{0x81}, Hash{1}}, {inside, Hash{2}}}, ErrOrder},
	} {
		_, err := tree.Update(nil, c.updates, nil)
		wantErr(t, err, c.want)
	}
	_, err := tree.Prove(nil, outside)
	wantErr(t, err, ErrOutside)
	if tree.pending != 0 || tree.Root() != (Hash{}) {
		t.Fatal("a refused update left something")
	}
}

func TestLoadRefusals(t *testing.T) {
	a, b := Leaf{Path{0x80}, Hash{1}}, Leaf{Path{0x81}, Hash{2}}
	for _, c := range []struct {
		leaves []Leaf
		want   error
	}{
		{[]Leaf{b, a}, ErrOrder},
		{[]Leaf{a, a}, ErrOrder},
		{[]Leaf{a, {Path{0x82}, Hash{}}}, ErrZero},
		{[]Leaf{{Path{0x40}, Hash{1}}}, ErrOutside},
	} {
		tree := NewAt(Path{0x80}, 1)
		wantErr(t, tree.Load(from(c.leaves)), c.want)
		checkLeaks(t, tree)
		if err := tree.Load(from([]Leaf{a, b})); err != nil || tree.Len() != 2 {
			t.Fatalf("load after a refused one: %d keys, %v", tree.Len(), err)
		}
		wantErr(t, tree.Load(from(nil)), ErrOpen)
	}
	tree := New()
	mustUpdate(t, tree, nil, nil)
	wantErr(t, tree.Load(from(nil)), ErrOpen)
}

func TestVersionsOfAnotherTree(t *testing.T) {
	tree, other := New(), New()
	v := mustUpdate(t, other, nil, nil)
	wantErr(t, tree.Commit(v), ErrForeign)
	wantErr(t, tree.Discard(v), ErrForeign)
	_, err := tree.Update(v, nil, nil)
	wantErr(t, err, ErrForeign)
	_, err = tree.Prove(v, Path{})
	wantErr(t, err, ErrForeign)
}

// TestCommittedVersionIsTheState: whoever holds on to a version after it was committed may build on it.
func TestCommittedVersionIsTheState(t *testing.T) {
	tree := New()
	v := mustUpdate(t, tree, nil, []Update{{Path{1}, Hash{1}}})
	mustCommit(t, tree, v)
	w := mustUpdate(t, tree, v, []Update{{Path{2}, Hash{2}}})
	mustCommit(t, tree, w)
	_, err := tree.Update(v, nil, nil)
	wantErr(t, err, ErrClosed)
	if tree.Len() != 2 {
		t.Fatalf("%d keys", tree.Len())
	}
}

// TestUpdateWithoutEffect: setting what is there and deleting what is not makes no node.
func TestUpdateWithoutEffect(t *testing.T) {
	tree, leaves := proofTree(t)
	updates := []Update{}
	for i, l := range leaves {
		updates = append(updates, Update(l))
		l.Path[i%56] ^= 4
		if !slices.ContainsFunc(leaves, func(o Leaf) bool { return o.Path == l.Path }) {
			updates = append(updates, Update{Path: l.Path})
		}
	}
	sortUpdates(updates)
	v := mustUpdate(t, tree, nil, updates)
	for i := range shards {
		if len(v.fresh[i])+len(v.stale[i]) > 0 {
			t.Fatalf("shard %d: %d nodes made, %d replaced", i, len(v.fresh[i]), len(v.stale[i]))
		}
	}
	if v.Root() != tree.Root() || v.Len() != tree.Len() {
		t.Fatalf("root %x with %d keys, want %x with %d", v.Root(), v.Len(), tree.Root(), tree.Len())
	}
}

func TestFullShard(t *testing.T) {
	tree := New()
	tree.shards[0].entries.used = maxIndex
	_, err := tree.Update(nil, []Update{{Path{}, Hash{1}}}, nil)
	wantErr(t, err, ErrFull)
	if _, err := tree.Update(nil, []Update{{Path{0xf0}, Hash{1}}}, nil); err != nil {
		t.Fatal(err)
	}
}

// TestParallelUpdate is for the race detector: large batches with a goroutine for every slot give the root of a loop.
func TestParallelUpdate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	one, many := New(), New()
	for range 20 {
		updates := []Update{}
		for _, l := range randomLeaves(rnd, 300) {
			l.Path[1], l.Path[2] = 0, 0
			l.Value[0] *= byte(rnd.IntN(3))
			updates = append(updates, Update(l))
		}
		sortUpdates(updates)
		v, err := many.Update(nil, updates, parallel)
		if err != nil {
			t.Fatal(err)
		}
		mustCommit(t, many, v)
		mustCommit(t, one, mustUpdate(t, one, nil, updates))
		if one.Root() != many.Root() || one.Len() != many.Len() {
			t.Fatalf("root %x, in parallel %x", one.Root(), many.Root())
		}
	}
	checkLeaks(t, many)
	audit(t, many, many.head)
}

// TestSlotsUseTheirShards keeps what M7 rests on: below the slots, every node stands in the shard of its slot.
func TestSlotsUseTheirShards(t *testing.T) {
	loaded := New()
	leaves := randomLeaves(rand.New(rand.NewPCG(4, 4)), 2000)
	if err := loaded.Load(from(leaves)); err != nil {
		t.Fatal(err)
	}
	updates := []Update{}
	for _, l := range leaves {
		updates = append(updates, Update(l))
	}
	updated := New()
	mustCommit(t, updated, mustUpdate(t, updated, nil, updates))
	for _, tree := range []*Tree{loaded, updated} {
		subs := make([]sub, shards)
		tree.spread(tree.head.root, 0, subs)
		for i := range subs {
			var walk func(r ref)
			walk = func(r ref) {
				if r.shard() != i {
					t.Fatalf("node of slot %d in shard %d", i, r.shard())
				}
				if r.isBranch() {
					walk(tree.child(r, 0).ref)
					walk(tree.child(r, 1).ref)
				}
			}
			walk(subs[i].ref)
		}
	}
}
