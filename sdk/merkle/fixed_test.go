package merkle

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/wire"
)

// slowRoot is the definition (M1, M2), written out.
func slowRoot(leaves []Hash) Hash {
	padded := slices.Clone(leaves)
	for len(padded) == 0 || bits.OnesCount(uint(len(padded))) != 1 {
		padded = append(padded, Hash{})
	}
	n := binary.BigEndian.AppendUint32(nil, uint32(len(leaves)))
	top := slowTop(padded)
	return wire.Sum(wire.TagRoot, n, top[:])
}

func slowTop(padded []Hash) Hash {
	if len(padded) == 1 {
		return padded[0]
	}
	l, r := slowTop(padded[:len(padded)/2]), slowTop(padded[len(padded)/2:])
	if l == (Hash{}) && r == (Hash{}) {
		return Hash{}
	}
	return wire.Sum(wire.TagNode, l[:], r[:])
}

func testLeaves(n int) []Hash {
	leaves := make([]Hash, n)
	for i := range leaves {
		leaves[i] = LeafHash([]byte{byte(i)}, []byte("leaf"))
	}
	return leaves
}

func TestFixedTreesOfAllSmallSizes(t *testing.T) {
	roots := map[Hash]int{}
	for n := range 70 {
		leaves := testLeaves(n)
		before := slices.Clone(leaves)
		root := Root(leaves)
		if want := slowRoot(leaves); root != want || NewFixed(leaves).Root() != want {
			t.Fatalf("%d leaves: Root %x, Fixed %x, want %x", n, root, NewFixed(leaves).Root(), want)
		}
		if !slices.Equal(leaves, before) {
			t.Fatalf("%d leaves: Root changed its argument", n)
		}
		if m, ok := roots[root]; ok {
			t.Fatalf("%d and %d leaves have one root", m, n)
		}
		roots[root] = n
		for i := range leaves {
			p, err := Prove(leaves, i)
			if err != nil {
				t.Fatal(err)
			}
			if want := bits.Len(uint(n - 1)); len(p.Path) != want {
				t.Fatalf("leaf %d of %d: path of %d, want %d", i, n, len(p.Path), want)
			}
			if err := p.Verify(root, leaves[i]); err != nil {
				t.Fatal(err)
			}
			if err := p.Verify(root, leaves[(i+1)%n]); n > 1 && !errors.Is(err, ErrMismatch) {
				t.Fatalf("leaf %d of %d proves its neighbour: %v", i, n, err)
			}
		}
	}
}

// TestZeroLeavesArePadding: zero hashes among the leaves hash as padding does, whether or not they are stored.
func TestZeroLeavesArePadding(t *testing.T) {
	for n := range 20 {
		leaves := testLeaves(n)
		for i := n / 3; i < n-n/4; i++ {
			leaves[i] = Hash{}
		}
		if want := slowRoot(leaves); Root(leaves) != want || NewFixed(leaves).Root() != want {
			t.Fatalf("%d leaves: Root %x, want %x", n, Root(leaves), want)
		}
	}
}

func TestRootAllocatesOnce(t *testing.T) {
	leaves := testLeaves(100)
	if n := testing.AllocsPerRun(10, func() { Root(leaves) }); n > 1 {
		t.Fatalf("%v allocations", n)
	}
}

func TestFixedProofRefusals(t *testing.T) {
	leaves := testLeaves(5)
	root := Root(leaves)
	good, err := Prove(leaves, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(p *Proof, root, leaf *Hash)
		want   error
	}{
		{"nothing changed", func(p *Proof, root, leaf *Hash) {}, nil},
		{"index is the count", func(p *Proof, root, leaf *Hash) { p.Index = 5 }, ErrIndex},
		{"empty tree", func(p *Proof, root, leaf *Hash) { *p = Proof{} }, ErrIndex},
		{"path too short", func(p *Proof, root, leaf *Hash) { p.Path = p.Path[1:] }, ErrHeight},
		{"path too long", func(p *Proof, root, leaf *Hash) { p.Path = append(p.Path, Hash{}) }, ErrHeight},
		{"count of another height", func(p *Proof, root, leaf *Hash) { p.Count = 9 }, ErrHeight},
		{"count of the same height", func(p *Proof, root, leaf *Hash) { p.Count = 6 }, ErrMismatch},
		{"another index", func(p *Proof, root, leaf *Hash) { p.Index = 3 }, ErrMismatch},
		{"zero root", func(p *Proof, root, leaf *Hash) { *root = Hash{} }, ErrZero},
		{"zero leaf", func(p *Proof, root, leaf *Hash) { *leaf = Hash{} }, ErrZero},
		{"an inner node as leaf", func(p *Proof, root, leaf *Hash) {
			*leaf = node(leaves[2], leaves[3])
			*p = Proof{Index: 1, Count: 3, Path: p.Path[1:]}
		}, ErrMismatch},
	} {
		p, r, l := Proof{good.Index, good.Count, slices.Clone(good.Path)}, root, leaves[2]
		c.change(&p, &r, &l)
		if err := p.Verify(r, l); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, i := range []int{-1, 5} {
		if _, err := Prove(leaves, i); !errors.Is(err, ErrIndex) {
			t.Errorf("Prove(%d): %v", i, err)
		}
	}
	padding := Proof{Index: 5, Count: 6, Path: good.Path}
	if err := padding.Verify(root, Hash{}); !errors.Is(err, ErrZero) {
		t.Errorf("padding proven: %v", err)
	}
}

func TestFixedProofBitFlips(t *testing.T) {
	leaves := testLeaves(11)
	root := Root(leaves)
	for i := range leaves {
		p, _ := Prove(leaves, i)
		b := p.Append(nil)
		for bit := range 8 * len(b) {
			forged := flip(b, bit)
			r := wire.NewReader(forged)
			q := ReadProof(r)
			if r.Done() == nil && q.Verify(root, leaves[i]) == nil {
				t.Fatalf("leaf %d: verifies with bit %d flipped", i, bit)
			}
		}
	}
}

func flip(b []byte, bit int) []byte {
	b = slices.Clone(b)
	b[bit/8] ^= 0x80 >> (bit % 8)
	return b
}

func FuzzReadProof(f *testing.F) {
	leaves := testLeaves(11)
	for _, i := range []int{0, 5, 10} {
		p, _ := Prove(leaves, i)
		f.Add(p.Append(nil))
	}
	f.Add(Proof{}.Append(nil))
	root := Root(leaves)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewReader(b)
		p := ReadProof(r)
		if r.Done() != nil {
			return
		}
		if got := p.Append(nil); !slices.Equal(got, b) {
			t.Fatalf("decoded %x, encoded %x", b, got)
		}
		if p.Verify(root, LeafHash([]byte("forged"))) == nil {
			t.Fatalf("%x proves a leaf that is not there", b)
		}
	})
}

func TestReadProofTakesTheLimitFirst(t *testing.T) {
	b := Proof{Count: 1, Path: make([]Hash, maxPath+1)}.Append(nil)
	r := wire.NewReader(b)
	ReadProof(r)
	if err := r.Done(); !errors.Is(err, wire.ErrLimit) {
		t.Fatal(err)
	}
}
