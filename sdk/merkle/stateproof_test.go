package merkle

import (
	"errors"
	"math/bits"
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

// slotAddress is the account of proofTree that has slots.
var slotAddress = [24]byte{0, 0, 0, 1, 5}

// proofTree holds random paths, some pairs with long common prefixes, and an account with slots.
func proofTree(t testing.TB) (*Tree, []Leaf) {
	rnd := rand.New(rand.NewPCG(7, 7))
	leaves := randomLeaves(rnd, 40)
	for i, n := range []int{447, 440, 300, 200, 193, 100, 20, 9} {
		l := leaves[i]
		l.Path[n/8] ^= 0x80 >> (n % 8)
		leaves = append(leaves, l)
	}
	leaves = append(leaves, Leaf{AccountPath(slotAddress), Hash{1}})
	for i := range byte(5) {
		leaves = append(leaves, Leaf{SlotPath(slotAddress, []byte{i}), Hash{2}})
	}
	sortLeaves(leaves)
	tree := New()
	if err := tree.Load(from(leaves)); err != nil {
		t.Fatal(err)
	}
	return tree, leaves
}

// TestStateProofBitFlips: any bit of proof, value or path that is flipped makes a proof of presence fail; of a proof of
// absence any bit of the proof, and any bit of the path at which the walk turned. (The walk looks at no other: two absent
// paths between which no key turns have one proof.)
func TestStateProofBitFlips(t *testing.T) {
	tree, leaves := proofTree(t)
	claims := []stateClaim{}
	for _, l := range leaves {
		claims = append(claims, stateClaim{root: tree.Root(), path: l.Path, value: l.Value})
		for _, n := range []int{0, 3, 100, 195, 446, 447} {
			p := Path(flip(l.Path[:], n))
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
		for bit := range PathBits {
			d := c
			d.path = Path(flip(c.path[:], bit))
			turn := bit < 8*len(p.Levels) && p.has(bit)
			if want := c.value == (Hash{}) && !turn && d.path != p.Other.Path; (d.verify(p) == nil) != want {
				t.Fatalf("value %x: with bit %d of the path flipped: %v", c.value, bit, d.verify(p))
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

// TestStateProofSmallStates takes all states of up to eight keys that differ in three bits only, near and far, and tries
// the way of every key as proof of everything: each claim that is true has one proof, no other has any (M8, M9).
func TestStateProofSmallStates(t *testing.T) {
	turns := [3]int{1, 191, 447}
	var paths [8]Path
	for i := range paths {
		for k, n := range turns {
			if i>>(2-k)&1 == 1 {
				paths[i][n/8] ^= 0x80 >> (n % 8)
			}
		}
	}
	for keys := 1; keys < 256; keys++ {
		leaves := []Leaf{}
		for i, path := range paths {
			if keys>>i&1 == 1 {
				leaves = append(leaves, Leaf{path, Hash{byte(1 + i)}})
			}
		}
		root := slowState(leaves)
		for _, path := range paths {
			proofs := 0
			for _, q := range leaves {
				way := slowProof(leaves, q.Path)
				way.Other = &q
				if way.Verify(root, path, Hash{}) == nil {
					proofs++
				}
				way.Other = nil
				if (way.Verify(root, path, q.Value) == nil) != (path == q.Path) || way.Verify(root, path, Hash{}) == nil {
					t.Fatalf("keys %08b: way of %x proves %x", keys, q.Path, path)
				}
			}
			present := slices.ContainsFunc(leaves, func(l Leaf) bool { return l.Path == path })
			if present && proofs > 0 || !present && proofs != 1 {
				t.Fatalf("keys %08b: %d proofs that %x is absent", keys, proofs, path)
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
	i := slices.IndexFunc(leaves, func(l Leaf) bool { return l.Path == AccountPath(slotAddress) })
	account, slot := leaves[i], leaves[i+1] // nothing parts between their branch and depth 192
	absent := account.Path
	absent[10] ^= 1 // leaves the account's way at bit 87
	way := func(l Leaf) StateProof {
		p, err := tree.Prove(nil, l.Path)
		if err != nil {
			t.Fatal(err)
		}
		p.Other = &l
		return p
	}
	first := bits.LeadingZeros8(way(account).Levels[0])
	for _, c := range []struct {
		name   string
		path   Path
		change func(c *stateClaim, p *StateProof)
		want   error
	}{
		{"present", slot.Path, func(c *stateClaim, p *StateProof) { c.value = slot.Value }, nil},
		{"absent", absent, func(c *stateClaim, p *StateProof) {}, nil},
		{"absence of what is there", slot.Path, func(c *stateClaim, p *StateProof) {}, ErrForm},
		{"absence of what is there, by a neighbour", slot.Path, func(c *stateClaim, p *StateProof) { *p = way(account) }, ErrForm},
		{"absence of what is there, by a leaf far off", slot.Path, func(c *stateClaim, p *StateProof) { *p = way(leaves[0]) }, ErrForm},
		{"absence of what is there, by itself", slot.Path, func(c *stateClaim, p *StateProof) { p.Other = &slot }, ErrForm},
		{"another's leaf on the own way", slot.Path, func(c *stateClaim, p *StateProof) { p.Other = &account }, ErrForm},
		{"absence by a leaf the walk doesn't end at", absent, func(c *stateClaim, p *StateProof) { *p = way(slot) }, ErrForm},
		{"absence by a leaf that is not there", absent, func(c *stateClaim, p *StateProof) {
			p.Other = &Leaf{Path(flip(absent[:], 440)), Hash{1}}
		}, ErrMismatch},
		{"absence by another value", absent, func(c *stateClaim, p *StateProof) { p.Other = &Leaf{account.Path, Hash{9}} }, ErrMismatch},
		{"absence without a leaf", absent, func(c *stateClaim, p *StateProof) { p.Other = nil }, ErrForm},
		{"a branch where the path leaves", absent, func(c *stateClaim, p *StateProof) {
			p.Levels[87/8] |= 0x80 >> (87 % 8)
			p.Siblings = slices.Insert(p.Siblings, len(p.Siblings)-1, Hash{1})
		}, ErrForm},
		{"a branch fewer", absent, func(c *stateClaim, p *StateProof) {
			p.Levels[0] &^= 0x80 >> first
			p.Siblings = p.Siblings[1:]
		}, ErrMismatch},
		{"a branch at another depth", absent, func(c *stateClaim, p *StateProof) {
			p.Levels[50/8] |= 0x80 >> (50 % 8)
			p.Levels[0] &^= 0x80 >> first
		}, ErrMismatch},
		{"another's leaf for a value", absent, func(c *stateClaim, p *StateProof) { c.value = account.Value }, ErrForm},
		{"another's place for a value", absent, func(c *stateClaim, p *StateProof) {
			p.Other, c.value = nil, account.Value
		}, ErrMismatch},
		{"another leaf beside a value", slot.Path, func(c *stateClaim, p *StateProof) {
			p.Other, c.value = &account, slot.Value
		}, ErrForm},
		{"other leaf without value", absent, func(c *stateClaim, p *StateProof) { p.Other = &Leaf{Path: account.Path} }, ErrForm},
		{"zero root", absent, func(c *stateClaim, p *StateProof) { c.root = Hash{} }, ErrZero},
		{"empty proof for a zero root", absent, func(c *stateClaim, p *StateProof) {
			*p, c.root = StateProof{}, Hash{}
		}, ErrZero},
		{"a branch above the prefix", absent, func(c *stateClaim, p *StateProof) { c.at = Prefix{absent, first + 1} }, ErrForm},
		{"the first branch at the prefix", absent, func(c *stateClaim, p *StateProof) { c.at = Prefix{absent, first} }, nil},
		{"below another prefix", absent, func(c *stateClaim, p *StateProof) {
			c.at = Prefix{Path(flip(absent[:], 0)), 1}
		}, ErrOutside},
		{"a leaf of below another prefix", absent, func(c *stateClaim, p *StateProof) {
			*p, c.root = StateProof{Other: &account}, account.hash()
			c.at = Prefix{absent, 88}
		}, ErrForm},
		{"zeros behind the levels", absent, func(c *stateClaim, p *StateProof) { p.Levels = append(p.Levels, 0) }, ErrForm},
		{"a level too many", absent, func(c *stateClaim, p *StateProof) { p.Levels[8] ^= 1 }, ErrForm},
		{"an empty sibling", absent, func(c *stateClaim, p *StateProof) { p.Siblings[0] = Hash{} }, ErrForm},
		{"a sibling too many", absent, func(c *stateClaim, p *StateProof) { p.Siblings = append(p.Siblings, Hash{1}) }, ErrForm},
		{"a branch behind the end of the path", absent, func(c *stateClaim, p *StateProof) {
			p.Levels = append(make([]byte, maxLevels), 0x80)
			p.Siblings = []Hash{{1}}
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

// TestEmptySiblingProvesNothing: a branch of which one side is empty is in no state, even if it were a root.
func TestEmptySiblingProvesNothing(t *testing.T) {
	l := Leaf{Path{}, Hash{1}}
	sides := pair{l.hash(), Hash{}}
	p := StateProof{Levels: []byte{0x80}, Siblings: []Hash{{}}}
	wantErr(t, p.Verify(sides.hash(0), l.Path, l.Value), ErrForm)
	r := wire.NewReader(p.Append(nil))
	ReadStateProof(r)
	wantErr(t, r.Done(), wire.ErrValue)
}

func TestReadStateProofTakesTheLimitFirst(t *testing.T) {
	levels := append(make([]byte, maxLevels), 1)
	r := wire.NewReader(StateProof{Levels: levels, Siblings: []Hash{{1}}}.Append(nil))
	ReadStateProof(r)
	wantErr(t, r.Done(), wire.ErrLimit)
}

// TestStateProofIsShort: bits that keys share cost a bit each.
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
	for _, l := range append(leaves[:8:8], Leaf{Path: AccountPath(slotAddress), Value: Hash{1}}) {
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
