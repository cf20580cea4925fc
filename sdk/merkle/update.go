package merkle

import (
	"bytes"
	"errors"
	"fmt"
)

// What Update and Load refuse. The tree is as it was before.
var (
	ErrOrder   = errors.New("paths are not sorted, or one stands there twice")
	ErrOutside = errors.New("path is not below the prefix of the tree")
	ErrFull    = errors.New("tree has no room for so many changes")
)

// Update sets the value of one path; the zero Value deletes it. Deleting what is not there changes nothing.
type Update struct {
	Path  Path
	Value Hash
}

// Each runs f(0) to f(n-1), in any order or at once, and returns when all have returned. The node hands in a pool of
// workers; nil is a loop.
type Each func(n int, f func(i int))

// Run is e, or a loop where that is nil or there is nothing to spread.
func (e Each) Run(n int, f func(i int)) {
	if e != nil && n > 1 {
		e(n, f)
		return
	}
	for i := range n {
		f(i)
	}
}

// Update makes a version: base with the updates, which are sorted by path. Base nil is the committed state, else it is
// a version that is not committed yet. Each node that changes is hashed once. The caller commits or discards the version.
func (t *Tree) Update(base *Version, updates []Update, each Each) (*Version, error) {
	if base == nil {
		base = t.head
	}
	if err := t.check(base); err != nil {
		return nil, err
	}
	slots, err := t.slots(updates)
	if err != nil {
		return nil, err
	}
	subs := make([]sub, 1<<(t.top-t.prefix.Bits))
	t.spread(base.root, t.prefix.Bits, subs)
	var busy []int
	for i := range slots {
		if len(slots[i]) > 0 {
			busy = append(busy, i)
		}
	}
	each.Run(len(busy), func(k int) {
		w := writer{Tree: t, id: busy[k]} // M7: this call touches shard busy[k] alone
		subs[w.id] = w.apply(subs[w.id], t.top, slots[w.id])
	})
	s := writer{Tree: t}.merge(base.root, t.prefix.Bits, subs)
	return t.newVersion(base, s), nil
}

// slots checks the updates and returns those of each slot.
func (t *Tree) slots(updates []Update) (slots [shards][]Update, err error) {
	var count [shards]int
	for i := range updates {
		p := &updates[i].Path
		if !t.prefix.Covers(*p) {
			return slots, fmt.Errorf("update %d, path %x, prefix %x of %d bits: %w", i, *p, t.prefix.Path, t.prefix.Bits, ErrOutside)
		}
		if i > 0 && bytes.Compare(updates[i-1].Path[:], p[:]) >= 0 {
			return slots, fmt.Errorf("update %d, path %x after %x: %w", i, *p, updates[i-1].Path, ErrOrder)
		}
		count[t.slot(p)]++
	}
	for i, n := range count {
		if !t.shards[i].room(n) {
			return slots, fmt.Errorf("%d updates: %w", len(updates), ErrFull)
		}
		slots[i], updates = updates[:n], updates[n:]
	}
	return slots, nil
}

// slot is the number of the slot in which p stands.
func (t *Tree) slot(p *Path) int {
	slot := 0
	for i := t.prefix.Bits; i < t.top; i++ {
		slot = slot<<1 | p.bit(i)
	}
	return slot
}

// open returns the two sides of s at a level that is not below its node.
func (t *Tree) open(s sub, level int) (left, right sub) {
	switch {
	case s.ref == none:
		return sub{}, sub{}
	case t.depth(s.ref) == level:
		return t.child(s.ref, 0), t.child(s.ref, 1)
	case t.anyLeaf(s.ref).Path.bit(level) == 0:
		return s, sub{}
	default:
		return sub{}, s
	}
}

// spread fills subs, 2^k of them, with the subtrees that s has k levels below level.
func (t *Tree) spread(s sub, level int, subs []sub) {
	if len(subs) == 1 {
		subs[0] = s
		return
	}
	left, right := t.open(s, level)
	half := len(subs) / 2
	t.spread(left, level+1, subs[:half])
	t.spread(right, level+1, subs[half:])
}

// writer makes the nodes of one shard. All it does to existing nodes is to note that they are stale (M6).
type writer struct {
	*Tree
	id int
}

// merge undoes spread after subs have changed.
func (w writer) merge(s sub, level int, subs []sub) sub {
	if len(subs) == 1 {
		return subs[0]
	}
	left, right := w.open(s, level)
	half := len(subs) / 2
	newLeft, newRight := w.merge(left, level+1, subs[:half]), w.merge(right, level+1, subs[half:])
	if newLeft.ref == left.ref && newRight.ref == right.ref {
		return s
	}
	if s.ref.isBranch() && w.depth(s.ref) == level {
		w.drop(s.ref)
	}
	return w.join(level, newLeft, newRight)
}

// apply returns s with the updates, which agree with the keys of s in all bits before at. If nothing changes it returns
// s: what has changed has another ref, since no node is freed while an update runs.
func (w writer) apply(s sub, at int, updates []Update) sub {
	if len(updates) == 0 {
		return s
	}
	if s.ref == none {
		return w.build(updates)
	}
	depth := w.depth(s.ref)
	if depth > at {
		p := &w.anyLeaf(s.ref).Path
		if parts := min(p.shared(&updates[0].Path), p.shared(&updates[len(updates)-1].Path)); parts < depth {
			return w.fork(s, parts, updates)
		}
	}
	if s.ref.isLeaf() {
		return w.replace(s, updates[0])
	}
	i := cut(updates, depth)
	left, right := w.child(s.ref, 0), w.child(s.ref, 1)
	newLeft, newRight := w.apply(left, depth+1, updates[:i]), w.apply(right, depth+1, updates[i:])
	if newLeft.ref == left.ref && newRight.ref == right.ref {
		return s
	}
	w.drop(s.ref)
	return w.join(depth, newLeft, newRight)
}

// fork handles updates of which some leave the path to s at a depth above its node.
func (w writer) fork(s sub, depth int, updates []Update) sub {
	i := cut(updates, depth)
	if w.anyLeaf(s.ref).Path.bit(depth) == 0 {
		return w.join(depth, w.apply(s, depth+1, updates[:i]), w.build(updates[i:]))
	}
	return w.join(depth, w.build(updates[:i]), w.apply(s, depth+1, updates[i:]))
}

// replace gives a leaf its new value.
func (w writer) replace(s sub, u Update) sub {
	if w.leaf(s.ref).Value == u.Value {
		return s
	}
	w.drop(s.ref)
	return w.build([]Update{u})
}

// build makes the subtree of updates alone.
func (w writer) build(updates []Update) sub {
	switch {
	case len(updates) == 0 || len(updates) == 1 && updates[0].Value == Hash{}:
		return sub{}
	case len(updates) == 1:
		return w.newLeaf(Leaf(updates[0]))
	}
	depth := updates[0].Path.shared(&updates[len(updates)-1].Path)
	i := cut(updates, depth)
	return w.join(depth, w.build(updates[:i]), w.build(updates[i:]))
}

// join makes the subtree whose keys part at depth. With nothing on one side there is no branch: the other side moves up (M4).
func (w writer) join(depth int, left, right sub) sub {
	if left.ref == none {
		return right
	}
	if right.ref == none {
		return left
	}
	s := &w.shards[w.id]
	i := s.branches.take()
	*s.links.reach(i) = link{child: [2]ref{left.ref, right.ref}, depth: uint16(depth)}
	p := s.pairs.reach(i)
	*p = pair{left.hash, right.hash}
	r := ref(w.id)<<indexBits | ref(i)
	s.fresh = append(s.fresh, r)
	return sub{hash: p.hash(depth), ref: r}
}

func (w writer) newLeaf(l Leaf) sub {
	s := &w.shards[w.id]
	i := s.entries.take()
	*s.leaves.reach(i) = l
	r := leafBit | ref(w.id)<<indexBits | ref(i)
	s.fresh = append(s.fresh, r)
	s.grown++
	return sub{hash: l.hash(), ref: r}
}

// drop notes that the version under way does without a node of its base.
func (w writer) drop(r ref) {
	s := &w.shards[w.id]
	s.stale = append(s.stale, r)
	if r.isLeaf() {
		s.grown--
	}
}

// cut is the number of updates whose bit at depth is 0; they agree in the bits before it, so those stand first.
func cut(updates []Update, depth int) int {
	low, high := 0, len(updates)
	for low < high {
		mid := int(uint(low+high) / 2)
		if updates[mid].Path.bit(depth) == 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
