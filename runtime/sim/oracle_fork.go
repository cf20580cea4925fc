package sim

import "github.com/thinkey/thinkey/consensus/bft"

// noFork holds I2: one final block at a height, on whatever node, faulty ones included.
type noFork struct{ blind }

func (o *noFork) committed(n *node, f *bft.Final) {
	r := o.w.final
	r.learn(n, f)
	if h := f.Certificate.Height; h < uint64(len(r.hashes)) && r.hashes[h] != f.Certificate.Block {
		o.w.violate("I2 no fork", n, "block %s is final at height %d, and %s was before", f.Certificate.Block, h, r.hashes[h])
	}
	if n.ledger.head.Hash != f.Certificate.Block || n.ledger.head.Header.Height != f.Certificate.Height {
		o.w.violate("I2 no fork", n, "it commits block %s at height %d, and has %s at %d", f.Certificate.Block, f.Certificate.Height, n.ledger.head.Hash, n.ledger.head.Header.Height)
	}
}
