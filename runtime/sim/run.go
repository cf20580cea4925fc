package sim

import (
	"errors"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/store"
)

// Options say how a seed is run.
type Options struct {
	Tier     Tier
	Without  []Class // classes of faults that are left out
	Keep     []int   // the incidents that are left in; nil for all
	Messages int     // at most; -1 for as many as the seed draws
	Nodes    int     // of one seat each; 0 for what the seed draws
	// Say is told a line of the timeline.
	Say func(millis uint64, node int, line string)
}

// Outcome is how a run ended.
type Outcome struct {
	Seed      uint64
	Plan      *Plan
	Violation *Violation // nil if there is none
	History   [32]byte
	Census    Census
	Millis    uint64 // of virtual time
}

// Run is a seed's run.
func Run(seed uint64, o Options) (*Outcome, error) {
	p := Draw(seed, o)
	w, err := newWorld(p)
	if err != nil {
		return nil, err
	}
	if o.Say != nil {
		w.listen(o.Say)
	}
	runs := handlings
	w.run()
	w.census.addN("contract", handlings-runs)
	if err := errors.Join(w.audit(), w.close()); err != nil {
		return nil, err
	}
	out := &Outcome{Seed: seed, Plan: p, Violation: w.broken, Census: w.census, Millis: w.now / millis}
	w.history.Sum(out.History[:0])
	return out, nil
}

// run lets a world go through its three parts.
func (w *World) run() {
	for _, n := range w.nodes {
		n.boot()
	}
	for i := range w.plan.Incident {
		in := &w.plan.Incident[i]
		w.after(in.At, nil, "incident", func() { w.strike(in) })
	}
	for _, role := range w.plan.Roles {
		if role.Class == Twin {
			w.census.add("twin")
		}
	}
	w.load.start()
	for _, c := range w.plan.Changes {
		w.after(c.At, nil, "change", func() { w.load.change(c) })
	}
	toTheEnd := func() bool { return false }
	w.until(w.plan.Trouble*millis, toTheEnd)
	w.heal()
	w.phase = recovery
	newLiveness(w).demandIt()
	w.phase = calm
	w.until(w.now+w.plan.Calm*millis, toTheEnd)
}

// never is a time that doesn't come.
const never = 1 << 60

// strike lets an incident happen.
func (w *World) strike(in *Incident) {
	n := w.nodes[in.Node]
	if w.phase != trouble {
		return
	}
	w.tell(n, "incident: %s for %d ms", in.Class, in.For)
	switch in.Class {
	case Partition:
		w.cuts = append(w.cuts, cutOf(w, in))
	case Crash:
		n.doom(in)
		if at := boundary(in.How % uint64(boundaries)); at == insideStart && n.up {
			n.stop(in.For / 2)
		} else if at == beforeTell && in.Patient { // whoever has something to tell first
			for _, other := range w.nodes {
				other.doom(in)
			}
		}
	case SlowDisk:
		n.slow = 1 + in.How%400
		w.after(in.For, nil, "disk", func() { n.slow = 0 })
	case FullDisk:
		n.fill(true)
		w.after(in.For, nil, "disk", func() { n.fill(false) })
	case LostDisk:
		w.census.add("lost disk")
		n.loseDisk(in.For)
	case BitRot:
		n.decay(in.For)
	case Backup:
		n.backUp(8 * in.For)
	case Clock:
		w.census.add("clock jump")
		n.clock = []int64{-3_600_000, -10_000, -1500, 1500, 10_000, 3_600_000}[in.How%6]
		w.after(in.For, nil, "clock", func() { n.clock = 0 })
	case Starve:
		w.starved, w.work = w.now+in.For*millis, 1000+in.How%8000
	case Pause:
		w.census.add("pause")
		n.busy = max(n.busy, w.now+in.For*millis)
	}
}

// doom has a node crash at the boundary of an incident.
func (n *node) doom(in *Incident) {
	at := boundary(in.How % uint64(boundaries))
	n.crashAt, n.crashFor, n.crashBy = &at, in.For, n.w.now+4000*millis
	if in.Patient {
		n.crashBy = never
	}
}

// decay damages something of a node's disk while it is down.
func (n *node) decay(wait uint64) {
	n.stop(wait)
	what, err := n.disk.rot()
	if err != nil {
		n.w.violate("recovery", n, "its disk doesn't rot: %v", err)
		return
	}
	n.rotten = what
	n.w.census.add("bit rot")
	n.w.tell(n, "has a bit of %s flipped on its disk", what)
}

// notices says whether an error comes of what has rotted. The node stopped for it then, and who runs it gives it another disk.
func (n *node) notices(err error) bool {
	if n.rotten == "" || !errors.Is(err, store.ErrDamaged) {
		return false
	}
	n.w.census.add("bit rot seen")
	n.w.tell(n, "stops for what has rotted: %v", err)
	n.loseDisk(1000)
	return true
}

// backUp takes a copy of the disk, which after a while takes the disk's place.
func (n *node) backUp(millis uint64) {
	backup := n.disk.copy()
	n.w.after(millis, nil, "restore", func() {
		if n.w.phase == trouble {
			n.w.census.add("restored backup")
			n.w.tell(n, "gets the disk back that it had %d ms ago", millis)
			n.stop(1)
			n.plug(backup)
		}
	})
}

// loseDisk ends a life, and all that the node knew.
func (n *node) loseDisk(wait uint64) {
	n.stop(wait)
	blank, err := newDisk(n.w, bft.Lost())
	if err != nil {
		n.w.violate("recovery", n, "it gets no other disk: %v", err)
	}
	n.plug(blank)
}

// plug gives a node that is down another disk, which doesn't say what it signed.
func (n *node) plug(d disk) { n.disk, n.full, n.forgot, n.rotten = d, false, true, "" }

func (n *node) fill(full bool) {
	n.full = full
	n.disk.fill(full)
}

// heal makes a quorum drawn from the seed well: of the seats that may be faulty, those that are not yet may stay away.
func (w *World) heal() {
	p := w.plan
	away := newAbsence(p)
	w.healed = make([]bool, len(w.nodes))
	for i := range w.healed {
		w.healed[i] = true
	}
	for _, i := range w.random.heal.Perm(len(p.Nodes)) {
		if p.role(i) == nil && away.may(i) && w.random.heal.IntN(3) == 0 {
			away.stays(i)
			w.healed[i] = false
			w.nodes[i].stop(never / millis / 2)
			w.tell(w.nodes[i], "stays away")
		}
	}
	w.cuts = nil
	for i, n := range w.nodes {
		n.crashAt, n.slow, n.clock = nil, 0, 0
		n.fill(false)
		n.busy = min(n.busy, w.now)
		if !n.up && w.healed[i] {
			n.boot()
		}
	}
	w.tell(nil, "healed")
}

// absence is how many seats may still stay away, in each committee that agrees now or comes to.
type absence struct {
	seats [][]int // by committee and node
	left  []int
}

func newAbsence(p *Plan) *absence {
	a := &absence{seats: [][]int{p.Nodes}, left: []int{p.Faulty()}}
	for _, role := range p.Roles {
		a.left[0] -= p.Nodes[role.Node]
	}
	for _, c := range p.Changes {
		a.seats, a.left = append(a.seats, c.Seats), append(a.left, p.spare(c.Seats))
	}
	return a
}

func (a *absence) may(node int) bool {
	for k, seats := range a.seats {
		if seats[node] > a.left[k] {
			return false
		}
	}
	return true
}

func (a *absence) stays(node int) {
	for k, seats := range a.seats {
		a.left[k] -= seats[node]
	}
}
