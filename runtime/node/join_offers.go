package node

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// offers adds an offer to those of others; an error if it can't be an honest one. States are offered of some heights alone, so that all offer the same.
func (j *joining) offers(list map[chain.Hash]*offered, a *joinAnswer) error {
	if step := j.node.config.stateStep(); a.is.height%step != 0 {
		return fmt.Errorf("an offer of block %d: states are offered of every block %d: %w", a.is.height, step, wire.ErrValue)
	}
	name := a.is.name()
	if list[name] == nil {
		if len(list) == mostOffers {
			return nil
		}
		if _, err := a.is.shownBy(j.first); err != nil {
			return err
		}
		list[name] = &offered{is: &a.is, vain: math.MaxInt}
	}
	o, from := list[name], j.from[a.from]
	o.by++
	o.vain = min(o.vain, from.vain)
	from.offer = name
	return nil
}

// offered is an offer that is shown, how many peers made it, and how often what they offered came to nothing, for the one of whom it did least often.
type offered struct {
	is       *stateIs
	by, vain int
}

// mostOffers is how many different offers are looked at: honest peers make two or three.
const mostOffers = 8

// bestOf is an offer of those whose offers came to nothing least often; of these one that two make, the highest, and what most make. A state that is
// shown can still be cut in a way that nobody can answer, or be one that its maker alone has, and doesn't send: whoever makes such offers makes another
// one each time.
func bestOf(offers map[chain.Hash]*offered) (best chain.Hash) {
	for name, o := range offers { // any order: the best is looked for
		b := offers[best]
		if b == nil || cmp.Or(cmp.Compare(b.vain, o.vain), cmp.Compare(min(o.by, 2), min(b.by, 2)), cmp.Compare(o.is.height, b.is.height),
			cmp.Compare(o.by, b.by), slices.Compare(best[:], name[:])) > 0 {
			best = name
		}
	}
	return best
}
