package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
)

// process is what crashes as one: the nodes of a machine, one for each chain that it has. Those are the chains in whose committees its
// member has seats or comes to, and all that are above them (SPEC 7.1).
type process struct {
	*stage
	number   int
	member   int           // its number in the plan
	nodes    []*node       // by chain
	chains   *relay.Chains // what its nodes show each other, in its present life
	carriers []*carrier
	healed   bool // after trouble
}

// node is the process's node of a chain; nil if it doesn't have that.
func (p *process) node(id chain.ID) *node {
	for _, n := range p.nodes {
		if n.w.id == id {
			return n
		}
	}
	return nil
}

// any is one of its nodes.
func (p *process) any() *node {
	if len(p.nodes) == 1 {
		return p.nodes[0]
	}
	return p.nodes[p.wires.IntN(len(p.nodes))]
}

// up says whether it runs: all of its nodes do then.
func (p *process) up() bool { return p.nodes[0].up }

// honest says whether the rules hold for it: all of its code is ours, and its keys are its own.
func (p *process) honest() bool {
	role := p.whole.role(p.member)
	return role == nil || role.forgets()
}

// sound says whether nothing has rotted on its disks that wasn't seen yet.
func (p *process) sound() bool {
	return !slices.ContainsFunc(p.nodes, func(n *node) bool { return n.rotten != "" })
}

// boot begins a life with what is on the disks.
func (p *process) boot() {
	p.chains = relay.NewChains()
	for _, c := range p.carriers {
		c.forget()
	}
	for _, n := range p.nodes {
		n.boot()
		if !n.up {
			return
		}
	}
	for _, n := range p.nodes[1:] {
		n.look() // they began when not all were there
	}
}

// stop ends a life; the next one begins after some milliseconds.
func (p *process) stop(millis uint64) {
	for _, n := range p.nodes {
		n.end()
	}
	p.chains = nil
	first := p.nodes[0]
	life := first.life
	p.after(millis, nil, "boot", func() {
		if !first.up && first.life == life {
			p.boot()
		}
	})
}

// committed tells who may wait for a block of one of its nodes: those below, who see more through it, and the carriers of digests.
func (p *process) committed(by *node) {
	for _, n := range p.nodes {
		if n != by && n.up && p.tree.Below(n.w.id, by.w.id) {
			n.look()
		}
	}
	for _, c := range p.carriers {
		if c.child == by || c.parent == by {
			c.wake()
		}
	}
}

// loseDisk ends a life, and all that the process knew.
func (p *process) loseDisk(wait uint64) {
	p.stop(wait)
	for _, n := range p.nodes {
		blank, err := newDisk(n.w, bft.Lost())
		if err != nil {
			n.w.violate("recovery", n, "it gets no other disk: %v", err)
		}
		n.plug(blank)
	}
}

// slow makes writes take so many milliseconds; tick puts its clock wrong by as many.
func (p *process) slow(millis uint64) {
	for _, n := range p.nodes {
		n.slow = millis
	}
}

func (p *process) tick(millis int64) {
	for _, n := range p.nodes {
		n.clock = millis
	}
}

// fill makes its disk full, or gives it room again.
func (p *process) fill(full bool) {
	for _, n := range p.nodes {
		n.full = full
		n.disk.fill(full)
	}
}

// backUp takes a copy of the disk, which after a while takes the disk's place.
func (p *process) backUp(millis uint64) {
	copies := make([]disk, len(p.nodes))
	for i, n := range p.nodes {
		copies[i] = n.disk.copy()
	}
	p.after(millis, nil, "restore", func() {
		if p.phase != trouble {
			return
		}
		p.census.add("restored backup")
		p.tell(p.nodes[0], "gets the disk back that it had %d ms ago", millis)
		p.stop(1)
		for i, n := range p.nodes {
			n.plug(copies[i])
		}
	})
}

// decay damages something of its disk while it is down.
func (p *process) decay(wait uint64) {
	p.stop(wait)
	n := p.any()
	what, err := n.disk.rot()
	if err != nil {
		n.w.violate("recovery", n, "its disk doesn't rot: %v", err)
		return
	}
	n.rotten = what
	p.census.add("bit rot")
	p.tell(n, "has a bit of %s flipped on its disk", what)
}
