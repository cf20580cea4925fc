package merkle

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// A fold has the root of the tree; its pieces are the state, each hashes to what is said of it, none is larger than it may be, and any
// change of them changes the root.
func TestFold(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for n := range 120 {
		var leaves []Leaf
		for range n {
			leaf := Leaf{Value: Hash{1, byte(random.Uint32())}}
			for i := range leaf.Path {
				leaf.Path[i] = byte(random.IntN(3)) // many share bits
			}
			leaves = append(leaves, leaf)
		}
		slices.SortFunc(leaves, func(a, b Leaf) int { return bytes.Compare(a.Path[:], b.Path[:]) })
		tree := New()
		i := 0
		if err := tree.Load(func() (Path, Hash, bool) {
			if i++; i > n {
				return Path{}, Hash{}, false
			}
			return leaves[i-1].Path, leaves[i-1].Value, true
		}); err != nil {
			t.Fatal(err)
		}
		most := 1 + random.IntN(20)
		f := Fold{Most: most}
		for _, l := range leaves {
			if err := f.Add(l, 1+int(l.Value[1])%3); err != nil {
				t.Fatal(err)
			}
		}
		root, pieces := f.End()
		if root != tree.Root() {
			t.Fatalf("seed %d: the root of %d leaves differs from the tree's", seed, n)
		}
		if joined, err := Join(pieces); err != nil || joined != root {
			t.Fatalf("seed %d: the pieces of %d leaves: %v", seed, n, err)
		}
		holdPieces(t, seed, leaves, pieces, most)
	}
}

func holdPieces(t *testing.T, seed uint64, leaves []Leaf, pieces []Piece, most int) {
	t.Helper()
	at := 0
	for k, p := range pieces {
		var part Fold
		size, begin := 0, at
		for at < len(leaves) && (k+1 == len(pieces) || bytes.Compare(leaves[at].Path[:], pieces[k+1].Path[:]) < 0) {
			size += 1 + int(leaves[at].Value[1])%3
			if err := part.Add(leaves[at], 1); err != nil {
				t.Fatal(err)
			}
			at++
		}
		if begin == at || leaves[begin].Path != p.Path || size != p.Size || size > most && at-begin > 1 {
			t.Fatalf("seed %d: piece %d has %d leaves of %d, and says %d of at most %d", seed, k, at-begin, size, p.Size, most)
		}
		if root, _ := part.End(); root != p.Hash {
			t.Fatalf("seed %d: piece %d has another hash than its leaves", seed, k)
		}
		changed := slices.Clone(pieces)
		changed[k].Hash[0] ^= 1
		whole, _ := Join(pieces)
		if root, err := Join(changed); err == nil && root == whole {
			t.Fatalf("seed %d: piece %d counts for nothing", seed, k)
		}
		if root, err := Join(slices.Delete(slices.Clone(pieces), k, k+1)); err == nil && root == whole {
			t.Fatalf("seed %d: piece %d can be left out", seed, k)
		}
	}
	if at != len(leaves) {
		t.Fatalf("seed %d: %d leaves are in no piece", seed, len(leaves)-at)
	}
}

func TestFoldRefuses(t *testing.T) {
	var f Fold
	if err := f.Add(Leaf{Path: Path{2}, Value: Hash{1}}, 1); err != nil {
		t.Fatal(err)
	}
	for _, p := range []Path{{2}, {1}} {
		if err := f.Add(Leaf{Path: p, Value: Hash{1}}, 1); !errors.Is(err, ErrOrder) {
			t.Errorf("%x: %v", p[:1], err)
		}
	}
	if err := f.Add(Leaf{Path: Path{3}}, 1); !errors.Is(err, ErrZero) {
		t.Errorf("no value: %v", err)
	}
	if _, err := Join([]Piece{{Path: Path{1}}}); !errors.Is(err, ErrZero) {
		t.Errorf("no hash: %v", err)
	}
}
