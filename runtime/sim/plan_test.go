package sim

import (
	"slices"
	"testing"
)

// Y2: each class of faults is off in half of the seeds, those between chains in half of the seeds that are trees. That is one of four.
func TestClassesAreOffInHalf(t *testing.T) {
	const seeds = 4000
	on, trees := map[Class]int{}, 0
	for seed := range uint64(seeds) {
		p := Draw(seed, Options{Messages: -1})
		for _, c := range p.On {
			on[c]++
		}
		if p.on(Tree) {
			trees++
		}
	}
	near := func(c Class, of, part int) {
		if n := on[c]; n < of/part*9/10 || n > of/part*11/10 { // three deviations or more
			t.Errorf("%s is on in %d of %d seeds, want one of %d", c, n, of, part)
		}
	}
	for i, c := range Classes {
		switch between := i > slices.Index(Classes, Tree); {
		case c == Tree:
			near(c, seeds, 4)
		case between:
			near(c, trees, 2)
		default:
			near(c, seeds, 2)
		}
	}
}
