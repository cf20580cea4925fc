package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// durable holds I7: what a node reported as final is there when it comes back from any crash, unless its disk was lost.
type durable struct {
	blind
	reported map[int]uint64 // by node: its last height
}

func newDurable(b blind) *durable { return &durable{b, map[int]uint64{}} }

func (o *durable) committed(n *node, f *bft.Final) { o.reported[n.number] = f.Certificate.Height }

func (o *durable) restarted(n *node, _ *past) {
	want, got := o.reported[n.number], n.ledger.head.Header.Height
	switch {
	case n.forgot:
		delete(o.reported, n.number)
	case got < want:
		o.w.violate("I7 durability", n, "it reported height %d as final, and comes back at %d", want, got)
	case got < uint64(len(o.w.final.hashes)) && n.ledger.head.Hash != o.hash(got):
		o.w.violate("I7 durability", n, "it comes back with block %s at height %d, final is %s", n.ledger.head.Hash, got, o.hash(got))
	}
}

func (o *durable) hash(height uint64) chain.BlockHash { return o.w.final.hashes[height] }
