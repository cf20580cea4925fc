package sim

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/thinkey/thinkey/runtime/store"
)

// Options say how a seed is run.
type Options struct {
	Tier     Tier
	Without  []Class // classes of faults that are left out
	Keep     []int   // the incidents that are left in; nil for all
	Messages int     // at most; -1 for as many as the seed draws
	Nodes    int     // of one seat each; 0 for what the seed draws
	Chains   int     // the main one included; 0 for what the seed draws
	// Say is told a line of the timeline.
	Say func(millis uint64, node int, line string)
}

// narrow says whether they leave out anything that seeds draw.
func (o *Options) narrow() bool {
	return len(o.Without) > 0 || o.Keep != nil || o.Messages >= 0 || o.Nodes > 0 || o.Chains > 0
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
	s, err := newStage(p)
	if err != nil {
		return nil, err
	}
	if o.Say != nil {
		s.listen(o.Say)
	}
	runs := handlings
	s.running()
	s.census.addN("contract", handlings-runs)
	if err := errors.Join(s.audit(), s.close()); err != nil {
		return nil, fmt.Errorf("seed %d: %w; it is repeated by: %s", seed, err, Command(seed, o))
	}
	out := &Outcome{Seed: seed, Plan: p, Violation: s.broken, Census: s.census, Millis: s.now / millis}
	s.history.Sum(out.History[:0])
	return out, nil
}

// running is run, where a panic outside of what a node does is a violation as any other: the seed is told, and shrunk.
func (s *stage) running() {
	defer func() {
		if p := recover(); p != nil {
			s.violate("no halt", nil, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	s.run()
}

// run lets all go through its three parts.
func (s *stage) run() {
	for _, p := range s.processes {
		p.boot()
	}
	for i := range s.whole.Incident {
		in := &s.whole.Incident[i]
		s.after(in.At, nil, "incident", func() { s.strike(in) })
	}
	for _, role := range s.whole.Roles {
		if role.Class == Twin {
			s.census.add("twin")
		}
	}
	for _, w := range s.worlds {
		w.load.start()
	}
	for _, c := range s.whole.Changes {
		s.after(c.At, nil, "change", func() { s.worlds[0].load.change(c) })
	}
	for _, r := range s.whole.Renewals {
		s.after(r.At, nil, "renewal", func() { s.worlds[0].load.renew(r) })
	}
	if r := s.whole.Rot; r.Chain > 0 {
		s.after(r.At, nil, "rot", func() { s.rot(r.Chain) })
	}
	s.carryAll()
	toTheEnd := func() bool { return false }
	s.until(s.whole.Trouble*millis, toTheEnd)
	s.heal()
	s.phase = recovery
	s.demand()
	s.phase = calm
	s.until(s.now+s.whole.Calm*millis, toTheEnd)
	if s.whole.Late > 0 && s.broken == nil {
		s.late(s.world(s.whole.Late))
	}
	s.crossing.end()
}

// never is a time that doesn't come.
const never = 1 << 60

// strike lets an incident happen.
func (s *stage) strike(in *Incident) {
	p := s.processes[in.Node]
	if s.phase != trouble {
		return
	}
	s.tell(p.nodes[0], "incident: %s for %d ms", in.Class, in.For)
	switch in.Class {
	case Partition:
		s.cuts = append(s.cuts, cutOf(s, in))
	case Crash:
		p.any().doom(in)
		if at := boundary(in.How % uint64(boundaries)); at == insideStart && p.up() {
			p.stop(in.For / 2)
		} else if at == beforeTell && in.Patient { // whoever has something to tell first
			for _, w := range s.worlds {
				for _, other := range w.nodes {
					other.doom(in)
				}
			}
		}
	case SlowDisk:
		p.slow(1 + in.How%400)
		s.after(in.For, nil, "disk", func() { p.slow(0) })
	case FullDisk:
		p.fill(true)
		s.after(in.For, nil, "disk", func() { p.fill(false) })
	case LostDisk:
		s.census.add("lost disk")
		p.loseDisk(in.For)
	case BitRot:
		p.decay(in.For)
	case Backup:
		p.backUp(8 * in.For)
	case Clock:
		s.census.add("clock jump")
		p.tick([]int64{-3_600_000, -10_000, -1500, 1500, 10_000, 3_600_000}[in.How%6])
		s.after(in.For, nil, "clock", func() { p.tick(0) })
	case Starve:
		s.starved, s.work = s.now+in.For*millis, 1000+in.How%8000
	case Pause:
		s.census.add("pause")
		for _, n := range p.nodes {
			n.busy = max(n.busy, s.now+in.For*millis)
		}
	case Carriers, Halt, Flood:
		s.hinder(in)
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

// notices says whether an error comes of what has rotted. The node stopped for it then, and who runs it gives it another disk.
func (n *node) notices(err error) bool {
	if n.rotten == "" || !errors.Is(err, store.ErrDamaged) {
		return false
	}
	n.w.census.add("bit rot seen")
	n.w.tell(n, "stops for what has rotted: %v", err)
	n.process.loseDisk(1000)
	return true
}

// plug gives a node that is down another disk, which doesn't say what it signed.
func (n *node) plug(d disk) { n.disk, n.full, n.forgot, n.rotten = d, false, true, "" }

// heal makes a quorum drawn from the seed well: of the seats that may be faulty, those that are not yet may stay away.
func (s *stage) heal() {
	p, r := s.whole, s.worlds[0].random.heal
	away := newAbsence(p)
	for _, one := range s.processes {
		one.healed = true
	}
	for _, i := range r.Perm(len(p.Nodes)) {
		if p.role(i) == nil && away.may(i) && r.IntN(3) == 0 {
			away.stays(i)
			s.processes[i].healed = false
			s.processes[i].stop(never / millis / 2)
			s.tell(s.processes[i].nodes[0], "stays away")
		}
	}
	s.cuts = nil
	for _, w := range s.worlds {
		w.cuts = nil
	}
	for _, one := range s.processes {
		one.tick(0)
		one.slow(0)
		one.fill(false)
		for _, n := range one.nodes {
			n.crashAt = nil
			n.busy = min(n.busy, s.now)
		}
		if !one.up() && one.healed {
			one.boot()
		}
	}
	s.carryOn()
	s.tell(nil, "healed")
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
	for _, b := range p.Branches {
		a.seats, a.left = append(a.seats, b.Seats), append(a.left, p.spare(b.Seats))
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
