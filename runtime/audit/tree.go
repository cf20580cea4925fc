package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// TreeReport is what an audit of all chains of a network found.
type TreeReport struct {
	Network chain.NetworkID `json:"network"`
	// Chains are the chains of all directories, by id; one that stands in several is there as often.
	Chains []ChainReport `json:"chains"`
	// Issued is what all chains issued, Held what they hold together, UnderWay what left one and has not arrived.
	Issued   chain.Amount `json:"issued"`
	Held     chain.Amount `json:"held"`
	UnderWay chain.Amount `json:"under_way"`
	// Crossings are the pairs of chains between which there was a relay.
	Crossings []Crossing `json:"crossings,omitempty"`
	// Cuts are the chains that are looked at up to a block before their head, as others are not there as far as they know them.
	Cuts   []Cut         `json:"cuts,omitempty"`
	Took   time.Duration `json:"took_nanos"`
	Checks []Check       `json:"checks"`
}

// ChainReport is what an audit found of one chain.
type ChainReport struct {
	Dir string `json:"dir"`
	Report
}

// Crossing is what went from one chain to another.
type Crossing struct {
	From     chain.ID     `json:"from"`
	To       chain.ID     `json:"to"`
	Sent     uint64       `json:"sent"`
	Taken    uint64       `json:"taken"`
	UnderWay chain.Amount `json:"under_way"`
}

// OK says that every check was made, of each chain and of all, and found nothing (A1).
func (r *TreeReport) OK() bool {
	all := Report{Checks: r.Checks}
	return all.OK() && len(r.Chains) > 0 && !slices.ContainsFunc(r.Chains, func(c ChainReport) bool { return !c.OK() })
}

// Check is the check of all chains with a name; nil if there is none.
func (r *TreeReport) Check(name string) *Check { return (&Report{Checks: r.Checks}).Check(name) }

// tree is an audit of all chains under way.
type tree struct {
	Options
	*notes
	ctx    context.Context
	copies map[chain.ID][]*side
	sides  map[chain.ID]*side // the copy of each that is looked at
	whole  bool               // every chain of the network is there
	report TreeReport
}

// side is one chain: where it is read, and what its audit found.
type side struct {
	raw    *store.Raw
	report *Report
	height uint64       // up to which it is looked at: the head, or a block before
	held   chain.Amount // then
	border              // then
	lost   bool         // what it held then can't be told
	began  border       // where the audit began
	// below has what came before: a copy that began earlier. Nil if all is here, or no such copy.
	below *side
}

// at is what is kept of a block, in the copy that has it.
func (s *side) at(height uint64) *store.Kept {
	if s.below != nil && height <= s.report.From {
		return s.below.at(height)
	}
	return s.raw.At(s.report.Chain, height)
}

// blocks calls f for all blocks that are here, ascending: those that this copy lacks as the other has them.
func (s *side) blocks(f func(*store.Kept) error) error {
	if s.below != nil {
		err := s.below.blocks(func(k *store.Kept) error {
			if k.Height > s.report.From {
				return errBrokenOff
			}
			return f(k)
		})
		if err != nil && !errors.Is(err, errBrokenOff) {
			return err
		}
	}
	return s.raw.Blocks(s.report.Chain, func(k *store.Kept) error {
		if k.Height <= s.report.From && s.report.Base > 0 {
			return nil
		}
		return f(k)
	})
}

// start is what the state said of other chains with which the blocks that are here begin.
func (s *side) start() *border {
	if s.below != nil {
		return s.below.start()
	}
	return &s.began
}

// border is what a chain's state says of other chains.
type border struct {
	tree chain.Tree
	in   map[chain.ID]uint64
	out  map[chain.ID]chain.Outward
	// children are the last blocks of its children that it recorded.
	children map[chain.ID]uint64
}

// take notes an entry of the chain's own. One that doesn't decode is met where all entries are.
func (b *border) take(key string, value []byte) {
	if key == chain.KeyTree {
		b.tree, _ = chain.DecodeTree(value)
	}
	i, other, ok := chainEntry(key)
	switch {
	case !ok:
	case chainForms[i].name == "in":
		if n, err := chain.DecodeNumber(value); err == nil {
			b.in = with(b.in, other, n)
		}
	case chainForms[i].name == "out":
		if o, err := chain.DecodeOutward(value); err == nil {
			b.out = with(b.out, other, o)
		}
	}
}

func with[V any](m map[chain.ID]V, id chain.ID, v V) map[chain.ID]V {
	if m == nil {
		m = map[chain.ID]V{}
	}
	m[id] = v
	return m
}

// RunTree audits all chains of some data directories, each at its own head, and what crosses between them, at heads that fit (cut.go). A chain of which
// several directories have a copy is audited in each; what crosses is looked at in the one that is the furthest, and, if that began
// with a state of some blocks ago, in one that has the blocks before. Of Options
// Dir, Store and Chain are not used. Errors are as Run's.
func RunTree(ctx context.Context, o Options, dirs ...string) (TreeReport, error) {
	began := time.Now()
	o.memory = remembering()
	t := &tree{Options: o, notes: newNotes(ofTree), ctx: ctx, copies: map[chain.ID][]*side{}, sides: map[chain.ID]*side{}}
	err := t.each(dirs, func() error {
		t.choose()
		t.together()
		if err := t.cut(); err != nil {
			return err
		}
		return t.between()
	})
	t.report.Checks, t.report.Took = t.close(), time.Since(began)
	return t.report, err
}

// each audits the chains of each directory, and then does what is to be done while all are open.
func (t *tree) each(dirs []string, then func() error) (err error) {
	if len(dirs) == 0 {
		return then()
	}
	raw, err := store.OpenRaw(store.Options{Dir: dirs[0], CacheBytes: t.CacheBytes})
	if errors.Is(err, store.ErrDamaged) {
		t.add(Network, 0, "%s can't be opened: %v", dirs[0], err)
		return t.each(dirs[1:], then)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	list, err := raw.Chains()
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("audit: no chain is stored in %s: %w", dirs[0], store.ErrNotFound)
	}
	for _, id := range list {
		if err := t.one(dirs[0], raw, id); err != nil {
			return err
		}
	}
	return t.each(dirs[1:], then)
}

// one audits a chain of a directory.
func (t *tree) one(dir string, raw *store.Raw, id chain.ID) error {
	o := t.Options
	o.Dir, o.Store, o.Chain, o.raw = dir, nil, id, raw
	r, err := runOne(t.ctx, o)
	if err != nil {
		return err
	}
	report := r.report // and nothing else of the run, which has the chain's state
	t.report.Chains = append(t.report.Chains, ChainReport{dir, report})
	t.copies[id] = append(t.copies[id], &side{raw: raw, report: &report, height: r.report.Height, held: r.report.Held, border: r.border, began: r.joined.border})
	return nil
}

// choose takes of each chain the copy that is the furthest, of those the one that has the most blocks, and holds the others to it.
func (t *tree) choose() {
	for _, id := range slices.Sorted(maps.Keys(t.copies)) {
		list := t.copies[id]
		best := slices.MinFunc(list, func(a, b *side) int {
			return cmp.Or(cmp.Compare(b.report.Height, a.report.Height), cmp.Compare(a.report.From, b.report.From))
		})
		best.complete(list)
		t.sides[id] = best
		for _, c := range list {
			if c != best {
				t.same(id, c.report, best)
			}
		}
	}
}

// complete finds a copy that has the blocks that this one lacks.
func (s *side) complete(list []*side) {
	for _, c := range list {
		if c.report.From < s.report.From && c.report.Height >= s.report.From && (s.below == nil || c.report.From < s.below.report.From) {
			s.below = c
		}
	}
	if s.below != nil {
		s.below.complete(list)
	}
}

// same holds two copies of a chain to each other.
func (t *tree) same(id chain.ID, low *Report, high *side) {
	t.looked(Network, 1)
	for _, h := range headers(high.at(low.Height)) {
		if h.Hash() != low.Head {
			t.add(Network, low.Height, "block %d of chain %d is %s in one directory, and %s in another", low.Height, id, low.Head, h.Hash())
		}
	}
}

// ids are the chains that are there.
func (t *tree) ids() []chain.ID { return slices.Sorted(maps.Keys(t.sides)) }

// together asks whether the chains are those of one network.
func (t *tree) together() {
	slices.SortStableFunc(t.report.Chains, func(a, b ChainReport) int { return cmp.Compare(a.Chain, b.Chain) })
	missing := map[chain.ID]bool{}
	for i := range t.report.Chains {
		c := &t.report.Chains[i]
		t.looked(Network, 1)
		if t.report.Network == (chain.NetworkID{}) {
			t.report.Network = c.Network
		}
		if c.Network != t.report.Network {
			t.add(Network, 0, "chain %d in %s is of network %s, and others are of %s", c.Chain, c.Dir, c.Network, t.report.Network)
		}
	}
	for _, id := range t.ids() {
		s := t.sides[id]
		for _, other := range s.others() {
			missing[other] = missing[other] || t.sides[other] == nil
		}
	}
	t.whole = true
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		if missing[id] {
			t.whole = false
			t.skip(fmt.Sprintf("chain %d is in none of the directories", id), Network, Recorded, Crossings, Total)
		}
	}
}

// others are the chains without which what a chain says can't be judged: those that began with the network, and those that it
// sent something to or took something from.
func (s *side) others() []chain.ID {
	return slices.Concat(slices.Collect(maps.Keys(s.in)), slices.Collect(maps.Keys(s.out)), s.first())
}

// first are the chains that began with the network, which may have issued something.
func (s *side) first() (list []chain.ID) {
	raw, _, err := s.raw.Genesis(s.report.Chain)
	if err != nil {
		return nil
	}
	g, err := chain.DecodeOrigin(raw)
	if err != nil {
		return nil
	}
	for _, l := range g.Tree() {
		list = append(list, l.ID)
	}
	return list
}
