package module

import "slices"

// localTypes is the type of each local of one function, parameters first. A run of four billion locals is six bytes: the
// first few are spread out for speed, as many as the body has bytes, and the others are searched (V4).
type localTypes struct {
	params []ValueType
	spread []ValueType // the first locals behind the parameters
	ends   []int       // by run: number of locals up to its end, parameters not counted
	runs   []Locals
	count  int // parameters included
}

// set takes the locals of a body.
func (l *localTypes) set(params []ValueType, b *Body) {
	l.params, l.runs = params, b.Locals
	l.spread, l.ends = l.spread[:0], l.ends[:0]
	sum := 0
	for _, r := range b.Locals {
		for n := min(int(r.Count), len(b.Code)-len(l.spread)); n > 0; n-- {
			l.spread = append(l.spread, r.Type)
		}
		sum += int(r.Count)
		l.ends = append(l.ends, sum)
	}
	l.count = len(params) + sum
}

// at is the type of a local, unknown if there is none.
func (l *localTypes) at(index uint32) ValueType {
	i := int(index)
	if i < len(l.params) {
		return l.params[i]
	}
	if i -= len(l.params); i < len(l.spread) {
		return l.spread[i]
	}
	// A run may be empty: it is the first whose end lies behind local i.
	run, _ := slices.BinarySearch(l.ends, i+1)
	if run >= len(l.runs) {
		return unknown
	}
	return l.runs[run].Type
}
