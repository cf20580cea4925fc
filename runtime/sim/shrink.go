package sim

import (
	"fmt"
	"slices"
	"strings"
)

// shrinkRuns bounds the runs of a Shrink: a seed that fails late takes seconds each.
const shrinkRuns = 120

// Shrink leaves out of a run that violates an oracle what it violates the same one without: incidents, classes of faults,
// messages, nodes. What it returns may fail in another way of the same kind.
func Shrink(seed uint64, o Options, v *Violation) (Options, error) {
	s := &shrinking{seed: seed, best: o, oracle: v.Oracle, left: shrinkRuns}
	p := Draw(seed, o)
	if o.Nodes == 0 && len(p.Nodes) > 4 {
		s.try(func(o *Options) { o.Nodes = 4 })
	}
	for n := 1; n <= len(p.Branches); n++ {
		s.try(func(o *Options) { o.Chains = n })
	}
	if s.best.Keep == nil {
		s.try(func(o *Options) { o.Keep = []int{} })
	}
	for n := p.Messages; n > 0 && s.left > 0; n /= 2 {
		s.try(func(o *Options) { o.Messages = n / 2 })
	}
	for _, c := range p.On {
		s.try(func(o *Options) { o.Without = append(slices.Clone(o.Without), c) })
	}
	for _, i := range s.kept() {
		s.try(func(o *Options) { o.Keep = slices.DeleteFunc(s.kept(), func(k int) bool { return k == i }) })
	}
	return s.best, s.err
}

// shrinking is a Shrink under way.
type shrinking struct {
	seed   uint64
	best   Options
	oracle string
	left   int
	err    error
}

// try runs the seed with less, and keeps that if it fails still.
func (s *shrinking) try(less func(o *Options)) {
	if s.left == 0 || s.err != nil {
		return
	}
	s.left--
	o := s.best
	less(&o)
	out, err := Run(s.seed, o)
	if err != nil {
		s.err = err
		return
	}
	if out.Violation != nil && out.Violation.Oracle == s.oracle {
		s.best = o
	}
}

// kept are the numbers of the incidents that are left.
func (s *shrinking) kept() []int {
	if s.best.Keep != nil {
		return slices.Clone(s.best.Keep)
	}
	var all []int
	for _, in := range Draw(s.seed, s.best).Incident {
		all = append(all, in.Number)
	}
	return all
}

// Command is the command that repeats a run.
func Command(seed uint64, o Options) string {
	c := fmt.Sprintf("thinkey sim replay %d", seed)
	if o.Tier != Stub {
		c += " --tier " + string(o.Tier)
	}
	if len(o.Without) > 0 {
		names := make([]string, len(o.Without))
		for i, w := range o.Without {
			names[i] = string(w)
		}
		c += " --without " + strings.Join(names, ",")
	}
	if o.Keep != nil {
		c += " --keep " + numbers(o.Keep)
	}
	if o.Messages >= 0 {
		c += fmt.Sprintf(" --messages %d", o.Messages)
	}
	if o.Chains > 0 {
		c += fmt.Sprintf(" --chains %d", o.Chains)
	}
	if o.Nodes > 0 {
		c += fmt.Sprintf(" --nodes %d", o.Nodes)
	}
	return c
}

func numbers(list []int) string {
	if len(list) == 0 {
		return "none"
	}
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, ",")
}
