package sim

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// porter carries envelopes by hand (SPEC 8.4): from any process that has a chain and all on the way, to all nodes of another one; where users
// send once, to one of them alone: it is the members' to see to it then, and when trouble is over it is always the same one. What those have
// from a chain of their own process they take from there; nobody needs the porter for it, and it may come twice.
type porter struct {
	*stage
	stopped uint64 // until then it carries nothing
	old     [][]byte
	olds    []chain.ID // where they went
}

const (
	porterMillis = 500
	// mostBrought is how many it brings from one chain to another at once: a node keeps twice as many.
	mostBrought = 8
	// mostOld is how many envelopes it keeps, to bring them again.
	mostOld = 32
)

// round looks for each pair of chains whether something is on its way, and carries it.
func (p *porter) round() {
	p.after(porterMillis, nil, "porter", p.round)
	if p.stopped > p.now {
		return
	}
	for _, to := range p.worlds {
		for _, from := range p.worlds {
			next := p.crossing.arrived[pairOf{from.id, to.id}]
			if from == to || to.rotten || next >= p.crossing.count(from.id, to.id) {
				continue
			}
			if p.phase != recovery && p.wires.IntN(2) == 0 {
				continue
			}
			for range mostBrought { // each holds what one block sent
				n := p.bring(from, to, next)
				if next += n; n == 0 {
					break
				}
			}
		}
	}
	if p.evil() && len(p.old) > 0 && p.wires.IntN(4) == 0 {
		i := p.wires.IntN(len(p.old))
		p.census.add("old envelope")
		p.ship(nil, 0, p.world(p.olds[i]), p.old[i])
	}
}

// evil says whether what is carried suffers more than what the network does.
func (p *porter) evil() bool { return p.phase != recovery && p.whole.on(Envelopes) }

// bring makes an envelope and sends it. It returns how many relays are in it.
func (p *porter) bring(from, to *World, first uint64) (relays uint64) {
	top := p.tree.Common(from.id, to.id)
	var has []*process
	for _, one := range p.processes {
		if one.up() && one.node(from.id) != nil && one.node(top) != nil {
			has = append(has, one)
		}
	}
	if len(has) == 0 {
		return 0
	}
	one := has[p.wires.IntN(len(has))]
	var e *light.Envelope
	one.node(from.id).during(func() error {
		var err error
		e, err = one.chains.Envelope(p.tree, from.id, to.id, first)
		if unready(err) {
			err = nil
		}
		return err
	})
	if e == nil || !one.up() {
		return 0
	}
	p.census.add("envelope")
	raw := e.Encode()
	if len(p.old) < mostOld {
		p.old, p.olds = append(p.old, raw), append(p.olds, to.id)
	} else {
		i := p.wires.IntN(mostOld)
		p.old[i], p.olds[i] = raw, to.id
	}
	p.ship(one, e.Import.Source, to, raw)
	if p.evil() && p.wires.IntN(2) == 0 {
		if f := tamper(p.stage, e); f != nil {
			p.census.add("forged envelope")
			p.ship(one, e.Import.Source, to, f.Encode())
		}
	}
	return uint64(len(e.Import.Messages))
}

// receivers are the nodes of a chain that an envelope is brought to.
func (p *porter) receivers(source chain.ID, to *World) []*node {
	if !p.whole.Once {
		return to.nodes
	}
	if p.phase != recovery {
		return []*node{to.nodes[p.wires.IntN(len(to.nodes))]}
	}
	well := func(n *node) bool { return n.up && n.honest() && n.process.healed && n.process.sound() }
	at := slices.IndexFunc(to.nodes, func(n *node) bool { return well(n) && n.process.node(source) == nil })
	if at < 0 {
		at = slices.IndexFunc(to.nodes, well)
	}
	if at < 0 {
		return to.nodes
	}
	p.census.add("envelope to one alone")
	return to.nodes[at : at+1]
}

// ship sends an envelope of relays from a chain to nodes of another, each on its own way.
func (p *porter) ship(from *process, source chain.ID, to *World, raw []byte) {
	for _, n := range p.receivers(source, to) {
		r := p.wires
		if from != nil && p.severed(from, n.process) {
			p.census.add("cut off")
			continue
		}
		copies, wait, b := 1, 1*millis+r.Uint64N(p.whole.Delay*millis), raw
		if p.evil() {
			switch r.IntN(16) {
			case 0, 1:
				copies = 0
				p.census.add("envelope lost")
			case 2, 3:
				copies = 2
				p.census.add("envelope twice")
			case 4, 5:
				wait += r.Uint64N(60_000 * millis)
				p.census.add("envelope late")
			case 6:
				b = to.damage(raw)
				p.census.add("envelope damaged")
			}
		}
		for range copies {
			p.at(p.now+wait, n, "envelope", func() { n.receive(n.peer, packet{envelope: true, raw: b}) })
			wait += r.Uint64N(1000 * millis)
		}
	}
}
