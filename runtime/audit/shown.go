package audit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// What a chain keeps to show to others what happened on it. Each thing is looked up when replay comes to it, and counted; at
// the end there must be as many.

// shelf is a list of such things: of one check, about one chain; proofs are told apart by what they are of.
type shelf struct {
	check string
	of    byte
	chain chain.ID
}

var shelfWords = map[string]string{Departures: "departures", Accumulators: "nodes of the list of blocks", Proofs: "proofs"}

// proven counts what replay made and the directory has.
type proven map[shelf]uint64

// keeps notes whether a thing that replay made is kept as it should be.
func (c *compare) keeps(s shelf, height uint64, name string, err error) {
	c.looked(s.check, 1)
	switch {
	case errors.Is(err, store.ErrNotFound):
		c.add(s.check, height, "block %d: %s is not kept", height, name)
		return
	case errors.Is(err, store.ErrDamaged):
		c.add(Checksums, height, "%v", err)
	case err != nil:
		c.add(s.check, height, "block %d: %s %v", height, name, err)
	}
	c.proven[s]++
}

// departures looks up every relay that left.
func (c *compare) departures(k *store.Kept, res *block.Result) error {
	for _, d := range keep.Departures(res.Outbox) {
		at, err := c.raw.Departure(c.id, d.To, d.Number)
		if want := (store.Place{Height: k.Height, Event: d.Place}); err == nil && at != want {
			err = fmt.Errorf("is said to stand in block %d at place %d, and stands in block %d at place %d", at.Height, at.Event, want.Height, want.Event)
		}
		c.keeps(shelf{check: Departures, chain: d.To}, k.Height, fmt.Sprintf("relay %d to chain %d", d.Number, d.To), err)
	}
	return nil
}

// nodes looks up every node that came to be.
func (c *compare) nodes(k *store.Kept, res *block.Result) error {
	for _, list := range keep.Nodes(res) {
		for _, n := range list.Nodes {
			c.node(k.Height, list.List, n)
		}
	}
	return nil
}

// node looks up a node of an accumulator.
func (c *compare) node(height uint64, list chain.ID, n merkle.Node) {
	hash, err := c.raw.Node(c.id, list, n)
	if err == nil && hash != n.Hash {
		err = fmt.Errorf("is kept as %x, and is %x", hash, n.Hash)
	}
	c.keeps(shelf{check: Accumulators, chain: list}, height, nameNode(list, n), err)
}

func nameNode(list chain.ID, n merkle.Node) string {
	return fmt.Sprintf("node %d on level %d of the list of chain %d's blocks", n.Index, n.Level, list)
}

// prove makes the proofs that are kept of the state after a block, before it becomes that of the point.
func (r *run) prove(res *block.Result) (list []store.Proof) {
	tree := r.at.state.tree
	err := guard(func() (err error) {
		list, err = keep.Proofs(res, func(s exec.Slot) (merkle.StateProof, error) { return tree.Prove(res.Version, block.SlotPath(s)) })
		return err
	})
	if err != nil {
		r.add(Proofs, res.Block.Header.Height, "block %d: what others can ask for can't be proven: %v", res.Block.Header.Height, err)
	}
	return list
}

// proofs looks up every proof that is to be kept. Of two with one name the last is.
func (c *compare) proofs(height uint64, list []store.Proof) {
	for i := range list {
		p := &list[i]
		if slices.ContainsFunc(list[i+1:], func(q store.Proof) bool { return q.Of == p.Of && q.Chain == p.Chain && q.At == p.At }) {
			continue
		}
		raw, err := c.raw.Proof(c.id, p.Of, p.Chain, p.At)
		if err == nil && !bytes.Equal(raw, p.Raw) {
			err = errors.New("is kept, and is not what replay gives")
		}
		c.keeps(shelf{Proofs, p.Of, p.Chain}, height, nameProof(p), err)
	}
}

func nameProof(p *store.Proof) string {
	return fmt.Sprintf("proof %d about chain %d at %d", p.Of, p.Chain, p.At)
}

// shown looks for what is kept and was never made.
func (r *run) shown() error {
	stored := map[shelf]uint64{}
	count := func(s shelf, damage error) error {
		r.looked(Checksums, 1)
		if stored[s]++; damage != nil {
			r.damage(0, damage)
		}
		return r.ctx.Err()
	}
	err := r.raw.Departures(r.id, func(to chain.ID, d store.Departed, damage error) error {
		if damage == nil && r.joined.unseen(d.Height) {
			return r.ctx.Err()
		}
		return count(shelf{check: Departures, chain: to}, damage)
	})
	if err = r.damageOnly(err, Departures); err != nil {
		return err
	}
	err = r.raw.Nodes(r.id, func(list chain.ID, _ merkle.Node, damage error) error {
		return count(shelf{check: Accumulators, chain: list}, damage)
	})
	if err = r.damageOnly(err, Accumulators); err != nil {
		return err
	}
	err = r.raw.Proofs(r.id, func(p *store.Proof, damage error) error { return count(shelf{Proofs, p.Of, p.Chain}, damage) })
	if err = r.damageOnly(err, Proofs); err != nil || r.compare.broken {
		return err
	}
	for _, s := range slices.SortedFunc(maps.Keys(stored), compareShelves) {
		if s.check != Departures && r.compare.partial {
			continue
		}
		if found := r.compare.proven[s]; stored[s] > found {
			r.add(s.check, 0, "%d %s about chain %d are kept that no block made", stored[s]-found, shelfWords[s.check], s.chain)
		}
	}
	return nil
}

func compareShelves(a, b shelf) int {
	return cmp.Or(cmp.Compare(a.check, b.check), cmp.Compare(a.of, b.of), cmp.Compare(a.chain, b.chain))
}
