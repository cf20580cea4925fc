package api

import (
	"errors"
	"sync"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// directory is what the server has read of the chains of the tree, of which there may be thousands: names, which stay, and how far parents
// have recorded their children, which is read again when a parent has another block. So what requests make the node read is bounded by
// what its chains make, and one reads while the others wait.
type directory struct {
	mu       sync.Mutex // guards the rest
	names    map[chain.ID]string
	ids      map[string]chain.ID
	named    int                   // of the tree's chains, which are there for good, were looked for
	recorded map[chain.ID]recorded // by parent
}

// recorded is what a parent knows of its children, after its block at a height.
type recorded struct {
	at     uint64
	upTo   map[chain.ID]uint64 // the last block recorded
	forked map[chain.ID]bool
}

func newDirectory() *directory {
	return &directory{names: map[chain.ID]string{}, ids: map[string]chain.ID{}, recorded: map[chain.ID]recorded{}}
}

// look reads the names of the chains that are new in a tree. The caller holds mu.
func (d *directory) look(s *Server, tree chain.Tree) error {
	for ; d.named < len(tree); d.named++ {
		if err := d.name(s, tree[d.named].ID); err != nil {
			return err
		}
	}
	return nil
}

// again looks for all names the next time: a further chain is served, which knows its own and maybe others.
func (d *directory) again() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.named = 0
}

// name finds out what a chain is called: from its node, from the registry, or from what the highest chain here began with.
func (d *directory) name(s *Server, id chain.ID) error {
	if d.names[id] != "" {
		return nil
	}
	name := ""
	top := s.all()[0].node
	one := s.get(id)
	switch {
	case one != nil:
		name = one.node.Info().Genesis.Name
	case top.Chain() == chain.Main:
		g, err := top.Registration(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		name = g.Name
	}
	if within := top.Info().Genesis.Within; name == "" && within != nil {
		if b := within.Branch(id); b != nil {
			name = b.Name
		}
	}
	if name != "" {
		d.names[id], d.ids[name] = name, id
	}
	return nil
}

// record reads what a chain has recorded of its children.
func (d *directory) record(parent *served, tree chain.Tree) error {
	id, height := parent.node.Chain(), parent.node.Head().Header.Height
	if was, ok := d.recorded[id]; ok && was.at == height {
		return nil
	}
	now := recorded{height, map[chain.ID]uint64{}, map[chain.ID]bool{}}
	for _, limb := range tree {
		if limb.Parent != id {
			continue
		}
		last, err := parent.node.Relay().LastRecorded(limb.ID, height)
		if err != nil {
			return err
		}
		raw, err := parent.node.Entry(chain.DigestsAddress(id), chain.ChildKey(limb.ID))
		if err != nil {
			return err
		}
		now.upTo[limb.ID] = last
		if raw != nil {
			child, err := chain.DecodeChild(raw)
			if err != nil {
				return err
			}
			now.forked[limb.ID] = child.Forked
		}
	}
	d.recorded[id] = now
	return nil
}
