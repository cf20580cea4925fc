package merkle

import "errors"

// What a version is refused for; the tree is as it was before.
var (
	ErrForeign = errors.New("version is of another tree")
	ErrClosed  = errors.New("version was discarded, or the committed state has moved on from it")
	ErrLost    = errors.New("a competing version was committed: discard this one")
	ErrNotNext = errors.New("version does not sit on the committed state: commit its base first")
	ErrStacked = errors.New("other versions sit on this one: discard them first")
	ErrOpen    = errors.New("tree holds keys or versions already")
)

// Version is a state that is not committed yet: its base with some updates. It shares all nodes with its base that did
// not change, and owns those that did (M6). Versions may stack (blocks proposed on blocks that are not final yet) and
// compete (several on one base); committing one makes its competitors, and all that sits on them, unusable.
type Version struct {
	tree    *Tree
	base    *Version // nil once the version is committed or discarded
	root    sub
	count   int // keys
	open    bool
	stacked int           // open versions directly on this one
	fresh   [shards][]ref // nodes that this version made
	stale   [shards][]ref // nodes of its base that it does without
}

// Root is the root of the version; zero if it is empty.
func (v *Version) Root() Hash { return v.root.hash }

// Len is the number of keys of the version.
func (v *Version) Len() int { return v.count }

// newVersion takes from the shards what the update that led from base to s left there.
func (t *Tree) newVersion(base *Version, s sub) *Version {
	v := &Version{tree: t, base: base, root: s, count: base.count, open: true}
	for i := range t.shards {
		s := &t.shards[i]
		v.fresh[i], v.stale[i] = s.fresh, s.stale
		v.count += s.grown
		s.fresh, s.stale, s.grown = nil, nil, 0
	}
	base.stacked++
	t.pending++
	return v
}

// check says whether v is the committed state, or an open version on it or on other such versions.
func (t *Tree) check(v *Version) error {
	switch {
	case v.tree != t:
		return ErrForeign
	case !v.open && v != t.head:
		return ErrClosed
	}
	for v.open {
		v = v.base
	}
	if v != t.head {
		return ErrLost
	}
	return nil
}

// Commit makes v, which must sit directly on it, the committed state, and frees the nodes that v replaced.
func (t *Tree) Commit(v *Version) error {
	switch err := t.check(v); {
	case err != nil:
		return err
	case v == t.head:
		return ErrClosed
	case v.base != t.head:
		return ErrNotNext
	}
	t.free(&v.stale)
	t.close(v)
	t.head = v
	return nil
}

// Discard frees what v alone holds. It also takes a version that lost.
func (t *Tree) Discard(v *Version) error {
	switch {
	case v.tree != t:
		return ErrForeign
	case !v.open:
		return ErrClosed
	case v.stacked > 0:
		return ErrStacked
	}
	t.free(&v.fresh)
	t.close(v)
	return nil
}

// close ends v's life as an open version. It drops the base, so that committed states don't hold on to one another.
func (t *Tree) close(v *Version) {
	v.base.stacked--
	t.pending--
	v.base, v.open = nil, false
	v.fresh, v.stale = [shards][]ref{}, [shards][]ref{}
}

func (t *Tree) free(nodes *[shards][]ref) {
	for _, refs := range nodes {
		for _, r := range refs {
			if s := &t.shards[r.shard()]; r.isLeaf() {
				s.entries.give(r.index())
			} else {
				s.branches.give(r.index())
			}
		}
	}
}
