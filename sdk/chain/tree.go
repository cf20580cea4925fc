package chain

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Tree is which chains there are, and which is under which: a Limb for each chain, by id. The registry counts ids up, so that a
// parent stands before its children. A network of one chain has a Tree of one.
type Tree []Limb

// Limb is a chain and its parent; 0 is the main chain's.
type Limb struct{ ID, Parent ID }

// ErrTree is returned for chains that don't make a tree.
var ErrTree = errors.New("chains make no tree")

const limbBytes = 4 + 4

// Alone is the tree of one chain.
func Alone(id ID) Tree { return Tree{{ID: id}} }

// Check says why t is no tree.
func (t Tree) Check() error {
	if len(t) == 0 {
		return fmt.Errorf("no chain: %w", ErrTree)
	}
	for i, l := range t {
		switch {
		case l.ID == 0:
			return fmt.Errorf("chain 0: chains count from 1: %w", ErrTree)
		case i == 0 && l.Parent != 0:
			return fmt.Errorf("chain %d stands first and is under chain %d: the first is the root: %w", l.ID, l.Parent, ErrTree)
		case i > 0 && t[i-1].ID >= l.ID:
			return fmt.Errorf("chain %d stands behind chain %d: %w", l.ID, t[i-1].ID, ErrTree)
		case i > 0 && !t[:i].Has(l.Parent):
			return fmt.Errorf("chain %d is under chain %d, which does not stand before it: %w", l.ID, l.Parent, ErrTree)
		case i > 0 && len(t[:i].Ancestors(l.Parent))+1 > MaxViews:
			return fmt.Errorf("chain %d has more than %d ancestors: %w", l.ID, MaxViews, ErrTree)
		}
	}
	return nil
}

func (t Tree) find(id ID) (int, bool) {
	return slices.BinarySearchFunc(t, id, func(l Limb, id ID) int { return cmp.Compare(l.ID, id) })
}

// Has says whether there is a chain.
func (t Tree) Has(id ID) bool {
	_, ok := t.find(id)
	return ok
}

// Parent is the chain above id; 0 for the root, and for a chain that there isn't.
func (t Tree) Parent(id ID) ID {
	if i, ok := t.find(id); ok {
		return t[i].Parent
	}
	return 0
}

// Ancestors are the chains above id, the nearest first.
func (t Tree) Ancestors(id ID) (list []ID) {
	for p := t.Parent(id); p != 0; p = t.Parent(p) {
		list = append(list, p)
	}
	return list
}

// Below says whether id is root or stands anywhere under it.
func (t Tree) Below(id, root ID) bool {
	for ; t.Has(id); id = t.Parent(id) {
		if id == root {
			return true
		}
	}
	return false
}

// Common is the lowest chain that a and b are both below (SPEC 8.1); 0 if there is none.
func (t Tree) Common(a, b ID) ID {
	for ; a != 0; a = t.Parent(a) {
		if t.Below(b, a) {
			return a
		}
	}
	return 0
}

// Toward is the child of root that id is below; 0 if id is not under root.
func (t Tree) Toward(id, root ID) ID {
	if root == 0 {
		return 0
	}
	for ; id != 0; id = t.Parent(id) {
		if t.Parent(id) == root {
			return id
		}
	}
	return 0
}

// Children are the chains right under id, by id.
func (t Tree) Children(id ID) (list []ID) {
	for _, l := range t {
		if l.Parent == id {
			list = append(list, l.ID)
		}
	}
	return list
}

// Grown is t with a chain more. The id must be above all others, the parent in t.
func (t Tree) Grown(l Limb) Tree { return append(slices.Clip(t), l) }

// Encode is the canonical encoding.
func (t Tree) Encode() []byte {
	b := wire.AppendU32(make([]byte, 0, 4+limbBytes*len(t)), uint32(len(t)))
	for _, l := range t {
		b = wire.AppendU32(wire.AppendU32(b, uint32(l.ID)), uint32(l.Parent))
	}
	return b
}

// DecodeTree reads what Encode writes, and checks it.
func DecodeTree(b []byte) (Tree, error) {
	r := wire.NewReader(b)
	t := Tree(readList(r, "chains", MaxChains, limbBytes, func() Limb { return Limb{readChain(r), ID(r.U32("parent"))} }))
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("tree of chains: %w", err)
	}
	return t, t.Check()
}
