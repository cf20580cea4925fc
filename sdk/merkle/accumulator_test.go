package merkle

import (
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/wire"
)

// slowMountain is the definition of a node over a power of two of leaves (M10), written out.
func slowMountain(leaves []Hash) Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	half := len(leaves) / 2
	l, r := slowMountain(leaves[:half]), slowMountain(leaves[half:])
	return wire.Sum(wire.TagMountain, []byte{byte(bits.Len(uint(half)))}, l[:], r[:])
}

// slowPeaks is the definition of the peaks: the largest mountain that fits stands first.
func slowPeaks(leaves []Hash) []Hash {
	if len(leaves) == 0 {
		return nil
	}
	first := 1
	for 2*first <= len(leaves) {
		first *= 2
	}
	return append([]Hash{slowMountain(leaves[:first])}, slowPeaks(leaves[first:])...)
}

type nodeKey struct {
	level uint8
	index uint64
}

// nodes is what somebody keeps who keeps all that Append returns.
type nodes map[nodeKey]Hash

func (n nodes) get(level uint8, index uint64) (Hash, error) {
	hash, ok := n[nodeKey{level, index}]
	if !ok {
		return Hash{}, errors.New("not kept")
	}
	return hash, nil
}

// grow appends leaves to an empty accumulator and returns it as it was at each count, with the nodes that came to be.
func grow(t testing.TB, leaves []Hash) ([]Accumulator, nodes) {
	t.Helper()
	var a Accumulator
	at, kept := []Accumulator{a}, nodes{}
	for _, leaf := range leaves {
		for _, n := range a.Append(leaf) {
			key := nodeKey{n.Level, n.Index}
			if _, ok := kept[key]; ok {
				t.Fatalf("node %v came to be twice", key)
			}
			kept[key] = n.Hash
		}
		at = append(at, a)
	}
	return at, kept
}

// TestAccumulatorOfAllSmallSizes holds peaks and nodes to their definitions, and copies to what they were.
func TestAccumulatorOfAllSmallSizes(t *testing.T) {
	const most = 140
	leaves := testLeaves(most)
	at, kept := grow(t, leaves)
	for n, a := range at {
		if a.Count != uint64(n) || !slices.Equal(a.Peaks, slowPeaks(leaves[:n])) {
			t.Fatalf("%d leaves: %d, peaks %x, want %x", n, a.Count, a.Peaks, slowPeaks(leaves[:n]))
		}
		b, err := DecodeAccumulator(a.Encode())
		if err != nil || b.Count != a.Count || !slices.Equal(b.Peaks, a.Peaks) {
			t.Fatalf("%d leaves: decoded %v, %v", n, b, err)
		}
		if n < most { // a copy that grows differently leaves the other as it is
			a.Append(Hash{1})
		}
	}
	for n, a := range at {
		if !slices.Equal(a.Peaks, slowPeaks(leaves[:n])) {
			t.Fatalf("%d leaves: a copy's growth changed the peaks", n)
		}
	}
	want := 0
	for level := 0; 1<<level <= most; level++ {
		for i := 0; (i+1)<<level <= most; i++ {
			want++
			hash, err := kept.get(uint8(level), uint64(i))
			if err != nil || hash != slowMountain(leaves[i<<level:(i+1)<<level]) {
				t.Fatalf("node %d of level %d: %x, %v", i, level, hash, err)
			}
		}
	}
	if len(kept) != want {
		t.Fatalf("%d nodes came to be, want %d", len(kept), want)
	}
}

// TestAppendReturnsLeafFirst: the leaf, then each node over the one before, the new peak last; fewer than two on average.
func TestAppendReturnsLeafFirst(t *testing.T) {
	var a Accumulator
	all := 0
	for i, leaf := range testLeaves(256) {
		made := a.Append(leaf)
		all += len(made)
		if made[0] != (Node{0, uint64(i), leaf}) || made[len(made)-1].Hash != a.Peaks[len(a.Peaks)-1] {
			t.Fatalf("leaf %d: %v", i, made)
		}
		for k, n := range made {
			if int(n.Level) != k || n.Index != uint64(i)>>k {
				t.Fatalf("leaf %d: node %d is %d of level %d", i, k, n.Index, n.Level)
			}
		}
		if all > 2*(i+1)-1 {
			t.Fatalf("%d nodes for %d leaves", all, i+1)
		}
	}
}

// TestPlacesAtAllCounts proves every leaf at every count, old ones too, and tries each place at all other counts, indexes
// and leaves. A place outlives growth exactly as long as its mountain stands (M12).
func TestPlacesAtAllCounts(t *testing.T) {
	const most = 40
	leaves := testLeaves(most)
	at, kept := grow(t, leaves)
	height := func(n, i int) int { // of the mountain of i, found by taking mountains off
		for h := 6; ; h-- {
			if n>>h&1 == 1 {
				if i < 1<<h {
					return h
				}
				i -= 1 << h
			}
		}
	}
	for n := 1; n <= most; n++ {
		for i := range n {
			p, err := ProvePlace(uint64(n), uint64(i), kept.get)
			if err != nil || p.Index != uint64(i) || len(p.Path) != height(n, i) {
				t.Fatalf("leaf %d of %d: %v, %v", i, n, p, err)
			}
			for m := range at {
				want := i < m && height(m, i) == height(n, i)
				if err := at[m].Verify(p, leaves[i]); (err == nil) != want {
					t.Fatalf("leaf %d of %d verifies with %d: %v", i, n, m, err)
				}
			}
			for j := range most {
				if err := at[n].Verify(p, leaves[j]); (err == nil) != (i == j) {
					t.Fatalf("leaf %d of %d: verifies for leaf %d: %v", i, n, j, err)
				}
				q := Place{uint64(j), p.Path}
				if err := at[n].Verify(q, leaves[i]); (err == nil) != (i == j) {
					t.Fatalf("leaf %d of %d: verifies at %d: %v", i, n, j, err)
				}
			}
			checkPaths(t, p.Path, func(path []Hash) error { return at[n].Verify(Place{p.Index, path}, leaves[i]) })
		}
	}
}

// checkPaths tries a path with a hash more, less, or two in each other's place.
func checkPaths(t *testing.T, path []Hash, verify func([]Hash) error) {
	t.Helper()
	for i := range len(path) + 1 {
		for _, extra := range []Hash{{}, {1}} {
			wantErr(t, verify(slices.Insert(slices.Clone(path), i, extra)), ErrHeight)
		}
		if i == len(path) {
			break
		}
		wantErr(t, verify(slices.Delete(slices.Clone(path), i, i+1)), ErrHeight)
		for j := range i {
			swapped := slices.Clone(path)
			swapped[i], swapped[j] = path[j], path[i]
			wantErr(t, verify(swapped), ErrMismatch)
		}
	}
}

func TestPlaceBitFlips(t *testing.T) {
	leaves := testLeaves(13)
	at, kept := grow(t, leaves)
	a := at[13]
	for i, leaf := range leaves {
		p, _ := ProvePlace(13, uint64(i), kept.get)
		b := p.Append(nil)
		for bit := range 8 * len(b) {
			r := wire.NewReader(flip(b, bit))
			q := ReadPlace(r)
			if r.Done() == nil && a.Verify(q, leaf) == nil {
				t.Fatalf("leaf %d: verifies with bit %d flipped", i, bit)
			}
		}
		_, used := whereabouts(13, uint64(i))
		for bit := range 8 * len(Hash{}) {
			if a.Verify(p, Hash(flip(leaf[:], bit))) == nil {
				t.Fatalf("leaf %d: verifies with bit %d of it flipped", i, bit)
			}
			for k := range a.Peaks {
				forged := Accumulator{a.Count, slices.Clone(a.Peaks)}
				forged.Peaks[k] = Hash(flip(a.Peaks[k][:], bit))
				if (forged.Verify(p, leaf) == nil) != (k != used) {
					t.Fatalf("leaf %d: bit %d of peak %d flipped: %v", i, bit, k, forged.Verify(p, leaf))
				}
			}
		}
	}
}

// TestMountainsAreApart: equal nodes are over equal leaves, even where somebody chose nodes as leaves, and none is a node of
// a fixed tree (M10); nothing but a leaf is proven as one (M12).
func TestMountainsAreApart(t *testing.T) {
	leaves := testLeaves(4)
	at, _ := grow(t, leaves)
	inner, _ := grow(t, []Hash{at[2].Peaks[0], mountain(1, leaves[2], leaves[3])})
	if at[4].Peaks[0] == inner[2].Peaks[0] {
		t.Fatal("two nodes as leaves lead to the peak of four leaves")
	}
	if at[2].Peaks[0] == node(leaves[0], leaves[1]) {
		t.Fatal("an accumulator and a fixed tree share a node")
	}
	short := Place{Index: 1, Path: []Hash{at[2].Peaks[0]}} // node 1 of level 1, as a leaf of two
	for n := range at {
		if at[n].Verify(short, mountain(1, leaves[2], leaves[3])) == nil {
			t.Fatalf("%d leaves: an inner node is proven as leaf", n)
		}
	}
}

// TestHighMountains tries each mountain of the largest accumulator: no shift may run over.
func TestHighMountains(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	a := Accumulator{Count: math.MaxUint64, Peaks: make([]Hash, 64)}
	for i := range a.Peaks {
		a.Peaks[i] = randomHash(rnd)
	}
	for h := range 64 {
		start := ^uint64(0) << h << 1 // the leaves of the mountains before
		for _, index := range []uint64{start, start | 1<<h>>1, start | rnd.Uint64()&(1<<h-1), start | (1<<h - 1)} {
			leaf := randomHash(rnd)
			asked := 0
			p, err := ProvePlace(a.Count, index, func(level uint8, at uint64) (Hash, error) {
				if int(level) != asked || at != index>>level^1 {
					t.Fatalf("leaf %d: asks for node %d of level %d", index, at, level)
				}
				asked++
				return randomHash(rnd), nil
			})
			if err != nil || asked != h {
				t.Fatalf("leaf %d: %d nodes, want %d: %v", index, asked, h, err)
			}
			want := leaf
			for level, sibling := range p.Path {
				l, r := want, sibling
				if index>>level&1 == 1 {
					l, r = r, l
				}
				want = wire.Sum(wire.TagMountain, []byte{byte(level + 1)}, l[:], r[:])
			}
			wantErr(t, a.Verify(p, leaf), ErrMismatch)
			a.Peaks[63-h] = want
			r := wire.NewReader(p.Append(nil))
			if q := ReadPlace(r); r.Done() != nil || a.Verify(q, leaf) != nil {
				t.Fatalf("leaf %d: %v, %v", index, r.Done(), a.Verify(q, leaf))
			}
		}
	}
	_, err := ProvePlace(math.MaxUint64, math.MaxUint64, nodes{}.get)
	wantErr(t, err, ErrIndex)
}

// TestLongestCarry: the leaf that completes 63 mountains, and the one that fills the accumulator.
func TestLongestCarry(t *testing.T) {
	a := Accumulator{Count: 1<<63 - 1, Peaks: make([]Hash, 63)}
	if made := a.Append(Hash{1}); len(made) != 64 || made[63].Level != 63 || made[63].Index != 0 || len(a.Peaks) != 1 {
		t.Fatalf("%d nodes, %d peaks", len(made), len(a.Peaks))
	}
	a = Accumulator{Count: math.MaxUint64 - 1, Peaks: make([]Hash, 63)}
	if made := a.Append(Hash{1}); len(made) != 1 || made[0].Index != math.MaxUint64-1 || len(a.Peaks) != 64 {
		t.Fatalf("%d nodes, %d peaks", len(made), len(a.Peaks))
	}
}

func TestAppendAsserts(t *testing.T) {
	for name, c := range map[string]struct {
		a    Accumulator
		leaf Hash
	}{
		"zero leaf":      {Accumulator{}, Hash{}},
		"full":           {Accumulator{math.MaxUint64, make([]Hash, 64)}, Hash{1}},
		"a peak too few": {Accumulator{3, make([]Hash, 1)}, Hash{1}},
	} {
		func() {
			defer func() {
				if _, ok := recover().(assert.Failure); !ok {
					t.Errorf("%s: appended", name)
				}
			}()
			c.a.Append(c.leaf)
		}()
	}
}

func TestPlaceRefusals(t *testing.T) {
	leaves := testLeaves(7)
	at, kept := grow(t, leaves)
	for _, c := range []struct {
		name   string
		change func(a *Accumulator, p *Place, leaf *Hash)
		want   error
	}{
		{"nothing changed", func(a *Accumulator, p *Place, leaf *Hash) {}, nil},
		{"empty accumulator", func(a *Accumulator, p *Place, leaf *Hash) { *a = Accumulator{} }, ErrIndex},
		{"index is the count", func(a *Accumulator, p *Place, leaf *Hash) { p.Index = 7 }, ErrIndex},
		{"index in another mountain", func(a *Accumulator, p *Place, leaf *Hash) { p.Index = 5 }, ErrHeight},
		{"another index", func(a *Accumulator, p *Place, leaf *Hash) { p.Index = 1 }, ErrMismatch},
		{"zero leaf", func(a *Accumulator, p *Place, leaf *Hash) { *leaf = Hash{} }, ErrZero},
		{"zero leaf for a zero peak", func(a *Accumulator, p *Place, leaf *Hash) {
			*a, *p, *leaf = Accumulator{1, []Hash{{}}}, Place{}, Hash{}
		}, ErrZero},
		{"a peak too few", func(a *Accumulator, p *Place, leaf *Hash) { a.Peaks = a.Peaks[:2] }, ErrPeaks},
		{"a peak too many", func(a *Accumulator, p *Place, leaf *Hash) { a.Peaks = append(a.Peaks[:3:3], Hash{1}) }, ErrPeaks},
	} {
		p, _ := ProvePlace(7, 2, kept.get)
		a, leaf := at[7], leaves[2]
		c.change(&a, &p, &leaf)
		if err := a.Verify(p, leaf); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestProvePlaceRefusals(t *testing.T) {
	_, kept := grow(t, testLeaves(7))
	for _, c := range [][2]uint64{{0, 0}, {7, 7}, {7, math.MaxUint64}} {
		_, err := ProvePlace(c[0], c[1], kept.get)
		wantErr(t, err, ErrIndex)
	}
	kept[nodeKey{1, 1}] = Hash{}
	_, err := ProvePlace(7, 0, kept.get)
	wantErr(t, err, ErrZero)
	lost := errors.New("lost")
	_, err = ProvePlace(7, 0, func(uint8, uint64) (Hash, error) { return Hash{1}, lost })
	wantErr(t, err, lost)
}

func TestAccumulatorDecoderRefusals(t *testing.T) {
	at, _ := grow(t, testLeaves(7))
	good := at[7].Encode()
	zero := slices.Clone(good)
	clear(zero[9+32 : 9+64])
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":         {nil, wire.ErrShort},
		"version":         {flip(good, 0), wire.ErrVersion},
		"a peak too few":  {good[:len(good)-32], wire.ErrShort},
		"a peak too many": {append(slices.Clone(good), good[9:41]...), wire.ErrTrailing},
		"a leaf more":     {flip(good, 8*8+4), wire.ErrShort},    // 7 -> 15
		"a leaf less":     {flip(good, 8*8+7), wire.ErrTrailing}, // 7 -> 6
		"zero peak":       {zero, wire.ErrValue},
	} {
		if _, err := DecodeAccumulator(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestReadPlaceTakesTheLimitFirst(t *testing.T) {
	r := wire.NewReader(Place{Path: make([]Hash, 64)}.Append(nil))
	ReadPlace(r)
	wantErr(t, r.Done(), wire.ErrLimit)
}

func TestVerifyPlaceAllocatesNothing(t *testing.T) {
	leaves := testLeaves(100)
	at, kept := grow(t, leaves)
	p, _ := ProvePlace(100, 3, kept.get)
	a := at[100]
	if n := testing.AllocsPerRun(10, func() { _ = a.Verify(p, leaves[3]) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func FuzzDecodeAccumulator(f *testing.F) {
	leaves := testLeaves(13)
	at, _ := grow(f, leaves)
	for _, n := range []int{0, 1, 7, 13} {
		f.Add(at[n].Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeAccumulator(b)
		if err != nil {
			return
		}
		if got := a.Encode(); !slices.Equal(got, b) {
			t.Fatalf("decoded %x, encoded %x", b, got)
		}
		if a.Count == math.MaxUint64 {
			return
		}
		// What was decoded can grow, and shows its newest leaf's place at least.
		made := nodes{}
		for _, n := range a.Append(Hash{1}) {
			made[nodeKey{n.Level, n.Index}] = n.Hash
		}
		if level, _ := whereabouts(a.Count, a.Count-1); level > 0 {
			return
		}
		p, err := ProvePlace(a.Count, a.Count-1, made.get)
		if err != nil || a.Verify(p, Hash{1}) != nil {
			t.Fatalf("%d leaves: newest: %v, %v", a.Count, err, a.Verify(p, Hash{1}))
		}
	})
}

func FuzzReadPlace(f *testing.F) {
	leaves := testLeaves(13)
	at, kept := grow(f, leaves)
	for _, i := range []uint64{0, 5, 9, 12} {
		p, _ := ProvePlace(13, i, kept.get)
		f.Add(p.Append(nil))
	}
	f.Add(Place{}.Append(nil))
	a := at[13]
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		p := ReadPlace(r)
		if r.Done() != nil {
			return
		}
		if got := p.Append(nil); !slices.Equal(got, b) {
			t.Fatalf("decoded %x, encoded %x", b, got)
		}
		if a.Verify(p, LeafHash([]byte("forged"))) == nil {
			t.Fatalf("%x proves a leaf that is not there", b)
		}
		// One claim has one proof.
		if p.Index < 13 && a.Verify(p, leaves[p.Index]) == nil {
			if want, _ := ProvePlace(13, p.Index, kept.get); !slices.Equal(want.Append(nil), b) {
				t.Fatalf("%x is a second proof", b)
			}
		}
	})
}
