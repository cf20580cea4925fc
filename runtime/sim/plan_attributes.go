package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Attributes are those of a chain that a plan draws.
type Attributes struct {
	Interval uint32 // milliseconds
	Valve    chain.Valve
}

// String is them in words.
func (a Attributes) String() string {
	return fmt.Sprintf("interval %d ms, valve of %s in %d blocks and a delay of %d", a.Interval, a.Valve.Limit, a.Valve.Window, a.Valve.Delay)
}

// Renewal is a chain's attributes that are registered: they are those of its next epoch (SPEC 7.3).
type Renewal struct {
	Chain chain.ID
	At    uint64 // milliseconds
	Attributes
}

const (
	// mostInterval is less than a block may be ahead of a member's clock: no block is withheld for its parent's time.
	mostInterval = 1500
	// mostWindow and mostDelay bound valves, in blocks of the parent.
	mostWindow, mostDelay = 12, 8
	// smallLimit is in the order of a payment, largeLimit of what a chain issues, as powers of two.
	smallLimit, largeLimit = 9, 54
)

// drawAttributes draws attributes of some chains of a tree, and when others are registered.
func (p *Plan) drawAttributes(r *rand.Rand) {
	if !p.on(Attributed) {
		return
	}
	if r.IntN(3) == 0 {
		p.Interval = 1 + r.Uint32N(mostInterval/3)
	}
	for i := range p.Branches {
		p.Branches[i].Has = drawOf(r)
		for range r.IntN(3) {
			p.Renewals = append(p.Renewals, Renewal{p.Branches[i].ID, r.Uint64N(p.Trouble), drawOf(r)})
		}
	}
	p.hurryLate()
	slices.SortStableFunc(p.Renewals, func(a, b Renewal) int { return cmp.Compare(a.At, b.At) })
}

// lateInterval bounds the interval of a chain that makes thousands of blocks: at more than a second each, the others' blocks meanwhile take the time
// of a thousand seeds.
const lateInterval = 32

func (p *Plan) hurryLate() {
	for i := range p.Branches {
		if p.Branches[i].ID == p.Late {
			p.Branches[i].Has.Interval %= lateInterval
		}
	}
	for i := range p.Renewals {
		if p.Renewals[i].Chain == p.Late {
			p.Renewals[i].Interval %= lateInterval
		}
	}
}

// drawOf draws a chain's attributes. Most chains have a valve, some of one part alone.
func drawOf(r *rand.Rand) (a Attributes) {
	if r.IntN(2) == 0 {
		a.Interval = 1 + r.Uint32N(mostInterval)
	}
	kind := r.IntN(4)
	if kind&1 > 0 {
		a.Valve.Limit, a.Valve.Window = chain.NewAmount(1<<smallLimit+r.Uint64N(1<<(smallLimit+r.IntN(largeLimit-smallLimit)))), 1+r.Uint32N(mostWindow)
	}
	if kind&2 > 0 {
		a.Valve.Delay = 1 + r.Uint32N(mostDelay)
	}
	return a
}

// attributes are those that a chain begins with.
func (p *Plan) attributes(id chain.ID) Attributes {
	for i := range p.Branches {
		if p.Branches[i].ID == id {
			return p.Branches[i].Has
		}
	}
	return Attributes{Interval: p.Interval}
}

// params are what a chain with these attributes has beside what all have.
func (a Attributes) params(p *Plan) chain.Params {
	all := chain.DefaultParams()
	all.MinGasPrice, all.BlockMillis, all.Valve = p.GasPrice, a.Interval, a.Valve
	return all
}
