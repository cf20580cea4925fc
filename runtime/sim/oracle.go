package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
)

// oracle watches for what must never happen, and says so by World.violate. It is told of everything as it happens.
type oracle interface {
	// sent: an honest node lets a message leave.
	sent(n *node, m bft.Message)
	// kept: an honest node's record is durable.
	kept(n *node, s *bft.Safety)
	// committed: a node reports a block as final.
	committed(n *node, f *bft.Final)
	// final: a height is decided for the first time; the result is the reference's own replay.
	final(res *block.Result, f *bft.Final)
	// restarted: a node has read its disk, and that is what it found.
	restarted(n *node, p *past)
	// rejected: a node counts a message of another as breaking a rule.
	rejected(n *node, r bft.Reject)
	// accused: a node reports another's fault.
	accused(n *node, e bft.Evidence)
	// backed: a node has found out who prepared a block that is not valid.
	backed(n *node, b bft.Backed)
}

// blind is an oracle that sees nothing; the others see what they look at.
type blind struct{ w *World }

func (blind) sent(*node, bft.Message)         {}
func (blind) kept(*node, *bft.Safety)         {}
func (blind) committed(*node, *bft.Final)     {}
func (blind) final(*block.Result, *bft.Final) {}
func (blind) restarted(*node, *past)          {}
func (blind) rejected(*node, bft.Reject)      {}
func (blind) accused(*node, bft.Evidence)     {}
func (blind) backed(*node, bft.Backed)        {}

// newOracles are all of them. The order counts: the reference learns of a block before others compare with it.
func newOracles(w *World) []oracle {
	b := blind{w}
	return []oracle{
		&certificates{b}, newLeaders(b), &noFork{b}, &sameState{b}, newVotes(b), &persisted{b}, newDurable(b), newRemembered(b), &justice{b},
		newConservation(b), &causal{b}, &nonces{b}, &effects{b}, newOwn(b), newHandovers(b), &idle{blind: b}, newFailed(b), &waiting{b},
	}
}
