package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// sameState holds I3 and I9 on every node at every height: the state that it came to, and that it finds on its disk later,
// has the root that the header says. (That the header says the right one is what the reference replays for.)
type sameState struct{ blind }

func (o *sameState) committed(n *node, f *bft.Final) { o.check(n) }
func (o *sameState) restarted(n *node, _ *past)      { o.check(n) }

func (o *sameState) check(n *node) {
	h := &n.ledger.head.Header
	if root := chain.Hash(n.ledger.tree.Root()); root != h.Roots.State {
		o.w.violate("I3 replay", n, "at height %d its state is %s, and the header says %s", h.Height, root, h.Roots.State)
	}
}
