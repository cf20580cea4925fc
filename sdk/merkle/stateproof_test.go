package merkle

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/wire"
)

// stateClaim is what a proof is for.
type stateClaim struct {
	at    Prefix
	root  Hash
	path  Path
	value Hash
}

func (c stateClaim) verify(p StateProof) error { return p.VerifyAt(c.at, c.root, c.path, c.value) }

// checkStateProof verifies a proof, also after encoding, and that it proves no other value.
func checkStateProof(t *testing.T, c stateClaim, p StateProof) {
	t.Helper()
	b := p.Append(nil)
	r := wire.NewReader(b)
	q := ReadStateProof(r)
	if err := r.Done(); err != nil {
		t.Fatal(err)
	}
	if got := q.Append(nil); !slices.Equal(got, b) {
		t.Fatalf("encoded %x, decoded and encoded %x", b, got)
	}
	if err := c.verify(q); err != nil {
		t.Fatalf("value %x: %v", c.value, err)
	}
	for _, other := range []Hash{{}, {1}, {2}, {3}, {9}} {
		d := c
		d.value = other
		if other != c.value && d.verify(q) == nil {
			t.Fatalf("proof of value %x proves %x", c.value, other)
		}
	}
}

// proofTree holds random paths, some pairs with long common prefixes, and an account with slots.
func proofTree(t testing.TB) (*Tree, []Leaf) {
	rnd := rand.New(rand.NewPCG(7, 7))
	leaves := randomLeaves(rnd, 40)
	for i, n := range []int{447, 440, 300, 200, 193, 100, 20, 9} {
		l := leaves[i]
		l.Path[n/8] ^= 0x80 >> (n % 8)
		leaves = append(leaves, l)
	}
	address := [24]byte{0, 0, 0, 1, 5}
	leaves = append(leaves, Leaf{AccountPath(address), Hash{1}})
	for i := range byte(5) {
		leaves = append(leaves, Leaf{SlotPath(address, []byte{i}), Hash{2}})
	}
	sortLeaves(leaves)
	tree := New()
	if err := tree.Load(from(leaves)); err != nil {
		t.Fatal(err)
	}
	return tree, leaves
}

// TestStateProofBitFlips: any bit of proof, value or path that is flipped makes a proof of presence fail; of a proof of
// absence any bit of the proof, and any bit of the path that the walk used.
func TestStateProofBitFlips(t *testing.T) {
	tree, leaves := proofTree(t)
	claims := []stateClaim{}
	for _, l := range leaves {
		claims = append(claims, stateClaim{root: tree.Root(), path: l.Path, value: l.Value})
		for _, n := range []int{0, 3, 100, 195, 446, 447} {
			p := l.Path
			p[n/8] ^= 0x80 >> (n % 8)
			if !slices.ContainsFunc(leaves, func(l Leaf) bool { return l.Path == p }) {
				claims = append(claims, stateClaim{root: tree.Root(), path: p})
			}
		}
	}
	for _, c := range claims {
		p, err := tree.Prove(nil, c.path)
		if err != nil {
			t.Fatal(err)
		}
		checkStateProof(t, c, p)
		flipProof(t, c, p)
		used := p.depth()
		if c.value != (Hash{}) {
			used = PathBits
		}
		for bit := range used {
			d := c
			d.path = Path(flip(c.path[:], bit))
			if d.verify(p) == nil {
				t.Fatalf("verifies with bit %d of the path flipped", bit)
			}
		}
		for bit := range 8 * len(Hash{}) {
			d, e := c, c
			d.value, e.root = Hash(flip(c.value[:], bit)), Hash(flip(c.root[:], bit))
			if d.verify(p) == nil || e.verify(p) == nil {
				t.Fatalf("verifies with bit %d of the value or root flipped", bit)
			}
		}
	}
}

func flipProof(t *testing.T, c stateClaim, p StateProof) {
	t.Helper()
	b := p.Append(nil)
	for bit := 0; bit < 8*len(b); bit += 1 + bit/64 { // all bits at the front, some of the hashes
		r := wire.NewReader(flip(b, bit))
		q := ReadStateProof(r)
		if r.Done() == nil && c.verify(q) == nil {
			t.Fatalf("verifies with bit %d of %d flipped", bit, 8*len(b))
		}
	}
}

func TestStateProofForgeries(t *testing.T) {
	tree, leaves := proofTree(t)
	l := leaves[17]
	absent := l.Path
	absent[55] ^= 1
	for _, c := range []struct {
		name   string
		path   Path
		change func(c *stateClaim, p *StateProof)
		want   error
	}{
		{"present", l.Path, func(c *stateClaim, p *StateProof) { c.value = l.Value }, nil},
		{"absent", absent, func(c *stateClaim, p *StateProof) {}, nil},
		{"absence of what is there", l.Path, func(c *stateClaim, p *StateProof) {}, ErrMismatch},
		{"the leaf itself as another", l.Path, func(c *stateClaim, p *StateProof) { p.Other = &l }, ErrForm},
		{"a leaf of elsewhere as the other", l.Path, func(c *stateClaim, p *StateProof) { p.Other = &leaves[0] }, ErrForm},
		{"another's leaf as own", absent, func(c *stateClaim, p *StateProof) { c.value = l.Value }, ErrForm},
		{"another's place for a value", absent, func(c *stateClaim, p *StateProof) {
			p.Other, c.value = nil, l.Value
		}, ErrMismatch},
		{"other leaf without value", absent, func(c *stateClaim, p *StateProof) { p.Other = &Leaf{Path: l.Path} }, ErrForm},
		{"zero root", absent, func(c *stateClaim, p *StateProof) { c.root = Hash{} }, ErrZero},
		{"empty proof for a zero root", absent, func(c *stateClaim, p *StateProof) {
			*p, c.root = StateProof{}, Hash{}
		}, ErrZero},
		{"walk shifted by a level", absent, func(c *stateClaim, p *StateProof) { c.at = Prefix{absent, 1} }, ErrMismatch},
		{"below another prefix", absent, func(c *stateClaim, p *StateProof) {
			c.at = Prefix{Path(flip(absent[:], 0)), 1}
		}, ErrOutside},
		{"zeros behind the levels", absent, func(c *stateClaim, p *StateProof) { p.Levels = append(p.Levels, 0) }, ErrForm},
		{"a level too many", absent, func(c *stateClaim, p *StateProof) { p.Levels[0] ^= 1 }, ErrForm},
		{"an empty sibling", absent, func(c *stateClaim, p *StateProof) { p.Siblings[0] = Hash{} }, ErrForm},
		{"a sibling too many", absent, func(c *stateClaim, p *StateProof) { p.Siblings = append(p.Siblings, Hash{1}) }, ErrForm},
		{"too many levels", absent, func(c *stateClaim, p *StateProof) {
			p.Levels = append(make([]byte, maxLevels), 1)
			p.Siblings = []Hash{{1}}
		}, ErrForm},
		{"walk behind the end of the path", l.Path, func(c *stateClaim, p *StateProof) {
			c.at, c.value = Prefix{l.Path, PathBits + 1 - p.depth()}, l.Value
		}, ErrForm},
	} {
		p, err := tree.Prove(nil, c.path)
		if err != nil {
			t.Fatal(err)
		}
		claim := stateClaim{root: tree.Root(), path: c.path}
		c.change(&claim, &p)
		if err := claim.verify(p); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestStateProofIsShort: levels without a sibling cost a bit each.
func TestStateProofIsShort(t *testing.T) {
	a, b := Path{}, Path{55: 1}
	tree := New()
	mustCommit(t, tree, mustUpdate(t, tree, nil, []Update{{a, Hash{1}}, {b, Hash{2}}}))
	p, err := tree.Prove(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	checkStateProof(t, stateClaim{root: tree.Root(), path: b, value: Hash{2}}, p)
	if n := len(p.Append(nil)); n != 1+56+32+1 {
		t.Fatalf("%d bytes", n)
	}
}

func FuzzReadStateProof(f *testing.F) {
	tree, leaves := proofTree(f)
	for _, l := range leaves[:8] {
		p, _ := tree.Prove(nil, l.Path)
		f.Add(p.Append(nil), l.Path[:])
		l.Path[30]++
		p, _ = tree.Prove(nil, l.Path)
		f.Add(p.Append(nil), l.Path[:])
	}
	f.Add(StateProof{}.Append(nil), make([]byte, 56))
	values := map[Path]Hash{}
	for _, l := range leaves {
		values[l.Path] = l.Value
	}
	f.Fuzz(func(t *testing.T, b, path []byte) {
		r := wire.NewReader(b)
		p := ReadStateProof(r)
		if r.Done() != nil {
			return
		}
		if got := p.Append(nil); !slices.Equal(got, b) {
			t.Fatalf("decoded %x, encoded %x", b, got)
		}
		var at Path
		copy(at[:], path)
		value := values[at]
		if p.Verify(tree.Root(), at, Hash{9}) == nil || value != (Hash{}) && p.Verify(tree.Root(), at, Hash{}) == nil {
			t.Fatalf("%x proves what is not so of %x", b, at)
		}
		// One claim has one proof.
		if want, _ := tree.Prove(nil, at); p.Verify(tree.Root(), at, value) == nil && !slices.Equal(want.Append(nil), b) {
			t.Fatalf("%x is a second proof for %x", b, at)
		}
	})
}
