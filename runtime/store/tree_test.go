package store

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// neighbours is what the model keeps of the other chains of a tree: what left for them, was recorded of them and proven to them.
type neighbours struct {
	departed map[chain.ID][]Departed // numbers from 0 on
	lists    map[chain.ID]*merkle.Accumulator
}

func newNeighbours() neighbours {
	return neighbours{map[chain.ID][]Departed{}, map[chain.ID]*merkle.Accumulator{}}
}

// proofsOf are the kinds of proofs that the model makes, neighbourIDs the chains that it knows beside itself.
var (
	proofsOf     = []byte{0, 1, 0xff}
	neighbourIDs = []chain.ID{0x100, 0x101, ^chain.ID(0)}
)

// tree adds to a commit what leaves with it, what it records and what it proves. Its own history gets one leaf.
func (m *model) tree(rng *rand.Rand, c *Commit, height uint64) {
	if len(c.Outbox) > 0 {
		for place := range uint32(rng.IntN(6)) {
			to := neighbourIDs[rng.IntN(len(neighbourIDs))]
			number := uint64(len(m.near.departed[to]))
			c.Departures = append(c.Departures, Departure{to, number, place})
			m.near.departed[to] = append(m.near.departed[to], Departed{number, height, place})
		}
	}
	m.record(c, m.chain, merkle.Hash{1, byte(height), byte(height >> 8)})
	for range rng.IntN(4) {
		child := neighbourIDs[rng.IntN(len(neighbourIDs))]
		m.record(c, child, merkle.Hash{2, byte(rng.Uint64()), byte(rng.Uint64())})
	}
	for range rng.IntN(3) {
		of, id := proofsOf[rng.IntN(len(proofsOf))], neighbourIDs[rng.IntN(len(neighbourIDs))]
		raw := bytes.Repeat([]byte{byte(height)}, rng.IntN(3000))
		c.Proofs = append(c.Proofs, Proof{of, id, uint64(rng.IntN(100)) << rng.IntN(58), raw})
	}
}

func (m *model) record(c *Commit, list chain.ID, leaf merkle.Hash) {
	a := m.near.lists[list]
	if a == nil {
		a = &merkle.Accumulator{}
		m.near.lists[list] = a
	}
	c.Nodes = append(c.Nodes, Nodes{list, a.Append(leaf)})
}

// checkDeparted: all that left up to the head is there in the order of its numbers, and nothing of a later block.
func (m *model) checkDeparted(s *Store, head uint64) error {
	for to, all := range m.near.departed {
		want := all
		if i := slices.IndexFunc(all, func(d Departed) bool { return d.Height > head }); i >= 0 {
			want = all[:i]
		}
		for _, row := range []struct {
			first uint64
			limit int
		}{{0, math.MaxInt}, {0, 0}, {1, 3}, {uint64(len(want)) / 2, math.MaxInt}, {uint64(len(want)), 1}, {math.MaxUint64, 1}} {
			part := want[min(row.first, uint64(len(want))):]
			part = part[:min(row.limit, len(part))]
			got, err := s.Departures(m.chain, to, row.first, row.limit)
			if err != nil || !slices.Equal(got, part) {
				return fmt.Errorf("departures to %d from %d on, %d at most: %v, want %v: %v", to, row.first, row.limit, got, part, err)
			}
		}
	}
	if got, err := s.Departures(m.chain, 0xff, 0, 10); err != nil || len(got) > 0 {
		return fmt.Errorf("departures to a chain that nothing left for: %v, %v", got, err)
	}
	return nil
}

// checkNodes: the nodes up to the head prove every leaf of the accumulators of then, and none that came later is there.
func (m *model) checkNodes(s *Store, head uint64) error {
	lists := map[chain.ID]*merkle.Accumulator{}
	leaves := map[chain.ID][]merkle.Hash{}
	for _, c := range m.commits[:head] {
		for _, l := range c.Nodes {
			if lists[l.List] == nil {
				lists[l.List] = &merkle.Accumulator{}
			}
			lists[l.List].Append(l.Nodes[0].Hash)
			leaves[l.List] = append(leaves[l.List], l.Nodes[0].Hash)
		}
	}
	for id, a := range lists {
		for i, leaf := range leaves[id] {
			place, err := merkle.ProvePlace(a.Count, uint64(i), func(level uint8, index uint64) (merkle.Hash, error) {
				return s.Node(m.chain, id, level, index)
			})
			if err == nil {
				err = a.Verify(place, leaf)
			}
			if err != nil {
				return fmt.Errorf("list %d: %w", id, err)
			}
		}
	}
	for _, c := range m.commits[head:] {
		for _, l := range c.Nodes {
			for _, n := range l.Nodes {
				if _, err := s.Node(m.chain, l.List, n.Level, n.Index); !errors.Is(err, ErrNotFound) {
					return fmt.Errorf("list %d, node %v of block %d: %v", l.List, n, c.Header.Height, err)
				}
			}
		}
	}
	return nil
}

// checkProofs: the last of each name up to the head is there, and the search finds the one below.
func (m *model) checkProofs(s *Store, head uint64) error {
	var kept []Proof
	for _, c := range m.commits[:head] {
		for _, p := range c.Proofs {
			kept = slices.DeleteFunc(kept, func(q Proof) bool { return q.Of == p.Of && q.Chain == p.Chain && q.At == p.At })
			kept = append(kept, p)
		}
	}
	for _, of := range proofsOf {
		for _, id := range neighbourIDs {
			for _, most := range []uint64{0, 1, 50, 1 << 20, 1 << 40, math.MaxUint64 - 1, math.MaxUint64} {
				want, found := Proof{}, false
				for _, p := range kept {
					if p.Of == of && p.Chain == id && p.At <= most && (!found || p.At > want.At) {
						want, found = p, true
					}
				}
				at, raw, err := s.Proof(m.chain, of, id, most)
				switch {
				case !found && !errors.Is(err, ErrNotFound):
					return fmt.Errorf("proof %d of chain %d up to %d: %v, want none", of, id, most, err)
				case found && (err != nil || at != want.At || !bytes.Equal(raw, want.Raw)):
					return fmt.Errorf("proof %d of chain %d up to %d: at %d, %d bytes, want %d, %d bytes: %v", of, id, most, at, len(raw), want.At, len(want.Raw), err)
				}
			}
		}
	}
	return nil
}

// A block without outbox stores none, and that a stored one is gone is told from it (T4).
func TestEmptyOutbox(t *testing.T) {
	m := newModel(1, newSeed(t), 40)
	s := openModel(t, m, len(m.commits))
	full, empty := false, false
	for _, c := range m.commits {
		key := partKey(nil, 1, partOutbox, c.Header.Height)
		_, err := raw(s, key)
		if there := err == nil; there != (len(c.Outbox) > 0) {
			t.Fatalf("block %d with an outbox of %d bytes: %v", c.Header.Height, len(c.Outbox), err)
		}
		if len(c.Outbox) == 0 {
			empty = true
			continue
		}
		full = true
		if err := s.db.Delete(key, nil); err != nil {
			t.Fatal(err)
		}
		if b, err := s.Outbox(1, c.Header.Height); !errors.Is(err, ErrDamaged) {
			t.Fatalf("lost outbox of block %d: %q, %v", c.Header.Height, b, err)
		}
	}
	if !full || !empty {
		t.Errorf("blocks with an outbox: %t, without: %t", full, empty)
	}
}
