package meter

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// fork is a decision between two regions that nothing else leads to. What both cost is paid before it, which leaves one of
// them, or both, without a charge: every way still pays what it did, and no later (G1). The fields are indices of charges.
type fork struct {
	before   int // the region that decides
	next     int // the one behind the br_if, or in the if
	elsewise int // the other
}

// decide begins the region behind a br_if or in an if.
func (p *plan) decide(in *module.Instruction, lag int64) fork {
	f := fork{before: p.region.charge, next: len(p.edits)}
	p.open(in.End, lag, counted)
	return f
}

// arrive notes a way of a fork to the end of a block.
func (b *block) arrive(way fork) {
	b.edges++
	b.fork = way
}

// join notes that the region just begun is the other way of a fork.
func (p *plan) join(f fork) {
	f.elsewise = p.region.charge
	p.forks = append(p.forks, f)
}

// prepay moves what both ways of a fork cost to before it. From the innermost: a region may be a way of one fork and
// decide another.
func (p *plan) prepay() {
	slices.SortFunc(p.forks, func(a, b fork) int { return cmp.Compare(b.before, a.before) })
	for _, f := range p.forks {
		before, a, b := &p.edits[f.before], &p.edits[f.next], &p.edits[f.elsewise]
		common := min(a.arg, b.arg)
		before.arg += common
		for _, e := range []*edit{a, b} {
			if e.arg -= common; e.arg == 0 && e.kind == charge {
				e.kind = nothing
			}
		}
	}
}
