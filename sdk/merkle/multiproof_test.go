package merkle

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/wire"
)

// slowRest is the definition (M13), written out over all nodes of the padded tree: those with leaves but none to be proven
// below, whose parent has one, sorted by where they start.
func slowRest(leaves []Hash, indexes []uint32) []Hash {
	size := 1
	for size < len(leaves) {
		size *= 2
	}
	padded := append(slices.Clone(leaves), make([]Hash, size-len(leaves))...)
	proven := func(from, to int) bool {
		return slices.ContainsFunc(indexes, func(i uint32) bool { return from <= int(i) && int(i) < to })
	}
	path := []Hash{}
	for from := range leaves {
		for width := 1; width < size; width *= 2 {
			parent := from - from%(2*width)
			if from%width == 0 && !proven(from, from+width) && proven(parent, parent+2*width) {
				path = append(path, slowTop(padded[from:from+width]))
			}
		}
	}
	return path
}

func pick(leaves []Hash, indexes []uint32) []Hash {
	picked := []Hash{}
	for _, i := range indexes {
		picked = append(picked, leaves[i])
	}
	return picked
}

// checkMulti proves indexes, holds the path to its definition, and returns the proof as read back.
func checkMulti(t *testing.T, f *Fixed, indexes []uint32) MultiProof {
	t.Helper()
	leaves := f.levels[0]
	p, err := f.ProveAll(indexes)
	if err != nil {
		t.Fatal(err)
	}
	if want := slowRest(leaves, indexes); !slices.Equal(p.Path, want) {
		t.Fatalf("leaves %v of %d: path of %d, want %d", indexes, len(leaves), len(p.Path), len(want))
	}
	b := p.Append(nil)
	r := wire.NewReader(b)
	q := ReadMultiProof(r, len(indexes))
	if err := r.Done(); err != nil || !slices.Equal(q.Append(nil), b) {
		t.Fatalf("leaves %v of %d: read back %v, %v", indexes, len(leaves), q, err)
	}
	if err := q.Verify(f.Root(), pick(leaves, indexes)); err != nil {
		t.Fatal(err)
	}
	return q
}

// TestMultiProofsOfPairs takes all pairs, and all single leaves, of all small trees.
func TestMultiProofsOfPairs(t *testing.T) {
	for n := 1; n <= 40; n++ {
		f := NewFixed(testLeaves(n))
		for i := range uint32(n) {
			one := checkMulti(t, f, []uint32{i})
			single, _ := f.Prove(int(i))
			sorted := func(hashes []Hash) []Hash { // without padding
				hashes = slices.DeleteFunc(slices.Clone(hashes), func(h Hash) bool { return h == Hash{} })
				slices.SortFunc(hashes, func(a, b Hash) int { return slices.Compare(a[:], b[:]) })
				return hashes
			}
			if !slices.Equal(sorted(one.Path), sorted(single.Path)) {
				t.Fatalf("leaf %d of %d: not the siblings of its own path", i, n)
			}
			for j := range i {
				checkMulti(t, f, []uint32{j, i})
			}
		}
	}
}

// TestMultiProofsOfSets takes all sets of leaves of trees of up to nine: each proof for all other counts and all other sets
// of as many leaves.
func TestMultiProofsOfSets(t *testing.T) {
	for n := 1; n <= 9; n++ {
		leaves := testLeaves(n)
		f := NewFixed(leaves)
		var sets [][]uint32
		for bits := 1; bits < 1<<n; bits++ {
			set := []uint32{}
			for i := range n {
				if bits>>i&1 == 1 {
					set = append(set, uint32(i))
				}
			}
			sets = append(sets, set)
		}
		for _, set := range sets {
			p := checkMulti(t, f, set)
			picked := pick(leaves, set)
			for count := range uint32(20) {
				q := MultiProof{count, set, p.Path}
				if err := q.Verify(f.Root(), picked); (err == nil) != (int(count) == n) {
					t.Fatalf("leaves %v of %d: verifies for %d leaves: %v", set, n, count, err)
				}
			}
			for _, other := range sets {
				if len(other) != len(set) {
					continue
				}
				q := MultiProof{p.Count, other, p.Path}
				if err := q.Verify(f.Root(), picked); (err == nil) != slices.Equal(set, other) {
					t.Fatalf("leaves %v of %d: verifies for %v: %v", set, n, other, err)
				}
			}
			checkPaths(t, p.Path, func(path []Hash) error { return MultiProof{p.Count, set, path}.Verify(f.Root(), picked) })
			for i := range picked {
				for j := range i {
					swapped := slices.Clone(picked)
					swapped[i], swapped[j] = picked[j], picked[i]
					wantErr(t, p.Verify(f.Root(), swapped), ErrMismatch)
				}
			}
		}
	}
}

// TestMultiProofsOfZeroLeaves: a zero hash among the leaves is not padding, which count alone implies, so it is in the path;
// nothing proves it.
func TestMultiProofsOfZeroLeaves(t *testing.T) {
	for n := 1; n <= 17; n++ {
		leaves := testLeaves(n)
		for i := n / 3; i < n-n/4; i++ {
			leaves[i] = Hash{}
		}
		f := NewFixed(leaves)
		for i := range uint32(n) {
			if leaves[i] != (Hash{}) {
				checkMulti(t, f, []uint32{i})
				continue
			}
			p, err := f.ProveAll([]uint32{i})
			if err != nil {
				t.Fatal(err)
			}
			wantErr(t, p.Verify(f.Root(), []Hash{{}}), ErrZero)
		}
	}
}

func TestMultiProofBitFlips(t *testing.T) {
	leaves := testLeaves(11)
	f := NewFixed(leaves)
	root := f.Root()
	for _, set := range [][]uint32{{0}, {10}, {2, 3}, {0, 5, 10}, {1, 2, 3, 4, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}} {
		p := checkMulti(t, f, set)
		picked := pick(leaves, set)
		b := p.Append(nil)
		for bit := range 8 * len(b) {
			r := wire.NewReader(flip(b, bit))
			q := ReadMultiProof(r, 16)
			if r.Done() == nil && q.Verify(root, picked) == nil {
				t.Fatalf("leaves %v: verifies with bit %d flipped", set, bit)
			}
		}
		for bit := range 8 * len(root) {
			wantErr(t, p.Verify(Hash(flip(root[:], bit)), picked), ErrMismatch)
			for i := range picked {
				forged := slices.Clone(picked)
				forged[i] = Hash(flip(picked[i][:], bit))
				wantErr(t, p.Verify(root, forged), ErrMismatch)
			}
		}
	}
}

func TestMultiProofRefusals(t *testing.T) {
	leaves := testLeaves(5)
	f := NewFixed(leaves)
	for _, c := range []struct {
		name   string
		change func(p *MultiProof, root *Hash, picked *[]Hash)
		want   error
	}{
		{"nothing changed", func(p *MultiProof, root *Hash, picked *[]Hash) {}, nil},
		{"no leaves", func(p *MultiProof, root *Hash, picked *[]Hash) {
			*p, *picked = MultiProof{Count: 5, Path: []Hash{f.levels[3][0]}}, nil
		}, ErrForm},
		{"index is the count", func(p *MultiProof, root *Hash, picked *[]Hash) { p.Indexes[2] = 5 }, ErrIndex},
		{"empty tree", func(p *MultiProof, root *Hash, picked *[]Hash) { p.Count = 0 }, ErrIndex},
		{"a repeat", func(p *MultiProof, root *Hash, picked *[]Hash) { p.Indexes[1] = 4 }, ErrForm},
		{"descending", func(p *MultiProof, root *Hash, picked *[]Hash) { slices.Reverse(p.Indexes) }, ErrForm},
		{"a leaf too few", func(p *MultiProof, root *Hash, picked *[]Hash) { *picked = (*picked)[:2] }, ErrForm},
		{"a leaf too many", func(p *MultiProof, root *Hash, picked *[]Hash) { *picked = append(*picked, Hash{1}) }, ErrForm},
		{"padding in the path", func(p *MultiProof, root *Hash, picked *[]Hash) { p.Path = append(p.Path, Hash{}) }, ErrHeight},
		{"path too short", func(p *MultiProof, root *Hash, picked *[]Hash) { p.Path = p.Path[1:] }, ErrHeight},
		{"zero root", func(p *MultiProof, root *Hash, picked *[]Hash) { *root = Hash{} }, ErrZero},
		{"zero leaf", func(p *MultiProof, root *Hash, picked *[]Hash) { (*picked)[1] = Hash{} }, ErrZero},
		{"an inner node as leaf", func(p *MultiProof, root *Hash, picked *[]Hash) {
			*p, *picked = MultiProof{Count: 3, Indexes: []uint32{0, 1, 2}}, f.levels[1]
		}, ErrMismatch},
	} {
		set := []uint32{1, 2, 4}
		p := checkMulti(t, f, set)
		root, picked := f.Root(), pick(leaves, set)
		c.change(&p, &root, &picked)
		if err := p.Verify(root, picked); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for want, sets := range map[error][][]uint32{ErrForm: {nil, {1, 1}, {2, 1}}, ErrIndex: {{5}, {0, math.MaxUint32}}} {
		for _, set := range sets {
			_, err := f.ProveAll(set)
			wantErr(t, err, want)
		}
	}
}

// TestProveAllKeepsItsOwnIndexes: the caller may use the slice again.
func TestProveAllKeepsItsOwnIndexes(t *testing.T) {
	set := []uint32{1, 2}
	p, err := NewFixed(testLeaves(5)).ProveAll(set)
	set[0] = 0
	if err != nil || p.Indexes[0] != 1 {
		t.Fatalf("%v, %v", p.Indexes, err)
	}
}

// TestMultiProofOfTheLargestTree: no shift runs over where the count is the largest. Its root is made by folding, as nobody
// has so many leaves.
func TestMultiProofOfTheLargestTree(t *testing.T) {
	for _, count := range []uint32{1<<31 + 1, math.MaxUint32} {
		p := MultiProof{Count: count, Indexes: []uint32{count - 1}}
		single := Proof{Index: count - 1, Count: count, Path: make([]Hash, 32)}
		for i := range single.Path { // left siblings only: what is right of the last leaf is padding
			if single.Index>>i&1 == 1 {
				single.Path[i] = Hash{byte(i + 1)}
				p.Path = append(p.Path, single.Path[i])
			}
		}
		slices.Reverse(p.Path)
		top := Hash{9}
		for i, sibling := range single.Path {
			if single.Index>>i&1 == 1 {
				top = node(sibling, top)
			} else {
				top = node(top, sibling)
			}
		}
		root := rootHash(int(count), top)
		if single.Verify(root, Hash{9}) != nil || p.Verify(root, []Hash{{9}}) != nil {
			t.Fatalf("%d leaves: %v, %v", count, single.Verify(root, Hash{9}), p.Verify(root, []Hash{{9}}))
		}
	}
}

func TestReadMultiProofRefusals(t *testing.T) {
	good := checkMulti(t, NewFixed(testLeaves(5)), []uint32{1, 2, 4})
	path := []Hash{{1}, {2}, {3}, {4}}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":            {nil, wire.ErrShort},
		"over the limit":     {MultiProof{9, []uint32{0, 1, 2, 3}, path}.Append(nil), wire.ErrLimit},
		"more than there is": {wire.AppendU32(wire.AppendU32(nil, 9), 3), wire.ErrShort},
		"no leaves":          {MultiProof{Count: 5, Path: path[:1]}.Append(nil), wire.ErrValue},
		"a repeat":           {MultiProof{5, []uint32{1, 1}, path}.Append(nil), wire.ErrValue},
		"descending":         {MultiProof{5, []uint32{2, 1}, path}.Append(nil), wire.ErrValue},
		"index is the count": {MultiProof{5, []uint32{5}, path}.Append(nil), wire.ErrValue},
		"path too short":     {MultiProof{good.Count, good.Indexes, good.Path[1:]}.Append(nil), wire.ErrShort},
		"path too long":      {MultiProof{good.Count, good.Indexes, append(good.Path[:2:2], Hash{})}.Append(nil), wire.ErrTrailing},
	} {
		r := wire.NewReader(c.b)
		ReadMultiProof(r, 3)
		if err := r.Done(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzReadMultiProof(f *testing.F) {
	leaves := testLeaves(11)
	tree := NewFixed(leaves)
	for _, set := range [][]uint32{{0}, {10}, {2, 3}, {0, 5, 10}, {1, 2, 3, 4, 8}} {
		p, _ := tree.ProveAll(set)
		f.Add(p.Append(nil))
	}
	f.Add(MultiProof{}.Append(nil))
	f.Add(MultiProof{math.MaxUint32, []uint32{0, math.MaxUint32 - 1}, nil}.Append(nil))
	root := tree.Root()
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		p := ReadMultiProof(r, 16)
		if r.Done() != nil {
			return
		}
		if got := p.Append(nil); !slices.Equal(got, b) {
			t.Fatalf("decoded %x, encoded %x", b, got)
		}
		forged := make([]Hash, len(p.Indexes))
		for i := range forged {
			forged[i] = LeafHash([]byte("forged"))
		}
		if p.Verify(root, forged) == nil {
			t.Fatalf("%x proves leaves that are not there", b)
		}
		// One claim has one proof.
		if p.Count == 11 && p.Verify(root, pick(leaves, p.Indexes)) == nil {
			if want, _ := tree.ProveAll(p.Indexes); !slices.Equal(want.Append(nil), b) {
				t.Fatalf("%x is a second proof", b)
			}
		}
	})
}

// BenchmarkMultiProof verifies 256 of 1024 leaves, in a row and scattered, by one proof and by a path for each.
func BenchmarkMultiProof(b *testing.B) {
	leaves := make([]Hash, 1024)
	for i := range leaves {
		leaves[i] = LeafHash([]byte{byte(i), byte(i >> 8)})
	}
	f := NewFixed(leaves)
	row, scattered := make([]uint32, 256), []uint32{}
	for i := range row {
		row[i] = uint32(300 + i)
	}
	for _, i := range rand.New(rand.NewPCG(4, 4)).Perm(1024)[:256] {
		scattered = append(scattered, uint32(i))
	}
	slices.Sort(scattered)
	for name, set := range map[string][]uint32{"row": row, "scattered": scattered} {
		picked := pick(leaves, set)
		b.Run(name+"/prove", func(b *testing.B) {
			for b.Loop() {
				_, _ = f.ProveAll(set)
			}
		})
		b.Run(name+"/one", func(b *testing.B) { benchMulti(b, f, set, picked) })
		b.Run(name+"/single", func(b *testing.B) { benchSingles(b, f, set, picked) })
	}
}

func benchMulti(b *testing.B, f *Fixed, set []uint32, picked []Hash) {
	root := f.Root()
	p, _ := f.ProveAll(set)
	for b.Loop() {
		if err := p.Verify(root, picked); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(p.Append(nil))), "proof-B")
}

func benchSingles(b *testing.B, f *Fixed, set []uint32, picked []Hash) {
	root := f.Root()
	proofs, bytes := make([]Proof, len(set)), 0
	for i := range set {
		proofs[i], _ = f.Prove(int(set[i]))
		bytes += len(proofs[i].Append(nil))
	}
	for b.Loop() {
		for i := range proofs {
			if err := proofs[i].Verify(root, picked[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(bytes), "proof-B")
}

func BenchmarkAccumulatorAppend(b *testing.B) {
	var a Accumulator
	b.ReportAllocs()
	for b.Loop() {
		a.Append(Hash{1})
	}
}

// BenchmarkPlaceVerify verifies a place in a mountain of a million leaves.
func BenchmarkPlaceVerify(b *testing.B) {
	p := Place{Index: 12345, Path: make([]Hash, 20)}
	a := Accumulator{Count: million, Peaks: []Hash{p.fold(Hash{1})}}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Verify(p, Hash{1}); err != nil {
			b.Fatal(err)
		}
	}
}

// Narrow gives what ProveAll does, for each run of each set of leaves.
func TestNarrow(t *testing.T) {
	for count := 1; count <= 9; count++ {
		leaves := make([]Hash, count)
		for i := range leaves {
			leaves[i] = LeafHash([]byte{byte(i)})
		}
		f := NewFixed(leaves)
		for set := 1; set < 1<<count; set++ {
			var indexes []uint32
			for i := range count {
				if set>>i&1 == 1 {
					indexes = append(indexes, uint32(i))
				}
			}
			p, err := f.ProveAll(indexes)
			if err != nil {
				t.Fatal(err)
			}
			for from := range indexes {
				for to := from + 1; to <= len(indexes); to++ {
					want, err := f.ProveAll(indexes[from:to])
					if err != nil {
						t.Fatal(err)
					}
					got, err := p.Narrow(pick(leaves, indexes), from, to)
					if err != nil || !slices.Equal(got.Append(nil), want.Append(nil)) {
						t.Fatalf("%v from %d to %d of %d: %v, want %v (%v)", indexes, from, to, count, got, want, err)
					}
				}
			}
		}
	}
	p := MultiProof{Count: 4, Indexes: []uint32{1, 2}, Path: make([]Hash, 2)}
	for _, x := range []struct{ leaves, from, to int }{{1, 0, 1}, {2, -1, 1}, {2, 1, 1}, {2, 2, 3}, {2, 0, 3}} {
		if _, err := p.Narrow(make([]Hash, x.leaves), x.from, x.to); !errors.Is(err, ErrForm) {
			t.Errorf("%+v: %v", x, err)
		}
	}
	p.Path = p.Path[:1]
	if _, err := p.Narrow(make([]Hash, 2), 0, 1); !errors.Is(err, ErrForm) {
		t.Errorf("a path that is too short: %v", err)
	}
}
