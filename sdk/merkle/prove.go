package merkle

import "fmt"

// Prove returns the proof of what path has in v, or in the committed state if v is nil: its value or that it has none.
// It refuses a version that is not usable and a path that is not below the tree's prefix.
func (t *Tree) Prove(v *Version, path Path) (StateProof, error) {
	if v == nil {
		v = t.head
	}
	if err := t.check(v); err != nil {
		return StateProof{}, err
	}
	if !t.prefix.Covers(path) {
		return StateProof{}, fmt.Errorf("path %x, prefix %x of %d bits: %w", path, t.prefix.Path, t.prefix.Bits, ErrOutside)
	}
	var p StateProof
	s := v.root
	for s.ref.isBranch() {
		depth := t.depth(s.ref)
		side := path.bit(depth)
		p.sibling(depth, t.child(s.ref, 1-side).hash)
		s = t.child(s.ref, side)
	}
	if s.ref != none {
		if l := t.leaf(s.ref); l.Path != path {
			other := *l
			p.Other = &other
		}
	}
	return p, nil
}

// sibling adds the sibling at a depth below all that the proof has.
func (p *StateProof) sibling(depth int, hash Hash) {
	for len(p.Levels) <= depth/8 {
		p.Levels = append(p.Levels, 0)
	}
	p.Levels[depth/8] |= 0x80 >> (depth % 8)
	p.Siblings = append(p.Siblings, hash)
}
