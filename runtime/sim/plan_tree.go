package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Branch is a chain under another one.
type Branch struct {
	chain.Limb
	Seats    []int // of each member, in its first epoch
	Messages int
	Carriers []int // the members that carry its digests
	Contract bool  // users publish one there, and call it from everywhere
	Has      Attributes
}

// Rot is a chain all of whose committee turns rotten at a time.
type Rot struct {
	Chain chain.ID // 0 for none
	At    uint64   // milliseconds
}

// MostChains is how many chains a tree has, the main one included.
const MostChains = 5

// drawMembers adds members without a seat of the main chain.
func (p *Plan) drawMembers(r *rand.Rand) {
	if p.on(Tree) {
		p.Nodes = append(slices.Clone(p.Nodes), make([]int, r.IntN(3))...)
	}
}

// drawFalse makes some Byzantine members lie about other chains instead.
func (p *Plan) drawFalse(r *rand.Rand) {
	for i := range p.Roles {
		if p.on(Tree) && p.Roles[i].Class == Byzantine && r.IntN(2) == 0 {
			p.Roles[i].Name = arrivalDeviations[r.IntN(len(arrivalDeviations))].Name
		}
	}
}

// drawTree draws the other chains, each with a committee that stands what is faulty (Y3).
func (p *Plan) drawTree(r *rand.Rand, o Options) {
	if !p.on(Tree) {
		p.On = slices.DeleteFunc(p.On, func(c Class) bool { return slices.Index(Classes, c) > slices.Index(Classes, Tree) })
		return
	}
	p.Calm = min(p.Calm/8, 60_000)
	count := 2 + r.IntN(MostChains-2)
	if o.Chains > 1 {
		count = min(o.Chains, MostChains) - 1
	}
	for i := range count {
		b := Branch{Limb: chain.Limb{ID: chain.Main + 1 + chain.ID(i), Parent: chain.Main}, Messages: 1 + r.IntN(30)}
		if parent := r.IntN(2 * (i + 1)); i > 1 && parent < i {
			b.Parent = p.Branches[parent].ID
		} else if i == 1 && parent == 0 {
			b.Parent = p.Branches[0].ID
		}
		b.Seats = p.drawSeats(r)
		if o.Messages >= 0 {
			b.Messages = min(b.Messages, o.Messages)
		}
		p.Branches = append(p.Branches, b)
		if p.on(Epoch) && r.IntN(2) == 0 {
			p.Changes = append(p.Changes, Change{Chain: b.ID, At: r.Uint64N(p.Trouble), Seats: p.drawSeats(r)})
		}
	}
	slices.SortStableFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.At, b.At) })
	if id := p.Branches[r.IntN(count)].ID; p.on(Rotten) {
		p.Rot = Rot{id, r.Uint64N(p.Trouble)}
		p.Changes = slices.DeleteFunc(p.Changes, func(c Change) bool { return c.Chain == id })
	}
	for i := range p.Branches {
		b := &p.Branches[i]
		for _, member := range r.Perm(len(p.Nodes)) {
			if len(b.Carriers) < 1+r.IntN(3) && p.follows(member, b.ID) {
				b.Carriers = append(b.Carriers, member)
			}
		}
	}
	for i := range p.Branches {
		p.Branches[i].Contract = r.IntN(3) == 0
	}
	if id := p.Branches[r.IntN(count)].ID; r.IntN(oneLate) == 0 && p.on(Carriers) && !p.on(Rotten) {
		p.Late = id
	}
}

// oneLate is how many trees of those that can have digests that are thousands of blocks late one has: that takes as long as fifty other seeds.
const oneLate = 20

// drawSeats draws a committee of some of the members.
func (p *Plan) drawSeats(r *rand.Rand) []int {
	seats, size := make([]int, len(p.Nodes)), []int{1, 2, 3, 4, 4, 4, 5}[r.IntN(7)]
	for _, i := range r.Perm(len(seats))[:min(size, len(seats))] {
		seats[i] = 1
	}
	p.bear(seats)
	return seats
}

// drawBetween draws what happens to what goes between chains.
func (p *Plan) drawBetween(r *rand.Rand) (all []Incident) {
	if !p.on(Tree) {
		return nil
	}
	for _, m := range []struct {
		class Class
		most  int
		long  uint64
	}{{Carriers, 3, 30_000}, {Halt, 2, 30_000}, {Flood, 1, 1000}} {
		for range r.IntN(m.most + 1) {
			all = append(all, Incident{Class: m.class, At: r.Uint64N(p.Trouble), For: 1 + r.Uint64N(m.long), How: r.Uint64()})
		}
	}
	return all
}

// tree is the tree of chains.
func (p *Plan) tree() chain.Tree {
	t := chain.Alone(chain.Main)
	for _, b := range p.Branches {
		t = append(t, b.Limb)
	}
	return t
}

// of is the plan as far as it is of one chain.
func (p *Plan) of(id chain.ID) *Plan {
	if len(p.Branches) == 0 {
		return p
	}
	c := *p
	c.Changes = slices.DeleteFunc(slices.Clone(p.Changes), func(x Change) bool { return x.Chain != id })
	for _, b := range p.Branches {
		if b.ID == id {
			c.Nodes, c.Messages, c.Silent, c.Contract = b.Seats, b.Messages, 0, b.Contract
		}
	}
	return &c
}

// follows says whether a member's process has a chain: it has a seat there or below, or comes to.
func (p *Plan) follows(member int, id chain.ID) bool {
	tree := p.tree()
	return id == chain.Main ||
		slices.ContainsFunc(p.Branches, func(b Branch) bool { return tree.Below(b.ID, id) && b.Seats[member] > 0 }) ||
		slices.ContainsFunc(p.Changes, func(c Change) bool { return tree.Below(c.Chain, id) && c.Seats[member] > 0 })
}
