package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Class is a kind of faults that a seed switches on or off as a whole (Y2).
type Class string

// The classes of faults.
const (
	Drop      Class = "drop"
	Delay     Class = "delay"
	Duplicate Class = "duplicate"
	Reorder   Class = "reorder"
	Corrupt   Class = "corrupt"
	Partition Class = "partition"
	Crash     Class = "crash"
	SlowDisk  Class = "slow-disk"
	FullDisk  Class = "full-disk"
	LostDisk  Class = "lost-disk"
	Clock     Class = "clock"
	Pause     Class = "pause"
	Starve    Class = "starve"
	Twin      Class = "twin"
	Byzantine Class = "byzantine"
	BitRot    Class = "bit-rot"
	Backup    Class = "backup"
	Bandwidth Class = "bandwidth"
	Epoch     Class = "epoch"
	// Tree is no fault: more chains than one, and what goes between them. The others are faults of that.
	Tree      Class = "tree"
	Carriers  Class = "carriers"
	Envelopes Class = "envelopes"
	Halt      Class = "halt"
	Rotten    Class = "rotten"
	Flood     Class = "flood"
	// Attributed is no fault either: chains with a valve and an interval, and attributes that change.
	Attributed Class = "attributes"
)

// Classes are all of them, in the order in which they are drawn.
var Classes = []Class{
	Drop, Delay, Duplicate, Reorder, Corrupt, Partition, Crash, SlowDisk, FullDisk, LostDisk, Clock, Pause, Starve, Twin, Byzantine,
	BitRot, Backup, Bandwidth, Epoch, Tree, Carriers, Envelopes, Halt, Rotten, Flood, Attributed,
}

// firstClasses are those before BitRot. What belongs to later ones is drawn from a stream of its own, what belongs to Epoch from
// another, what belongs to Tree and all behind it from a third, and what belongs to Attributed from a fourth: a seed that was kept from before is what it was, without them.
const firstClasses = 15

// ClassNames are their names, and ClassNamed finds one.
func ClassNames() []string {
	names := make([]string, len(Classes))
	for i, c := range Classes {
		names[i] = string(c)
	}
	return names
}

// ClassNamed is the class with the name.
func ClassNamed(name string) (Class, bool) { return Class(name), slices.Contains(Classes, Class(name)) }

// Incident is a fault that happens to a node, or to the links between nodes, at a time.
type Incident struct {
	Number int
	Class  Class
	At     uint64 // milliseconds
	For    uint64 // milliseconds
	Node   int
	How    uint64 // more draws: which boundary, which nodes
	// Patient waits for its boundary as long as it takes.
	Patient bool
}

// Role is what makes a member faulty.
type Role struct {
	Node  int
	Class Class  // Byzantine, Twin, or one that loses what it signed: LostDisk, BitRot, Backup
	Name  string // of the deviation
}

// Plan is all that a seed draws before its run begins.
type Plan struct {
	Seed     uint64
	Tier     Tier
	Silent   uint32   // of the committee
	Nodes    []int    // seats of each member in the main chain's first epoch; each has a process
	Branches []Branch // the other chains
	On       []Class
	Loss     float64 // of messages
	Copies   float64
	Damage   float64
	Delay    uint64 // milliseconds, at most, of most messages
	Tail     float64
	Uplink   uint64 // bytes that a node sends in a second; 0 for any number
	Roles    []Role
	Incident []Incident
	Changes  []Change
	Messages int
	Contract bool
	GasPrice uint64
	Once     bool   // users send what they want once, when trouble is over: it is the members' to see to it (SPEC 5.10)
	Cut      int    // one of so many blocks is cut short, its relays carried out; 0 for none
	Trouble  uint64 // milliseconds
	Calm     uint64 // milliseconds
	Rot      Rot
	Interval uint32 // of the main chain's blocks, in milliseconds
	Renewals []Renewal
	Late     chain.ID // whose digests nobody carries for thousands of blocks, at the end; 0 for none
}

// Change is a committee that is registered: the chain hands over to it (SPEC 6.7).
type Change struct {
	Chain chain.ID
	At    uint64 // milliseconds
	Seats []int  // of each member
}

// Tier is how much of a node is real.
type Tier string

// The tiers; the package's doc says what is real in each.
const (
	Stub  Tier = "stub"
	Real  Tier = "real"
	Store Tier = "store"
)

// Tiers are all of them.
var Tiers = []Tier{Stub, Real, Store}

// shape is a committee.
type shape struct {
	silent uint32
	nodes  []int
}

// shapes are the committees that are drawn; the first of them half of the time.
var shapes = []shape{
	{0, []int{1, 1, 1, 1}},
	{0, []int{1, 1, 1}}, {0, []int{1, 1, 1, 1, 1}}, {0, []int{1, 1, 1, 1, 1, 1}}, {0, []int{1, 1, 1, 1, 1, 1, 1}},
	{0, []int{2, 2, 1, 1, 1}}, {1, []int{1, 1, 1, 1, 1, 1}}, {0, []int{3, 2, 2, 1, 1, 1}},
}

// The streams of a seed's randomness: what one of them is asked for changes nothing in another, so that a run from which
// something is left out stays close to what it was.
const (
	streamPlan uint64 = iota + 1
	streamIncidents
	streamRoles
	streamNet
	streamDisk
	streamWork
	streamLoad
	streamEvil
	streamHeal
	streamLater
	streamEpochs
	streamUsers
	streamTree
	streamWires
	streamAttributes
)

func stream(seed, number uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, number)) }

// Draw makes the plan of a seed, less what the options leave out.
func Draw(seed uint64, o Options) *Plan {
	r, later, epochs, tree := stream(seed, streamPlan), stream(seed, streamLater), stream(seed, streamEpochs), stream(seed, streamTree)
	attributes := stream(seed, streamAttributes)
	p := &Plan{Seed: seed, Tier: o.Tier, Delay: 5 + r.Uint64N(60)}
	s := shapes[0]
	if r.IntN(2) == 0 {
		s = shapes[1+r.IntN(len(shapes)-1)]
	}
	if o.Nodes > 0 {
		s = shape{0, slices.Repeat([]int{1}, o.Nodes)}
	}
	p.Silent, p.Nodes = s.silent, s.nodes
	for i, c := range Classes {
		from, one := r, 2
		switch {
		case c == Tree:
			from, one = tree, 4
		case c == Attributed:
			from = attributes
		case slices.Index(Classes, Tree) < i:
			from = tree
		case c == Epoch:
			from = epochs
		case i >= firstClasses:
			from = later
		}
		on := from.IntN(one) == 0
		if c == Tree && o.Chains > 0 {
			on = o.Chains > 1
		}
		if on && !slices.Contains(o.Without, c) {
			p.On = append(p.On, c)
		}
	}
	p.Loss, p.Copies, p.Damage, p.Tail = 0.3*square(r), 0.1*square(r), 0.05*square(r), 0.05*square(r)
	p.Messages = 1 + r.IntN(60)
	p.Contract, p.GasPrice, p.Cut = r.IntN(4) == 0, uint64(r.IntN(2)), r.IntN(3)*4
	p.Trouble, p.Calm = 5_000+r.Uint64N(35_000), r.Uint64N(1_800_000)
	if o.Messages >= 0 {
		p.Messages = min(p.Messages, o.Messages)
	}
	p.Once = stream(seed, streamUsers).IntN(2) == 0
	p.Uplink = 4096 << later.IntN(8)
	p.loseClasses()
	if p.on(Epoch) {
		p.Nodes = append(slices.Clone(p.Nodes), make([]int, epochs.IntN(3))...) // they come to have seats later
	}
	p.drawMembers(tree)
	p.drawRoles(stream(seed, streamRoles), later)
	p.drawFalse(tree)
	p.drawIncidents(stream(seed, streamIncidents), tree, o.Keep)
	p.drawChanges(epochs)
	p.drawTree(tree, o)
	p.drawAttributes(attributes)
	return p
}

// drawChanges draws the committees of later epochs, in each of which no more seats are faulty than it can stand (Y3).
func (p *Plan) drawChanges(r *rand.Rand) {
	if !p.on(Epoch) {
		return
	}
	for range 1 + r.IntN(3) {
		c := Change{Chain: chain.Main, At: r.Uint64N(p.Trouble), Seats: make([]int, len(p.Nodes))}
		for i := range c.Seats {
			c.Seats[i] = []int{0, 1, 1, 1, 2}[r.IntN(5)]
		}
		p.bear(c.Seats)
		p.Changes = append(p.Changes, c)
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.At, b.At) })
}

// bear takes seats from faulty members until the committee stands the others.
func (p *Plan) bear(seats []int) {
	for _, role := range p.Roles {
		if p.spare(seats) < 0 {
			seats[role.Node] = 0
		}
	}
	for i := 0; sum(seats) == 0; i++ {
		if p.role(i) == nil {
			seats[i] = 1
		}
	}
}

// spare is how many seats of a committee may be faulty beside those that are.
func (p *Plan) spare(seats []int) int {
	total := sum(seats)
	if total == 0 {
		return 0
	}
	spare := chain.QuorumsOf(total, 0).Faulty
	for _, role := range p.Roles {
		spare -= seats[role.Node]
	}
	return spare
}

func sum(list []int) (n int) {
	for _, k := range list {
		n += k
	}
	return n
}

// square is a share, small ones more likely.
func square(r *rand.Rand) float64 { x := r.Float64(); return x * x }

func (p *Plan) loseClasses() {
	if !p.on(Drop) {
		p.Loss = 0
	}
	if !p.on(Duplicate) {
		p.Copies = 0
	}
	if !p.on(Corrupt) {
		p.Damage = 0
	}
	if !p.on(Delay) {
		p.Tail = 0
	}
	if !p.on(Bandwidth) {
		p.Uplink = 0
	}
}

func (p *Plan) on(c Class) bool { return slices.Contains(p.On, c) }

// Faulty is how many seats may be faulty.
func (p *Plan) Faulty() int { return chain.QuorumsOf(p.seats(), int(p.Silent)).Faulty }

func (p *Plan) seats() int { return sum(p.Nodes) }

// drawRoles names the faulty members, as many as there may be (Y3).
func (p *Plan) drawRoles(r, later *rand.Rand) {
	left := p.Faulty()
	for _, i := range r.Perm(len(p.Nodes)) {
		c, name := []Class{Byzantine, Byzantine, Byzantine, Twin, LostDisk}[r.IntN(5)], byzantine.All[r.IntN(len(byzantine.All))].Name
		if other := []Class{BitRot, Backup}[later.IntN(2)]; !p.on(c) {
			c = other
		}
		if p.Nodes[i] <= left && p.on(c) {
			left -= p.Nodes[i]
			if c != Byzantine {
				name = ""
			}
			p.Roles = append(p.Roles, Role{i, c, name})
		}
	}
}

// forgets says whether the role is of an honest member that loses what it signed.
func (r *Role) forgets() bool { return r.Class == LostDisk || r.Class == BitRot || r.Class == Backup }

// blameless says whether all members keep the rules, remember what they signed, and what they send is what arrives.
func (p *Plan) blameless() bool {
	return p.Damage == 0 && p.Rot.Chain == 0 && !slices.ContainsFunc(p.Roles, func(r Role) bool { return r.Class != LostDisk })
}

func (p *Plan) role(node int) *Role {
	for i := range p.Roles {
		if p.Roles[i].Node == node {
			return &p.Roles[i]
		}
	}
	return nil
}

// many is how many incidents of each class a plan has at most.
var many = []struct {
	class Class
	most  int
	long  uint64 // milliseconds
}{{Partition, 3, 8000}, {Crash, 12, 3000}, {SlowDisk, 3, 6000}, {FullDisk, 2, 4000}, {Clock, 4, 6000}, {Pause, 4, 8000}, {Starve, 2, 15_000}}

// losses is how often who forgets does: not all that rots is read, and not every backup is restored in time.
var losses = map[Class]int{LostDisk: 1, BitRot: 3, Backup: 2}

// drawIncidents draws when things happen. Keep, if not nil, are the numbers of those that are left.
func (p *Plan) drawIncidents(r, tree *rand.Rand, keep []int) {
	var all []Incident
	for _, m := range many {
		for range r.IntN(m.most + 1) {
			in := Incident{0, m.class, r.Uint64N(p.Trouble), 1 + r.Uint64N(m.long), r.IntN(len(p.Nodes)), r.Uint64(), false}
			all = append(all, in)
		}
	}
	p.enumerate(all)
	for _, role := range p.Roles {
		for range max(losses[role.Class], 1) {
			if in := (Incident{0, role.Class, r.Uint64N(p.Trouble), 1 + r.Uint64N(2000), role.Node, 0, false}); role.forgets() {
				all = append(all, in)
			}
		}
	}
	all = append(all, p.drawBetween(tree)...)
	for i := range all {
		all[i].Number = i
		if on := p.on(all[i].Class); on && (keep == nil || slices.Contains(keep, i)) {
			p.Incident = append(p.Incident, all[i])
		}
	}
}

// enumerate sees to it that each boundary is tried often enough (Y5): the first crash of a plan falls on the next boundary in
// turn, the second of every fifth plan on the one that is come by least.
func (p *Plan) enumerate(all []Incident) {
	crashes := 0
	for i := range all {
		if all[i].Class != Crash {
			continue
		}
		crashes++
		switch {
		case crashes == 1:
			all[i].How, all[i].Patient = p.Seed, true
		case crashes == 2 && p.Seed%5 == 0:
			all[i].How, all[i].Patient = uint64(beforeTell), true
		default:
			continue
		}
		all[i].At /= 4
	}
}
