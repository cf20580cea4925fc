package merkle

import (
	"bytes"
	"slices"
)

// Piece is a subtree of a state tree: all keys from Path on, which is its first, up to the first of the piece behind it. Pieces that stand
// side by side are the state, whatever their sizes: Join is its root.
type Piece struct {
	Path Path
	Hash Hash // of the subtree: RootOf its leaves
	Size int  // of its leaves, as the caller counts
}

// Fold makes the root of a state from its leaves in the order of their paths, and keeps nothing of them (M3, M4). So who has a part of a state, or
// all of it but no memory, can hash it.
//
// With Most it also cuts the state into pieces: the largest subtrees whose sizes are not above Most together, and leaves that are longer alone.
// The pieces follow from the state and Most, and from nothing else: whoever has the state cuts it in the same way.
type Fold struct {
	Most int // 0 for no pieces

	stack  []folded
	parts  []int // shared bits of each of stack and the one behind it
	pieces []Piece
}

// folded is a subtree that is complete. Its last path tells where the next one parts from it.
type folded struct {
	Piece
	last Path
	cut  bool // its pieces stand in pieces
}

// Add adds the leaf that follows, with its size.
func (f *Fold) Add(leaf Leaf, size int) error {
	if leaf.Value == (Hash{}) {
		return ErrZero
	}
	return f.push(Piece{leaf.Path, leaf.hash(), size})
}

func (f *Fold) push(p Piece) error {
	if n := len(f.stack); n > 0 {
		last := &f.stack[n-1].last
		if bytes.Compare(last[:], p.Path[:]) >= 0 {
			return ErrOrder
		}
		depth := last.shared(&p.Path)
		f.fold(depth)
		f.parts = append(f.parts, depth)
	}
	f.stack = append(f.stack, folded{Piece: p, last: p.Path})
	return nil
}

// fold joins what is complete once a leaf follows that parts from the last one at a depth.
func (f *Fold) fold(depth int) {
	for n := len(f.parts); n > 0 && f.parts[n-1] > depth; n-- {
		left, right := &f.stack[n-1], &f.stack[n]
		hash := (&pair{left.Hash, right.Hash}).hash(f.parts[n-1])
		whole := folded{Piece: Piece{left.Path, hash, left.Size + right.Size}, last: right.last}
		if f.Most > 0 && (left.cut || right.cut || whole.Size > f.Most) {
			f.cut(left)
			f.cut(right)
			whole.cut = true
		}
		f.stack[n-1] = whole
		f.stack, f.parts = f.stack[:n], f.parts[:n-1]
	}
}

func (f *Fold) cut(s *folded) {
	if !s.cut {
		f.pieces = append(f.pieces, s.Piece)
	}
}

// End is the root of what was added, and the pieces that were cut, by path. Nothing can be added any more.
func (f *Fold) End() (root Hash, pieces []Piece) {
	f.fold(-1)
	if len(f.stack) == 0 {
		return Hash{}, nil
	}
	if f.Most > 0 {
		f.cut(&f.stack[0])
	}
	slices.SortFunc(f.pieces, func(a, b Piece) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	return f.stack[0].Hash, f.pieces
}

// Join is the root of the state that pieces are, by their paths. A path that is not its piece's first may go unseen here; the leaves show it.
func Join(pieces []Piece) (Hash, error) {
	var f Fold
	for _, p := range pieces {
		if p.Hash == (Hash{}) {
			return Hash{}, ErrZero
		}
		if err := f.push(p); err != nil {
			return Hash{}, err
		}
	}
	root, _ := f.End()
	return root, nil
}
